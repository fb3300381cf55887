import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IdMapDocument } from '../../src/bklog/id-map';
import { ROW_TABLES } from '../../src/bklog/row-tables';
import { Chance } from '../support/chance';
import { differences, readContent } from '../support/database-content';
import { type RandomBkLog, type Row, randomBkLog } from '../support/random-bklog';
import { insertRow, type Migration, readRows, withMigration } from '../support/raw-rows';

const ROUNDS = Number(process.env.BKLOG_ROUNDS ?? 6);
const COLLECTOR = 'log_databus_collectorconfig';
const INDEX_SET = 'log_search_logindexset';
const INDEX = 'log_search_logindexsetdata';
const GROUP = 'log_search_favoritegroup';
const FAVORITE = 'log_search_favorite';

/** The random part of a source, and rows of the tables that it has none of. */
async function fillSource({ admin, source }: Migration, chance: Chance): Promise<RandomBkLog> {
  const content = randomBkLog(chance, { hasTextParams: true });
  const { bk_log_search: log } = content.databases;
  for (const table of [COLLECTOR, INDEX_SET, INDEX, 'log_search_projectinfo'] as const) {
    for (const row of log[table]) await insertRow(admin, source, table, row);
  }
  const some = (rows: readonly Row[], key: string) => Number(chance.pick(rows)[key]);
  for (let id = 1; id <= 6; id += 1) {
    const group_type = chance.pick(['private', 'public', 'unknown']);
    const space_uid = chance.pick(['bkcc__2', 'bkcc__21', 'bkci__project17']);
    await insertRow(admin, source, GROUP, { id: id * 10, name: `g${id}`, group_type, space_uid });
    const sets = [some(log[INDEX_SET], 'index_set_id'), some(log[INDEX_SET], 'index_set_id')];
    await insertRow(admin, source, FAVORITE, {
      ...{ id: id * 7, name: `f${id}`, group_id: chance.int(1, 7) * 10, space_uid, index_set_id: sets[0]! },
      ...{ index_set_ids: JSON.stringify(sets), params: '{"keyword":"\\u65e5 *"}' },
    });
    const collector = some(log[COLLECTOR], 'collector_config_id');
    await insertRow(admin, source, 'log_databus_containercollectorconfig', { id, collector_config_id: collector });
    await insertRow(admin, source, 'log_clustering_clusteringconfig', {
      ...{ id, index_set_id: sets[1]!, collector_config_id: chance.is(0.5) ? collector : null },
    });
  }
  return content;
}

/** New ids are above all old ones, so that a row with an old id is seen. */
function idMapOf({ databases, environment }: RandomBkLog, chance: Chance): IdMapDocument {
  const { cc_EnvBizMap: businesses, cc_EnvIDOffset: offsets } = databases.sg_migration;
  const { bk_log_search: log } = databases;
  const pairs = (rows: readonly Row[], key: string) =>
    rows.filter(() => chance.is(0.95)).map((row) => ({ from: Number(row[key]), to: Number(row[key]) + 500_000 }));
  return {
    environment,
    offset: Number(offsets.find(({ env }) => env === environment)!.offset),
    businesses: businesses
      .filter(({ bk_env }) => bk_env === environment)
      .map((row) => ({ from: Number(row.bk_old_biz_id), to: Number(row.bk_new_biz_id) })),
    storageClusters: [{ from: 15, to: 4 }],
    ...(chance.is(0.5) ? { collectors: pairs(log[COLLECTOR], 'collector_config_id') } : {}),
    ...(chance.is(0.5) ? { indexSets: pairs(log[INDEX_SET], 'index_set_id') } : {}),
  };
}

/** Rows of the target that were there before: some in the way, some not. */
async function fillTarget({ admin, target, source }: Migration, chance: Chance): Promise<void> {
  for (const [id] of await readRows(source, INDEX_SET)) {
    if (chance.is(0.1))
      await insertRow(admin, target, INDEX_SET, { index_set_id: Number(id), index_set_name: 'native' });
  }
  for (const [, row] of await readRows(source, COLLECTOR)) {
    if (!chance.is(0.1)) continue;
    const name = row.collector_config_name!;
    await insertRow(admin, target, COLLECTOR, { collector_config_name: name, bk_biz_id: chance.pick([3, 7, 21, 100]) });
  }
  await insertRow(admin, target, GROUP, { name: 'g1', group_type: 'unknown', space_uid: 'bkcc__3' });
}

const MAPPED_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  [COLLECTOR]: ['collector_config_id', 'index_set_id', 'bk_biz_id', 'target_nodes', 'table_id', 'bk_data_name'],
  [INDEX_SET]: ['index_set_id', 'collector_config_id', 'space_uid', 'storage_cluster_id'],
  [INDEX]: ['index_set_id', 'bk_biz_id', 'result_table_id'],
  [GROUP]: ['id', 'space_uid'],
  [FAVORITE]: ['id', 'group_id', 'space_uid', 'index_set_id', 'index_set_ids'],
  log_search_projectinfo: ['bk_biz_id'],
  log_databus_containercollectorconfig: ['collector_config_id'],
  log_clustering_clusteringconfig: ['collector_config_id', 'index_set_id', 'bk_biz_id'],
};

test('on random BK-LOGs the dry run says what the restore does, no reference goes astray, and a second run does nothing', async () => {
  const first = Number(process.env.BKLOG_SEED ?? Date.now() % 1_000_000);
  for (let round = 0; round < ROUNDS; round += 1) {
    const seed = first + round;
    const chance = new Chance(seed);
    await withMigration(async (migration) => {
      const { admin, source, target, run } = migration;
      const about = `BKLOG_SEED=${seed}`;
      const idMap = idMapOf(await fillSource(migration, chance), chance);
      await fillTarget(migration, chance);
      const read = async (database: string) =>
        new Map(await Promise.all(ROW_TABLES.map(async ({ name }) => [name, await readRows(database, name)] as const)));
      const [old, before] = [await read(source), await read(target)];
      const content = await readContent(admin, target);
      const dry = await run({ dryRun: true, diff: true }, idMap);
      assert.deepEqual(
        differences(content, await readContent(admin, target)),
        [],
        `${about}: a dry run changes nothing`,
      );
      const result = await run({ confirm: dry.plan.hash }, idMap);
      assert.deepEqual(result.plan, dry.plan, about);
      assert.deepEqual(result.findings, dry.findings, about);
      const after = await read(target);
      for (const { table, rows, deleted, inserted, same, leftOut } of dry.plan.rows!.tables) {
        const out = leftOut.reduce((sum, item) => sum + item.rows, 0);
        assert.equal(rows, deleted + inserted + same + out, `${about} ${table}: each row has one fate`);
        assert.equal(after.get(table)!.size - before.get(table)!.size, inserted, `${about} ${table}`);
        assert.equal(dry.differences?.find((item) => item.table === table)?.inserted, inserted, about);
        const told = dry.findings.filter(({ object }) => object.startsWith(`${target}.${table} `));
        assert.equal(told.length, out, `${about} ${table}: each row that is left out is told`);
      }
      for (const [table, rows] of before) {
        for (const [key, row] of rows) assert.deepEqual(after.get(table)!.get(key), row, `${about}: native rows stay`);
      }
      assertMapped(old, before, after, idMap, about);
      const again = await run({}, idMap);
      assert.equal(again.rows, 0, `${about}: a second run`);
      assert.deepEqual(await read(target), after, about);
    });
  }
});

type Tables = ReadonlyMap<string, ReadonlyMap<string, Readonly<Record<string, string | null>>>>;

/** By the rules of the reference, without the code under test. */
function assertMapped(old: Tables, before: Tables, after: Tables, idMap: IdMapDocument, about: string): void {
  const lookUp = (list: IdMapDocument['businesses'] | undefined, id: string) =>
    list ? list.find(({ from }) => String(from) === id)?.to : id;
  const newId = {
    [COLLECTOR]: (id: string) => String(lookUp(idMap.collectors, id)),
    [INDEX_SET]: (id: string) => String(lookUp(idMap.indexSets, id)),
  };
  const oldId = (table: string, id: string): string => {
    if (table !== COLLECTOR && table !== INDEX_SET) return id;
    return [...old.get(table)!.keys()].find((from) => newId[table](from) === id)!;
  };
  const business = (id: string) => String(lookUp(idMap.businesses, id));
  for (const [table, rows] of after) {
    for (const [key, row] of rows) {
      if (before.get(table)!.has(key)) continue;
      const isOf = (one: Readonly<Record<string, string | null>>) => one.name === row.name;
      const was =
        table === GROUP || table === FAVORITE
          ? [...old.get(table)!.values()].find(isOf)!
          : old.get(table)!.get(oldId(table, key))!;
      assert.ok(was, `${about}: ${table} ${key} is a row of the set`);
      assert.notEqual(was.is_deleted, '1', `${about}: ${table} ${key}`);
      for (const [column, value] of Object.entries(row)) {
        if (MAPPED_COLUMNS[table]?.includes(column)) continue;
        assert.equal(value, was[column], `${about}: ${table} ${key} ${column} comes as it is`);
      }
      if (was.bk_biz_id) assert.equal(row.bk_biz_id, business(was.bk_biz_id), `${about}: ${table} ${key}`);
      if (was.space_uid) assert.equal(row.space_uid, `bkcc__${business(was.space_uid.slice(6))}`, `${about}: ${table}`);
      for (const [column, to] of [
        ['collector_config_id', COLLECTOR],
        ['index_set_id', INDEX_SET],
      ] as const) {
        if (was[column] == null) continue;
        const id = newId[to](was[column]);
        assert.equal(row[column], id, `${about}: ${table} ${key}`);
        const named = after.get(to)!.get(id);
        const meant = old.get(to)!.get(was[column])!;
        assert.ok(named && !before.get(to)!.has(id), `${about}: ${table} ${key} names ${to} ${id}`);
        const name = to === COLLECTOR ? 'collector_config_name' : 'index_set_name';
        assert.equal(named[name], meant[name], `${about}: ${table} ${key} names the row it named`);
      }
      if (table === FAVORITE) {
        assert.equal(row.index_set_ids, was.index_set_ids!.replace(/\d+/g, newId[INDEX_SET]), about);
        const [group, meant] = [after.get(GROUP)!.get(row.group_id!)!, old.get(GROUP)!.get(was.group_id!)!];
        assert.equal(group.group_type, meant.group_type, `${about}: favourite ${key}`);
        assert.equal(group.space_uid, `bkcc__${business(meant.space_uid!.slice(6))}`, `${about}: favourite ${key}`);
        if (group.group_type === 'public') assert.equal(group.name, meant.name, `${about}: favourite ${key}`);
      }
    }
  }
}
