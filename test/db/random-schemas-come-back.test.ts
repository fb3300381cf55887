import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { isOperationError } from '../../src/errors/operation-error';
import { backUp, restore } from '../support/backup';
import { settingsFor, sourceOf, withWorkplace } from '../support/database';
import { differences, readContent } from '../support/database-content';
import { type PrivateServer, withPrivateServer } from '../support/private-server';
import { type RandomSchema, randomSchema } from '../support/random-schema';

const SCHEMAS = 1_000;
const SCHEMAS_IN_A_SET = 25;
/** Each a MariaDB beside the one of the tests; most of the time is waiting for the disk. */
const SERVERS = 4;
const CULPRITS_SHOWN = 3;
/** What the server's own catalogue says there was: a generator that lost an idea must not pass. */
const SEEN_AT_LEAST: Readonly<Record<string, number>> = {
  'BASE TABLE': 1500,
  VIEW: 1000,
  TRIGGER: 800,
  PROCEDURE: 400,
  FUNCTION: 400,
  EVENT: 250,
  CHECK: 500,
  'PRIMARY KEY': 900,
  UNIQUE: 500,
  'FOREIGN KEY': 250,
  'FULLTEXT KEY': 10,
  'SPATIAL KEY': 40,
  'HASH KEY': 10,
  'LIST PARTITION': 20,
  'RANGE PARTITION': 50,
  'RANGE COLUMNS PARTITION': 20,
  'HASH PARTITION': 30,
  'KEY PARTITION': 20,
  bit: 200,
  decimal: 200,
  double: 100,
  enum: 200,
  float: 100,
  geometry: 40,
  inet6: 60,
  set: 200,
  timestamp: 100,
  uuid: 60,
  year: 50,
};
/** A generator whose every statement is taken has no odd ideas; one that is mostly refused tests nothing. */
const REFUSED_AT_MOST = 0.05;

/** `BKLOG_SEED=17` replays one schema, `BKLOG_SEED=2000-2999` tries others. */
function seeds(): number[] {
  const [from = 1, to] = process.env.BKLOG_SEED?.split('-').map(Number) ?? [1, SCHEMAS];
  return Array.from({ length: (to ?? from) - from + 1 }, (_, index) => from + index);
}

interface Tally {
  statements: number;
  readonly refused: Map<string, string[]>;
  readonly seen: Map<string, number>;
}

const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``;

async function create(admin: Connection, { seed, statements }: RandomSchema, tally: Tally): Promise<void> {
  for (const statement of statements) {
    tally.statements += 1;
    try {
      await admin.query(statement);
    } catch (error) {
      const { code, sqlMessage } = error as { code?: string; sqlMessage?: string };
      if (!code?.startsWith('ER_')) throw error;
      tally.refused.set(code, [...(tally.refused.get(code) ?? []), `seed ${seed}: ${sqlMessage}: ${statement}`]);
    }
  }
}

async function count(admin: Connection, tally: Tally, databases: readonly string[]): Promise<void> {
  const [rows] = await admin.query<RowDataPacket[]>(
    `SELECT DATA_TYPE AS what, COUNT(*) AS n FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (?) GROUP BY 1
     UNION ALL SELECT TABLE_TYPE, COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (?) GROUP BY 1
     UNION ALL SELECT ROUTINE_TYPE, COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN (?) GROUP BY 1
     UNION ALL SELECT 'TRIGGER', COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN (?)
     UNION ALL SELECT 'EVENT', COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (?)
     UNION ALL SELECT CONSTRAINT_TYPE, COUNT(*) FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA IN (?) GROUP BY 1
     UNION ALL SELECT CONCAT(INDEX_TYPE, ' KEY'), COUNT(*) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA IN (?) GROUP BY 1
     UNION ALL SELECT CONCAT(PARTITION_METHOD, ' PARTITION'), COUNT(*) FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA IN (?) AND PARTITION_METHOD IS NOT NULL GROUP BY 1`,
    Array.from({ length: 8 }, () => databases),
  );
  for (const { what, n } of rows) tally.seen.set(what, (tally.seen.get(what) ?? 0) + Number(n));
}

async function tablesOf(admin: Connection, database: string): Promise<string[]> {
  const [rows] = await admin.query<RowDataPacket[]>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
    [database],
  );
  return rows.map(({ name }) => name);
}

/** Creates the schemas, keeps them in one set, drops them, restores them; gives what is not as it was. */
async function roundTrip(
  server: PrivateServer,
  admin: Connection,
  schemas: readonly RandomSchema[],
  tally: Tally,
): Promise<string[]> {
  const { host, port, user, password } = server;
  const settings = settingsFor('mysql', { host, port, user, password });
  const databases = schemas.map(({ database }) => database);
  const drop = async () => {
    await admin.query('SET foreign_key_checks = 0');
    for (const database of databases) await admin.query(`DROP DATABASE IF EXISTS ${quote(database)}`);
  };
  try {
    for (const schema of schemas) await create(admin, schema, tally);
    await count(admin, tally, databases);
    const before: Map<string, string>[] = [];
    for (const database of databases) before.push(await readContent(admin, database));
    return await withWorkplace(async (workplace) => {
      const sources = [];
      for (const database of databases) {
        const source = sourceOf(database, await tablesOf(admin, database), { ...settings, database });
        if (source.tables.length > 0) sources.push(source);
      }
      if (sources.length === 0) return []; // the server refused every table
      await backUp(workplace, sources);
      await drop();
      const { findings } = await restore(workplace, { settings });
      const wrong = findings.map(({ message }) => message);
      for (const [index, database] of databases.entries()) {
        if (!sources.some((source) => source.database === database)) continue;
        wrong.push(...differences(before[index]!, await readContent(admin, database)));
      }
      return wrong;
    });
  } finally {
    await drop();
  }
}

/** What is wrong, said of the seed alone that shows it. */
async function findCulprits(
  server: PrivateServer,
  admin: Connection,
  schemas: readonly RandomSchema[],
  reason: string,
): Promise<string[]> {
  const culprits: string[] = [];
  for (const schema of schemas) {
    const tally: Tally = { statements: 0, refused: new Map(), seen: new Map() };
    const wrong = await roundTrip(server, admin, [schema], tally).catch((error) => [messageOf(error)]);
    if (wrong.length === 0) continue;
    culprits.push(`BKLOG_SEED=${schema.seed}\n${schema.statements.join(';\n')};\n\n${wrong.join('\n')}`);
  }
  return culprits.length > 0 ? culprits : [`only together, seeds ${schemas.map(({ seed }) => seed)}: ${reason}`];
}

const messageOf = (error: unknown) =>
  isOperationError(error) ? `${error.code} ${error.message} ${JSON.stringify(error.details)}` : String(error);

/** Takes sets of schemas from the queue, over a server of its own: a backup holds the writers of a whole server. */
async function workOff(queue: RandomSchema[], tally: Tally, culprits: string[]): Promise<void> {
  const serverOptions = ['--innodb-flush-method=nosync', '--sync-frm=OFF', '--skip-log-bin'];
  await withPrivateServer({ label: 'random', serverOptions }, async (server) => {
    const { host, port, user, password } = server;
    const admin = await createConnection({ host, port, user, password, charset: 'utf8mb4', multipleStatements: true });
    try {
      while (queue.length > 0 && culprits.length < CULPRITS_SHOWN) {
        const schemas = queue.splice(0, SCHEMAS_IN_A_SET);
        const wrong = await roundTrip(server, admin, schemas, tally).catch((error) => [messageOf(error)]);
        if (wrong.length > 0) culprits.push(...(await findCulprits(server, admin, schemas, wrong.join('\n'))));
      }
    } finally {
      await admin.end();
    }
  });
}

test('a thousand random schemas with random rows come back as they were', async () => {
  const tally: Tally = { statements: 0, refused: new Map(), seen: new Map() };
  const culprits: string[] = [];
  const queue = seeds().map(randomSchema);
  await Promise.all(Array.from({ length: SERVERS }, () => workOff(queue, tally, culprits)));
  assert.equal(culprits.length, 0, culprits.slice(0, CULPRITS_SHOWN).join('\n\n'));
  const refused = [...tally.refused.values()].flat();
  const share = refused.length / tally.statements;
  assert.ok(
    share < REFUSED_AT_MOST,
    `the server refused ${share} of the statements: ${refused.slice(0, 20).join('\n')}`,
  );
  if (process.env.BKLOG_SEED) return;
  for (const [what, atLeast] of Object.entries(SEEN_AT_LEAST)) {
    const seen = tally.seen.get(what) ?? 0;
    assert.ok(seen >= atLeast, `only ${seen} times ${what}`);
  }
});
