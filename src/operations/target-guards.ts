import { OperationError } from '../errors/operation-error';
import type { SourceConnection } from '../mysql/connection';
import { findReaders } from '../mysql/reading-marks';
import { whatMoved } from '../plan/plan-restore';
import type { RestorePlan } from '../plan/restore-plan';
import type { RestoreSetRequest } from './contract';

/** Name of the lock that lets one restore at a time change a server; it ends with its connection. */
const SERVER_LOCK = 'bklog_restore';

export async function lockServer(keeper: SourceConnection): Promise<void> {
  // A run that has just ended may still be leaving the server.
  const [lock] = await keeper.query('SELECT GET_LOCK(?, 2) AS held', [SERVER_LOCK]);
  if (lock?.held === '1') return;
  throw new OperationError('OP_BUSY', `another restore is changing ${keeper.settings.host}:${keeper.settings.port}`, {
    details: { host: keeper.settings.host, port: keeper.settings.port },
  });
}

/** A backup of the very database would wait for the move, or fail at a table that moved away. */
export async function refuseWhileRead(keeper: SourceConnection, database: string): Promise<void> {
  const readers = await findReaders(keeper, database);
  if (readers.length === 0) return;
  throw new OperationError('OP_BUSY', `a backup is reading ${database} (session ${readers.join(', ')} of the server)`, {
    details: { database, sessions: readers },
    remedy: 'The target was not changed. Wait until the backup has ended, or stop it, and run again.',
  });
}

export function refuseBlockers({ blockers, archiveKey }: RestorePlan): void {
  if (blockers.length === 0) return;
  const shown = blockers.slice(0, 5).map(({ object, reason }) => `${object} ${reason}`);
  const more = blockers.length > 5 ? `; and ${blockers.length - 5} more` : '';
  throw new OperationError('OP_RESTORE_REFUSED', `${archiveKey} cannot be restored: ${shown.join('; ')}${more}`, {
    details: { blockers: blockers.slice(0, 100), count: blockers.length },
    remedy: 'Nothing was changed. Remove what the blockers name, or choose another policy, server or database name.',
  });
}

/** A plan is carried out only where everything still is as somebody saw it. */
export function refuseOtherPlan(plan: RestorePlan, { confirm, seen }: RestoreSetRequest): void {
  const wanted = confirm ?? seen?.hash;
  if (wanted === undefined || wanted === plan.hash) return;
  const moved = seen ? whatMoved(seen, plan, { withRows: true }) : [];
  const what = moved.length > 0 ? `: ${moved.slice(0, 5).join('; ')}` : '';
  throw new OperationError('OP_RESTORE_REFUSED', `the target is not what the plan was made for${what}`, {
    details: { confirmed: wanted, plan: plan.hash, setId: plan.setId, moved: moved.slice(0, 100) },
    remedy: 'Nothing was changed. Look at a new plan: the newest set, the options or the target changed since.',
  });
}

/** Rows may have come and gone while the set was loaded; a table or view that did stops the move. */
export function refuseChanged(before: RestorePlan, now: RestorePlan): void {
  const moved = whatMoved(before, now, { withRows: false });
  if (moved.length === 0) return;
  throw new OperationError('OP_RESTORE_REFUSED', `the target changed while the set was loaded: ${moved[0]}`, {
    details: { moved: moved.slice(0, 100) },
    remedy: 'Nothing was changed. Run again when no other schema change is under way.',
  });
}
