/** What a plan needs to know of a table. */
export interface PlannableTable {
  readonly database: string;
  readonly table: string;
  readonly bytesEstimate: number;
}

/**
 * Orders the tables of a run: small ones first, because the longer a snapshot is open the more likely it is that
 * somebody alters a table, and most tables are small. Equal sizes by name, so that a plan is the same every time.
 */
export function planBackupOrder<T extends PlannableTable>(tables: readonly T[]): T[] {
  const name = (table: T) => `${table.database}.${table.table}`;
  return [...tables].sort((a, b) => a.bytesEstimate - b.bytesEstimate || (name(a) < name(b) ? -1 : 1));
}

/**
 * Bytes to have free before work starts: table files compress to about a quarter of the server's data length
 * (bench data), so a third of it, and 16 MiB for small sets.
 */
export function planBytesNeeded(tables: readonly PlannableTable[]): number {
  const data = tables.reduce((sum, { bytesEstimate }) => sum + bytesEstimate, 0);
  return Math.ceil(data / 3) + 16 * 1024 * 1024;
}
