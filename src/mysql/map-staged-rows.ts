import { quoteName, type SourceConnection, type TextRow } from './connection';
import { type MappedTable, noteTable, SOURCE_KEY } from './mapped-table';
import { qualifiedName } from './row-packets';

/** A row by its key in the set. */
export interface KeyedRow {
  readonly key: string;
  readonly row: TextRow;
}

/** A row that is not left out, with what of it changes. */
export interface ChangedRow extends KeyedRow {
  readonly changes: Readonly<Record<string, string>>;
}

export interface LeftOutRow {
  readonly key: string;
  readonly reason: string;
  readonly detail: string;
}

export interface NamedByRow {
  readonly key: string;
  readonly at: string;
  readonly table: string;
  readonly id: bigint;
}

const PAGE_ROWS = 200;
/** A statement is kept below this, except for a single row: 1 MiB, the smallest max_allowed_packet in use. */
const STATEMENT_BYTES = 1024 * 1024;

const isKept = ({ hasDeleted }: MappedTable, deletedColumn: string) =>
  hasDeleted ? `NOT (s.${quoteName(deletedColumn)} <=> 1)` : 'TRUE';

/** All rows as they are, inside the server. */
export async function copyRows(connection: SourceConnection, table: MappedTable, deletedColumn: string): Promise<void> {
  const names = table.columns.map(({ name }) => quoteName(name));
  const { staged, mapped, key } = table;
  await connection.query(
    `INSERT INTO ${qualifiedName(mapped.database, mapped.table)} (${names.join(', ')}, ${SOURCE_KEY})
     SELECT ${names.map((name) => `s.${name}`).join(', ')}, s.${quoteName(key)}
       FROM ${qualifiedName(staged.database, staged.table)} AS s WHERE ${isKept(table, deletedColumn)}`,
  );
}

/** Some columns of all rows, a page at a time in the order of their key. Text in whatever character set comes as UTF-8. */
export async function* readPages(
  connection: SourceConnection,
  table: MappedTable,
  columns: readonly string[],
  deletedColumn: string,
): AsyncGenerator<KeyedRow[]> {
  const { staged } = table;
  const key = `s.${quoteName(table.key)}`;
  const cells = columns.map((name, at) => {
    const isText = table.columns.find((column) => column.name === name)?.charset !== undefined;
    return isText ? `CONVERT(s.${quoteName(name)} USING utf8mb4) AS c${at}` : `s.${quoteName(name)} AS c${at}`;
  });
  for (let last: string | undefined; ; ) {
    const after = last === undefined ? '' : ` AND ${key} > ${last}`;
    const found = await connection.query(
      `SELECT ${[`${key} AS k`, ...cells].join(', ')} FROM ${qualifiedName(staged.database, staged.table)} AS s
        WHERE ${isKept(table, deletedColumn)}${after} ORDER BY ${key} LIMIT ${PAGE_ROWS}`,
    );
    if (found.length === 0) return;
    yield found.map((row) => ({
      key: row.k ?? '',
      row: Object.fromEntries(columns.map((name, at) => [name, row[`c${at}`] ?? null])),
    }));
    last = found.at(-1)?.k ?? '';
  }
}

/** Rows of the set with some columns changed; every other column goes from table to table inside the server. */
export async function insertMapped(
  connection: SourceConnection,
  table: MappedTable,
  rows: readonly ChangedRow[],
): Promise<void> {
  const { staged, mapped, key, columns } = table;
  const changed = columns.filter(({ name }) => rows.some(({ changes }) => name in changes)).map(({ name }) => name);
  const cells = columns.map(({ name }) => {
    const at = changed.indexOf(name);
    return at < 0 ? `s.${quoteName(name)}` : `v.v${at}`;
  });
  for (const batch of batches(rows, ({ row }) => changed.reduce((sum, name) => sum + (row[name]?.length ?? 0), 0))) {
    const values = batch.map(
      (row) => `SELECT ${BigInt(row.key)} AS k${changed.map((_, at) => `, ? AS v${at}`).join('')}`,
    );
    await connection.query(
      `INSERT INTO ${qualifiedName(mapped.database, mapped.table)}
         (${columns.map(({ name }) => quoteName(name)).join(', ')}, ${SOURCE_KEY})
       SELECT ${cells.join(', ')}, v.k FROM (${values.join(' UNION ALL ')}) AS v
         JOIN ${qualifiedName(staged.database, staged.table)} AS s ON s.${quoteName(key)} = v.k`,
      batch.flatMap(({ row, changes }) => changed.map((name) => changes[name] ?? row[name] ?? null)),
    );
  }
}

export async function noteLeftOut(
  connection: SourceConnection,
  table: MappedTable,
  rows: readonly LeftOutRow[],
): Promise<void> {
  for (const batch of batches(rows, ({ detail }) => detail.length)) {
    await connection.query(
      `INSERT INTO ${noteTable(table, 'left_out')} (table_name, source_key, reason, detail)
       VALUES ${batch.map(() => '(?, ?, ?, ?)').join(', ')}`,
      batch.flatMap(({ key, reason, detail }) => [table.name, key, reason, detail]),
    );
  }
}

export async function noteNames(
  connection: SourceConnection,
  table: MappedTable,
  names: readonly NamedByRow[],
): Promise<void> {
  for (const batch of batches(names, ({ at }) => at.length + 200)) {
    await connection.query(
      `INSERT INTO ${noteTable(table, 'row_names')} (table_name, source_key, stands_at, to_table, to_id)
       VALUES ${batch.map(() => '(?, ?, ?, ?, ?)').join(', ')}`,
      batch.flatMap(({ key, at, table: to, id }) => [table.name, key, at, to, String(id)]),
    );
  }
}

/** Slices of at most a page, each below the bytes of a statement; escaping may double them. */
function* batches<T>(items: readonly T[], sizeOf: (item: T) => number): Generator<T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const item of items) {
    // A character has up to four bytes, and an escape two for one.
    const size = sizeOf(item) * 4;
    if (batch.length > 0 && (batch.length >= PAGE_ROWS || bytes + size > STATEMENT_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
