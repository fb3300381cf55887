import type { ColumnPlan } from './column-codec';
import { quoteName } from './connection';
import { qualifiedName } from './row-packets';
import type { TableSchema } from './table-schema';

/** The rows of a table in the order of its key, each column in the form its plan decided. */
export function selectStatement(
  schema: TableSchema,
  plans: readonly ColumnPlan[],
  conditions: readonly string[],
): string {
  const key = schema.key.map(quoteName).join(', ');
  return [
    // Aliases, because the driver refuses columns named like properties of every object, such as __proto__.
    `SELECT ${plans.map(({ expression }, index) => `${expression} AS c${index}`).join(', ')}`,
    `FROM ${qualifiedName(schema.database, schema.table)}`,
    // Without the hint the server may sort a large table on disk instead of walking its index.
    ...(schema.keyName ? [`FORCE INDEX (${quoteName(schema.keyName)})`] : []),
    ...(conditions.length > 0 ? [`WHERE ${conditions.join(' AND ')}`] : []),
    ...(key ? [`ORDER BY ${key}`] : []),
  ].join(' ');
}
