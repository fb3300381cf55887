import { Readable } from 'node:stream';
import type { ConnectionSettings } from '../model/connection-settings';
import type { ManifestColumn } from '../model/manifest';
import { openConnection, quoteName, type SourceConnection } from './connection';
import { loadedColumns } from './load-encoder';
import { qualifiedName } from './row-packets';
import { toSourceError } from './source-error';

/**
 * Values go in as they were: no strict checks on zero dates or the error value of ENUM, 0 stays 0, no foreign keys yet, nor
 * CHECK constraints, which may have been added or hold the clock since. Definitions too: a row format that MariaDB
 * took with a warning once is an error under innodb_strict_mode. MySQL asks a privilege for that and skips the comment.
 */
export const LOADING_SESSION = [
  "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
  'SET SESSION foreign_key_checks = 0 /*M! , check_constraint_checks = 0, innodb_strict_mode = 0 */',
];

/** Lends sessions for loading; with an abort all of them are cut. */
export async function withLoadingSessions<T>(
  settings: ConnectionSettings,
  count: number,
  signal: AbortSignal,
  use: (connections: readonly SourceConnection[]) => Promise<T>,
): Promise<T> {
  const opened: SourceConnection[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const connection = await openConnection(settings, signal);
      opened.push(connection);
      for (const statement of LOADING_SESSION) await connection.query(statement);
    }
    return await use(opened);
  } finally {
    await Promise.all(opened.map((connection) => connection.close()));
  }
}

/** Each piece of a block is a packet, smaller than the smallest sensible max_allowed_packet: 256 KiB. */
const PIECE_BYTES = 256 * 1024;

/** Types that read text differently when it comes as bytes (a uuid of 16 bytes, say) or refuse bytes (MySQL's JSON). */
const TEXT_OBJECTS = /^(uuid|inet4|inet6|json)/i;
const UTF8 = new Set(['utf8mb4', 'utf8mb3', 'utf8', 'ascii', 'binary']);

/** The expression that makes the column's value of what stands in the file; none: that is the value. */
export function conversion({ type, encoding, charset }: ManifestColumn, variable: string): string | undefined {
  if (encoding === 'index') return `CAST(CONVERT(${variable} USING utf8mb4) AS UNSIGNED)`;
  // The text -0 would become 0; a FLOAT that underflows becomes -0.
  if (encoding === 'float' && /^float/i.test(type)) return `IF(${variable} = '-0', -1e-60, ${variable})`;
  if (encoding !== 'text') return undefined;
  if (TEXT_OBJECTS.test(type)) return `CONVERT(${variable} USING utf8mb4)`;
  // The file has UTF-8; the server converts it to the column's own character set.
  return charset && !UTF8.has(charset) ? `CONVERT(${variable} USING utf8mb4)` : undefined;
}

export interface LoadWarning {
  readonly code: number;
  readonly column?: string;
}
export interface LoadResult {
  readonly rows: number;
  /**
   * What the server remarked on the way in. Harmless where the value was odd before (the error value of ENUM, a FLOAT
   * at the end of its range); where reading back finds a difference, it names the column to look at.
   */
  readonly warning?: LoadWarning;
}

/** The statement that takes what LoadEncoder writes. Exported for the plan, which shows it. */
export function loadStatement(database: string, table: string, columns: readonly ManifestColumn[]): string {
  const fields: string[] = [];
  const sets: string[] = [];
  for (const [index, column] of loadedColumns(columns).entries()) {
    const variable = `@c${index}`;
    const expression = conversion(column, variable);
    fields.push(expression ? variable : quoteName(column.name));
    if (expression) sets.push(`${quoteName(column.name)} = ${expression}`);
  }
  return [
    `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${qualifiedName(database, table)} CHARACTER SET binary`,
    "FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'",
    `(${fields.join(', ')})`,
    ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
  ].join('\n');
}

export interface LoadTarget {
  readonly database: string;
  readonly table: string;
  readonly columns: readonly ManifestColumn[];
}

/** Takes whole lines, as LoadEncoder writes them, into a table. */
export type BlockLoader = (
  connection: SourceConnection,
  target: LoadTarget,
  block: Buffer,
  signal: AbortSignal,
) => Promise<LoadResult>;

/**
 * Loads lines by one LOAD DATA statement, which has them all at hand. The session must have been set up with
 * LOADING_SESSION. Whether the rows are the same afterwards is for `readBack` to say. Errors: OP_SOURCE_LOST,
 * OP_SOURCE_DENIED, OP_ABORTED: an abort cuts the session, which undoes the statement.
 */
export const loadBlock: BlockLoader = async (connection, target, block, signal) => {
  const { database, table, columns } = target;
  const input = Readable.from(piecesOf(block), { objectMode: false });
  try {
    signal.throwIfAborted();
    const sql = loadStatement(database, table, columns);
    return await execute(connection, { sql, infileStreamFactory: () => input });
  } catch (error) {
    signal.throwIfAborted();
    throw toSourceError(error, connection.settings, `loading ${database}.${table}`);
  } finally {
    input.destroy();
  }
};

function* piecesOf(block: Buffer): Generator<Buffer> {
  for (let at = 0; at < block.length; at += PIECE_BYTES) yield block.subarray(at, at + PIECE_BYTES);
}

/** Runs a statement that takes rows: how many, and what the server remarked. Errors: what the driver throws. */
export async function execute(
  connection: SourceConnection,
  statement: { readonly sql: string; readonly infileStreamFactory?: () => Readable },
): Promise<LoadResult> {
  const { affectedRows, warningStatus } = await new Promise<{ affectedRows: number; warningStatus: number }>(
    (resolve, reject) => {
      const onLost = (error: Error) => reject(error);
      connection.driver.once('error', onLost);
      connection.driver.query({ ...statement }, (error, result) => {
        connection.driver.off('error', onLost);
        if (error) reject(error);
        else resolve(result as unknown as { affectedRows: number; warningStatus: number });
      });
    },
  );
  const warning = warningStatus > 0 ? await firstWarning(connection) : undefined;
  return { rows: affectedRows, ...(warning ? { warning } : {}) };
}

/** The first warning that is not a note. Its text may hold the value, so only code and column are told. */
async function firstWarning(connection: SourceConnection): Promise<LoadWarning | undefined> {
  const warnings = await connection.query('SHOW WARNINGS LIMIT 100');
  const warning = warnings.find(({ Level }) => Level !== 'Note');
  if (!warning) return undefined;
  const column = /column (?:`[^`]*`\.`[^`]*`\.)?[`']([^`']+)[`']/.exec(warning.Message ?? '')?.[1];
  return { code: Number(warning.Code), ...(column ? { column } : {}) };
}
