import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import type { PrepareMigrationRequest, PrepareMigrationResult } from '../../src/operations/contract';
import type { IdMapSource } from '../../src/operations/id-map-source';
import { DOCUMENT_NAMES, MIGRATION_FILE, readMigrationFile } from '../../src/operations/migration-documents';
import { settingsFor, withWorkplace } from '../support/database';
import {
  assertWhole,
  COLLECTORS,
  collector,
  createEnvironmentTables,
  INDEX_SETS,
  indexSet,
  type Scene,
  withScene,
  writeDocuments,
} from '../support/migration';

const TYPED = { environment: 'ee', offset: '2000000', businesses: [{ from: '2', to: '7' }] };
const TABLES = { offsets: 'cc_EnvIDOffset', businesses: 'cc_EnvBizMap' };

/** A folder with documents, another for what is prepared, and the journal of the runs. */
interface Place {
  readonly folder: string;
  readonly documents: string;
  readonly directory: string;
  prepare(change?: Partial<PrepareMigrationRequest>): Promise<PrepareMigrationResult>;
  lastReport(): {
    readonly outcome: string;
    readonly failure?: { readonly code: string };
    readonly findings?: object[];
  };
}

async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  await withWorkplace(async ({ folder, workRoot, journalPath }) => {
    const documents = writeDocuments(join(folder, 'documents'));
    const directory = join(folder, 'prepared');
    const prepare = async (change: Partial<PrepareMigrationRequest> = {}) => {
      const request: PrepareMigrationRequest = {
        ...{ runId: newRunId(), workRoot, journalPath, directory, documents: { folder: documents } },
        ...{ idMap: TYPED, unmapped: 'stop', ...change },
      };
      return await carryOut('prepareMigration', request, new AbortController().signal, () => {});
    };
    const lastReport = () => JSON.parse(readFileSync(journalPath, 'utf8').trim().split('\n').at(-1)!).report;
    await use({ folder, documents, directory, prepare, lastReport });
  });
}

/** Names and bytes of all that lies in a folder. */
const contentOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

test('an id map typed in, of a JSON file, of a CSV file and of the tables prepare the same folder', async () => {
  await withScene(async ({ admin, database }) => {
    await createEnvironmentTables(admin);
    await withPlace(async ({ folder, documents, directory, prepare, lastReport }) => {
      const json = join(folder, 'map.json');
      writeFileSync(json, JSON.stringify({ offset: 2_000_000, businesses: [{ from: 2, to: 7 }] }));
      const csv = join(folder, 'map.CSV');
      writeFileSync(csv, 'old,new\r\n2,7\r\n');
      const sources: IdMapSource[] = [
        TYPED,
        { environment: 'ee', path: json },
        { environment: 'ee', path: csv, offset: '2000000' },
        { environment: 'ee', settings: settingsFor(database), tables: TABLES },
        {
          environment: 'ee',
          settings: settingsFor(database),
          tables: { offsets: 'CC_ENVIDOFFSET', businesses: 'cc_envbizmap' },
        },
      ];
      const hashes = new Set<string>();
      for (const idMap of sources) {
        const result = await prepare({ idMap });
        hashes.add(result.mapHash);
        assert.deepEqual(
          [result.environment, result.collectors, result.indexSets, result.unmappedCount],
          ['ee', 3, 2, 0],
        );
        const { [MIGRATION_FILE]: about, ...copies } = contentOf(directory);
        assert.deepEqual(copies, contentOf(documents), 'the documents are the same bytes');
        const { idMap: kept, leftOut } = JSON.parse(about!);
        assert.deepEqual([kept, leftOut], [TYPED, []]);
      }
      assert.equal(hashes.size, 1);
      assert.equal(lastReport().outcome, 'completed');
    });
  });
});

test('what was prepared is migrated as the documents themselves are', async () => {
  const written = async (use: (scene: Scene) => Promise<unknown>) => {
    let calls: string[] = [];
    await withScene(async (scene) => {
      await use(scene);
      await assertWhole(scene);
      calls = scene.gateway.writes().map(({ method, path, body }) => JSON.stringify([method, path, body]));
    });
    return calls.sort();
  };
  const direct = await written((scene) => scene.run());
  assert.equal(direct.length, 5);
  await withPlace(async ({ directory, prepare }) => {
    await prepare();
    assert.deepEqual(await written((scene) => scene.run({ documents: { directory } })), direct);
  });
});

test('a map that contradicts itself, names no known environment or adds nothing is refused, and nothing is written', async () => {
  await withScene(async ({ admin, database }) => {
    await createEnvironmentTables(admin);
    await withPlace(async ({ folder, directory, prepare, lastReport }) => {
      const half = join(folder, 'half.json');
      writeFileSync(half, '{"offset": 2000000, "businesses": [{"from": 2,');
      const other = join(folder, 'other.json');
      writeFileSync(other, JSON.stringify({ ...TYPED, environment: 'sg' }));
      const lines = join(folder, 'lines.csv');
      writeFileSync(lines, 'old,new\n2,7\n3\n');
      const tables = (environment: string) => ({ environment, settings: settingsFor(database), tables: TABLES });
      const cases: [IdMapSource, RegExp][] = [
        [tables('nowhere'), /cc_EnvIDOffset has no environment nowhere.*Choose one of ee, half, sg\./],
        [tables('half'), /cc_EnvBizMap has no environment half.*Choose one of ee, sg\./],
        [{ ...tables('ee'), tables: { ...TABLES, offsets: 'gone' } }, /has no table gone/],
        [{ ...TYPED, offset: '0' }, /offset: has to be above 0/],
        [{ ...TYPED, offset: '' }, /offset: is no whole number/],
        [{ ...TYPED, businesses: [] }, /businesses: is empty/],
        [{ ...TYPED, businesses: [...TYPED.businesses, { from: 2, to: 8 }] }, /2 goes to both 7 and 8/],
        [{ ...TYPED, businesses: [...TYPED.businesses, { from: 3, to: 7 }] }, /2 and 3 both go to 7/],
        [{ environment: 'ee', path: half }, /half\.json is not JSON/],
        [{ environment: 'ee', path: other }, /is the id map of sg, not of ee/],
        [{ environment: 'ee', path: lines, offset: 5 }, /businesses: line 3 is not old,new/],
        [{ environment: 'ee', path: lines.replace('lines', 'gone'), offset: 5 }, /gone\.csv/],
      ];
      for (const [idMap, expected] of cases) {
        await assert.rejects(prepare({ idMap }), ({ message, remedy }: { message: string; remedy: string }) => {
          assert.match(`${message}. ${remedy}`, expected);
          return true;
        });
        assert.equal(lastReport().outcome, 'failed');
      }
      assert.deepEqual(readdirSync(folder).includes('prepared'), false, directory);
    });
  });
});

test('ids as text and target nodes as text or as a list are mapped alike', async () => {
  const nodes = [{ bk_inst_id: '99', bk_obj_id: 'biz' }];
  const collectors = [
    collector(1, { collector_config_id: '1', bk_biz_id: '2', index_set_id: '901', table_id: null }),
    collector(2, { target_nodes: [{ bk_inst_id: 2, bk_obj_id: 'biz' }] }),
    collector(3, { target_nodes: nodes }),
    collector(4, { target_nodes: JSON.stringify(nodes) }),
  ];
  await withPlace(async ({ documents, directory, prepare }) => {
    writeDocuments(documents, { collectors, indexSets: [indexSet(11, { index_set_id: '11', bk_biz_id: '2' })] });
    const { unmapped } = await prepare({ unmapped: 'skip' });
    assert.deepEqual(
      unmapped.map(({ kind, originId, business }) => [kind, originId, business]),
      [
        ['collector', 3, 2],
        ['collector', 4, 2],
      ],
    );
    assert.deepEqual(unmapped[0]!.reasons, ['target_nodes[0].bk_inst_id "99" has no counterpart in the target']);
    assert.deepEqual(unmapped[1]!.reasons, unmapped[0]!.reasons);
    assert.deepEqual((await readMigrationFile(directory)).leftOut, ['collector 3', 'collector 4']);
  });
});

const MIXED = {
  collectors: [...COLLECTORS, collector(4, { bk_biz_id: 99 }), { collector_config_id: 5 }],
  indexSets: [...INDEX_SETS, indexSet(13, { bk_biz_id: null })],
};
const KEYS = ['collector 4', 'collector 5', 'index-set 13'];

test('with "stop" unmapped records are told, nothing is written, and what was prepared before stays as it was', async () => {
  await withPlace(async ({ documents, directory, prepare, lastReport }) => {
    await prepare();
    const before = contentOf(directory);
    writeDocuments(documents, MIXED);
    const { isStopped, unmapped, unmappedCount } = await prepare();
    assert.deepEqual([isStopped, unmappedCount], [true, 3]);
    assert.deepEqual(
      unmapped.map(({ kind, originId, name }) => [`${kind} ${originId}`, name]),
      [
        [KEYS[0], '采集4'],
        [KEYS[1], ''],
        [KEYS[2], '索引集13'],
      ],
    );
    assert.match(unmapped[0]!.reasons.join(), /^bk_biz_id 99 has no counterpart in the target/);
    assert.match(unmapped[1]!.reasons.join(), /^its record is not one of export\.py: collector_config_name: /);
    assert.match(unmapped[2]!.reasons.join(), /^it has no business/);
    assert.deepEqual(contentOf(directory), before);
    const { outcome, failure } = lastReport();
    assert.deepEqual([outcome, failure?.code], ['failed', 'OP_ID_UNMAPPED'], 'the journal does not call it good');
  });
});

test('"skip" leaves unmapped records out, "keep" lets the migration list them; neither creates one', async () => {
  for (const [unmapped, leftOut, count] of [
    ['skip', KEYS, 'left-out'],
    ['keep', [], 'unmapped'],
  ] as const) {
    await withPlace(async ({ documents, directory, prepare, lastReport }) => {
      writeDocuments(documents, MIXED);
      const { isStopped } = await prepare({ unmapped });
      assert.equal(isStopped, false);
      assert.deepEqual((await readMigrationFile(directory)).leftOut, leftOut);
      assert.deepEqual([lastReport().outcome, lastReport().findings?.length], ['completed-with-findings', 3]);
      await withScene(async (scene) => {
        const { plan, created } = await scene.run({ documents: { directory } });
        assert.deepEqual([plan.counts[count], created], [3, 5]);
        await assertWhole(scene);
      });
    });
  }
});

test('more unmapped records than are told are counted', async () => {
  await withPlace(async ({ documents, prepare, lastReport }) => {
    const collectors = Array.from({ length: 1_007 }, (_, at) => collector(at + 1, { bk_biz_id: 99 }));
    writeDocuments(documents, { collectors, indexSets: [] });
    const { unmapped, unmappedCount } = await prepare({ unmapped: 'keep' });
    assert.deepEqual([unmapped.length, unmappedCount], [1_000, 1_007]);
    const { findings = [] } = lastReport();
    assert.deepEqual(
      [findings.length, /^7 more items/.test(JSON.stringify(findings.at(-1)).split('"message":"')[1]!)],
      [1_001, true],
    );
  });
});

test('a folder without documents, half a document and half a preparation are refused by name', async () => {
  await withPlace(async ({ folder, documents, directory, prepare }) => {
    await prepare();
    const before = contentOf(directory);
    await assert.rejects(prepare({ documents: { folder } }), /log_databus_collectorconfig\.json/);
    writeFileSync(join(documents, DOCUMENT_NAMES.indexSets), JSON.stringify(INDEX_SETS).slice(0, -40));
    await assert.rejects(prepare(), /documents\/log_search_logindexset\.json is not a document of export\.py/);
    writeDocuments(documents, { collectors: { 1: {} }, indexSets: [] });
    await assert.rejects(prepare(), /log_databus_collectorconfig\.json is not a document/);
    assert.deepEqual(contentOf(directory), before);
    writeFileSync(join(directory, MIGRATION_FILE), before[MIGRATION_FILE]!.slice(0, 90));
    await withScene(async (scene) => {
      await assert.rejects(scene.run({ documents: { directory } }), /migration\.json is not JSON/);
      assert.deepEqual(scene.gateway.writes(), []);
    });
  });
});
