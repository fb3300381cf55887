import { z } from 'zod';
import type { Verification } from './verification';

const keep = z.number().int().min(0).max(100_000);

/** How long sets are kept. A set is kept when any rule keeps it. Absent rules keep nothing; 0 keeps nothing. */
export const retentionPolicySchema = z.object({
  /** Every set younger than this many days. Default 2, as BK-LOG's ASYNC_EXPORT_FILE_EXPIRED_DAYS. */
  keepDays: keep.default(2),
  /** Remains of failed runs stay this many days for looking into them. Default 1; 0 removes them at once. */
  failedDays: keep.default(1),
  /** The newest N verified sets. */
  keepLast: keep.optional(),
  /** The newest verified set of each of the newest N days (weeks, months) that have one, in `timeZone`. */
  keepDaily: keep.optional(),
  keepWeekly: keep.optional(),
  keepMonthly: keep.optional(),
  /** IANA name; decides where a day ends. */
  timeZone: z.string().default('UTC'),
});
export type RetentionPolicy = z.infer<typeof retentionPolicySchema>;

/** One sealed set as retention sees it. */
export interface RetentionCandidate {
  readonly setId: string;
  /** Policies apply to the sets of one name. */
  readonly name: string;
  /** Pruning pauses for the sets of one app and name. */
  readonly app?: string;
  readonly archiveKey: string;
  readonly bytes: number;
  /** ISO 8601, UTC. */
  readonly snapshotAt: string;
  /** The strongest verification that passed and is bound to this very archive; absent: none passed. */
  readonly verified?: Pick<Verification, 'level' | 'verifiedAt'>;
  /** The newest verification had findings: known bad. */
  readonly damaged: boolean;
  readonly held: boolean;
  /** The store itself keeps it: until an ISO 8601 time, or `forever`. */
  readonly lockedUntil?: string;
  /** Why its content is hard to believe, as long as nobody has accepted it: nothing of its app and name goes meanwhile. */
  readonly suspicious?: string;
  /** Ids of sets this one depends on. */
  readonly parents: readonly string[];
}

/** Something with our name but without a seal: a temporary object, an unsealed archive, a work directory of a dead run. */
export interface Remains {
  readonly key: string;
  readonly kind: 'temporary-object' | 'unsealed-archive' | 'orphaned-note' | 'work-directory';
  /** ISO 8601, UTC: when it was last written. */
  readonly modifiedAt: string;
  readonly bytes: number;
  /** The run that writes it is known to live (it holds the lock, or its process answers). */
  readonly inUse: boolean;
}
