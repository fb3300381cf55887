import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowDataPacket } from 'mysql2/promise';
import { ROW_TABLES } from '../../src/bklog/row-tables';
import { isOperationError } from '../../src/errors/operation-error';
import { readContent, differences as whatDiffers } from '../support/database-content';
import { countsOf, ID_MAP, insertRow, type Migration, readRows, withMigration } from '../support/raw-rows';

const COLLECTOR = 'log_databus_collectorconfig';
const INDEX_SET = 'log_search_logindexset';
const INDEX = 'log_search_logindexsetdata';
const GROUP = 'log_search_favoritegroup';
const FAVORITE = 'log_search_favorite';

async function sqlOf({ admin }: Migration, sql: string): Promise<RowDataPacket[]> {
  const [rows] = await admin.query<RowDataPacket[]>(sql);
  return rows;
}

/** A collector with its index set, a table of it, a clustering config and a favourite in a group. */
async function fillSource({ admin, source }: Migration): Promise<void> {
  const insert = (table: string, cells: Parameters<typeof insertRow>[3]) => insertRow(admin, source, table, cells);
  await insert(COLLECTOR, {
    ...{ collector_config_id: 501, collector_config_name: 'nginx访问日志🚀', bk_biz_id: 2, index_set_id: 901 },
    target_nodes: '[ {"bk_inst_id":2,  "bk_obj_id": "biz"}, {"bk_inst_id": 35, "bk_obj_id": "\\u6a21"} ]',
    ...{ target_node_type: 'TOPO', table_id: '2_bklog.nginx_2', task_id_list: ',3469542,' },
    ...{ extra_labels: '[{"b": 1.10,  "a": 12345678901234567890}]', bk_data_id: 1500586, params: '"\\u65e5"' },
  });
  await insert('log_databus_containercollectorconfig', { id: 11, collector_config_id: 501 });
  await insert('log_databus_containercollectorconfig', {
    ...{ id: 12, collector_config_id: 501, parent_container_config_id: 11 },
  });
  await insert(INDEX_SET, { index_set_id: 901, collector_config_id: 501, storage_cluster_id: 15 });
  await insert(INDEX, { index_id: 7001, index_set_id: 901, result_table_id: '2_bklog.nginx_2' });
  await insert('log_clustering_clusteringconfig', { id: 21, collector_config_id: 501, index_set_id: 901 });
  await insert('log_clustering_aiopssignatureandpattern', { id: 31, signature: 'é', pattern: '#NUMBER#' });
  await insert('log_clustering_regextemplate', { id: 41, space_uid: 'bkcc__3' });
  await insert(GROUP, { id: 5, name: '组' });
  await insert(FAVORITE, {
    ...{ id: 6, group_id: 5, index_set_id: 901, index_set_ids: '[901,  901]', index_set_type: 'union' },
    params: '{"keyword": "\\u65e5  *", "host_scopes": {"modules": [{"bk_inst_id": 35, "bk_obj_id": "module"}]} }',
  });
}

test('rows land with mapped ids, every reference leads to its row, and nothing else of a row changes', async () => {
  await withMigration(async (migration) => {
    await fillSource(migration);
    const { target, source, run } = migration;
    const map = { ...ID_MAP, indexSets: [{ from: 901, to: 50012 }], collectors: [{ from: 501, to: 60001 }] };
    const { rows, findings, filled, plan } = await run({}, map);
    assert.deepEqual([rows, findings], [10, []]);
    assert.equal(
      filled.reduce((sum, { inserted }) => sum + inserted, 0),
      10,
    );
    const changed = async (table: string, from: string, to: string) => {
      const [was, is] = [(await readRows(source, table)).get(from)!, (await readRows(target, table)).get(to)!];
      return Object.fromEntries(Object.entries(is).filter(([column, value]) => value !== was[column]));
    };
    assert.deepEqual(await changed(COLLECTOR, '501', '60001'), {
      ...{ collector_config_id: '60001', bk_biz_id: '100', index_set_id: '50012', table_id: '100_bklog.nginx_2' },
      target_nodes: '[ {"bk_inst_id":100,  "bk_obj_id": "biz"}, {"bk_inst_id": 1000035, "bk_obj_id": "\\u6a21"} ]',
    });
    const containers = 'log_databus_containercollectorconfig';
    assert.deepEqual(await changed(containers, '12', '12'), { collector_config_id: '60001' });
    assert.deepEqual(await changed(INDEX_SET, '901', '50012'), {
      ...{ index_set_id: '50012', collector_config_id: '60001', space_uid: 'bkcc__100', storage_cluster_id: '4' },
    });
    assert.deepEqual(await changed(INDEX, '7001', '7001'), {
      ...{ index_set_id: '50012', bk_biz_id: '100', result_table_id: '100_bklog.nginx_2' },
    });
    assert.deepEqual(await changed('log_clustering_clusteringconfig', '21', '21'), {
      ...{ collector_config_id: '60001', index_set_id: '50012', bk_biz_id: '100' },
    });
    assert.deepEqual(await changed('log_clustering_aiopssignatureandpattern', '31', '31'), {});
    assert.deepEqual(await changed('log_clustering_regextemplate', '41', '41'), { space_uid: 'bkcc__2' });
    const [[group]] = [[...(await readRows(target, GROUP))]];
    const [[favorite]] = [[...(await readRows(target, FAVORITE))]];
    assert.deepEqual(await changed(GROUP, '5', group![0]), { id: '1', space_uid: 'bkcc__100' });
    assert.deepEqual(await changed(FAVORITE, '6', favorite![0]), {
      ...{ id: '1', group_id: '1', space_uid: 'bkcc__100', index_set_id: '50012', index_set_ids: '[50012,  50012]' },
      params:
        '{"keyword": "\\u65e5  *", "host_scopes": {"modules": [{"bk_inst_id": 1000035, "bk_obj_id": "module"}]} }',
    });
    const notes = (plan.notes ?? []).map(({ object, note }) => `${object}: ${note}`).join('\n');
    assert.match(notes, /collectorconfig: bk_data_id, .*subscription_id, .* come as they are/);

    const again = await run({}, map);
    assert.deepEqual([again.rows, again.findings], [0, []]);
    assert.ok(again.plan.rows!.tables.every(({ rows: all, same }) => all === same));
    assert.deepEqual(again.plan.rows!.floors, []);
  });
});

test('AUTO_INCREMENT is raised where it is lower, in the fourteen tables that get rows and in no other', async () => {
  await withMigration(async (migration) => {
    const { admin, source, target, run } = migration;
    await fillSource(migration);
    await insertRow(admin, source, 'log_search_projectinfo', { project_id: 9, bk_biz_id: 2 });
    for (const { name, key } of ROW_TABLES) {
      const [[row]] = await admin.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM ${source}.${name}`);
      const more: Record<string, Record<string, string | number>> = {
        log_clustering_clusteringsubscription: { index_set_id: 901 },
        log_clustering_noticegroup: { index_set_id: 901 },
        log_clustering_signaturestrategysettings: { index_set_id: 901 },
      };
      if (row!.n === 0) await insertRow(admin, source, name, { [key]: 3, ...more[name] });
    }
    await admin.query(`ALTER TABLE ${target}.${INDEX} AUTO_INCREMENT = 70000`);
    await admin.query(`ALTER TABLE ${target}.log_clustering_sampleset AUTO_INCREMENT = 50000`);
    const { findings, plan } = await run();
    assert.deepEqual(findings, []);
    const next = async (table: string) => {
      const [row] = await sqlOf(migration, `SHOW CREATE TABLE ${target}.${table}`);
      return Number(/ AUTO_INCREMENT=(\d+)/.exec(row?.['Create Table'])?.[1] ?? 1);
    };
    const found: Record<string, number> = {};
    for (const { name } of ROW_TABLES) found[name] = await next(name);
    const expected = ROW_TABLES.map(({ name }) => [name, 50_000] as const);
    assert.deepEqual(found, {
      ...Object.fromEntries(expected),
      ...{ log_clustering_aiopssignatureandpattern: 150_000, [INDEX]: 70_000 },
      ...{ log_search_projectinfo: 10, [GROUP]: 2, [FAVORITE]: 2 },
    });
    const raised = plan.rows!.floors.map(({ table }) => table);
    assert.equal(raised.length, 12);
    assert.ok(!raised.includes(INDEX) && !raised.includes('log_clustering_sampleset'));
    assert.deepEqual(
      plan.steps.filter(({ action }) => action === 'floor').map(({ text }) => text)[2],
      `raise AUTO_INCREMENT of ${target}.log_clustering_aiopssignatureandpattern from 1 to 150000`,
    );
  });
});

/** A target whose rows stand where those of the source want to go. */
async function fillConflicts(migration: Migration): Promise<void> {
  const { admin, source, target } = migration;
  await fillSource(migration);
  await insertRow(admin, source, COLLECTOR, { collector_config_id: 502, collector_config_name: 'Taken' });
  await insertRow(admin, source, COLLECTOR, { collector_config_id: 503, collector_config_name: 'free' });
  await insertRow(admin, target, INDEX_SET, { index_set_id: 901, index_set_name: 'other', space_uid: 'bkcc__100' });
  await insertRow(admin, target, COLLECTOR, {
    ...{ collector_config_id: 9, bk_biz_id: 100, collector_config_name: 'taken' },
  });
}

test('a row of the same key or name stays, is told with what differs, and what would hang on it is left out', async () => {
  await withMigration(async (migration) => {
    await fillConflicts(migration);
    const { admin, target, run } = migration;
    const before = await readRows(target, INDEX_SET);
    const result = await run();
    assert.deepEqual(await readRows(target, INDEX_SET), before);
    assert.deepEqual(countsOf(result, INDEX_SET).leftOut, { conflict: ['901'] });
    assert.deepEqual(countsOf(result, COLLECTOR).leftOut, { conflict: ['502'], dangling: ['501'] });
    assert.deepEqual(countsOf(result, INDEX).leftOut, { dangling: ['7001'] });
    assert.deepEqual(countsOf(result, FAVORITE).leftOut, { dangling: ['6'] });
    assert.deepEqual(countsOf(result, 'log_databus_containercollectorconfig').leftOut, { dangling: ['11', '12'] });
    const told = result.findings.map(({ message }) => message.replaceAll(target, 'T'));
    for (const line of [
      `T.${INDEX_SET} 901 was left out: conflict: the target has another one, with another index_set_name, collector_config_id, storage_cluster_id`,
      `T.${COLLECTOR} 502 was left out: conflict: the same collector_config_name, bk_biz_id as row 9 of the target`,
      `T.${COLLECTOR} 501 was left out: dangling: index_set_id names ${INDEX_SET} 901`,
      `T.log_databus_containercollectorconfig 11 was left out: dangling: collector_config_id names ${COLLECTOR} 501`,
      `T.${FAVORITE} 6 was left out: dangling: index_set_id names ${INDEX_SET} 901`,
    ]) {
      assert.ok(told.includes(line), `${line}\nis not among\n${told.join('\n')}`);
    }
    const collectors = await admin.query<RowDataPacket[]>(
      `SELECT collector_config_id AS id FROM ${target}.${COLLECTOR} ORDER BY id`,
    );
    assert.deepEqual(
      collectors[0].map(({ id }) => id),
      [9, 503],
    );
  });
});

test('under policy fail rows that are left out refuse the restore before anything is written', async () => {
  await withMigration(async (migration) => {
    await fillConflicts(migration);
    const { admin, target, run } = migration;
    const before = await readContent(admin, target);
    const options = { policy: 'fail' as const };
    const { plan } = await run({ dryRun: true, options });
    const reasons = plan.blockers.map(({ object, reason }) => `${object} ${reason}`.replaceAll(target, 'T'));
    assert.ok(
      reasons.includes(`T: table ${COLLECTOR} has 1 rows in the set that meet another row of the target: 502`),
      reasons.join('\n'),
    );
    await assert.rejects(run({ options }), (error) => {
      assert.ok(isOperationError(error, 'OP_RESTORE_REFUSED'));
      assert.match(error.message, new RegExp(`table ${COLLECTOR} has 1 rows in the set that meet another row`));
      return true;
    });
    assert.deepEqual(whatDiffers(before, await readContent(admin, target)), []);
  });
});

test('identical rows and rows marked as deleted do not stop policy fail', async () => {
  await withMigration(async (migration) => {
    await fillSource(migration);
    const { admin, source, run, target } = migration;
    await insertRow(admin, source, COLLECTOR, {
      ...{ collector_config_id: 510, collector_config_name: 'gone', bk_biz_id: 777, is_deleted: 1 },
    });
    await run({ options: { policy: 'fail' } });
    const { rows, plan, findings } = await run({ options: { policy: 'fail' } });
    assert.deepEqual([rows, findings, plan.blockers], [0, [], []]);
    const { leftOut, ...counts } = countsOf({ plan } as never, COLLECTOR);
    assert.deepEqual(counts, { rows: 2, deleted: 1, inserted: 0, same: 1 });
    assert.deepEqual(leftOut, {});
    const note = plan.notes?.find(({ note: text }) => /deleted/.test(text));
    assert.deepEqual(note, { object: `${target}.${COLLECTOR}`, note: '1 rows that are marked as deleted stay out' });
    assert.equal((await readRows(target, COLLECTOR)).has('510'), false);
  });
});

test('a row with an id that has no counterpart is left out and named, with the reason', async () => {
  await withMigration(async ({ admin, source, target, run }) => {
    const insert = (id: number, cells: Parameters<typeof insertRow>[3]) =>
      insertRow(admin, source, COLLECTOR, { collector_config_id: id, collector_config_name: `c${id}`, ...cells });
    await insert(1, { bk_biz_id: 9 });
    await insert(2, { table_id: '77_bklog.x' });
    await insert(3, { target_nodes: 'not JSON' });
    await insert(4, { target_nodes: '[{"bk_host_id": 2000000}]' });
    await insert(5, { target_nodes: null });
    await insert(6, { index_set_id: 4711 });
    await insertRow(admin, target, INDEX_SET, { index_set_id: 4711 });
    await insertRow(admin, source, INDEX_SET, { index_set_id: 8, space_uid: '', project_id: 12 });
    await insertRow(admin, source, 'log_clustering_clusteringconfig', {
      ...{ id: 1, index_set_id: 8, pre_treat_flow: '{"nodes": [1]}' },
    });
    const result = await run();
    assert.deepEqual(countsOf(result, COLLECTOR), {
      ...{ rows: 6, deleted: 0, inserted: 1, same: 0 },
      leftOut: { unmapped: ['1', '2'], unreadable: ['3'], 'already-mapped': ['4'], dangling: ['6'] },
    });
    assert.deepEqual(countsOf(result, INDEX_SET).leftOut, { dangling: ['8'] });
    assert.deepEqual(countsOf(result, 'log_clustering_clusteringconfig').leftOut, { ambiguous: ['1'] });
    assert.deepEqual([...(await readRows(target, COLLECTOR)).keys()], ['5']);
    const told = result.findings.map(({ message }) => message);
    assert.ok(
      told.includes(`${target}.${COLLECTOR} 1 was left out: unmapped: bk_biz_id 9 is unmapped`),
      told.join('\n'),
    );
    assert.equal(told.length, 7);
  });
});

test('favourites go to the group that matches theirs, the oldest one, or to a new one', async () => {
  await withMigration(async ({ admin, source, target, run }) => {
    const group = (database: string, cells: Parameters<typeof insertRow>[3]) =>
      insertRow(admin, database, GROUP, { space_uid: database === target ? 'bkcc__100' : 'bkcc__2', ...cells });
    const favorite = (id: number, group_id: number, cells: Parameters<typeof insertRow>[3] = {}) =>
      insertRow(admin, source, FAVORITE, { id, group_id, name: `f${id}`, ...cells });
    await group(source, { id: 1, group_type: 'private', name: '个人', created_by: 'lisi' });
    await group(source, { id: 2, group_type: 'private', name: '个人', created_by: 'wang' });
    await group(source, { id: 3, group_type: 'unknown', name: '未分组', created_by: 'lisi' });
    await group(source, { id: 4, group_type: 'public', name: 'shared' });
    await group(source, { id: 5, group_type: 'public', name: 'new' });
    await group(source, { id: 6, group_type: 'unknown', name: 'x', space_uid: 'bkcc__3', created_by: 'a' });
    await group(source, { id: 7, group_type: 'unknown', name: 'y', space_uid: 'bkcc__3', created_by: 'b' });
    await group(source, { id: 8, group_type: 'public', name: 'far', space_uid: 'bkci__x' });
    for (const id of [1, 2, 3, 4, 5, 6, 7, 8]) {
      await favorite(id, id, id === 6 || id === 7 ? { space_uid: 'bkcc__3' } : {});
    }
    await favorite(20, 4711);
    await favorite(21, 4, { name: 'here', params: '{"a": 1}' });
    await favorite(22, 4, { name: 'same' });
    await favorite(23, 7, { name: 'f6', space_uid: 'bkcc__3', params: '{}' });
    // The target: renamed private and ungrouped groups, and a younger twin of the shared one by somebody else.
    await group(target, { id: 71, group_type: 'private', name: 'mine', created_by: 'lisi', created_at: '2020-01-01' });
    await group(target, { id: 72, group_type: 'unknown', name: 'z', created_at: '2022-01-01' });
    await group(target, { id: 73, group_type: 'unknown', name: 'zz', created_at: '2021-01-01' });
    await group(target, { id: 74, group_type: 'public', name: 'shared' });
    await group(target, { id: 75, group_type: 'public', name: 'new', created_by: 'other' });
    const there = { space_uid: 'bkcc__100', group_id: 74 };
    await insertRow(admin, target, FAVORITE, { id: 900, name: 'here', params: '{"a": 2}', ...there });
    await insertRow(admin, target, FAVORITE, { id: 901, name: 'same', ...there });
    const result = await run();
    const groups = await readRows(target, GROUP);
    const groupOf = (cells: Record<string, string>) =>
      [...groups.values()].find((row) => Object.entries(cells).every(([column, value]) => row[column] === value))?.id;
    const found = new Map([...(await readRows(target, FAVORITE)).values()].map((row) => [row.name, row.group_id]));
    const ofSix = groupOf({ group_type: 'unknown', space_uid: 'bkcc__2' });
    assert.deepEqual(Object.fromEntries(found), {
      ...{ here: '74', same: '74', f1: '71', f2: groupOf({ created_by: 'wang' }), f3: '73', f4: '74' },
      ...{ f5: groupOf({ name: 'new', created_by: 'zhangsan' }), f6: ofSix, f7: ofSix },
    });
    assert.ok([...found.values()].every((id) => groups.has(id!)));
    assert.equal(groups.size, 5 + 3, 'two ungrouped ones of a space are one');
    assert.deepEqual(countsOf(result, GROUP), {
      ...{ rows: 8, deleted: 0, inserted: 3, same: 4, leftOut: { unmapped: ['8'] } },
    });
    assert.deepEqual(countsOf(result, FAVORITE), {
      ...{ rows: 12, deleted: 0, inserted: 7, same: 1 },
      leftOut: { conflict: ['21', '23'], dangling: ['8', '20'] },
    });
    const again = await run();
    assert.equal(again.rows, 0);
    assert.deepEqual(
      again.findings.map(({ object }) => object).sort(),
      result.findings.map(({ object }) => object).sort(),
    );
  });
});
