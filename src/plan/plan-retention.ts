import { OperationError } from '../errors/operation-error';
import type { Remains, RetentionCandidate, RetentionPolicy } from '../model/retention-policy';
import { isAtLeast } from '../model/verification';

const DAY_MS = 24 * 60 * 60 * 1000;

type Action = 'keep' | 'remove';

/** What becomes of one set. `reasons`: the rules that keep it, or why none does. Never empty. */
export interface RetentionVerdict
  extends Pick<RetentionCandidate, 'setId' | 'name' | 'archiveKey' | 'bytes' | 'snapshotAt'> {
  action: Action;
  reasons: string[];
}

export interface RemainsVerdict extends Pick<Remains, 'key' | 'kind' | 'bytes'> {
  action: Action;
  reasons: string[];
}

/** Plain JSON: it can be printed, stored and carried out later, see `assertRetentionSafe`. */
export interface RetentionPlan {
  /** ISO 8601, UTC: the moment ages are counted to. */
  now: string;
  policy: RetentionPolicy;
  /** By name; newest first within a name, so that a set goes before the sets it depends on. */
  sets: RetentionVerdict[];
  /** By key. */
  remains: RemainsVerdict[];
  /** Sets and remains together. */
  removeCount: number;
  /** Bytes of the removed sets and remains together. */
  freedBytes: number;
}

/** The sets of one name, newest first. */
interface History {
  readonly sets: readonly RetentionCandidate[];
  /**
   * The sets that rules count and that let older ones go: verified and dated no later than `nowMs`. A set from the
   * future is kept but proves nothing; otherwise one wrong clock would make it "the newest" for years.
   */
  readonly proven: readonly RetentionCandidate[];
  readonly nowMs: number;
}

/** One reason to keep sets. A set is kept when any rule keeps it. */
interface Rule {
  readonly keeps: (history: History) => readonly RetentionCandidate[];
  readonly reason: (set: RetentionCandidate) => string;
  /** What a removed set is told; absent for rules that need no explanation when they do not apply. */
  readonly missed?: string;
}

/** Hold whatever the policy says. */
const FLOORS: readonly Rule[] = [
  {
    keeps: ({ sets, nowMs }) => sets.filter((set) => parseTime(set.snapshotAt) > nowMs),
    reason: () => 'snapshot time is in the future: check the clocks',
  },
  {
    keeps: ({ sets }) => sets.filter((set) => Number.isNaN(parseTime(set.snapshotAt))),
    reason: () => 'snapshot time is unreadable',
  },
  { keeps: ({ proven }) => proven.slice(0, 1), reason: () => 'newest verified set' },
  { keeps: ({ proven }) => proven.filter(isRestorable).slice(0, 1), reason: () => 'newest restorable set' },
  { keeps: ({ sets }) => sets.filter((set) => set.held), reason: () => 'held' },
  {
    keeps: ({ sets }) => sets.filter(({ lockedUntil }) => lockedUntil),
    reason: ({ lockedUntil }) => lockReason(lockedUntil),
  },
];

function lockReason(until = 'forever'): string {
  return until === 'forever' ? 'held by the store' : `held until ${until.slice(0, 16).replace('T', ' ')}`;
}

/** The rules `policy` asks for; an absent number and 0 make no rule. */
function policyRules(policy: RetentionPolicy): readonly Rule[] {
  const calendar = openCalendar(policy.timeZone);
  const { keepDays, keepLast = 0, keepDaily = 0, keepWeekly = 0, keepMonthly = 0 } = policy;
  const rules: readonly (Rule & { readonly wanted: number })[] = [
    {
      wanted: keepDays,
      keeps: ({ sets, nowMs }) => sets.filter((set) => isYounger(parseTime(set.snapshotAt), keepDays, nowMs)),
      reason: () => `younger than ${count(keepDays, 'day')}`,
      missed: `not younger than ${count(keepDays, 'day')}`,
    },
    {
      wanted: keepLast,
      keeps: ({ proven }) => proven.slice(0, keepLast),
      reason: () => `one of the newest ${count(keepLast, 'verified set')}`,
      missed: `not one of the newest ${count(keepLast, 'verified set')}`,
    },
    { wanted: keepDaily, ...newestOfEach('day', calendar.day, keepDaily) },
    { wanted: keepWeekly, ...newestOfEach('week', calendar.week, keepWeekly) },
    { wanted: keepMonthly, ...newestOfEach('month', calendar.month, keepMonthly) },
  ];
  return rules.filter((rule) => rule.wanted > 0);
}

/** Keeps the newest verified set of each of the newest `wanted` periods that have one; empty periods do not count. */
function newestOfEach(unit: string, periodOf: (set: RetentionCandidate) => string, wanted: number): Rule {
  return {
    keeps({ proven }) {
      const newest = new Map<string, RetentionCandidate>();
      for (const set of proven) {
        const period = periodOf(set);
        if (!newest.has(period)) newest.set(period, set);
        if (newest.size === wanted) break;
      }
      return [...newest.values()];
    },
    reason: (set) => `newest verified set of ${unit} ${periodOf(set)}`,
    missed: `not the newest verified set of one of the newest ${count(wanted, unit)}`,
  };
}

/**
 * Decides for every set and every piece of remains whether it stays, and says why. The same input in any order
 * gives the same plan, and planning what is left at the same `now` removes nothing more.
 * Errors: OP_CONFIG_INVALID for an unknown time zone or an invalid `now`.
 */
export function planRetention(input: {
  readonly now: Date;
  readonly policy: RetentionPolicy;
  readonly sets: readonly RetentionCandidate[];
  readonly remains: readonly Remains[];
}): RetentionPlan {
  const { now, policy } = input;
  const nowMs = now.getTime();
  // Compared with NaN no set is young: every age rule would silently keep nothing.
  if (Number.isNaN(nowMs)) throw new OperationError('OP_CONFIG_INVALID', 'retention needs a valid point in time');
  const rules = [...policyRules(policy), ...FLOORS];
  const histories = toHistories(input.sets, nowMs);

  const kept = new Map<RetentionCandidate, string[]>();
  for (const history of histories) {
    for (const rule of rules) {
      for (const set of rule.keeps(history)) addReason(kept, set, rule.reason(set));
    }
    for (const set of history.sets) {
      if (!kept.has(set) && !findReplacement(set, history)) addReason(kept, set, noReplacementReason(set));
    }
  }
  keepParents(kept, histories);
  const pauses = findPauses(input.sets);
  for (const set of input.sets.filter((each) => !kept.has(each))) {
    const pause = pauses.get(pruningGroup(set));
    if (pause) addReason(kept, set, pause);
  }
  keepParents(kept, histories);

  const sets = histories.flatMap((history) =>
    history.sets.map((set): RetentionVerdict => {
      const { setId, name, archiveKey, bytes, snapshotAt } = set;
      const reasons = kept.get(set);
      if (reasons) return { setId, name, archiveKey, bytes, snapshotAt, action: 'keep', reasons };
      const missed = removalReasons(set, rules, history);
      return { setId, name, archiveKey, bytes, snapshotAt, action: 'remove', reasons: missed };
    }),
  );
  const remains = planRemains(input.remains, input.sets, policy.failedDays, nowMs);
  const removed = [...sets, ...remains].filter((verdict) => verdict.action === 'remove');
  return {
    now: now.toISOString(),
    policy,
    sets,
    remains,
    removeCount: removed.length,
    freedBytes: removed.reduce((sum, verdict) => sum + verdict.bytes, 0),
  };
}

/**
 * Throws OP_RETENTION_UNSAFE when carrying out `plan` on `sets`, the sets as they are now, would remove the newest
 * verified or newest restorable set of a name, a held set, a parent of a set that stays, a set nothing newer and
 * verified replaces, a set while pruning is paused for its name, or something that is not the set it says. Call it before carrying out a plan that was stored.
 */
export function assertRetentionSafe(plan: RetentionPlan, sets: readonly RetentionCandidate[]): void {
  const refuse = (setId: string, why: string, remedy?: string): never => {
    throw new OperationError('OP_RETENTION_UNSAFE', `the plan would remove set ${setId}: ${why}`, {
      details: { setId, why },
      ...(remedy ? { remedy } : {}),
    });
  };
  const planAgain = 'Make a new plan; this one is not of these sets.';
  const ids = new Set(sets.map((set) => set.setId));
  const byKey = groupBy(sets, (set) => set.archiveKey);
  const removed = new Set<RetentionCandidate>();
  for (const { action, setId, name, archiveKey } of plan.sets) {
    if (action === 'keep') continue;
    // By archive, for that is what gets deleted.
    const named = byKey.get(archiveKey) ?? [];
    if (named.length === 0 && !ids.has(setId)) refuse(setId, 'it is not there', planAgain);
    const same = named.filter((set) => set.setId === setId && set.name === name);
    if (same.length === 0) refuse(setId, 'name or archive differ', planAgain);
    for (const set of same) removed.add(set);
  }
  for (const { action, key } of plan.remains) {
    const sealed = byKey.get(key)?.[0];
    if (action !== 'keep' && sealed) refuse(sealed.setId, 'it is sealed, not remains', planAgain);
  }

  // By now every set has been taken: no time is in the future.
  const kept = new Map(sets.filter((set) => !removed.has(set)).map((set) => [set, []]));
  const histories = toHistories(sets, Number.POSITIVE_INFINITY);
  keepParents(kept, histories);
  const pauses = findPauses(sets);
  for (const history of histories) {
    for (const rule of FLOORS) {
      for (const set of rule.keeps(history)) if (removed.has(set)) refuse(set.setId, rule.reason(set));
    }
    for (const set of history.sets.filter((each) => removed.has(each))) {
      const neededBy = kept.get(set)?.[0];
      if (neededBy) refuse(set.setId, neededBy, 'Keep this set as long as the set that needs it.');
      if (!findReplacement(set, history)) refuse(set.setId, noReplacementReason(set));
      const pause = pauses.get(pruningGroup(set));
      if (pause) refuse(set.setId, pause, 'Look at the suspicious set, and accept it if its source is right.');
    }
  }
}

function toHistories(sets: readonly RetentionCandidate[], nowMs: number): readonly History[] {
  return [...groupBy(sets, (set) => set.name)]
    .sort(([a], [b]) => compare(a, b))
    .map(([, ofName]) => {
      ofName.sort((a, b) => byAge(a, b) || compare(a.archiveKey, b.archiveKey));
      const proven = ofName.filter((set) => isVerified(set) && parseTime(set.snapshotAt) <= nowMs);
      return { sets: ofName, proven, nowMs };
    });
}

/** The set that makes `set` dispensable: a strictly newer verified one; for a damaged set any verified one. */
function findReplacement(set: RetentionCandidate, history: History): RetentionCandidate | undefined {
  if (set.damaged) return history.proven[0] ?? history.sets.find(isVerified);
  const newest = history.proven[0];
  return newest && byAge(newest, set) < 0 ? newest : undefined;
}

function noReplacementReason(set: RetentionCandidate): string {
  return set.damaged ? 'not removed: no set is verified' : 'not removed: no newer set is verified';
}

/**
 * Pruning pauses for an app and name while one of its sets is suspicious: what it lost may be whole in the older sets
 * only. The oldest one is named, for that is where the loss began.
 */
function findPauses(sets: readonly RetentionCandidate[]): ReadonlyMap<string, string> {
  const suspects = sets.filter(({ suspicious }) => suspicious !== undefined).sort(byAge);
  return new Map(
    suspects.map((set) => [
      pruningGroup(set),
      `pruning is paused: set ${set.setId} is suspicious (${set.suspicious}); accept it with verify ${set.setId} --accept`,
    ]),
  );
}

function pruningGroup({ app = '', name }: RetentionCandidate): string {
  return JSON.stringify([app, name]);
}

function removalReasons(set: RetentionCandidate, rules: readonly Rule[], history: History): string[] {
  const replacement = findReplacement(set, history)?.setId;
  const dispensable = set.damaged ? `damaged, and ${replacement} is verified` : `${replacement} is newer and verified`;
  return [...rules.flatMap((rule) => rule.missed ?? []), dispensable];
}

/** Adds the parents of kept sets, theirs and so on; of other names too, for a set without its parent is worthless. */
function keepParents(kept: Map<RetentionCandidate, string[]>, histories: readonly History[]): void {
  const all = histories.flatMap((history) => history.sets);
  const byId = groupBy(all, (set) => set.setId);
  const parentsOf = (set: RetentionCandidate) =>
    [...new Set(set.parents)].filter((id) => id !== set.setId).flatMap((id) => byId.get(id) ?? []);

  // Close first, explain second: reasons then come in the order of the plan, however the chains were walked.
  const waiting = [...kept.keys()];
  for (let set = waiting.pop(); set; set = waiting.pop()) {
    for (const parent of parentsOf(set)) {
      if (kept.has(parent)) continue;
      kept.set(parent, []);
      waiting.push(parent);
    }
  }
  for (const set of all.filter((each) => kept.has(each))) {
    for (const parent of parentsOf(set)) addReason(kept, parent, `needed by ${set.setId}`);
  }
}

function planRemains(
  remains: readonly Remains[],
  sets: readonly RetentionCandidate[],
  failedDays: number,
  nowMs: number,
): RemainsVerdict[] {
  const sealedKeys = new Set(sets.map((set) => set.archiveKey));
  const rules: readonly (readonly [(left: Remains) => boolean, string])[] = [
    [(left) => isYounger(parseTime(left.modifiedAt), failedDays, nowMs), `younger than ${count(failedDays, 'day')}`],
    [(left) => left.inUse, 'in use by a run'],
    [(left) => parseTime(left.modifiedAt) > nowMs, 'modified in the future: check the clocks'],
    [(left) => Number.isNaN(parseTime(left.modifiedAt)), 'modification time is unreadable'],
    // Sealed between the two listings this plan is made of.
    [(left) => sealedKeys.has(left.key), 'the archive of a sealed set'],
  ];
  const old = failedDays > 0 ? [`not younger than ${count(failedDays, 'day')}`] : [];
  return [...remains]
    .sort((a, b) => compare(a.key, b.key) || compare(a.kind, b.kind) || compare(a.modifiedAt, b.modifiedAt))
    .map((left) => {
      const { key, kind, bytes } = left;
      const reasons = rules.filter(([keeps]) => keeps(left)).map(([, reason]) => reason);
      if (reasons.length > 0) return { key, kind, bytes, action: 'keep', reasons };
      return { key, kind, bytes, action: 'remove', reasons: [...old, 'not in use'] };
    });
}

/** Names the day, ISO week and month of a set in `timeZone`, by the calendar on the wall: days of 23 or 25 hours too. */
function openCalendar(timeZone: string) {
  const format = openDateFormat(timeZone);
  const day = (set: RetentionCandidate) => {
    const parts = format.formatToParts(parseTime(set.snapshotAt));
    return ['year', 'month', 'day'].map((type) => parts.find((part) => part.type === type)?.value).join('-');
  };
  const week = (set: RetentionCandidate) => {
    // A week belongs to the year its Thursday is in; noon UTC stands for the wall's date, so no zone counts twice.
    const date = new Date(`${day(set)}T12:00:00Z`);
    date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7) + 3);
    const dayOfYear = (date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1, 12)) / DAY_MS;
    return `${date.getUTCFullYear()}-W${String(Math.floor(dayOfYear / 7) + 1).padStart(2, '0')}`;
  };
  return { day, week, month: (set: RetentionCandidate) => day(set).slice(0, 'yyyy-mm'.length) };
}

function openDateFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  } catch (cause) {
    throw new OperationError('OP_CONFIG_INVALID', 'retention policy: timeZone: not an IANA time zone', {
      details: { object: 'retention policy', field: 'timeZone' },
      remedy: 'Name a time zone such as UTC or Asia/Shanghai.',
      cause,
    });
  }
}

function isVerified(set: RetentionCandidate): boolean {
  return set.verified !== undefined && isAtLeast(set.verified.level, 'intact') && !set.damaged;
}

function isRestorable(set: RetentionCandidate): boolean {
  return isVerified(set) && set.verified?.level === 'restorable';
}

/** A day is 24 hours here, whatever the clocks on the wall did. 0 days: nothing is younger. */
function isYounger(timeMs: number, days: number, nowMs: number): boolean {
  return timeMs <= nowMs && nowMs - timeMs < days * DAY_MS;
}

/** Milliseconds since 1970, or NaN. Without a zone the text would mean another moment on every machine. */
function parseTime(iso: string): number {
  return /T.*(Z|[+-]\d\d:\d\d)$/.test(iso) ? Date.parse(iso) : Number.NaN;
}

/** Newest first, unreadable times last; at the same moment the greater id is the newer. */
function byAge(a: RetentionCandidate, b: RetentionCandidate): number {
  const rank = (set: RetentionCandidate) => {
    const timeMs = parseTime(set.snapshotAt);
    return Number.isNaN(timeMs) ? Number.NEGATIVE_INFINITY : timeMs;
  };
  return compare(rank(b), rank(a)) || compare(b.setId, a.setId);
}

/** By code unit: the same on every machine, unlike a locale's order. */
function compare<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function groupBy(sets: readonly RetentionCandidate[], keyOf: (set: RetentionCandidate) => string) {
  const groups = new Map<string, RetentionCandidate[]>();
  for (const set of sets) {
    const group = groups.get(keyOf(set));
    if (group) group.push(set);
    else groups.set(keyOf(set), [set]);
  }
  return groups;
}

function addReason(kept: Map<RetentionCandidate, string[]>, set: RetentionCandidate, reason: string): void {
  const reasons = kept.get(set) ?? [];
  if (!reasons.includes(reason)) reasons.push(reason);
  kept.set(set, reasons);
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
