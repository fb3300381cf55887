/** Rows of one table that are left out for one reason. */
export interface LeftOutRows {
  /** `conflict`, or why an id keeps its old value (`FindingReason`). */
  readonly reason: string;
  readonly rows: number;
  /** The first of them, in ids of the set. */
  readonly keys: readonly string[];
}

/** What becomes of the rows of one table: those of the set are `deleted`, `inserted`, `same` or left out. */
export interface MappedRowCounts {
  readonly table: string;
  readonly rows: number;
  /** BK-LOG marks them as deleted: they stay out. */
  readonly deleted: number;
  readonly inserted: number;
  /** They are in the target already. */
  readonly same: number;
  readonly leftOut: readonly LeftOutRows[];
}

/** Where the target counts ids of its own from. */
export interface RaisedFloor {
  readonly table: string;
  readonly from: number;
  readonly to: number;
}

export interface RowMapping {
  readonly environment: string;
  /** SHA-256 of the id map. */
  readonly mapHash: string;
  readonly target: string;
  /** In the order in which they are filled. */
  readonly tables: readonly MappedRowCounts[];
  readonly floors: readonly RaisedFloor[];
}
