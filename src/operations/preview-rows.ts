import type { SourceConnection } from '../mysql/connection';
import { type RowDifference, rowDifference } from '../mysql/row-difference';
import type { RestorePlan } from '../plan/plan-restore';

export interface TableDifference extends RowDifference {
  readonly database: string;
  readonly table: string;
}

/** Rows of each kind that are shown in full, of each table. */
const SAMPLES = 5;

/** Compares what was staged with the live tables, inside the server: what the restore would do to each row. */
export async function previewRows(
  reader: SourceConnection,
  { targets }: RestorePlan,
  scratch: ReadonlyMap<string, string>,
): Promise<TableDifference[]> {
  const differences: TableDifference[] = [];
  for (const { database, target, tables } of targets) {
    for (const { name, live, action } of tables) {
      const staged = { database: scratch.get(database)!, table: name };
      const now = action === 'create' ? undefined : { database: target, table: live ?? name };
      const mode = action === 'fill' ? 'fill' : 'replace';
      differences.push({
        database: target,
        table: name,
        ...(await rowDifference(reader, staged, now, { mode, samples: SAMPLES })),
      });
    }
  }
  return differences;
}
