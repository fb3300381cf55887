import { OperationError } from '../errors/operation-error';
import type { CellEncoding, ManifestColumn } from '../model/manifest';
import { quoteName } from './connection';
import type { Column } from './table-schema';

/** How one column is read: the expression to select and the form of its cells in the table file. */
export interface ColumnPlan {
  readonly column: Column;
  readonly expression: string;
  readonly encoding: CellEncoding;
  /**
   * The column's text is in a character set that is converted to UTF-8. Whether every stored value survives the
   * conversion is asked of the server before reading (`lossyCondition`); if not, the bytes themselves are kept.
   */
  readonly converted: boolean;
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'integer', 'bigint']);
const FLOATS = new Set(['float', 'double', 'real']);
const PRINTED = new Set(['decimal', 'numeric', 'date', 'datetime', 'timestamp', 'time', 'year']);
const TEXTS = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'json', 'enum', 'set']);
/** Types that the server prints in ASCII although they have no character set. */
const PRINTED_OBJECTS = new Set(['uuid', 'inet4', 'inet6']);
const BYTES = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'bit', 'vector']);
const GEOMETRIES = new Set([
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
  'geomcollection',
]);
/** Character sets whose bytes are UTF-8 already; validity is checked while writing. */
const UTF8_BYTES = new Set(['utf8mb4', 'utf8mb3', 'utf8', 'ascii']);

/** Decides how a column is kept exactly, or refuses it with OP_VALUE_UNSUPPORTED. */
export function planColumn(column: Column, table: string): ColumnPlan {
  const name = quoteName(column.name);
  const plan = (encoding: CellEncoding, expression = name, converted = false): ColumnPlan => ({
    column,
    expression,
    encoding,
    converted,
  });
  const type = column.dataType;
  if (INTEGERS.has(type)) {
    // ZEROFILL prints leading zeros, which are no JSON number.
    return plan('integer', /zerofill/i.test(column.type) ? `${name} + 0` : name);
  }
  // FLOAT prints six digits unless it becomes a double. The server prints -0 as 0; only ATAN2 shows its sign.
  if (FLOATS.has(type)) return plan('float', `IF(${name} = 0 AND ATAN2(${name}, -1) < 0, '-0', ${name} * 1e0)`);
  if (PRINTED.has(type) || PRINTED_OBJECTS.has(type)) return plan('text');
  if (BYTES.has(type) || GEOMETRIES.has(type)) return plan('base64');
  if (TEXTS.has(type)) {
    // With '' among the members, '' would also be how the server prints the error value: only the index tells them apart.
    if ((type === 'enum' || type === 'set') && hasEmptyMember(column.type)) return plan('index', `${name} + 0`);
    const charset = column.charset ?? 'utf8mb4';
    if (charset === 'binary') return plan('base64');
    if (UTF8_BYTES.has(charset)) return plan('text');
    return plan('text', `CONVERT(${name} USING utf8mb4)`, true);
  }
  throw new OperationError(
    'OP_VALUE_UNSUPPORTED',
    `cannot keep column ${table}.${column.name} of type ${column.type}`,
    {
      details: { table, column: column.name, type: column.type },
      remedy: `Exclude table ${table}, or convert column ${column.name} to a type listed in docs/format.md.`,
    },
  );
}

function hasEmptyMember(type: string): boolean {
  return /[(,]''[,)]/.test(type);
}

/** Character sets that may hold lone surrogates, which the server converts to what is no UTF-8: how HEX shows these. */
const LONE_SURROGATE: Readonly<Record<string, string>> = {
  ucs2: '^(.{4})*D[89A-F]',
  utf32: '^(.{8})*0000D[89A-F]',
};

/** True for rows whose value does not come back from UTF-8 to the same bytes. */
export function lossyCondition(column: Column): string {
  const name = quoteName(column.name);
  const bytes = `CAST(${name} AS BINARY)`;
  const isOther = `CAST(CONVERT(CONVERT(${name} USING utf8mb4) USING ${column.charset}) AS BINARY) <> ${bytes}`;
  const surrogate = LONE_SURROGATE[column.charset ?? ''];
  return surrogate ? `(${isOther} OR HEX(${name}) REGEXP '${surrogate}')` : isOther;
}

/** The plan for a converted column that failed the test: the stored bytes, their character set in the manifest. */
export function keepBytes(plan: ColumnPlan): ColumnPlan {
  return {
    column: plan.column,
    // As binary: the driver reads the head of a result in its character set, and does not know each of the server's.
    expression: `CAST(${quoteName(plan.column.name)} AS BINARY)`,
    encoding: 'charset-base64',
    converted: false,
  };
}

export function toManifestColumn(plan: ColumnPlan): ManifestColumn {
  const { column } = plan;
  return {
    name: column.name,
    type: column.type,
    encoding: plan.encoding,
    nullable: column.nullable,
    ...(column.charset ? { charset: column.charset } : {}),
    ...(column.collation ? { collation: column.collation } : {}),
    ...(column.generated ? { generated: column.generated } : {}),
    ...(column.invisible ? { invisible: true as const } : {}),
  };
}
