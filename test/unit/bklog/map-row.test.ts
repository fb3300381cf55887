import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TABLE_REFERENCES } from '../../../src/bklog/bklog-references';
import { toIdMap } from '../../../src/bklog/id-map';
import { mappedColumns, mapRow } from '../../../src/bklog/map-row';
import { ROW_TABLES } from '../../../src/bklog/row-tables';

const MAP = toIdMap({
  ...{ environment: 'ee', offset: 1000, businesses: [{ from: 2, to: 100 }] },
  ...{ collectors: [{ from: 501, to: 60001 }], indexSets: [{ from: 901, to: 50012 }] },
});
const tableOf = (name: string) => ROW_TABLES.find((table) => table.name === name)!;

test('the sixteen tables of overseas_migrate_tool and projects are there, each after those it names by a number', () => {
  assert.equal(ROW_TABLES.length, 17);
  assert.deepEqual(
    ROW_TABLES.filter(({ name }) => !TABLE_REFERENCES[name]),
    [],
  );
  const at = (name: string) => ROW_TABLES.findIndex((table) => table.name === name);
  for (const { name, references = [] } of ROW_TABLES) {
    for (const { table } of references) assert.ok(at(table) <= at(name), `${name} names ${table}`);
  }
  assert.equal(ROW_TABLES.filter(({ floor }) => floor !== undefined).length, 14);
});

test('a row says which rows it names, in ids of the target, and keeps the columns that do not change', () => {
  const row = { collector_config_id: '501', bk_biz_id: '2', index_set_id: '901', target_nodes: null, table_id: 'x' };
  assert.deepEqual(mapRow(tableOf('log_databus_collectorconfig'), row, MAP), {
    changes: { collector_config_id: '60001', bk_biz_id: '100', index_set_id: '50012' },
    findings: [],
    names: [{ at: 'index_set_id', table: 'log_search_logindexset', id: 50012n }],
  });
});

test('a project counts only for an index set without a space, and 0 names none', () => {
  const names = (row: Record<string, string | null>) => mapRow(tableOf('log_search_logindexset'), row, MAP).names;
  const project = { at: 'project_id', table: 'log_search_projectinfo', id: 12n };
  assert.deepEqual(names({ index_set_id: '901', space_uid: '', project_id: '12' }), [project]);
  assert.deepEqual(names({ index_set_id: '901', space_uid: 'bkcc__2', project_id: '12' }), []);
  assert.deepEqual(names({ index_set_id: '901', space_uid: '', project_id: '0' }), []);
});

test('a member of an index group names its index set, another row of that column a table', () => {
  const table = tableOf('log_search_logindexsetdata');
  const group = { index_set_id: '901', type: 'index_set', result_table_id: '901' };
  const { changes, names } = mapRow(table, group, MAP);
  assert.deepEqual(changes, { index_set_id: '50012', result_table_id: '50012' });
  assert.deepEqual(
    names.map(({ at }) => at),
    ['index_set_id', 'result_table_id'],
  );
  const plain = { index_set_id: '901', type: 'result_table', bk_biz_id: '2', result_table_id: '2_bklog.2_x' };
  assert.equal(mapRow(table, plain, MAP).changes.result_table_id, '100_bklog.2_x');
});

test('only columns that decide about ids are read', () => {
  assert.deepEqual(mappedColumns(tableOf('log_clustering_aiopsmodel')), []);
  assert.deepEqual(mappedColumns(tableOf('log_search_favoritegroup')), ['space_uid']);
  assert.ok(mappedColumns(tableOf('log_databus_collectorconfig')).includes('target_node_type'));
  assert.ok(!mappedColumns(tableOf('log_databus_collectorconfig')).includes('description'));
});
