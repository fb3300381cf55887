/** What is migrated: each with its own ids. */
export const MIGRATION_KINDS = ['collector', 'index-set'] as const;
export type MigrationKind = (typeof MIGRATION_KINDS)[number];

/**
 * Where an item stands. The first three are those of BK-LOG's migrate_tool; `init` is written before BK-LOG is asked, so
 * an item that is found in it may exist in the target or not.
 */
export const MAPPING_STATUSES = ['init', 'success', 'fail', 'removed'] as const;
export type MappingStatus = (typeof MAPPING_STATUSES)[number];

/** One item of the source, by environment, kind and old id, and what became of it in the target. */
export interface MappingRow {
  readonly id: number;
  /** Undefined in rows of migrate_tool, which knew neither environment nor kind. */
  readonly environment: string | undefined;
  readonly kind: MigrationKind | undefined;
  readonly originId: number | undefined;
  /** 0 where a collector had none. */
  readonly originIndexSetId: number;
  readonly originBusiness: number;
  readonly business: number;
  readonly space: string;
  /** Id of the collector or index set in the target; 0 as long as it is not known. */
  readonly targetId: number;
  readonly indexSetId: number;
  /** The name it was asked for in the target: by it an item is looked up whose answer was lost. */
  readonly name: string;
  readonly status: MappingStatus;
  /** Why it failed; empty otherwise. */
  readonly details: string;
  readonly attempts: number;
  /** The run that asked for it last; empty in rows of migrate_tool. */
  readonly runId: string;
  /** UTC, as the database prints it; empty in rows of migrate_tool. */
  readonly updatedAt: string;
}

/** An item of the source as the target would get it, or why it cannot. */
export interface MigrationCandidate {
  readonly kind: MigrationKind;
  readonly originId: number;
  /** 0 where a collector has none. */
  readonly originIndexSetId: number;
  readonly originBusiness: number;
  readonly name: string;
  /** Of a collector. */
  readonly englishName?: string;
  /** In the target; absent when it is not mapped. The space only of a CMDB business: others the target knows. */
  readonly business?: number;
  readonly space?: string;
  /** Why it cannot be created: ids without a counterpart, or a form that the API does not take. */
  readonly unmapped: readonly string[];
  readonly refusals: readonly string[];
  /** What the target cannot say of it. */
  readonly losses: readonly string[];
}
