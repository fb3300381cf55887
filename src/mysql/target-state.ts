import type { TargetObject, TargetServer, TargetState, TargetTable } from '../model/target-state';
import type { SourceConnection } from './connection';
import { qualifiedName } from './row-packets';
import { readTableSchema } from './table-schema';

const OBJECTS = `SELECT CASE WHEN TABLE_TYPE LIKE '%VIEW' THEN 'view' WHEN TABLE_TYPE = 'SEQUENCE' THEN 'sequence' ELSE 'table' END AS kind,
         TABLE_NAME AS name, NULL AS on_table FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?
   UNION ALL SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME, NULL FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?
   UNION ALL SELECT 'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?
   UNION ALL SELECT 'event', EVENT_NAME, NULL FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?
   ORDER BY 1, 2`;

export async function readObjects(connection: SourceConnection, database: string): Promise<TargetObject[]> {
  const rows = await connection.query(OBJECTS, [database, database, database, database]);
  return rows.map(({ kind, name, on_table }) => ({
    kind: kind as TargetObject['kind'],
    name: name ?? '',
    ...(on_table ? { table: on_table } : {}),
  }));
}

export async function databaseExists(connection: SourceConnection, database: string): Promise<boolean> {
  const [row] = await connection.query('SELECT COUNT(*) AS n FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?', [
    database,
  ]);
  return row?.n === '1';
}

/** Counts the rows of each of `wanted` that is there: the plan is bound to them. */
export async function readTargetState(
  connection: SourceConnection,
  database: string,
  wanted: readonly string[],
): Promise<TargetState> {
  if (!(await databaseExists(connection, database))) {
    return { database, exists: false, objects: [], tables: [], references: [] };
  }
  const objects = await readObjects(connection, database);
  const fold = (await isCaseSensitive(connection)) ? (name: string) => name : (name: string) => name.toLowerCase();
  const asked = new Set(wanted.map(fold));
  const tables: TargetTable[] = [];
  for (const { kind, name } of objects) {
    if (kind !== 'table' || !asked.has(fold(name))) continue;
    const schema = await readTableSchema(connection, database, name);
    const [count] = await connection.query(`SELECT COUNT(*) AS n FROM ${qualifiedName(database, name)}`);
    tables.push({
      name,
      definitionSha256: schema.definitionSha256,
      rows: Number(count?.n ?? 0),
      columns: schema.columns.map((column) => ({ name: column.name, type: column.type })),
      hasKey: schema.key.length > 0,
      engine: schema.engine,
    });
  }
  const references = await connection.query(
    `SELECT CONSTRAINT_SCHEMA AS from_schema, TABLE_NAME AS from_table, CONSTRAINT_NAME AS name, REFERENCED_TABLE_NAME AS to_table
       FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE UNIQUE_CONSTRAINT_SCHEMA = ? ORDER BY 1, 2, 3`,
    [database],
  );
  return {
    database,
    exists: true,
    objects,
    tables,
    references: references.map((row) => ({
      database: row.from_schema ?? '',
      table: row.from_table ?? '',
      constraint: row.name ?? '',
      toTable: row.to_table ?? '',
    })),
  };
}

/** Whether two tables may differ in case alone on this server. */
async function isCaseSensitive(connection: SourceConnection): Promise<boolean> {
  const [row] = await connection.query('SELECT @@lower_case_table_names AS folding');
  return row?.folding === '0';
}

export async function readTargetServer(connection: SourceConnection): Promise<TargetServer> {
  const [row] = await connection.query('SELECT @@global.read_only AS read_only');
  const source = await replicationSource(connection);
  return {
    flavour: connection.server.flavour,
    version: connection.server.version,
    ...(await readTextKnowledge(connection)),
    engines: await readEngines(connection),
    isCaseSensitive: await isCaseSensitive(connection),
    isReadOnly: !['0', 'OFF'].includes(row?.read_only ?? '0'),
    ...(source ? { replicates: source } : {}),
  };
}

/**
 * Since 10.10 MariaDB lists a collation of several character sets once, under a short name; what definitions call it is
 * in another table. Since 11.2 an account can change the collation that a character set has by default.
 */
async function readTextKnowledge(connection: SourceConnection) {
  const collations = new Map<string, string>();
  const lists = [
    'SELECT COLLATION_NAME AS name, CHARACTER_SET_NAME AS charset FROM information_schema.COLLATIONS',
    'SELECT FULL_COLLATION_NAME AS name, CHARACTER_SET_NAME AS charset FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY',
  ];
  for (const list of connection.server.flavour === 'mariadb' ? lists : lists.slice(0, 1)) {
    // Before 10.10 there are no full names.
    const rows = await connection.query(list).catch(() => []);
    for (const { name, charset } of rows) if (name && charset) collations.set(name, charset);
  }
  const defaultCollations = new Map<string, string>();
  const charsets = await connection.query(
    'SELECT CHARACTER_SET_NAME AS charset, DEFAULT_COLLATE_NAME AS name FROM information_schema.CHARACTER_SETS',
  );
  for (const { charset, name } of charsets) if (charset && name) defaultCollations.set(charset, name);
  const [changed] = await connection.query("SHOW VARIABLES LIKE 'character_set_collations'");
  for (const pair of (changed?.Value ?? '').split(',')) {
    const [charset, name] = pair.split('=');
    if (charset && name) defaultCollations.set(charset, name.startsWith(`${charset}_`) ? name : `${charset}_${name}`);
  }
  return { collations, defaultCollations };
}

async function readEngines(connection: SourceConnection): Promise<Set<string>> {
  const rows = await connection.query(
    "SELECT ENGINE AS name FROM information_schema.ENGINES WHERE SUPPORT IN ('YES', 'DEFAULT')",
  );
  return new Set(rows.map(({ name }) => name ?? ''));
}

/** Servers before and after the renaming of 2020 know one of the two statements; some accounts may use neither. */
async function replicationSource(connection: SourceConnection): Promise<string | undefined> {
  for (const statement of ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS']) {
    const [row] = await connection.query(statement).catch(() => []);
    const host = row?.Master_Host ?? row?.Source_Host;
    if (host) return host;
  }
  return undefined;
}
