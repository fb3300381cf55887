import { type Catalog, type CatalogEntry, readCatalog } from '../catalog/catalog';
import { isLocked, type RunLock, withRunLock } from '../catalog/run-lock';
import { listWorkDirectories, removeWorkDirectory } from '../catalog/work-directory';
import type { ObjectKey } from '../model/ids';
import type { Remains, RetentionCandidate } from '../model/retention-policy';
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
  const plan = planRetention({ now: new Date(), policy: request.policy, sets: candidates, remains });
  return { plan, catalog, candidates };
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
    for (const key of entry?.keys ?? []) if (key !== seal) await store.delete(key);
    removed.push(verdict.archiveKey);
    freedBytes += verdict.bytes;
    onProgress({ phase: 'prune', tablesDone: removed.length, tables: plan.removeCount });
  }
  for (const verdict of plan.remains.filter(({ action }) => action === 'remove')) {
    signal.throwIfAborted();
    await lock.assertHeld();
    if (verdict.kind === 'work-directory') await removeWorkDirectory(verdict.key);
    else await store.delete(verdict.key as ObjectKey);
    removed.push(verdict.key);
    freedBytes += verdict.bytes;
  }
  return { plan, dryRun: false, removed, freedBytes };
}
