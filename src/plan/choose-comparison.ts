import type { Acceptance } from '../model/acceptance';
import type { SealedManifest } from '../model/manifest';
import type { Verification } from '../model/verification';
import { openSuspicions, pausesPruning } from './open-suspicions';

/** A set and what is known about it; verifications newest first. */
export interface KnownSet {
  readonly sealed: SealedManifest;
  readonly verifications: readonly Verification[];
  readonly acceptances: readonly Acceptance[];
}

/**
 * The set whose numbers of rows a newer one is held against, of the older ones, newest first: the nearest that was verified
 * good. One that lost rows itself, or that nobody looked at, would make the loss the measure. Where none was, the nearest.
 */
export function chooseComparison(older: readonly KnownSet[]): SealedManifest | undefined {
  return (older.find(isGood) ?? older[0])?.sealed;
}

/** By its newest verification: no damage, and no lost rows but accepted ones. */
function isGood({ verifications: [newest], acceptances }: KnownSet): boolean {
  return newest?.outcome === 'passed' && !openSuspicions(newest.suspicions, acceptances).some(pausesPruning);
}
