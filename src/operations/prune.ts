import { type Catalog, type CatalogEntry, readCatalog } from '../catalog/catalog';
import { isLocked, type RunLock, withRunLock } from '../catalog/run-lock';
import { listWorkDirectories, removeWorkDirectory } from '../catalog/work-directory';
import { isOperationError } from '../errors/operation-error';
import type { ObjectKey } from '../model/ids';
import type { Remains, RetentionCandidate, RetentionPolicy } from '../model/retention-policy';
import { isAtLeast, VERIFY_LEVELS } from '../model/verification';
import { openSuspicions, pausesPruning } from '../plan/open-suspicions';
import { assertRetentionSafe, planRetention, type RetentionPlan } from '../plan/plan-retention';
import type { ObjectStore } from '../store/object-store';
import { sealKey } from '../store/store-keys';
import type { ProgressListener } from '../support/progress';
import type { PruneRequest, PruneResult } from './contract';
import { openLocation } from './open-location';

/**
 * Plans retention and, unless it is a dry run, carries the plan out.
 * 1. read the catalog, what crashes left in the location, and the work directories of dead runs
 * 2. plan: keep with reasons, or remove
 * 3. remove each set seal first: from then on it is no set, and a crash leaves remains that the next prune recognises
 * 4. remove remains past their time
 */
export async function prune(
  request: PruneRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<PruneResult> {
  const store = await openLocation(request.location);
  await store.check({ write: !request.dryRun });
  if (request.dryRun) {
    const { plan } = await readAndPlan(store, request, await isLocked(store));
    return { plan, dryRun: true, removed: [], freedBytes: 0 };
  }
  return await withRunLock(store, { runId: request.runId, operation: 'prune' }, async (lock) => {
    // The lock is ours: temporary objects in the location belong to nobody alive.
    const { plan, catalog, candidates } = await readAndPlan(store, request, false);
    assertRetentionSafe(plan, candidates);
    return await carryOut(store, lock, plan, catalog, signal, onProgress);
  });
}

async function readAndPlan(store: ObjectStore, request: PruneRequest, isInUse: boolean) {
  const catalog = await readCatalog(store);
  const candidates = catalog.entries.map(toCandidate);
  const remains: Remains[] = [
    ...catalog.remains.map((item) => ({ ...item, inUse: isInUse })),
    ...(await listWorkDirectories(request.workRoot)),
  ];
  return { catalog, ...(await planAroundLocks(store, request.policy, candidates, remains)) };
}

/** What the store keeps by itself (object lock) stays; only sets that would go are asked about. */
async function planAroundLocks(
  store: ObjectStore,
  policy: RetentionPolicy,
  sets: readonly RetentionCandidate[],
  remains: readonly Remains[],
): Promise<{ plan: RetentionPlan; candidates: readonly RetentionCandidate[] }> {
  let candidates = sets;
  for (;;) {
    const plan = planRetention({ now: new Date(), policy, sets: candidates, remains });
    const locks = new Map<string, string>();
    for (const { archiveKey } of plan.sets.filter(({ action }) => action === 'remove')) {
      const until =
        (await store.heldUntil?.(archiveKey as ObjectKey)) ?? (await store.heldUntil?.(sealKey(archiveKey)));
      if (until) locks.set(archiveKey, until);
    }
    if (locks.size === 0) return { plan, candidates };
    candidates = candidates.map((set) => {
      const lockedUntil = locks.get(set.archiveKey);
      return lockedUntil ? { ...set, lockedUntil } : set;
    });
  }
}

/**
 * What retention needs to know of a set. It is damaged when a verification had findings and no later one of at least
 * that level passed: looking less closely later proves nothing.
 */
export function toCandidate({
  sealed,
  verifications,
  acceptances,
  certificate,
  held,
}: CatalogEntry): RetentionCandidate {
  const damaged = verifications.some(
    (bad, index) =>
      bad.outcome === 'findings' &&
      !verifications.slice(0, index).some(({ level, outcome }) => outcome === 'passed' && isAtLeast(level, bad.level)),
  );
  const [strongest] = verifications
    .filter(({ outcome }) => outcome === 'passed')
    .sort((a, b) => VERIFY_LEVELS.indexOf(b.level) - VERIFY_LEVELS.indexOf(a.level));
  // A certificate is bound to these bytes and proves more than any note.
  const verified = certificate
    ? { level: 'restorable' as const, verifiedAt: certificate.verifiedAt }
    : strongest && { level: strongest.level, verifiedAt: strongest.verifiedAt };
  const [suspicion, ...more] = openSuspicions(verifications[0]?.suspicions, acceptances).filter(pausesPruning);
  return {
    setId: sealed.setId,
    name: sealed.name,
    app: sealed.app,
    archiveKey: sealed.archive.key,
    bytes: sealed.archive.bytes,
    snapshotAt: sealed.snapshotAt,
    damaged,
    held,
    parents: sealed.parents.map(({ setId }) => setId),
    ...(verified ? { verified } : {}),
    ...(suspicion ? { suspicious: `${suspicion.message}${more.length > 0 ? `; and ${more.length} more` : ''}` } : {}),
  };
}

async function carryOut(
  store: ObjectStore,
  lock: RunLock,
  plan: RetentionPlan,
  catalog: Catalog,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<PruneResult> {
  const removed: string[] = [];
  let freedBytes = 0;
  for (const verdict of plan.sets.filter(({ action }) => action === 'remove')) {
    signal.throwIfAborted();
    await lock.assertHeld();
    const seal = sealKey(verdict.archiveKey);
    const entry = catalog.entries.find(({ sealed }) => sealed.archive.key === verdict.archiveKey);
    await store.delete(seal);
    for (const key of entry?.keys ?? []) if (key !== seal) await deleteUnlessHeld(store, key);
    removed.push(verdict.archiveKey);
    freedBytes += verdict.bytes;
    onProgress({ phase: 'prune', tablesDone: removed.length, tables: plan.removeCount });
  }
  for (const verdict of plan.remains.filter(({ action }) => action === 'remove')) {
    signal.throwIfAborted();
    await lock.assertHeld();
    if (verdict.kind === 'work-directory') await removeWorkDirectory(verdict.key);
    else if (!(await deleteUnlessHeld(store, verdict.key as ObjectKey))) continue;
    removed.push(verdict.key);
    freedBytes += verdict.bytes;
  }
  return { plan, dryRun: false, removed, freedBytes };
}

/** A note or remains that the store keeps for now are no set: a later prune removes them. */
async function deleteUnlessHeld(store: ObjectStore, key: ObjectKey): Promise<boolean> {
  try {
    await store.delete(key);
    return true;
  } catch (error) {
    if (!isOperationError(error, 'OP_OBJECT_HELD')) throw error;
    return false;
  }
}
