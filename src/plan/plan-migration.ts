import { createHash } from 'node:crypto';
import { otherName } from '../bklog/migration-names';
import type { MappingRow, MigrationCandidate, MigrationKind } from '../model/migration';

/** What is there in the target, by business. */
export interface TargetCollector {
  readonly id: number;
  readonly name: string;
  readonly englishName: string;
  readonly indexSetId: number | undefined;
}
export interface TargetInventory {
  readonly collectors: ReadonlyMap<number, readonly TargetCollector[]>;
  readonly indexSets: ReadonlyMap<number, readonly { readonly id: number; readonly name: string }[]>;
}

export const MIGRATION_ACTIONS = [
  ...(['create', 'adopt', 'retry', 'done', 'left-out', 'failed', 'conflict', 'unmapped', 'refused'] as const),
] as const;
export type MigrationAction = (typeof MIGRATION_ACTIONS)[number];

/** What somebody decided for one item: it stays where it is, or is tried again although it failed. */
export const MIGRATION_CHOICES = ['leave-out', 'retry'] as const;
export type MigrationChoice = (typeof MIGRATION_CHOICES)[number];
/** How a choice names its item. */
export const itemKey = ({ kind, originId }: Pick<MigrationCandidate, 'kind' | 'originId'>) => `${kind} ${originId}`;

export interface MigrationOptions {
  readonly retryFailed: boolean;
  readonly choices?: Readonly<Record<string, MigrationChoice>>;
}

export interface PlannedItem {
  readonly kind: MigrationKind;
  readonly originId: number;
  readonly name: string;
  readonly business: number | undefined;
  readonly action: MigrationAction;
  readonly reason: string;
  /** Under which names it is created. */
  readonly targetName?: string;
  readonly targetEnglishName?: string;
  /** What is there of it already: taken over, or removed first where an earlier run left half of it. */
  readonly targetId?: number;
  readonly targetIndexSetId?: number;
  readonly removeFirst?: boolean;
  readonly losses: readonly string[];
}

export interface MigrationPlan {
  readonly environment: string;
  readonly items: readonly PlannedItem[];
  readonly counts: Readonly<Record<MigrationAction, number>>;
  /** Of the items: what somebody confirmed. */
  readonly hash: string;
}

/** Other names that are tried before an item counts as a conflict. */
const MOST_NAMES = 20;

/**
 * Decides what becomes of each item: from its record, and from what the target has. Nothing is created twice: an item
 * whose answer was lost is looked for by the name it was asked for. Pure; the same input gives the same names.
 */
export function planMigration(
  environment: string,
  candidates: readonly MigrationCandidate[],
  rows: readonly MappingRow[],
  inventory: TargetInventory,
  { retryFailed, choices = {} }: MigrationOptions,
): MigrationPlan {
  const records = new Records(environment, rows);
  const names = new TakenNames(inventory);
  const items = candidates.map((candidate): PlannedItem => {
    const { kind, originId, name, business, losses } = candidate;
    const choice = choices[itemKey(candidate)];
    const options = { environment, retryFailed: retryFailed || choice === 'retry', isLeftOut: choice === 'leave-out' };
    const decided = decide(candidate, records.of(candidate), inventory, names, options);
    return { kind, originId, name, business, losses, ...decided };
  });
  const counts = Object.fromEntries(
    MIGRATION_ACTIONS.map((action) => [action, items.filter((item) => item.action === action).length]),
  ) as Record<MigrationAction, number>;
  const hash = createHash('sha256')
    .update(JSON.stringify([environment, items]))
    .digest('hex');
  return { environment, items, counts, hash };
}

/** The record of an item: its own, or the one of migrate_tool, which knew the index set and the businesses alone. */
class Records {
  readonly #own = new Map<string, MappingRow>();
  readonly #old = new Map<string, MappingRow>();

  constructor(environment: string, rows: readonly MappingRow[]) {
    for (const row of rows) {
      if (row.environment === environment) this.#own.set(`${row.kind} ${row.originId}`, row);
      else if (row.environment === undefined && row.originIndexSetId > 0) {
        const key = `${row.originIndexSetId} ${row.originBusiness} ${row.business}`;
        // A success counts, whatever was recorded after it.
        if (this.#old.get(key)?.status !== 'success') this.#old.set(key, row);
      }
    }
  }

  of({ kind, originId, originIndexSetId, originBusiness, business }: MigrationCandidate): MappingRow | undefined {
    const own = this.#own.get(`${kind} ${originId}`);
    return own ?? this.#old.get(`${originIndexSetId} ${originBusiness} ${business}`);
  }
}

const folded = (name: string) => name.trim().toLowerCase();

/** Names of each business, as a database without case compares them; those of the plan itself included. */
class TakenNames {
  readonly #taken = new Set<string>();

  constructor({ collectors, indexSets }: TargetInventory) {
    for (const [business, list] of collectors) {
      for (const { name, englishName } of list) {
        this.take('name', business, name);
        this.take('english', business, englishName);
      }
    }
    for (const [business, list] of indexSets) for (const { name } of list) this.take('set', business, name);
  }

  take(kind: string, business: number, name: string): void {
    this.#taken.add(`${kind} ${business} ${folded(name)}`);
  }

  isTaken(kind: string, business: number, name: string): boolean {
    return this.#taken.has(`${kind} ${business} ${folded(name)}`);
  }

  /** The name, or the first other one that is free; undefined when none is. */
  free(kind: string, business: number, name: string, seed: string): string | undefined {
    for (let attempt = 0; attempt <= MOST_NAMES; attempt += 1) {
      const tried = attempt === 0 ? name : otherName(name, seed, attempt);
      if (this.isTaken(kind, business, tried)) continue;
      this.take(kind, business, tried);
      return tried;
    }
    return undefined;
  }
}

type Decision = Omit<PlannedItem, 'kind' | 'originId' | 'name' | 'business' | 'losses'>;

function decide(
  candidate: MigrationCandidate,
  row: MappingRow | undefined,
  inventory: TargetInventory,
  names: TakenNames,
  { environment, retryFailed, isLeftOut }: { environment: string; retryFailed: boolean; isLeftOut: boolean },
): Decision {
  const { business, unmapped, refusals } = candidate;
  if (row?.status === 'success') {
    const id = row.targetId || row.indexSetId;
    return { action: 'done', reason: `created before, as ${id}`, ...(row.targetId ? { targetId: row.targetId } : {}) };
  }
  if (isLeftOut) return { action: 'left-out', reason: unmapped.join('; ') || 'somebody chose to leave it out' };
  if (unmapped.length > 0 || business === undefined) {
    return { action: 'unmapped', reason: unmapped.join('; ') || 'its business has no counterpart' };
  }
  if (refusals.length > 0) return { action: 'refused', reason: refusals.join('; ') };
  // A row of migrate_tool has no name: what it left is found by nothing.
  const mayBeThere = row !== undefined && row.environment !== undefined && row.status !== 'removed';
  const found = mayBeThere ? findByName(candidate, row.name, inventory) : undefined;
  if (found && row) {
    const isWhole = candidate.kind === 'index-set' || found.indexSetId !== undefined;
    if (row.status === 'init' || retryFailed) {
      const left = `a run that ended without an answer left it as ${found.id}`;
      if (isWhole)
        return { action: 'adopt', reason: left, targetId: found.id, targetIndexSetId: found.indexSetId ?? 0 };
      const again = { targetName: found.name, targetEnglishName: found.englishName };
      return { action: 'retry', reason: `${left}, half made`, ...again, targetId: found.id, removeFirst: true };
    }
  }
  if (row?.status === 'fail' && !retryFailed) {
    return { action: 'failed', reason: `failed before: ${row.details.slice(0, 300) || 'no reason was recorded'}` };
  }
  return create(candidate, business, names, environment, row?.status === 'fail' || row?.status === 'init');
}

function create(
  { kind, originId, name, englishName = '' }: MigrationCandidate,
  business: number,
  names: TakenNames,
  environment: string,
  isRetry: boolean,
): Decision {
  const seed = `${environment}:${kind}:${originId}`;
  const action = isRetry ? ('retry' as const) : ('create' as const);
  const why = isRetry ? 'tried before' : 'not there yet';
  if (kind === 'index-set') {
    if (names.isTaken('set', business, name)) {
      return {
        action: 'conflict',
        reason: `business ${business} has an index set of this name, and no record says that it is this one`,
      };
    }
    names.take('set', business, name);
    return { action, reason: why, targetName: name };
  }
  const targetName = names.free('name', business, name, seed);
  const targetEnglishName = names.free('english', business, englishName, seed);
  if (targetName === undefined || targetEnglishName === undefined) {
    return {
      action: 'conflict',
      reason: `business ${business} has collectors of this name, and of every other that was tried`,
    };
  }
  const isOther = targetName !== name || targetEnglishName !== englishName;
  return { action, reason: isOther ? `${why}; its name is taken` : why, targetName, targetEnglishName };
}

function findByName(
  { kind, business }: MigrationCandidate,
  name: string,
  { collectors, indexSets }: TargetInventory,
): TargetCollector | undefined {
  if (kind === 'collector') {
    return collectors.get(business!)?.find(({ englishName }) => folded(englishName) === folded(name));
  }
  const set = indexSets.get(business!)?.find((item) => folded(item.name) === folded(name));
  return set && { ...set, englishName: '', indexSetId: set.id };
}
