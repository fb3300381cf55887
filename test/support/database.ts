import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection, escapeId, type RowDataPacket } from 'mysql2/promise';
import { type ConnectionSettings, connectionSettingsSchema } from '../../src/model/connection-settings';
import type { FolderLocation } from '../../src/model/folder-location';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import type { ExportSource, RunSurroundings } from '../../src/operations/contract';

/** How to reach a database server, optionally one database on it. */
export interface ConnectionInfo {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
}

/** A row as the tests compare them: times, decimals, big integers and JSON as text, geometry and bytes as Buffer. */
export type ReadRow = Record<string, unknown>;

/** The server of BKLOG_TEST_MYSQL_URL, without a database. */
export function testServer(): ConnectionInfo {
  const url = process.env.BKLOG_TEST_MYSQL_URL;
  if (!url) throw new Error('BKLOG_TEST_MYSQL_URL is not set: run these tests with npm test');
  const { host, port, user, password } = toConnectionInfo(url);
  return { host, port, user, password };
}

function toConnectionInfo(target: string | ConnectionInfo): ConnectionInfo {
  if (typeof target !== 'string') return target;
  const url = new URL(target);
  const database = decodeURIComponent(url.pathname.slice(1));
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    ...(database ? { database } : {}),
  };
}

async function withConnection<T>(
  target: string | ConnectionInfo,
  database: string | undefined,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const info = toConnectionInfo(target);
  const chosen = database ?? info.database;
  const connection = await createConnection({
    host: info.host,
    port: info.port,
    user: info.user,
    password: info.password,
    charset: 'utf8mb4',
    jsonStrings: true,
    multipleStatements: true,
    ...(chosen ? { database: chosen } : {}),
  });
  try {
    return await use(connection);
  } finally {
    await connection.end();
  }
}

export function settingsFor(database: string, change: Partial<ConnectionSettings> = {}): ConnectionSettings {
  return connectionSettingsSchema.parse({ name: 'source', ...testServer(), database, ...change });
}

/** A connection the caller ends. */
export async function connect(database?: string): Promise<Connection> {
  return await createConnection({ ...testServer(), multipleStatements: true, ...(database ? { database } : {}) });
}

/** Lends a new database and drops it afterwards. */
export async function withDatabase<T>(use: (database: string, admin: Connection) => Promise<T>): Promise<T> {
  return await withSchema(async ({ database }) => {
    const admin = await connect(database);
    try {
      return await use(database, admin);
    } finally {
      await admin.end();
    }
  });
}

/**
 * Lends a new, empty database under a name no other test has, and drops it afterwards, also when `use` fails.
 * @param options.prefix Beginning of the name, at most 51 characters. Default "t".
 */
export async function withSchema<T>(
  use: (schema: ConnectionInfo & { readonly database: string }) => Promise<T>,
  options: { readonly prefix?: string } = {},
): Promise<T> {
  const server = testServer();
  const database = `${options.prefix ?? 't'}_${randomBytes(6).toString('hex')}`;
  const name = escapeId(database, true);
  await execute(server, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  let result: T;
  try {
    result = await use({ ...server, database });
  } catch (error) {
    // The test's own failure is the one to report.
    await execute(server, `DROP DATABASE IF EXISTS ${name}`).catch(() => {});
    throw error;
  }
  await execute(server, `DROP DATABASE IF EXISTS ${name}`);
  return result;
}

/** Runs statements: the text itself, or the content of the file when `sqlFileOrText` is a path that ends in ".sql". */
export async function execute(
  target: string | ConnectionInfo,
  sqlFileOrText: string,
  database?: string,
): Promise<void> {
  const isFile = sqlFileOrText.endsWith('.sql') && !/[\n;]/.test(sqlFileOrText);
  const text = isFile ? await readFile(sqlFileOrText, 'utf8') : sqlFileOrText;
  await withConnection(target, database, (connection) => connection.query(text));
}

/**
 * All rows of one query, timestamps in UTC. Two reads of equal rows are deeply equal.
 * A column with a name of Object.prototype (`__proto__`, `constructor`) needs an alias: the driver refuses it.
 * FLOAT arrives with the six digits the server prints: select `column * 1e0` to compare every bit.
 */
export async function readAll(target: string | ConnectionInfo, query: string, database?: string): Promise<ReadRow[]> {
  return await withConnection(target, database, async (connection) => {
    await connection.query("SET time_zone = '+00:00'");
    const [rows] = await connection.query<RowDataPacket[]>({
      sql: query,
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      typeCast: (field, next) => (field.type === 'GEOMETRY' ? field.buffer() : next()),
    });
    return rows;
  });
}

export interface Workplace extends RunSurroundings {
  readonly folder: string;
  readonly location: FolderLocation;
}

/** Lends a temporary folder with a location, a work root and a journal in it. */
export async function withWorkplace<T>(use: (workplace: Workplace) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bklog-test-'));
  try {
    return await use({
      folder,
      runId: newRunId(),
      workRoot: join(folder, 'work'),
      journalPath: join(folder, 'runs.jsonl'),
      location: { name: 'test', kind: 'folder', path: join(folder, 'location'), requireMount: false },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function sourceOf(database: string, tables: readonly string[], settings = settingsFor(database)): ExportSource {
  return {
    connection: settings.name,
    name: settings.name,
    database,
    tables: tables.map((name) => ({ name })),
    settings,
  };
}

/** All tables of a database, without its views and sequences. */
export async function tablesOf(database: string, settings = settingsFor(database)): Promise<string[]> {
  const described = await carryOut('describeConnection', { settings }, new AbortController().signal, () => {});
  return described.tables.filter(({ type }) => type === 'table').map(({ name }) => name);
}
