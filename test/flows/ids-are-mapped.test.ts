import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { preparedMigrationSchema } from '../../src/index';
import { testServer, withDatabase } from '../support/database';
import { COLLECTORS, collector, createEnvironmentTables, INDEX_SETS, writeDocuments } from '../support/migration';
import {
  collectBadges,
  type FlowItem,
  type FlowMessage,
  helper,
  loadFlow,
  nextMessage,
  send,
  withRuntime,
} from '../support/runtime';

const DOCUMENTS = ['log_databus_collectorconfig.json', 'log_search_logindexset.json'];
const MIXED = { collectors: [...COLLECTORS, collector(4, { bk_biz_id: 99 })], indexSets: INDEX_SETS };

interface Scene {
  readonly userDir: string;
  readonly documents: string;
  readonly directory: string;
  /** Deploys the node, changed, with a sink behind every output and behind a Catch node. */
  deploy(change?: Record<string, unknown>, others?: readonly FlowItem[]): Promise<void>;
  /** What reached the sinks since the deploy, as `sink kind`. */
  readonly arrivals: string[];
}

async function withMapper(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withRuntime(async (userDir) => {
    const documents = writeDocuments(join(userDir, 'documents'));
    const directory = join(userDir, 'prepared');
    const arrivals: string[] = [];
    const deploy = async (change: Record<string, unknown> = {}, others: readonly FlowItem[] = []) => {
      const mapper: FlowItem = {
        ...{ id: 'map', type: 'id-mapper', documents: 'folder', folder: documents, folderType: 'str', map: 'form' },
        ...{ environment: 'ee', offset: '2000000', businesses: [{ from: '2', to: '7' }], unmapped: 'stop', directory },
        ...{ wires: [['prepared'], ['unmapped'], ['progress']], ...change },
      };
      const sinks = ['prepared', 'unmapped', 'progress', 'failed'];
      const failed = { id: 'catch', type: 'catch', scope: null, wires: [['failed']] };
      const { user, password } = testServer();
      await loadFlow([mapper, ...sinks.map((id) => ({ id, type: 'helper' })), failed, ...others], {
        c: { user, password },
      });
      arrivals.length = 0;
      for (const sink of ['prepared', 'unmapped', 'failed']) {
        helper.getNode(sink).on('input', (msg: unknown) => {
          arrivals.push(`${sink} ${(msg as FlowMessage).payload.kind}`);
        });
      }
    };
    await use({ userDir, documents, directory, deploy, arrivals });
  });
}

/** Sends a message; what reaches the sink. */
async function sendAndAwait(sink: string, message?: Record<string, unknown>): Promise<FlowMessage> {
  const arrived = nextMessage(sink);
  send('map', message);
  return await arrived;
}

test('documents in a folder and a map typed in leave by the first output as a prepared migration', async () => {
  await withMapper(async ({ userDir, documents, directory, deploy, arrivals }) => {
    await deploy();
    const badges = collectBadges('map');
    const progress = nextMessage('progress');
    const { payload, topic } = await sendAndAwait('prepared', { payload: 1, topic: 'mine' });
    assert.equal(topic, 'mine');
    const { report, ...prepared } = preparedMigrationSchema.parse(payload);
    assert.deepEqual(prepared, {
      ...{ kind: 'migration', formatVersion: 1, environment: 'ee', directory },
      ...{ collectors: 3, indexSets: 2, unmapped: 0 },
    });
    assert.deepEqual([report?.operation, report?.outcome, report?.findings], ['map', 'completed', []]);
    assert.deepEqual((await readdir(directory)).sort(), [...DOCUMENTS, 'migration.json']);
    for (const name of DOCUMENTS) {
      assert.deepEqual(await readFile(join(directory, name)), await readFile(join(documents, name)));
    }
    assert.deepEqual([badges.at(-1)?.fill, badges.at(-1)?.text?.slice(5)], ['green', ' · 3 · 2']);
    const step = (await progress).payload;
    assert.deepEqual([step.operation, step.phase, step.runId], ['map', 'read', report?.runId]);
    assert.deepEqual(arrivals, ['prepared migration']);
    const journal = await readFile(join(userDir, 'bklog-backup/runs.jsonl'), 'utf8');
    assert.equal(JSON.parse(journal.trim().split('\n').at(-1)!).report.outcome, 'completed');
  });
});

test('the id map of the tables is that of the chosen environment; another one is refused with those there are', async () => {
  await withDatabase(async (database, admin) => {
    await createEnvironmentTables(admin, 'offsets_of_us');
    await withMapper(async ({ directory, deploy }) => {
      const { host, port } = testServer();
      const connection = { id: 'c', type: 'db-connection', mode: 'direct', host, port: String(port), database };
      const tables = { map: 'tables', connection: 'c', offsetTable: 'offsets_of_us', businessTable: 'cc_EnvBizMap' };
      await deploy(tables, [connection]);
      await sendAndAwait('prepared');
      const { idMap } = JSON.parse(await readFile(join(directory, 'migration.json'), 'utf8'));
      assert.deepEqual(idMap, { environment: 'ee', offset: '2000000', businesses: [{ from: '2', to: '7' }] });
      await deploy({ ...tables, environment: 'nowhere' }, [connection]);
      const { failure } = await sendAndAwait('failed');
      assert.deepEqual([failure.code, failure.remedy], ['OP_CONFIG_INVALID', 'Choose one of ee, half, sg.']);
      await deploy({ ...tables, offsetTable: 'cc_EnvIDOffset' }, [connection]);
      assert.equal((await sendAndAwait('failed')).failure.code, 'OP_SOURCE_MISSING');
    });
  });
});

test('an id map in a JSON or CSV file, and a folder that the message names', async () => {
  await withMapper(async ({ userDir, documents, directory, deploy }) => {
    const [json, csv] = [join(userDir, 'map.json'), join(userDir, 'map.csv')];
    await writeFile(json, '{"environment": "ee", "offset": 2000000, "businesses": [{"from": 2, "to": 7}]}');
    await writeFile(csv, 'old,new\n2,7\n');
    const inMessage = { documents: 'folder', folder: 'where', folderType: 'msg' };
    const maps: string[] = [];
    for (const change of [
      { map: 'file', file: json, environment: '', offset: '' },
      { map: 'file', file: csv },
    ]) {
      await deploy({ ...inMessage, ...change });
      assert.equal((await sendAndAwait('prepared', { where: documents })).payload.environment, 'ee');
      maps.push(JSON.stringify(JSON.parse(await readFile(join(directory, 'migration.json'), 'utf8')).idMap));
    }
    assert.equal(maps[0], maps[1]);
    assert.equal((await sendAndAwait('failed', { where: 7 })).failure.details.field, 'folder');
  });
});

test('with "stop" unmapped records leave by the second output, and the run fails once with nothing prepared', async () => {
  await withMapper(async ({ userDir, documents, directory, deploy, arrivals }) => {
    await deploy();
    await sendAndAwait('prepared');
    const before = await readFile(join(directory, 'migration.json'), 'utf8');
    writeDocuments(documents, MIXED);
    arrivals.length = 0;
    const badges = collectBadges('map');
    const records = nextMessage('unmapped');
    const { failure, payload, error } = await sendAndAwait('failed', { payload: { mine: true } });
    assert.deepEqual((await records).payload, {
      ...{ kind: 'unmapped-records', environment: 'ee', count: 1 },
      records: [
        {
          ...{ kind: 'collector', originId: 4, name: '采集4', business: 99 },
          reasons: (await records).payload.records[0].reasons,
        },
      ],
    });
    assert.match((await records).payload.records[0].reasons[0], /^bk_biz_id 99 has no counterpart/);
    assert.equal(failure.code, 'OP_ID_UNMAPPED');
    assert.deepEqual(failure.details, {
      ...{ environment: 'ee', collectors: 4, indexSets: 2, unmapped: 1, items: ['collector 4'] },
    });
    assert.match(failure.message, /^1 of 6 records of ee name ids without a counterpart; nothing was prepared$/);
    assert.deepEqual([payload.mine, payload.report.outcome], [true, 'failed']);
    assert.equal((error as { code: string }).code, 'OP_ID_UNMAPPED');
    assert.deepEqual(arrivals, ['unmapped unmapped-records', 'failed undefined']);
    assert.deepEqual(badges.at(-1), { fill: 'red', shape: 'ring', text: 'OP_ID_UNMAPPED' });
    assert.equal(await readFile(join(directory, 'migration.json'), 'utf8'), before);
    const journal = await readFile(join(userDir, 'bklog-backup/runs.jsonl'), 'utf8');
    const { report } = JSON.parse(journal.trim().split('\n').at(-1)!);
    assert.deepEqual([report.outcome, report.failure.code], ['failed', 'OP_ID_UNMAPPED']);
  });
});

test('with "skip" or "keep" unmapped records leave first, and the migration follows with findings', async () => {
  await withMapper(async ({ documents, directory, deploy, arrivals }) => {
    writeDocuments(documents, MIXED);
    for (const [unmapped, leftOut] of [
      ['skip', ['collector 4']],
      ['keep', []],
    ] as const) {
      await deploy({ unmapped });
      const badges = collectBadges('map');
      const { payload } = await sendAndAwait('prepared');
      assert.deepEqual([payload.collectors, payload.indexSets, payload.unmapped], [4, 2, 1]);
      assert.equal(payload.report.outcome, 'completed-with-findings');
      assert.deepEqual(
        payload.report.findings.map(({ code, object }: { code: string; object: string }) => [code, object]),
        [['OP_ID_UNMAPPED', 'collector 4']],
      );
      assert.deepEqual(arrivals, ['unmapped unmapped-records', 'prepared migration']);
      assert.deepEqual(JSON.parse(await readFile(join(directory, 'migration.json'), 'utf8')).leftOut, leftOut);
      assert.deepEqual([badges.at(-1)?.fill, badges.at(-1)?.text?.slice(5)], ['yellow', ' · 4 · 2 ✗ 1']);
    }
  });
});

test('a wrong setting, map, folder or message fails once with what to correct, and nothing is prepared', async () => {
  await withMapper(async ({ userDir, documents, directory, deploy, arrivals }) => {
    const half = join(userDir, 'half.json');
    await writeFile(half, '{"offset": 2000000, "businesses": [{"from"');
    const empty = join(userDir, 'empty');
    await mkdir(empty);
    const cut = writeDocuments(join(userDir, 'cut'));
    await writeFile(join(cut, DOCUMENTS[1]!), (await readFile(join(documents, DOCUMENTS[1]!), 'utf8')).slice(0, 200));
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ folder: empty }, /empty\/log_databus_collectorconfig\.json/],
      [{ folder: cut }, /cut\/log_search_logindexset\.json is not a document of export\.py/],
      [{ folder: '' }, /names no folder/],
      [{ map: 'file', file: half }, /half\.json is not JSON/],
      [{ map: 'file', file: '' }, /file: is empty/],
      [{ map: 'tables', connection: 'nobody' }, /has no db-connection/],
      [{ map: 'elsewhere' }, /map/],
      [{ offset: '0' }, /offset: has to be above 0/],
      [{ offset: 'many' }, /offset: is no whole number/],
      [{ businesses: [] }, /businesses: is empty/],
      [
        {
          businesses: [
            { from: '2', to: '7' },
            { from: '2', to: '8' },
          ],
        },
        /2 goes to both 7 and 8/,
      ],
      [{ environment: ' ' }, /environment: is empty/],
      [{ unmapped: 'ignore' }, /unmapped/],
      [{ directory: '' }, /directory: is empty/],
      [{ directory: 'prepared' }, /directory: is no absolute path/],
      [{ directory: '/proc/nowhere' }, /\/proc\/nowhere/],
      [{ directory: half }, /half\.json is a file, not a folder/],
      [{ documents: 'elsewhere' }, /documents/],
      [{ documents: 'set' }, /got no fetched set/],
    ];
    for (const [change, expected] of cases) {
      await deploy(change);
      const { failure, payload } = await sendAndAwait('failed', { payload: {} });
      assert.match(failure.message, expected);
      assert.ok(failure.remedy.length > 10, failure.remedy);
      assert.equal(payload.report.outcome, 'failed');
      assert.deepEqual(arrivals, ['failed undefined'], String(expected));
    }
    await deploy({ documents: 'set' });
    const archivePath = join(userDir, 'gone.tar.gz');
    const set = { kind: 'backup-set', formatVersion: 1, sources: [], archivePath };
    assert.match((await sendAndAwait('failed', { payload: set })).failure.message, /gone\.tar\.gz/);
    assert.deepEqual(await readdir(directory).catch(() => []), []);
  });
});

test('a second message while the first is prepared is refused; the first one is not disturbed', async () => {
  await withMapper(async ({ deploy, arrivals }) => {
    await deploy();
    const prepared = nextMessage('prepared');
    send('map');
    const { failure } = await sendAndAwait('failed', { payload: { kind: 'second' } });
    assert.equal(failure.code, 'OP_BUSY');
    assert.equal((await prepared).payload.collectors, 3);
    assert.deepEqual(arrivals, ['failed second', 'prepared migration']);
  });
});
