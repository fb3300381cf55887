import type { SourceConnection } from '../mysql/connection';
import { SOURCE_KEY } from '../mysql/mapped-table';
import { NO_DIFFERENCE, type RowDifference, rowDifference } from '../mysql/row-difference';
import { qualifiedName } from '../mysql/row-packets';
import type { RestorePlan } from '../plan/restore-plan';
import type { DecidedRows } from './decide-rows';

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

/** What the restore of mapped rows would do; the first rows by their key in the set. */
export async function previewMapped(
  reader: SourceConnection,
  { mapping, tables }: DecidedRows,
): Promise<TableDifference[]> {
  const differences: TableDifference[] = [];
  for (const { about, table, inserted } of tables) {
    const { mapped, live } = table;
    const first = await reader.query(
      `SELECT ${SOURCE_KEY} AS k FROM ${qualifiedName(mapped.database, mapped.table)} ORDER BY ${SOURCE_KEY} LIMIT ${SAMPLES}`,
    );
    const { rows } = mapping.tables.find((counts) => counts.table === about.name)!;
    differences.push({
      ...{ ...NO_DIFFERENCE, database: live.database, table: about.name, inserted, skipped: rows - inserted },
      samples: { ...NO_DIFFERENCE.samples, inserted: first.map(({ k }) => ({ key: { [about.key]: k ?? null } })) },
    });
  }
  return differences;
}
