import { quoteName, type SourceConnection } from './connection';
import { qualifiedName } from './row-packets';
import type { TableSchema } from './table-schema';

/** A range is meant to hold about this much of the table, by the server's own estimate: 8 MiB. */
const RANGE_BYTES = 8 * 1024 * 1024;
const INTEGER_TYPES = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);

/**
 * SQL conditions that cut a table into slices of its key, in key order and without gap or overlap. Only a key of one
 * integer column can be cut; anything else is one slice (`undefined`). The slices are equal in key values, not rows:
 * with an uneven key some are empty and parallel reading gains less, nothing else.
 * Runs inside the snapshot; `where` narrows the rows that count.
 */
export async function planKeyRanges(
  connection: SourceConnection,
  schema: TableSchema,
  where: string | undefined,
): Promise<(string | undefined)[]> {
  const [keyName] = schema.key;
  const column = schema.columns.find(({ name }) => name === keyName);
  const wanted = Math.min(Math.ceil(schema.bytesEstimate / RANGE_BYTES), 4096);
  if (schema.key.length !== 1 || !column || !INTEGER_TYPES.has(column.dataType) || wanted < 2) return [undefined];
  const name = quoteName(column.name);
  const [bounds] = await connection.query(
    `SELECT MIN(${name}) AS low, MAX(${name}) AS high FROM ${qualifiedName(schema.database, schema.table)}${
      where ? ` WHERE (${where})` : ''
    }`,
  );
  if (bounds?.low == null || bounds.high == null) return [undefined];
  return cutRange(BigInt(bounds.low), BigInt(bounds.high), wanted).map(({ from, below }) => {
    const parts = [
      ...(from === undefined ? [] : [`${name} >= ${from}`]),
      ...(below === undefined ? [] : [`${name} < ${below}`]),
    ];
    return parts.length > 0 ? parts.join(' AND ') : undefined;
  });
}

/** Cuts `low..high` into at most `wanted` slices; the first and the last are open so that no value can fall outside. */
export function cutRange(low: bigint, high: bigint, wanted: number): { from?: bigint; below?: bigint }[] {
  const width = high - low + 1n;
  const slices = BigInt(wanted) < width ? BigInt(wanted) : width;
  const ranges: { from?: bigint; below?: bigint }[] = [];
  for (let index = 0n; index < slices; index += 1n) {
    ranges.push({
      ...(index > 0n ? { from: low + (width * index) / slices } : {}),
      ...(index < slices - 1n ? { below: low + (width * (index + 1n)) / slices } : {}),
    });
  }
  return ranges;
}
