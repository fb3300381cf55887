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

/** Types that read text differently when it comes as bytes: a uuid of 16 bytes, say. */
const TEXT_OBJECTS = /^(uuid|inet4|inet6)/i;
const UTF8 = new Set(['utf8mb4', 'utf8mb3', 'utf8', 'ascii', 'binary']);

/** Whether the field has to go through a variable, and the expression that makes the value of it. */
function conversion({ type, encoding, charset }: ManifestColumn, variable: string): string | undefined {
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

/**
 * Loads rows as LoadEncoder writes them, in one statement. The session must have been set up with LOADING_SESSION.
 * Whether the rows are the same afterwards is for `readBack` to say. Errors: OP_SOURCE_LOST, OP_SOURCE_DENIED,
 * OP_ABORTED, and whatever `rows` throws.
 */
export async function loadTable(
  connection: SourceConnection,
  target: { readonly database: string; readonly table: string; readonly columns: readonly ManifestColumn[] },
  rows: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<LoadResult> {
  const { database, table, columns } = target;
  let failure: unknown;
  const input = Readable.from(rows, { objectMode: false, highWaterMark: 1024 * 1024 });
  input.on('error', (error) => {
    failure ??= error;
    // The protocol has no way to take back half a file: only a lost connection undoes the statement.
    connection.cut(error);
  });
  const onAbort = () => input.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const { affectedRows, warningStatus } = await new Promise<{ affectedRows: number; warningStatus: number }>(
      (resolve, reject) => {
        const onLost = (error: Error) => reject(error);
        connection.driver.once('error', onLost);
        const sql = loadStatement(database, table, columns);
        connection.driver.query({ sql, infileStreamFactory: () => input }, (error, result) => {
          connection.driver.off('error', onLost);
          if (error) reject(error);
          else resolve(result as unknown as { affectedRows: number; warningStatus: number });
        });
      },
    );
    const warning = warningStatus > 0 ? await firstWarning(connection) : undefined;
    return { rows: affectedRows, ...(warning ? { warning } : {}) };
  } catch (error) {
    signal.throwIfAborted();
    throw failure ?? toSourceError(error, connection.settings, `loading ${database}.${table}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
    input.destroy();
  }
}

/** The first warning that is not a note. Its text may hold the value, so only code and column are told. */
async function firstWarning(connection: SourceConnection): Promise<LoadWarning | undefined> {
  const warnings = await connection.query('SHOW WARNINGS LIMIT 100');
  const warning = warnings.find(({ Level }) => Level !== 'Note');
  if (!warning) return undefined;
  const column = /column (?:`[^`]*`\.`[^`]*`\.)?[`']([^`']+)[`']/.exec(warning.Message ?? '')?.[1];
  return { code: Number(warning.Code), ...(column ? { column } : {}) };
}
