import { isUtf8 } from 'node:buffer';
import { OperationError } from '../errors/operation-error';
import { quoteName, type SourceConnection } from './connection';
import { loadedColumns } from './load-encoder';
import { qualifiedName } from './row-packets';
import { toSourceError } from './source-error';
import { conversion, execute, type LoadResult, type LoadTarget } from './table-loader';

/** A statement is kept below this, and below the server's max_allowed_packet: 1 MiB. */
const MOST_STATEMENT_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const TAB = 0x09;

/**
 * Loads lines as LoadEncoder writes them by INSERT statements of many rows: for servers that forbid LOAD DATA LOCAL, and
 * about four times slower. What a backslash means is the same in a string. Errors: as `loadBlock`.
 */
export async function insertBlock(
  connection: SourceConnection,
  target: LoadTarget,
  block: Buffer,
  signal: AbortSignal,
): Promise<LoadResult> {
  const columns = loadedColumns(target.columns);
  const names = columns.map(({ name }) => quoteName(name)).join(', ');
  const head = `INSERT INTO ${qualifiedName(target.database, target.table)} (${names}) VALUES\n`;
  const [packet] = await connection.query('SELECT @@max_allowed_packet AS bytes');
  const allowed = Number(packet?.bytes) - 1024;
  const most = Math.min(MOST_STATEMENT_BYTES, allowed);
  let result: LoadResult = { rows: 0 };
  let rows: string[] = [];
  let bytes = 0;
  const insert = async () => {
    signal.throwIfAborted();
    const inserted = await execute(connection, { sql: head + rows.join(',\n') });
    result = { ...inserted, ...result, rows: result.rows + inserted.rows };
    rows = [];
    bytes = 0;
  };
  try {
    for (let start = 0; start < block.length; ) {
      const stop = block.indexOf(NEWLINE, start);
      const row = `(${fieldsOf(block.subarray(start, stop)).map((field, index) => literal(field, columns[index]!))})`;
      const length = Buffer.byteLength(row) + 2;
      if (head.length + length > allowed) throw rowTooLarge(target, head.length + length);
      if (rows.length > 0 && head.length + bytes + length > most) await insert();
      rows.push(row);
      bytes += length;
      start = stop + 1;
    }
    if (rows.length > 0) await insert();
    return result;
  } catch (error) {
    signal.throwIfAborted();
    throw toSourceError(error, connection.settings, `loading ${target.database}.${target.table}`);
  }
}

function rowTooLarge({ database, table }: LoadTarget, bytes: number): OperationError {
  return new OperationError(
    'OP_RESTORE_REFUSED',
    `a row of ${table} needs a statement of ${bytes} bytes, more than the server's max_allowed_packet`,
    {
      details: { schema: database, table, bytes },
      remedy:
        'The target was not changed. Raise max_allowed_packet on the server, or allow local_infile, and run again.',
    },
  );
}

function fieldsOf(line: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let start = 0; ; ) {
    const stop = line.indexOf(TAB, start);
    fields.push(line.subarray(start, stop < 0 ? line.length : stop));
    if (stop < 0) return fields;
    start = stop + 1;
  }
}

/** The value as LOAD DATA with CHARACTER SET binary would take it. */
function literal(field: Buffer, column: LoadTarget['columns'][number]): string {
  if (field.length === 2 && field.toString('latin1') === '\\N') return 'NULL';
  const value = isUtf8(field)
    ? `_binary'${field.toString('utf8').replaceAll("'", "\\'")}'`
    : `x'${unescaped(field).toString('hex')}'`;
  return conversion(column, value) ?? value;
}

const MEANING = new Map([
  ['0', '\0'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

function unescaped(field: Buffer): Buffer {
  const text = field.toString('latin1').replace(/\\(.)/gs, (_, letter: string) => MEANING.get(letter) ?? letter);
  return Buffer.from(text, 'latin1');
}
