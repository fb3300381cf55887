import { createHash } from 'node:crypto';
import { OperationError } from '../errors/operation-error';
import { toCreateStatement } from './binary-defaults';
import type { SourceConnection, TextRow } from './connection';
import { qualifiedName } from './row-packets';

export interface Column {
  readonly name: string;
  /** Lower-case base type: `bigint`, `varchar`, … */
  readonly dataType: string;
  /** The full type as the server prints it. */
  readonly type: string;
  readonly nullable: boolean;
  readonly charset?: string;
  readonly collation?: string;
  readonly generated?: 'stored' | 'virtual';
  readonly invisible: boolean;
}

export interface TableSchema {
  readonly database: string;
  readonly table: string;
  readonly engine: string;
  readonly columns: readonly Column[];
  /** Columns of the primary key, else of the first unique key without NULLs; empty when there is neither. */
  readonly key: readonly string[];
  /** Name of that index. */
  readonly keyName?: string;
  readonly createStatement: string;
  /** sha256 of the create statement without its AUTO_INCREMENT counter, which moves with every insert. */
  readonly definitionSha256: string;
  readonly rowsEstimate: number;
  readonly bytesEstimate: number;
}

/** Hash of what makes a table's definition; two equal hashes mean the same columns, keys, options and partitions. */
export function hashDefinition(createStatement: string): string {
  const canonical = createStatement.replace(/^(\).*?) AUTO_INCREMENT=\d+/m, '$1');
  return createHash('sha256').update(canonical).digest('hex');
}

export async function readCreateStatement(
  connection: SourceConnection,
  database: string,
  table: string,
): Promise<string> {
  const [row] = await connection.queryBytes(`SHOW CREATE TABLE ${qualifiedName(database, table)}`);
  const statement = row?.['Create Table'] ?? row?.['Create View'];
  if (!statement) {
    throw new OperationError('OP_SOURCE_MISSING', `no table ${database}.${table} on ${connection.settings.name}`);
  }
  return toCreateStatement(statement);
}

/** Reads everything about a table that an exact export needs. The table must exist. */
export async function readTableSchema(
  connection: SourceConnection,
  database: string,
  table: string,
): Promise<TableSchema> {
  const at = [database, table];
  const [about] = await connection.query(
    `SELECT ENGINE AS engine, TABLE_ROWS AS table_rows, DATA_LENGTH AS data_length
       FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
    at,
  );
  const columns = await connection.query(
    `SELECT COLUMN_NAME AS name, DATA_TYPE AS data_type, COLUMN_TYPE AS type, IS_NULLABLE AS nullable,
            CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation, EXTRA AS extra
       FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
    at,
  );
  const keyParts = await connection.query(
    `SELECT INDEX_NAME AS index_name, COLUMN_NAME AS column_name, NULLABLE AS nullable, SUB_PART AS sub_part
       FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0
      ORDER BY INDEX_NAME = 'PRIMARY' DESC, INDEX_NAME, SEQ_IN_INDEX`,
    at,
  );
  const createStatement = await readCreateStatement(connection, database, table);
  const indexes = new Map<string, TextRow[]>();
  for (const part of keyParts) {
    const name = part.index_name ?? '';
    indexes.set(name, [...(indexes.get(name) ?? []), part]);
  }
  const usable = [...indexes].find(([, parts]) =>
    parts.every((part) => part.nullable !== 'YES' && part.sub_part === null && part.column_name !== null),
  );
  return {
    database,
    table,
    engine: about?.engine ?? '',
    columns: columns.map((column) => toColumn(column)),
    key: usable ? usable[1].map((part) => part.column_name ?? '') : [],
    ...(usable ? { keyName: usable[0] } : {}),
    createStatement,
    definitionSha256: hashDefinition(createStatement),
    rowsEstimate: Number(about?.table_rows ?? 0),
    bytesEstimate: Number(about?.data_length ?? 0),
  };
}

function toColumn(row: TextRow): Column {
  const extra = (row.extra ?? '').toUpperCase();
  const generated = /(STORED|PERSISTENT) GENERATED/.test(extra)
    ? 'stored'
    : /VIRTUAL GENERATED/.test(extra)
      ? 'virtual'
      : undefined;
  return {
    name: row.name ?? '',
    dataType: (row.data_type ?? '').toLowerCase(),
    type: row.type ?? '',
    nullable: row.nullable === 'YES',
    ...(row.charset ? { charset: row.charset } : {}),
    ...(row.collation ? { collation: row.collation } : {}),
    ...(generated ? { generated } : {}),
    invisible: /\bINVISIBLE\b/.test(extra),
  };
}
