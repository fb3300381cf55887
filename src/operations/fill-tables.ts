import type { ConnectionSettings } from '../model/connection-settings';
import type { TargetState } from '../model/target-state';
import { insertAbsentRows } from '../mysql/absent-rows';
import { withConnection } from '../mysql/connection';
import { qualifiedName } from '../mysql/row-packets';
import type { PlannedDatabase } from '../plan/restore-plan';
import { durableStep } from '../support/durable-step';

export interface FilledTable {
  readonly database: string;
  readonly table: string;
  readonly inserted: number;
  /** Rows of the set whose key is there already: they were left as they are. */
  readonly skipped: number;
}

/**
 * Inserts the rows of staged tables whose key is absent into the tables that stay, in one transaction: all of them or
 * none. Strict, so that a value which does not fit ends it; keys are checked, parents go before children.
 */
export async function fillTables(
  settings: ConnectionSettings,
  signal: AbortSignal,
  targets: readonly PlannedDatabase[],
  live: readonly TargetState[],
  scratch: ReadonlyMap<string, string>,
): Promise<FilledTable[]> {
  const filling = targets.flatMap(({ database, target, tables }) =>
    tables
      .filter(({ action }) => action === 'fill')
      .map((table) => ({ staged: scratch.get(database)!, target, name: table.name, live: table.live ?? table.name })),
  );
  if (filling.length === 0) return [];
  return await withConnection(settings, signal, async (connection) => {
    await connection.query("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'");
    await connection.query('START TRANSACTION');
    const filled: FilledTable[] = [];
    for (const { staged, target, name, live: into } of parentsFirst(filling, live)) {
      const from = { database: staged, table: name };
      const [count] = await connection.query(`SELECT COUNT(*) AS n FROM ${qualifiedName(staged, name)}`);
      const inserted = await insertAbsentRows(connection, from, { database: target, table: into });
      filled.push({ database: target, table: into, inserted, skipped: Number(count?.n ?? 0) - inserted });
    }
    await durableStep('restore.fill', () => connection.query('COMMIT'));
    return filled;
  });
}

/** Tables in an order in which each comes after those it points to; tables that point at each other in the given order. */
function parentsFirst<T extends { readonly target: string; readonly live: string }>(
  tables: readonly T[],
  live: readonly TargetState[],
): T[] {
  const ordered: T[] = [];
  const visited = new Set<T>();
  const visit = (table: T) => {
    if (visited.has(table)) return;
    visited.add(table);
    for (const parent of tables) {
      const references = live.find(({ database }) => database === parent.target)?.references ?? [];
      const pointsTo = references.some(
        (key) => key.database === table.target && key.table === table.live && key.toTable === parent.live,
      );
      if (pointsTo) visit(parent);
    }
    ordered.push(table);
  };
  for (const table of tables) visit(table);
  return ordered;
}
