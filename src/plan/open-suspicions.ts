import type { Acceptance } from '../model/acceptance';
import type { Suspicion } from '../model/verification';

/**
 * Suspicions nobody has accepted. An acceptance speaks of a rule and a table of this archive, not of a wording: the set
 * it was compared with may be gone. A rule that does not fit the set is a mistake in the rules; nobody can accept it.
 */
export function openSuspicions(
  suspicions: readonly Suspicion[] | undefined,
  acceptances: readonly Acceptance[],
): Suspicion[] {
  const accepted = acceptances.flatMap((each) => each.suspicions);
  return (suspicions ?? []).filter(
    (open) => !isAcceptable(open) || !accepted.some(({ rule, object }) => rule === open.rule && object === open.object),
  );
}

export function isAcceptable({ code }: Suspicion): boolean {
  return code === 'OP_CONTENT_SUSPICIOUS';
}

/** Lost rows alone make a set suspicious: what is lost may live only in the older sets, so these must stay. */
export function pausesPruning({ rule, code }: Suspicion): boolean {
  return rule === 'rows' && code === 'OP_CONTENT_SUSPICIOUS';
}
