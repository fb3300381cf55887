export const NUMBERS = /^(tinyint|smallint|mediumint|int|bigint|decimal|year|bit)$/;
const REALS = /^(float|double)$/;
export const BYTES =
  /^(binary|varbinary|tinyblob|blob|mediumblob|longblob|geometry|point|linestring|polygon|multi.*|geometrycollection|geomcollection|vector)$/;

/** An expression whose `<=>` tells any two values apart that a backup would: no collation, no rounding. */
export function exact(column: string, dataType: string): string {
  if (NUMBERS.test(dataType)) return column;
  if (REALS.test(dataType)) return `${column} * 1e0`;
  // By its number: the error value of an ENUM reads as the empty text, which may be one of its members.
  if (dataType === 'enum' || dataType === 'set') return `(${column} + 0)`;
  return `CAST(${column} AS BINARY)`;
}
