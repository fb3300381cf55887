import { OperationError } from '../errors/operation-error';
import type { SourceConnection } from '../mysql/connection';
import type { RecordedDatabase, RestoreRecord } from '../mysql/restore-record';
import { readTargetState } from '../mysql/target-state';
import { hasTable } from './move-into-place';

/**
 * A foreign key made since from another table would follow the restored table out of its database, and point into nothing
 * when that is dropped. Errors: OP_RESTORE_REFUSED naming them, before anything is touched.
 */
export async function refusePointingIn(keeper: SourceConnection, { setId, databases }: RestoreRecord): Promise<void> {
  const leaving = new Set<string>();
  for (const item of databases) {
    for (const table of await restoredTables(keeper, item)) leaving.add(`${item.target}.${table}`);
  }
  const ours = new Set(databases.map(({ before }) => before));
  const keys: string[] = [];
  for (const { target } of databases) {
    const { references } = await readTargetState(keeper, target, []);
    for (const { database, table, constraint, toTable } of references) {
      const staysBehind = !leaving.has(`${database}.${table}`) && !ours.has(database);
      if (staysBehind && leaving.has(`${target}.${toTable}`)) {
        keys.push(`foreign key ${constraint} of ${database}.${table} points to ${toTable}`);
      }
    }
  }
  if (keys.length === 0) return;
  throw new OperationError('OP_RESTORE_REFUSED', `the restore of ${setId} cannot be undone: ${keys.join('; ')}`, {
    details: { setId, foreignKeys: keys.slice(0, 100) },
    remedy: 'Nothing was changed. Drop the foreign keys, undo, and add them again.',
  });
}

/** Those that an undo moves out: not those that an earlier try has put back already. */
async function restoredTables(keeper: SourceConnection, { target, before, tables }: RecordedDatabase) {
  const restored: string[] = [];
  for (const { name, replaces, stopover } of tables) {
    const isKept =
      replaces === undefined ||
      (await hasTable(keeper, before, replaces)) ||
      (stopover !== undefined && (await hasTable(keeper, target, stopover)));
    if (isKept) restored.push(name);
  }
  return restored;
}
