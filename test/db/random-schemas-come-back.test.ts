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

test('a thousand random schemas with random rows come back as they were', async () => {
  const tally: Tally = { statements: 0, refused: new Map(), seen: new Map() };
  const culprits: string[] = [];
  const all = seeds();
  await withPrivateServer(
    { label: 'random', serverOptions: ['--innodb-flush-method=nosync', '--sync-frm=OFF'] },
    async (server) => {
      const { host, port, user, password } = server;
      const admin = await createConnection({
        host,
        port,
        user,
        password,
        charset: 'utf8mb4',
        multipleStatements: true,
      });
      try {
        for (let start = 0; start < all.length && culprits.length < 3; start += SCHEMAS_IN_A_SET) {
          const schemas = all.slice(start, start + SCHEMAS_IN_A_SET).map(randomSchema);
          let reason = '';
          const wrong = await roundTrip(server, admin, schemas, tally).catch((error) => {
            reason = messageOf(error);
            return [reason];
          });
          if (wrong.length > 0)
            culprits.push(...(await findCulprits(server, admin, schemas, reason || wrong.join('\n'))));
        }
      } finally {
        await admin.end();
      }
    },
  );
  assert.equal(culprits.length, 0, culprits.slice(0, 3).join('\n\n'));
  const refused = [...tally.refused.values()].flat();
  const share = refused.length / tally.statements;
  assert.ok(
    share < REFUSED_AT_MOST,
    `the server refused ${share} of the statements: ${refused.slice(0, 20).join('\n')}`,
  );
});
