import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ErrorCode, isOperationError } from '../../src/index';
import { backUp, restore } from '../support/backup';
import { sourceOf, tablesOf, testServer } from '../support/database';
import { differences, readContent } from '../support/database-content';
import { countsOf, ID_MAP, insertRow, readRows, withMigration } from '../support/raw-rows';

const COLLECTOR = 'log_databus_collectorconfig';
const INDEX_SET = 'log_search_logindexset';
const GROUP = 'log_search_favoritegroup';
const FAVORITE = 'log_search_favorite';

const isRefused = (code: ErrorCode, message: RegExp, remedy: RegExp) => (error: unknown) => {
  assert.ok(isOperationError(error, code), String(error));
  assert.match(error.message, message);
  assert.match(error.remedy, remedy);
  return true;
};

test('policies that put tables away, tables without declared ids and a wrong map are refused by name', async () => {
  await withMigration(async ({ admin, source, target, workplace }) => {
    await admin.query(`CREATE TABLE ${source}.export_task (id INT PRIMARY KEY)`);
    await backUp(workplace, [sourceOf(source, await tablesOf(source))]);
    const withMap = (options: object) =>
      restore(workplace, { options: { policy: 'skip', database: target, idMap: ID_MAP, ...options } });
    for (const policy of ['swap', 'replace'] as const) {
      const isSo = isRefused('OP_CONFIG_INVALID', new RegExp(`mapped rows cannot ${policy}`), /skip .* or fail/);
      await assert.rejects(withMap({ policy, tables: [COLLECTOR] }), isSo);
    }
    await assert.rejects(
      withMap({}),
      isRefused('OP_CONFIG_INVALID', /rows of \w+\.export_task cannot be mapped/, /--tables log_.*log_search_favorite/),
    );
    await assert.rejects(
      withMap({ tables: [FAVORITE] }),
      isRefused('OP_CONFIG_INVALID', /log_search_favorite needs log_search_favoritegroup/, /Select/),
    );
    const businesses = [
      { from: 2, to: 7 },
      { from: 3, to: 7 },
    ];
    await assert.rejects(
      withMap({ tables: [COLLECTOR], idMap: { ...ID_MAP, businesses } }),
      isRefused('OP_CONFIG_INVALID', /2 and 3 both go to 7/, /businesses/),
    );
  });
});

test('tables that the target lacks, or has otherwise, block the restore before anything is loaded', async () => {
  await withMigration(async ({ admin, source, target, run }) => {
    await insertRow(admin, source, COLLECTOR, { collector_config_id: 1 });
    await admin.query(`DROP TABLE ${target}.${COLLECTOR}; ALTER TABLE ${target}.${GROUP} DROP COLUMN group_type`);
    const { plan } = await run({ dryRun: true });
    assert.deepEqual(plan.blockers.map(({ object, reason }) => `${object} ${reason}`.replaceAll(target, 'T')).sort(), [
      `T: table ${COLLECTOR} is not in the target`,
      `T: table ${GROUP} has other columns than the set`,
    ]);
    await assert.rejects(run(), isRefused('OP_RESTORE_REFUSED', /is not in the target/, /Nothing was changed/));
  });
});

test('references to a table that is not selected count only where the map names its ids and the target has them', async () => {
  await withMigration(async ({ admin, source, target, run }) => {
    await insertRow(admin, source, INDEX_SET, { index_set_id: 901 });
    await insertRow(admin, source, GROUP, { id: 1 });
    await insertRow(admin, source, FAVORITE, { id: 1, group_id: 1, index_set_id: 901, name: 'a' });
    await insertRow(admin, source, FAVORITE, { id: 2, group_id: 1, index_set_id: 902, name: 'b' });
    for (const id of [901, 50012]) await insertRow(admin, target, INDEX_SET, { index_set_id: id });
    const options = { tables: [GROUP, FAVORITE] };
    const unsure = await run({ options, dryRun: true });
    assert.deepEqual(countsOf(unsure, FAVORITE).leftOut, { dangling: ['1', '2'] }, 'native rows may have the same ids');
    const indexSets = [
      { from: 901, to: 50012 },
      { from: 902, to: 50013 },
    ];
    const result = await run({ options }, { ...ID_MAP, indexSets });
    assert.deepEqual(countsOf(result, FAVORITE).leftOut, { dangling: ['2'] });
    const [favorite] = [...(await readRows(target, FAVORITE)).values()];
    assert.equal(favorite?.index_set_id, '50012');
  });
});

test('a row filter leaves out rows of the source, and what would hang on them', async () => {
  await withMigration(async ({ admin, source, target, run }) => {
    for (const [id, business] of [
      [1, 2],
      [2, 3],
    ] as const) {
      const cells = { collector_config_id: id, collector_config_name: `c${id}`, bk_biz_id: business };
      await insertRow(admin, source, COLLECTOR, cells);
      await insertRow(admin, source, 'log_clustering_clusteringconfig', {
        ...{ id, collector_config_id: id, bk_biz_id: 3, index_set_id: 4711 },
      });
    }
    const options = { tables: [COLLECTOR], where: { column: 'bk_biz_id', value: '3' } };
    const { plan } = await run({ options });
    assert.deepEqual([...(await readRows(target, COLLECTOR)).keys()], ['2']);
    assert.ok(plan.steps.some(({ text }) => text === 'keep only rows with bk_biz_id = 3'));
  });
});

test('a row that came or went since the plan was seen stops its restore', async () => {
  await withMigration(async ({ admin, source, target, run }) => {
    await insertRow(admin, source, COLLECTOR, { collector_config_id: 1 });
    const { plan } = await run({ dryRun: true });
    await insertRow(admin, target, INDEX_SET, { index_set_id: 5 });
    await assert.rejects(
      run({ confirm: plan.hash }),
      isRefused('OP_RESTORE_REFUSED', /not what the plan was made for/, /Nothing was changed/),
    );
    assert.equal((await readRows(target, COLLECTOR)).size, 0);
  });
});

interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function command(args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/src/cli.js', 'restore', ...args], {
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

test('restore --map plans, carries a stored plan out without the map, and says what it did', async () => {
  await withMigration(async ({ admin, source, target, workplace, run }) => {
    const before = await readContent(admin, target);
    await insertRow(admin, source, COLLECTOR, { collector_config_id: 1, collector_config_name: '日志' });
    await insertRow(admin, source, COLLECTOR, { collector_config_id: 2, bk_biz_id: 9 });
    await run({ dryRun: true });
    const file = (name: string, content: unknown) => {
      const path = join(workplace.folder, name);
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    };
    const config = file('config.yaml', { it: { db: target, ...testServer() } });
    const place = ['--location', join(workplace.folder, 'location'), '--config', config, '--section', 'it'];
    const around = [...place, '--work', join(workplace.folder, 'w')];
    const map = file('map.json', ID_MAP);
    const into = ['latest', '--database', target, ...around];
    for (const policy of [[], ['--policy', 'swap'], ['--policy', 'replace']]) {
      const { status, err } = command([...into, '--map', map, ...policy]);
      assert.equal(status, 64, err);
      assert.match(err, /--map needs --policy skip or --policy fail/);
    }
    const skip = ['--policy', 'skip'];
    for (const [content, told] of [
      ['{"environment": ', /half\.json is not JSON/],
      [{ ...ID_MAP, environment: undefined }, /half\.json: environment/],
      [{ ...ID_MAP, busineses: [] }, /half\.json: .*busineses/],
    ] as const) {
      const { status, err } = command([...into, '--map', file('half.json', content), ...skip]);
      assert.equal(status, 1, err);
      assert.match(err, told);
    }
    const planned = command([...into, '--map', map, ...skip, '--dry-run', '--json']);
    assert.equal(planned.status, 2, planned.err);
    assert.deepEqual(differences(before, await readContent(admin, target)), []);
    const plan = file('plan.json', planned.out);
    const twice = command(['--plan', plan, '--map', map, ...around]);
    assert.match(twice.err, /--map goes with SET; a plan has its own/);
    const { status, out, err } = command(['--plan', plan, ...around]);
    assert.equal(status, 2, err);
    for (const line of [
      `  map the ids of 2 rows from ee; 0 rows are there already, 1 are left out`,
      `  raise AUTO_INCREMENT of ${target}.${COLLECTOR} from 1 to 50000`,
      `  insert 1 rows into 1 tables of ${target} in one transaction`,
      `  ${COLLECTOR}: 2 rows: 1 to insert, 0 there, 1 left out (unmapped)`,
      `  OP_RESTORE_REFUSED: ${target}.${COLLECTOR} 2 was left out: unmapped: bk_biz_id 9 is unmapped`,
    ]) {
      assert.ok(out.split('\n').includes(line), `${line}\nis not in\n${out}`);
    }
    assert.match(out, /inserted 1 rows into 1 tables, ids mapped from ee\n$/);
    assert.equal((await readRows(target, COLLECTOR)).get('1')?.bk_biz_id, '100');
  });
});
