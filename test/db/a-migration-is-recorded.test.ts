import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RowDataPacket } from 'mysql2/promise';
import { isOperationError } from '../../src/errors/operation-error';
import { withConnection } from '../../src/mysql/connection';
import { type MappingItem, ResourceMapping } from '../../src/mysql/resource-mapping';
import { settingsFor, withDatabase } from '../support/database';

const TABLE = 'bk_log_search_resource_mapping';
const ITEM: MappingItem = {
  ...{ environment: 'ee', kind: 'collector', originId: 501, originIndexSetId: 901, originBusiness: 2, business: 7 },
  ...{ space: 'bkcc__7', name: 'nginx访问日志🚀' },
};

async function withMapping<T>(
  database: string,
  use: (mapping: ResourceMapping) => Promise<T>,
  environment = 'ee',
): Promise<T> {
  return await withConnection(settingsFor(database), undefined, async (connection) =>
    use(await ResourceMapping.open(connection, TABLE, environment)),
  );
}

test('an item has one row, written before the call and after it, whatever comes between and however often', async () => {
  await withDatabase(async (database) => {
    const first = await withMapping(database, (mapping) => mapping.begin(ITEM, 'run1'));
    await withMapping(database, async (mapping) => {
      const [row] = await mapping.rows('ee');
      assert.deepEqual([row?.id, row?.status, row?.attempts, row?.name], [first, 'init', 1, ITEM.name]);
      assert.equal(await mapping.begin({ ...ITEM, name: 'other' }, 'run2'), first);
      await mapping.finish(first, { status: 'fail', details: '日志 🚀' });
      assert.equal(await mapping.begin(ITEM, 'run3'), first);
      await mapping.finish(first, { status: 'success', targetId: 12, indexSetId: 34 });
      const rows = await mapping.rows('ee');
      const { updatedAt = '' } = rows[0] ?? {};
      assert.match(updatedAt, /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
      assert.deepEqual(rows, [
        {
          ...{
            id: first,
            environment: 'ee',
            kind: 'collector',
            originId: 501,
            originIndexSetId: 901,
            originBusiness: 2,
          },
          ...{ business: 7, space: 'bkcc__7', targetId: 12, indexSetId: 34, name: ITEM.name, status: 'success' },
          ...{ details: '', attempts: 3, runId: 'run3', updatedAt },
        },
      ]);
      await mapping.begin({ ...ITEM, kind: 'index-set' }, 'run3');
      assert.equal((await mapping.rows('ee')).length, 2, 'kinds have ids of their own');
    });
    await withMapping(
      database,
      async (mapping) => {
        assert.deepEqual(await mapping.rows('sg'), []);
        await mapping.begin({ ...ITEM, environment: 'sg' }, 'run4');
        assert.equal((await mapping.rows('sg')).length, 1, 'and so have environments');
      },
      'sg',
    );
  });
});

test("a table of migrate_tool keeps its rows, gets the new columns, and takes that tool's inserts as before", async () => {
  await withDatabase(async (database, admin) => {
    const schema = readFileSync('test/fixtures/migrate-tool-mapping.sql', 'utf8');
    await admin.query(schema);
    const insert = `INSERT INTO ${TABLE} (bk_biz_id, origin_bk_biz_id, index_set_id, origin_index_set_id, space_uid, status, details) VALUES `;
    await admin.query(
      `${insert} (7, 2, 50012, 901, 'bkcc__7', 'success', ''), (1003, 3, 0, 902, 'bkcc__1003', 'fail', '{}')`,
    );
    await withMapping(database, async (mapping) => {
      const old = await mapping.rows('ee');
      assert.deepEqual(
        old.map(({ environment, kind, originIndexSetId, status, indexSetId }) => [
          environment,
          kind,
          originIndexSetId,
          status,
          indexSetId,
        ]),
        [
          [undefined, undefined, 901, 'success', 50012],
          [undefined, undefined, 902, 'fail', 0],
        ],
      );
      const id = await mapping.begin(ITEM, 'run1');
      await mapping.finish(id, { status: 'fail', details: '重复🚀' });
      const [[stored]] = await admin.query<RowDataPacket[]>(`SELECT details FROM ${TABLE} WHERE id = ${id}`);
      assert.equal(stored?.details, '\\u91cd\\u590d\\ud83d\\ude80');
      assert.equal((await mapping.rows('ee')).at(-1)?.details, '重复🚀');
      await admin.query(`${insert} (7, 2, 0, 903, 'bkcc__7', 'init', ''), (7, 2, 0, 904, 'bkcc__7', 'init', '')`);
      assert.equal((await mapping.rows('ee')).length, 5);
    });
    await withMapping(database, async (mapping) => assert.equal((await mapping.rows('ee')).length, 5));
  });
});

test('one migration of an environment at a time; a table of another form is refused', async () => {
  await withDatabase(async (database, admin) => {
    await withMapping(database, async () => {
      await assert.rejects(
        withMapping(database, async () => undefined),
        (error) => isOperationError(error, 'OP_BUSY'),
      );
      await withMapping(database, async () => undefined, 'sg');
    });
    await admin.query(`DROP TABLE ${TABLE}; CREATE TABLE ${TABLE} (id INT PRIMARY KEY)`);
    await assert.rejects(
      withMapping(database, async () => undefined),
      (error) => isOperationError(error, 'OP_CONFIG_INVALID') && /no column bk_biz_id/.test(error.message),
    );
  });
});
