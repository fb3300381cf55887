import { isUtf8 } from 'node:buffer';
import { quoteName, type SourceConnection, type TextRow } from './connection';
import { currentAccount } from './consistent-snapshot';
import { type HeldPrivileges, readHeldPrivileges } from './held-privileges';
import { qualifiedName } from './row-packets';
import { driverCode } from './source-error';
import type { TableSchema } from './table-schema';

export interface DatabaseSchema {
  /** SQL text that `mysql` loads into an empty server. */
  readonly sql: string;
  /** What could not be read, and the GRANT that would allow it. */
  readonly notes: readonly string[];
}

const HEAD = `/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT, @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
SET NAMES utf8mb4;
SET @OLD_SQL_MODE=@@SQL_MODE, @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, @OLD_TIME_ZONE=@@TIME_ZONE;
SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO', FOREIGN_KEY_CHECKS=0, UNIQUE_CHECKS=0, TIME_ZONE='+00:00';
`;
const TAIL = `
SET SQL_MODE=@OLD_SQL_MODE, FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS, UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS, TIME_ZONE=@OLD_TIME_ZONE;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT, COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
`;

/**
 * Writes the definitions of a database in an order that loads: sequences, tables (foreign key checks off, so cycles
 * load), stand-ins for views, routines and packages, triggers, events, then the real views. DEFINER and the sql_mode, character set
 * and collation that each object was created under are kept. Nothing is dropped: loaded by mistake where the objects
 * are, the file stops at the first of them. Objects other than the chosen tables and their triggers
 * are written when `whole` is set: a part of a database does not carry the rest of it along.
 */
export async function exportSchema(
  connection: SourceConnection,
  database: string,
  tables: readonly TableSchema[],
  options: { readonly whole: boolean },
): Promise<DatabaseSchema> {
  // A body comes in the character set of the client that wrote it unless the server converts it.
  await connection.query('SET SESSION character_set_results = utf8mb4');
  const notes: string[] = [];
  const parts: string[] = [HEAD, await databaseStatement(connection, database)];
  if (options.whole) parts.push(...(await exportSequences(connection, database)));
  parts.push(...tables.map(({ createStatement }) => `${createStatement};\n`));
  const views = options.whole ? await listNames(connection, VIEWS, database) : [];
  for (const view of views) parts.push(await standInForView(connection, database, view));
  if (options.whole) {
    for (const kind of ROUTINES) parts.push(...(await exportRoutines(connection, database, kind, notes)));
  }
  parts.push(...(await exportTriggers(connection, database, new Set(tables.map(({ table }) => table)), notes)));
  if (options.whole) parts.push(...(await exportEvents(connection, database, notes)));
  const definitions: ViewDefinition[] = [];
  for (const view of views) definitions.push({ view, sql: await exportView(connection, database, view, notes) });
  parts.push(...inOrderOfUse(definitions).map(({ sql }) => sql));
  notes.push(...(await missingPrivileges(connection, database, tables, options.whole)));
  await connection.query('SET SESSION character_set_results = NULL');
  return { sql: parts.join('\n') + TAIL, notes };
}

const VIEWS =
  "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE LIKE '%VIEW'";
/** The last two are of MariaDB's sql_mode ORACLE; a body needs its package. */
const ROUTINES = ['PROCEDURE', 'FUNCTION', 'PACKAGE', 'PACKAGE BODY'] as const;
const SEQUENCES =
  "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'SEQUENCE'";

async function listNames(connection: SourceConnection, sql: string, database: string): Promise<string[]> {
  const rows = await connection.query(`${sql} ORDER BY 1`, [database]);
  return rows.map((row) => row.name ?? '');
}

async function databaseStatement(connection: SourceConnection, database: string): Promise<string> {
  const [row] = await connection.query(`SHOW CREATE DATABASE ${quoteName(database)}`);
  const statement = (row?.['Create Database'] ?? '').replace(/^CREATE DATABASE /, 'CREATE DATABASE IF NOT EXISTS ');
  return `${statement};\nUSE ${quoteName(database)};\n`;
}

async function exportSequences(connection: SourceConnection, database: string): Promise<string[]> {
  const parts: string[] = [];
  for (const name of await listNames(connection, SEQUENCES, database)) {
    const sequence = qualifiedName(database, name);
    const [state] = await connection.query(`SELECT next_not_cached_value AS next_value FROM ${sequence}`);
    const [create] = await connection.query(`SHOW CREATE SEQUENCE ${sequence}`);
    const text = Object.values(create ?? {}).find((value) => value?.startsWith('CREATE SEQUENCE')) ?? '';
    parts.push(`${text};\nDO SETVAL(${quoteName(name)}, ${state?.next_value ?? '1'}, 0);\n`);
  }
  return parts;
}

/** A view may use views and functions that come later; until then a stand-in has its columns. */
async function standInForView(connection: SourceConnection, database: string, view: string): Promise<string> {
  const columns = await connection.query(
    'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
    [database, view],
  );
  const list = columns.map(({ name }) => `1 AS ${quoteName(name ?? '')}`).join(', ');
  return `CREATE VIEW ${quoteName(view)} AS SELECT ${list || '1'};\n`;
}

/** Wraps a statement in the session it was created in, with a delimiter that its body does not contain. */
function inItsSession(statement: string, row: TextRow): string {
  let delimiter = ';;';
  while (statement.includes(delimiter)) delimiter += ';';
  const settings = [
    row.sql_mode == null ? undefined : `SQL_MODE='${row.sql_mode}'`,
    row.character_set_client ? `CHARACTER_SET_CLIENT=${row.character_set_client}` : undefined,
    row.collation_connection ? `COLLATION_CONNECTION=${row.collation_connection}` : undefined,
    row.time_zone ? `TIME_ZONE='${row.time_zone}'` : undefined,
  ].filter((setting) => setting !== undefined);
  return [
    // The text of this file is UTF-8; a client character set of its own is only recorded where it can hold the text.
    `SET ${settings.join(', ')};`,
    `DELIMITER ${delimiter}`,
    // On a line of its own: a body may end in a comment.
    `${statement}\n${delimiter}`,
    'DELIMITER ;',
    "SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO', TIME_ZONE='+00:00';",
    'SET NAMES utf8mb4;\n',
  ].join('\n');
}

/** `SHOW CREATE …` also returns the session settings of the object. Bytes that are no text become U+FFFD, which is noted. */
async function showCreate(
  connection: SourceConnection,
  kind: string,
  database: string,
  name: string,
  notes: string[],
): Promise<{ row: TextRow; statement: string | null | undefined }> {
  const [shown = {}] = await connection.queryBytes(`SHOW CREATE ${kind} ${qualifiedName(database, name)}`);
  const column = Object.keys(shown).find((key) => /^(Create |SQL Original)/.test(key)) ?? '';
  const bytes = shown[column];
  if (bytes && !isUtf8(bytes)) {
    notes.push(
      `${kind.toLowerCase()} ${database}.${name} has bytes that are not UTF-8, as in _binary'…': each becomes U+FFFD`,
    );
  }
  const row = Object.fromEntries(Object.entries(shown).map(([key, value]) => [key, value?.toString('utf8') ?? null]));
  return { row: withUtf8Client(row), statement: row[column] };
}

/** Text is written as UTF-8, so an object made by a client of another character set is created by a UTF-8 client. */
function withUtf8Client(row: TextRow): TextRow {
  return { ...row, character_set_client: row.character_set_client ? 'utf8mb4' : null };
}

async function exportRoutines(
  connection: SourceConnection,
  database: string,
  kind: (typeof ROUTINES)[number],
  notes: string[],
): Promise<string[]> {
  const names = await listNames(
    connection,
    `SELECT ROUTINE_NAME AS name FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? AND ROUTINE_TYPE = '${kind}'`,
    database,
  );
  const parts: string[] = [];
  for (const name of names) {
    const { row, statement } = await showCreate(connection, kind, database, name, notes);
    if (statement) {
      parts.push(inItsSession(statement, row));
    } else {
      const account = await currentAccount(connection);
      notes.push(
        `${kind.toLowerCase()} ${database}.${name} is missing: GRANT ${toReadRoutines(connection)} TO ${account}`,
      );
    }
  }
  return parts;
}

async function exportTriggers(
  connection: SourceConnection,
  database: string,
  tables: ReadonlySet<string>,
  notes: string[],
): Promise<string[]> {
  const triggers = await connection.query(
    `SELECT TRIGGER_NAME AS name, EVENT_OBJECT_TABLE AS table_name FROM information_schema.TRIGGERS
      WHERE TRIGGER_SCHEMA = ? ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER`,
    [database],
  );
  const parts: string[] = [];
  for (const { name, table_name } of triggers) {
    if (!name || !tables.has(table_name ?? '')) continue;
    const { row, statement } = await showCreate(connection, 'TRIGGER', database, name, notes);
    if (statement) parts.push(inItsSession(statement, row));
  }
  return parts;
}

async function exportEvents(connection: SourceConnection, database: string, notes: string[]): Promise<string[]> {
  const names = await listNames(
    connection,
    'SELECT EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?',
    database,
  );
  const parts: string[] = [];
  for (const name of names) {
    const { row, statement } = await showCreate(connection, 'EVENT', database, name, notes);
    if (statement) parts.push(inItsSession(statement, row));
  }
  return parts;
}

async function exportView(
  connection: SourceConnection,
  database: string,
  view: string,
  notes: string[],
): Promise<string> {
  try {
    const { row, statement } = await showCreate(connection, 'VIEW', database, view, notes);
    return `DROP VIEW IF EXISTS ${quoteName(view)};\n${inItsSession(statement ?? '', { ...row, sql_mode: '' })}`;
  } catch (error) {
    if (!driverCode(error instanceof Error ? error.cause : undefined).startsWith('ER_')) throw error;
    const account = await currentAccount(connection);
    notes.push(`view ${database}.${view} is missing: GRANT SHOW VIEW ON ${quoteName(database)}.* TO ${account}`);
    return `DROP VIEW IF EXISTS ${quoteName(view)};\n`;
  }
}

interface ViewDefinition {
  readonly view: string;
  readonly sql: string;
}

/** Used views first: over a stand-in, which no row can go into, a view WITH CHECK OPTION is refused. */
function inOrderOfUse(definitions: readonly ViewDefinition[]): ViewDefinition[] {
  const ordered = new Set<ViewDefinition>();
  const visited = new Set<ViewDefinition>();
  const visit = (definition: ViewDefinition) => {
    if (visited.has(definition)) return;
    visited.add(definition);
    for (const other of definitions) if (isUsed(other.view, definition.sql)) visit(other);
    ordered.add(definition);
  };
  for (const definition of definitions) visit(definition);
  return [...ordered];
}

/** Names after AS or a dot are columns. */
function isUsed(view: string, sql: string): boolean {
  const name = quoteName(view);
  for (let at = sql.indexOf(name); at >= 0; at = sql.indexOf(name, at + 1)) {
    if (!/( AS |\.)$/i.test(sql.slice(0, at))) return true;
  }
  return false;
}

/** The server shows triggers, events and routines to those who hold a privilege on them, so their absence proves nothing. */
async function missingPrivileges(
  connection: SourceConnection,
  database: string,
  tables: readonly TableSchema[],
  whole: boolean,
): Promise<string[]> {
  const held = await readHeldPrivileges(connection);
  const account = await currentAccount(connection);
  const notes: string[] = [];
  const unseen = (what: string, grant: string) => {
    notes.push(`${what} could not be seen: GRANT ${grant} TO ${account}`);
  };
  const hidden = tables.filter(({ table }) => !held.includes(['TRIGGER'], { database, table }));
  const onDatabase = `ON ${quoteName(database)}.*`;
  if (hidden.length > 0) {
    const of = hidden.map(({ table }) => `${database}.${table}`).join(', ');
    unseen(`triggers of ${hidden.length === tables.length ? database : of}`, `TRIGGER ${onDatabase}`);
  }
  if (whole && !held.includes(['EVENT'], { database })) unseen(`events of ${database}`, `EVENT ${onDatabase}`);
  if (whole && !seesRoutines(connection, held, database)) {
    unseen(`procedures and functions of ${database}`, toReadRoutines(connection));
  }
  return notes;
}

/** That they are there: what is in them is shown by `toReadRoutines` alone, or to their owner. */
function seesRoutines({ server }: SourceConnection, held: HeldPrivileges, database: string): boolean {
  if (held.includes(['EXECUTE', 'CREATE ROUTINE', 'ALTER ROUTINE'], { database })) return true;
  return server.flavour === 'mariadb'
    ? held.includes(['SELECT'], { database: 'mysql', table: 'proc' })
    : held.includes(['SELECT', 'SHOW_ROUTINE']);
}

function toReadRoutines({ server }: SourceConnection): string {
  return server.flavour === 'mariadb' ? 'SELECT ON mysql.proc' : 'SHOW_ROUTINE ON *.*';
}
