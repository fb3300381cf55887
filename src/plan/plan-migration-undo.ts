import { createHash } from 'node:crypto';
import { OperationError } from '../errors/operation-error';
import type { MappingRow, MigrationKind } from '../model/migration';
import type { TargetInventory } from './plan-migration';

/**
 * `remove`: the run created it and it is there; `gone`: it is there no more; `kept`: it may be somebody else's, so
 * somebody has to look.
 */
export type RemovalAction = 'remove' | 'gone' | 'kept';

export interface PlannedRemoval {
  /** Of its record. */
  readonly row: number;
  readonly kind: MigrationKind;
  readonly originId: number;
  readonly name: string;
  readonly business: number;
  /** Id in the target; 0 where it is not known. */
  readonly targetId: number;
  readonly action: RemovalAction;
  readonly reason: string;
}

export interface MigrationUndoPlan {
  readonly environment: string;
  readonly runId: string;
  readonly items: readonly PlannedRemoval[];
  /** Of everything above: what somebody confirmed. */
  readonly hash: string;
}

const folded = (name: string) => name.trim().toLowerCase();

/**
 * Decides what of a run can be taken back, from its records and what the target has. Only what still has the name that
 * the run gave it is removed. Pure. Errors: OP_CONFIG_INVALID for a run that no record names.
 */
export function planMigrationUndo(
  environment: string,
  run: string,
  rows: readonly MappingRow[],
  inventory: TargetInventory,
): MigrationUndoPlan {
  const runId = chooseRun(environment, run, rows);
  const items = rows
    .filter((row) => row.environment === environment && row.runId === runId && row.status !== 'removed')
    .flatMap((row) => decide(row, inventory) ?? []);
  items.sort((a, b) => b.row - a.row);
  const hash = createHash('sha256')
    .update(JSON.stringify([environment, runId, items]))
    .digest('hex');
  return { environment, runId, items, hash };
}

/** The run of that id, or with `latest` the one that wrote last. */
export function chooseRun(environment: string, run: string, rows: readonly MappingRow[]): string {
  const own = rows.filter((row) => row.environment === environment && row.runId !== '');
  const byTime = [...own].sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
  const known = [...new Set(byTime.map(({ runId }) => runId))];
  const found = run === 'latest' ? known[0] : known.find((runId) => runId === run);
  if (found !== undefined) return found;
  throw new OperationError('OP_CONFIG_INVALID', `no record of ${environment} names run ${run}`, {
    details: { environment, run, known: known.slice(0, 20) },
    remedy:
      known.length > 0
        ? `Name one of these runs, newest first: ${known.slice(0, 5).join(', ')}.`
        : 'No run of this tool has created anything from this environment; items of migrate_tool cannot be told apart by run.',
  });
}

function decide(row: MappingRow, inventory: TargetInventory): PlannedRemoval | undefined {
  const { id, kind, originId, name, business, status } = row;
  if (kind === undefined || originId === undefined) return undefined;
  const planned = (action: RemovalAction, reason: string, targetId = row.targetId): PlannedRemoval => ({
    ...{ row: id, kind, originId, name, business, targetId, action, reason },
  });
  const living = listLiving(row, inventory);
  if (status === 'success') {
    const found = living.find((item) => item.id === row.targetId);
    if (!found) return planned('gone', 'it is not there any more');
    if (folded(found.name) !== folded(name)) {
      return planned('kept', `it is called ${found.name} now: somebody has made it his own`);
    }
    return planned('remove', 'created by this run');
  }
  const found = living.find((item) => folded(item.name) === folded(name));
  if (status === 'init') {
    if (!found) return planned('gone', 'BK-LOG was asked for it, and has not created it');
    return planned('remove', 'created by this run, which never got the answer', found.id);
  }
  if (!found) return undefined;
  if (found.isHalf) return planned('remove', 'this run left it half made', found.id);
  return planned('kept', 'creating it failed, and yet something of its name is there', found.id);
}

function listLiving({ kind, business }: MappingRow, { collectors, indexSets }: TargetInventory) {
  if (kind === 'index-set') return (indexSets.get(business) ?? []).map(({ id, name }) => ({ id, name, isHalf: false }));
  return (collectors.get(business) ?? []).map(({ id, englishName, indexSetId }) => ({
    ...{ id, name: englishName, isHalf: indexSetId === undefined },
  }));
}
