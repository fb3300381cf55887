import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { Chance } from '../support/chance';
import { connect, withSchema } from '../support/database';
import {
  bkLogSchema,
  type DatabaseNames,
  ODDITIES,
  type RandomBkLog,
  type Row,
  randomBkLog,
} from '../support/random-bklog';

async function stored(connection: Connection, database: string, table: string, key: string): Promise<Row[]> {
  const sql = `SELECT * FROM \`${database}\`.\`${table}\` ORDER BY \`${key}\``;
  const [rows] = await connection.query<RowDataPacket[]>({
    sql,
    typeCast: (field, next) => (['JSON', 'DATETIME', 'BLOB'].includes(field.type) ? field.string('utf8') : next()),
  });
  return rows as Row[];
}

const KEYS: Readonly<Record<string, string>> = {
  node_man_subscriptionstep: 'id',
  log_databus_collectorconfig: 'collector_config_id',
  log_search_projectinfo: 'project_id',
  log_search_logindexset: 'index_set_id',
  log_search_logindexsetdata: 'index_id',
  log_search_space: 'id',
  cc_EnvIDOffset: 'env',
  cc_EnvBizMap: 'id',
};

async function assertStored(connection: Connection, { databases }: RandomBkLog, names: DatabaseNames): Promise<void> {
  for (const [database, tables] of Object.entries(databases)) {
    for (const [table, rows] of Object.entries(tables as Record<string, readonly Row[]>)) {
      const found = await stored(connection, names[database as keyof DatabaseNames], table, KEYS[table]!);
      assert.deepEqual(
        found.map((row) => ({ ...row })),
        rows.map((row) => ({ ...row })),
        `${database}.${table}`,
      );
    }
  }
}

test("random BK-LOGs load into BK-LOG's tables one after the other, and every cell is what was written", async () => {
  await withSchema(
    ({ database: bk_nodeman }) =>
      withSchema(({ database: bk_log_search }) =>
        withSchema(async ({ database: sg_migration }) => {
          const names = { bk_nodeman, bk_log_search, sg_migration };
          const connection = await connect();
          try {
            for (const statement of bkLogSchema(names)) await connection.query(statement);
            for (const seed of [1, 2, 3]) {
              const options = {
                names,
                hasTextParams: seed !== 2,
                collectors: 40,
                ...(seed === 3 ? { environmentOddity: 'two-to-one' as const } : {}),
              };
              const random = randomBkLog(new Chance(seed), options);
              for (const statement of random.sql) await connection.query(statement);
              await assertStored(connection, random, names);
            }
          } finally {
            await connection.end();
          }
        }),
      ),
    { prefix: 'nodeman' },
  );
});

test('a random BK-LOG is the same for the same seed, and every oddity comes up', () => {
  assert.deepEqual(randomBkLog(new Chance(7)), randomBkLog(new Chance(7)));
  const seen = new Set<string>();
  const ends = new Set<string>();
  for (let seed = 1; seed <= 300; seed += 1) {
    const { databases, oddRecords, originalFails } = randomBkLog(new Chance(seed));
    const refused = new Set(oddRecords.filter(({ oddity }) => /params-not-json|null/.test(oddity)).map(({ id }) => id));
    for (const { id, params } of databases.bk_nodeman.node_man_subscriptionstep) {
      if (refused.has(Number(id))) assert.throws(() => JSON.parse(params === null ? '' : String(params)));
      else JSON.parse(String(params));
    }
    for (const { oddity } of oddRecords) seen.add(oddity);
    ends.add(`${originalFails.collectors} ${originalFails.indexSets}`);
  }
  assert.deepEqual(
    ODDITIES.filter((oddity) => !seen.has(oddity)),
    [],
  );
  assert.equal(ends.size, 4);
});
