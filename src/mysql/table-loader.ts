import { Readable } from 'node:stream';
import { OperationError } from '../errors/operation-error';
import type { ManifestColumn } from '../model/manifest';
import { quoteName, type SourceConnection } from './connection';
import { loadedColumns } from './load-encoder';
import { qualifiedName } from './row-packets';
import { toSourceError } from './source-error';

/** Values go in as they were: no strict checks on zero dates or the error value of ENUM, 0 stays 0, no key checks yet. */
export const LOADING_SESSION = [
  "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
  'SET SESSION foreign_key_checks = 0',
  'SET SESSION unique_checks = 0',
];

/** Types that read text differently when it comes as bytes: a uuid of 16 bytes, say. */
const TEXT_OBJECTS = /^(uuid|inet4|inet6)/i;
const UTF8 = new Set(['utf8mb4', 'utf8mb3', 'utf8', 'ascii', 'binary']);

/** Whether the field has to go through a variable, and the expression that makes the value of it. */
function conversion({ type, encoding, charset }: ManifestColumn, variable: string): string | undefined {
  if (encoding === 'index') return `CAST(CONVERT(${variable} USING utf8mb4) AS UNSIGNED)`;
  if (encoding !== 'text') return undefined;
  if (TEXT_OBJECTS.test(type)) return `CONVERT(${variable} USING utf8mb4)`;
  // The file has UTF-8; the server converts it to the column's own character set.
  return charset && !UTF8.has(charset) ? `CONVERT(${variable} USING utf8mb4)` : undefined;
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
 * Loads rows as LoadEncoder writes them, in one statement, and resolves with their number. The session must have been
 * set up with LOADING_SESSION. Errors: OP_SOURCE_LOST, OP_SOURCE_DENIED, OP_VALUE_UNSUPPORTED when the server changed a
 * value on the way in, OP_ABORTED, and whatever `rows` throws.
 */
export async function loadTable(
  connection: SourceConnection,
  target: { readonly database: string; readonly table: string; readonly columns: readonly ManifestColumn[] },
  rows: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<number> {
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
    if (warningStatus > 0) await refuseWarnings(connection, database, table);
    return affectedRows;
  } catch (error) {
    signal.throwIfAborted();
    throw failure ?? toSourceError(error, connection.settings, `loading ${database}.${table}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
    input.destroy();
  }
}

/** Notes are fine; a warning means that a value is not what the file says. Its text may hold the value, so only the column is told. */
async function refuseWarnings(connection: SourceConnection, database: string, table: string): Promise<void> {
  const warnings = (await connection.query('SHOW WARNINGS LIMIT 100')).filter(({ Level }) => Level !== 'Note');
  const column = /column (?:`[^`]*`\.`[^`]*`\.)?[`']([^`']+)[`']/.exec(warnings[0]?.Message ?? '')?.[1];
  if (warnings.length === 0) return;
  throw new OperationError('OP_VALUE_UNSUPPORTED', `the server changed values of ${database}.${table} while loading`, {
    details: { database, table, ...(column ? { column } : {}), code: warnings[0]?.Code, warnings: warnings.length },
    remedy: `Compare the definition of ${table}${column ? `, column ${column},` : ''} with the one in the set.`,
  });
}
