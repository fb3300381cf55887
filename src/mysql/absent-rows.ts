import { quoteName, type SourceConnection } from './connection';
import { qualifiedName } from './row-packets';
import { type Column, readTableSchema } from './table-schema';

export interface TableAt {
  readonly database: string;
  readonly table: string;
}

/** Two columns of one character set compare by the collation of the first; without it the server refuses unequal ones. */
export function collateAs(column: Column | undefined, other: Column | undefined): string {
  const isOther = column?.collation !== undefined && column.collation !== other?.collation;
  return isOther && column.charset === other?.charset ? ` COLLATE ${column.collation}` : '';
}

/** What makes a row of `from` (alias s) and one of `into` (alias t) equal in a unique key. */
export interface UniqueKey {
  readonly name: string;
  readonly columns: readonly string[];
  /** Of a row of `from` alone, one for each column. */
  readonly parts: readonly string[];
  readonly condition: string;
}

/** The unique keys of `into`, the primary one too. */
export async function readUniqueKeys(
  connection: SourceConnection,
  from: TableAt,
  into: TableAt,
): Promise<readonly UniqueKey[]> {
  const [set, live] = [
    await readTableSchema(connection, from.database, from.table),
    await readTableSchema(connection, into.database, into.table),
  ];
  const parts = await connection.query(
    `SELECT INDEX_NAME AS name, COLUMN_NAME AS column_name, SUB_PART AS prefix FROM information_schema.STATISTICS
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
    [into.database, into.table],
  );
  const names = [...new Set(parts.map(({ name }) => name ?? ''))];
  return names.map((name) => {
    const list = parts.filter((part) => part.name === name);
    const cells = list.map(({ column_name, prefix }) => {
      const column = quoteName(column_name ?? '');
      const named = ({ name }: Column) => name === column_name;
      const collate = collateAs(live.columns.find(named), set.columns.find(named));
      const cut = (alias: string) => (prefix ? `LEFT(${alias}.${column}, ${prefix})` : `${alias}.${column}`);
      return { ours: `${cut('s')}${collate}`, equal: `${cut('t')} = ${cut('s')}${collate}` };
    });
    return {
      name,
      columns: list.map(({ column_name }) => column_name ?? ''),
      parts: cells.map(({ ours }) => ours),
      condition: cells.map(({ equal }) => equal).join(' AND '),
    };
  });
}

/** Rows of `from` (alias s) that no unique key finds in `into`, as a condition. */
async function absenceCondition(connection: SourceConnection, from: TableAt, into: TableAt): Promise<string> {
  const keys = await readUniqueKeys(connection, from, into);
  const place = qualifiedName(into.database, into.table);
  return keys.map(({ condition }) => `NOT EXISTS (SELECT 1 FROM ${place} AS t WHERE ${condition})`).join(' AND ');
}

export async function countAbsentRows(connection: SourceConnection, from: TableAt, into: TableAt): Promise<number> {
  const condition = await absenceCondition(connection, from, into);
  const [row] = await connection.query(
    `SELECT COUNT(*) AS n FROM ${qualifiedName(from.database, from.table)} AS s WHERE ${condition}`,
  );
  return Number(row?.n ?? 0);
}

/** Inserts them, in the order of the key, so that a row comes after the one it refers to. Gives their number. */
export async function insertAbsentRows(connection: SourceConnection, from: TableAt, into: TableAt): Promise<number> {
  const schema = await readTableSchema(connection, into.database, into.table);
  const columns = schema.columns.filter(({ generated }) => !generated).map(({ name }) => quoteName(name));
  const condition = await absenceCondition(connection, from, into);
  const order = schema.key.map((name) => `s.${quoteName(name)}`).join(', ');
  await connection.query(
    `INSERT INTO ${qualifiedName(into.database, into.table)} (${columns.join(', ')})
     SELECT ${columns.map((column) => `s.${column}`).join(', ')} FROM ${qualifiedName(from.database, from.table)} AS s
      WHERE ${condition}${order ? ` ORDER BY ${order}` : ''}`,
  );
  const [row] = await connection.query('SELECT ROW_COUNT() AS n');
  return Number(row?.n ?? 0);
}
