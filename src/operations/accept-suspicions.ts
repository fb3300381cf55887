import { readAcceptances } from '../catalog/catalog';
import { recordAcceptance } from '../catalog/seal';
import type { Acceptance } from '../model/acceptance';
import type { SealedManifest } from '../model/manifest';
import type { Suspicion } from '../model/verification';
import { isAcceptable, openSuspicions } from '../plan/open-suspicions';
import type { ObjectStore } from '../store/object-store';
import { TOOL_VERSION } from '../support/release';
import type { VerifySetRequest } from './contract';

/**
 * What is still open of a set's suspicions. When somebody accepts, that is written beside the archive first; a location
 * that cannot be written to then fails the run, for nothing would be accepted.
 */
export async function settleSuspicions(
  store: ObjectStore,
  sealed: SealedManifest,
  suspicions: readonly Suspicion[],
  { accept, runId }: Pick<VerifySetRequest, 'accept' | 'runId'>,
): Promise<Suspicion[]> {
  if (suspicions.length === 0) return [];
  const acceptances = await readAcceptances(store, sealed);
  const open = openSuspicions(suspicions, acceptances);
  if (!accept || !open.some(isAcceptable)) return open;
  const acceptance: Acceptance = {
    kind: 'acceptance',
    formatVersion: 1,
    setId: sealed.setId,
    archiveSha256: sealed.archive.sha256,
    acceptedAt: new Date().toISOString(),
    toolVersion: TOOL_VERSION,
    suspicions: suspicions.filter(isAcceptable),
  };
  await recordAcceptance(store, sealed, acceptance, runId);
  return openSuspicions(suspicions, [...acceptances, acceptance]);
}
