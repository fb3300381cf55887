/** Where a run stands. Numbers and names of tables only, so it can stand on a badge. */
export interface Progress {
  readonly phase:
    | 'preflight'
    | 'snapshot'
    | 'export'
    | 'pack'
    | 'seal'
    | 'read'
    | 'load'
    | 'compare'
    | 'move'
    | 'create'
    | 'map'
    | 'undo'
    | 'prune'
    /** Nothing moves; `statement` is what the server is at, for `seconds` now. */
    | 'waiting';
  readonly statement?: string;
  readonly seconds?: number;
  readonly table?: string;
  readonly tablesDone?: number;
  readonly tables?: number;
  readonly rows?: number;
  /** Uncompressed bytes of table files written or read so far. */
  readonly bytes?: number;
  /** Expected total of `bytes`, when known. */
  readonly bytesExpected?: number;
}

export type ProgressListener = (progress: Progress) => void;
