import { createHash } from 'node:crypto';
import type { Connection, RowDataPacket } from 'mysql2/promise';

const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``;

async function rows(connection: Connection, sql: string, values: readonly unknown[] = []): Promise<string[][]> {
  const [found] = await connection.query<RowDataPacket[][]>({ sql, rowsAsArray: true }, values as string[]);
  return found as unknown as string[][];
}

/** A column as text that shows every bit of it. */
function bits(name: string, type: string): string {
  const column = quote(name);
  if (/^(float|double)/.test(type)) return `IF(${column} = 0 AND ATAN2(${column}, -1) < 0, '-0', ${column} * 1e0)`;
  if (/^(enum|set)/.test(type)) return `CONCAT(${column} + 0, '=', HEX(${column}))`;
  if (/^((tiny|small|medium|big)?int|decimal)/.test(type)) return `${column} + 0`;
  if (/^(date|time|year|uuid|inet)/.test(type)) return `CAST(${column} AS CHAR)`;
  return `HEX(${column})`;
}

/**
 * Everything a database holds, as text by name: definitions as the server shows them, and one hash for the rows of each
 * table, whatever order they lie in. Read by other means than the product reads.
 */
export async function readContent(connection: Connection, database: string): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  await connection.query(`USE ${quote(database)}; SET NAMES utf8mb4; SET sql_mode = '', time_zone = '+00:00'`);
  const show = async (kind: string, name: string) => {
    const [[row]] = await connection.query<RowDataPacket[]>(`SHOW CREATE ${kind} ${quote(name)}`);
    // An object of a client of another character set comes back as one of a UTF-8 client.
    const { Created: _, character_set_client: __, ...shown } = row!;
    content.set(`${kind} ${name}`, Object.values(shown).join('\n'));
  };
  await show('DATABASE', database);
  const tables = await rows(
    connection,
    'SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    [database],
  );
  for (const [name = '', type] of tables) await show(type === 'VIEW' ? 'VIEW' : 'TABLE', name);
  const columns = await rows(
    connection,
    'SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY 1, ORDINAL_POSITION',
    [database],
  );
  for (const [name = '', type] of tables) {
    if (type === 'VIEW') continue;
    const cells = columns
      .filter(([table]) => table === name)
      .map(([, column = '', type = '']) => `IFNULL(${bits(column, type)}, 'NULL')`);
    const found = await rows(connection, `SELECT CONCAT_WS(',', ${cells.join(', ')}) FROM ${quote(name)}`);
    const lines = found.map(([line]) => line).sort();
    content.set(`rows ${name}`, `${lines.length} ${createHash('sha256').update(lines.join('\n')).digest('hex')}`);
  }
  const others = await rows(
    connection,
    `SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?
     UNION ALL SELECT 'TRIGGER', TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?
     UNION ALL SELECT 'EVENT', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?`,
    [database, database, database],
  );
  for (const [kind = '', name = ''] of others) await show(kind, name);
  const order = await rows(
    connection,
    'SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_ORDER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ? ORDER BY 1',
    [database],
  );
  content.set('order of triggers', JSON.stringify(order));
  return content;
}

/** What is in one and not, or not the same, in the other; empty when nothing differs. */
export function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => `${key}\n--- before\n${before.get(key) ?? '(absent)'}\n--- after\n${after.get(key) ?? '(absent)'}`);
}
