import { createHash } from 'node:crypto';
import type { ManifestFile } from '../model/manifest';
import type { RestoreOptions } from '../model/restore-options';
import type { TargetObject, TargetServer } from '../model/target-state';
import type { Blocker } from './blocker';
import type { MappedCollation, PlanNote } from './plan-adaptation';
import type { RowMapping } from './row-mapping';

/** What a restore takes from one database of a set. */
export interface SelectedDatabase {
  readonly database: string;
  /** Its name in the target. */
  readonly target: string;
  readonly tables: readonly ManifestFile[];
  /** All of its tables: views, routines and events come along. Triggers come with their tables. */
  readonly whole: boolean;
}

/** What a set brings into one database. */
export interface WantedDatabase extends SelectedDatabase {
  /** Views, routines, triggers and events, without tables. */
  readonly objects: readonly TargetObject[];
}

export interface RestoreServer extends Pick<TargetServer, 'isCaseSensitive' | 'isReadOnly' | 'replicates'> {
  /** When this set was restored before and neither undone nor discarded. */
  readonly restoredAt?: string;
}

/** `create`: it is not there; `replace`: it makes place; `fill`: it stays and gets rows; `keep`: it stays. */
export type RestoreAction = 'create' | 'replace' | 'fill' | 'keep';

export interface PlannedTable {
  readonly name: string;
  /** As the target spells it, where that differs in case. */
  readonly live?: string;
  readonly action: RestoreAction;
  readonly rows: number;
  readonly rowsNow?: number;
}

export interface PlannedDatabase {
  readonly database: string;
  readonly target: string;
  readonly exists: boolean;
  readonly tables: readonly PlannedTable[];
  readonly objects: readonly (TargetObject & { readonly action: RestoreAction })[];
}

export interface RestoreStep {
  readonly action: 'load' | 'compare' | 'create-database' | 'move' | 'map' | 'floor' | 'fill' | 'create-objects';
  readonly target: string;
  readonly text: string;
}

/** Plain JSON, printable and storable before anything happens. With blockers nothing is carried out. */
export interface RestorePlan {
  readonly kind: 'restore-plan';
  readonly formatVersion: 1;
  readonly setId: string;
  readonly archiveKey: string;
  readonly archiveSha256: string;
  readonly snapshotAt: string;
  readonly options: RestoreOptions;
  readonly targets: readonly PlannedDatabase[];
  readonly steps: readonly RestoreStep[];
  /** Collations that the target does not know. Absent: none. */
  readonly mapped?: readonly MappedCollation[];
  /** What else is different in the target, without loss of data. Absent: nothing. */
  readonly notes?: readonly PlanNote[];
  /** With an id map, once the rows are mapped: what becomes of them. */
  readonly rows?: RowMapping;
  readonly blockers: readonly Blocker[];
  /** Of the target's definitions and row counts, by object: what must be the same when the plan is carried out. */
  readonly target: Readonly<Record<string, string>>;
  /** Of everything above: who confirms it confirms this very plan. */
  readonly hash: string;
}

/** Of everything that a plan says. */
export function withHash(plan: Omit<RestorePlan, 'hash'>): RestorePlan {
  return { ...plan, hash: hashOf(plan) };
}

/** The same for the same JSON. */
export function hashOf(plan: object): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex');
}
