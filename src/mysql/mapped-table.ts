import { collateAs, type TableAt } from './absent-rows';
import { quoteName, type SourceConnection } from './connection';
import { exact } from './exact-value';
import { qualifiedName } from './row-packets';
import { type Column, readTableSchema } from './table-schema';

/** Of every mapped row: the key that it has in the set. */
export const SOURCE_KEY = 'bklog_source_key';

/** Rows on their way into a table of the target. All of them are in one scratch schema. */
export interface MappedTable {
  readonly name: string;
  readonly key: string;
  /** As the set has them. */
  readonly staged: TableAt;
  /** As the target shall have them, as far as they are not left out. */
  readonly mapped: TableAt;
  readonly live: TableAt;
  /** Those that can be written. */
  readonly columns: readonly Column[];
  /** Whether the set says of its rows that they are deleted. */
  readonly hasDeleted: boolean;
  /** An expression that holds where the rows `t` of `live` and `m` of `mapped` agree in a column by its collation. */
  readonly agree: (column: string) => string;
  /** An expression that holds where they are the same in a column, to the last bit. */
  readonly same: (column: string) => string;
}

/** Where what happens to rows is noted: `left_out`, `row_names`, `known_rows`, `group_ids`. */
export const noteTable = ({ mapped }: Pick<MappedTable, 'mapped'>, name: string) =>
  qualifiedName(mapped.database, name);

export async function createNoteTables(connection: SourceConnection, schema: string): Promise<void> {
  const create = (name: string, body: string) =>
    connection.query(
      `CREATE TABLE ${qualifiedName(schema, name)} (${body}) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    );
  await create(
    'left_out',
    `place BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, table_name VARCHAR(64) NOT NULL, source_key BIGINT NOT NULL,
     reason VARCHAR(32) NOT NULL, detail TEXT NOT NULL, KEY (table_name, source_key)`,
  );
  await create(
    'row_names',
    `table_name VARCHAR(64) NOT NULL, source_key BIGINT NOT NULL, stands_at VARCHAR(255) NOT NULL,
     to_table VARCHAR(64) NOT NULL, to_id BIGINT NOT NULL, KEY (table_name, source_key), KEY (to_table, to_id)`,
  );
  await create('known_rows', 'table_name VARCHAR(64) NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (table_name, id)');
  await create('group_ids', 'source_id BIGINT NOT NULL PRIMARY KEY, group_id BIGINT NOT NULL');
}

/** Creates the table for mapped rows beside the staged one. */
export async function openMappedTable(
  connection: SourceConnection,
  about: { readonly name: string; readonly key: string; readonly deletedColumn: string },
  staged: TableAt,
  live: TableAt,
): Promise<MappedTable> {
  const mapped = { database: staged.database, table: `mapped_${about.name}` };
  const schema = await readTableSchema(connection, staged.database, staged.table);
  const target = await readTableSchema(connection, live.database, live.table);
  const place = qualifiedName(mapped.database, mapped.table);
  await connection.query(`CREATE TABLE ${place} LIKE ${qualifiedName(staged.database, staged.table)}`);
  const indexes = await connection.query(
    `SELECT DISTINCT INDEX_NAME AS name FROM information_schema.STATISTICS
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0 AND INDEX_NAME <> 'PRIMARY'`,
    [mapped.database, mapped.table],
  );
  // Rows that a unique key forbids are told, so they have to find room here.
  const dropped = indexes.map(({ name }) => `, DROP INDEX ${quoteName(name ?? '')}`).join('');
  await connection.query(
    `ALTER TABLE ${place} ADD COLUMN ${SOURCE_KEY} BIGINT NOT NULL, ADD KEY ${SOURCE_KEY} (${SOURCE_KEY})${dropped}`,
  );
  const find = (list: readonly Column[], column: string) => list.find(({ name }) => name === column);
  return {
    ...{ name: about.name, key: about.key, staged, mapped, live },
    columns: schema.columns.filter(({ generated }) => !generated),
    hasDeleted: find(schema.columns, about.deletedColumn) !== undefined,
    agree: (column) => {
      const collate = collateAs(find(target.columns, column), find(schema.columns, column));
      return `t.${quoteName(column)} = m.${quoteName(column)}${collate}`;
    },
    same: (column) => {
      const { dataType = '' } = find(schema.columns, column) ?? {};
      return `${exact(`t.${quoteName(column)}`, dataType)} <=> ${exact(`m.${quoteName(column)}`, dataType)}`;
    },
  };
}

export async function countRows(connection: SourceConnection, at: TableAt, condition = 'TRUE'): Promise<number> {
  const [row] = await connection.query(
    `SELECT COUNT(*) AS n FROM ${qualifiedName(at.database, at.table)} AS m WHERE ${condition}`,
  );
  return Number(row?.n ?? 0);
}
