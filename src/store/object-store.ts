import type { ObjectKey } from '../model/ids';

export interface ObjectInfo {
  readonly key: ObjectKey;
  readonly bytes: number;
  /** ISO 8601, UTC. */
  readonly modifiedAt: string;
}

/** Offset and length in bytes. */
export interface ObjectPart {
  readonly at: number;
  readonly bytes: number;
}

export interface PutResult {
  readonly bytes: number;
  /** Of the bytes that were stored. */
  readonly sha256: string;
}

/**
 * What holds archives and their notes. Objects are written once and appear whole or not at all: after a crash or a
 * failure there is either the object or rubbish that `listRemains` names. Errors are OperationErrors: OP_STORE_*,
 * OP_OBJECT_EXISTS, OP_ARCHIVE_MISSING for a key that is not there, OP_ABORTED.
 */
export interface ObjectStore {
  /** For messages: where this is. Holds no secret. */
  readonly place: string;
  /** Refuses early what would fail later: not mounted, read-only, less than `bytesNeeded` free. */
  check(options: { readonly bytesNeeded?: number; readonly write: boolean }): Promise<void>;
  put(key: ObjectKey, content: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<PutResult>;
  /** With `part` only the bytes there; fewer come when the object ends before. */
  get(key: ObjectKey, signal?: AbortSignal, part?: ObjectPart): AsyncIterable<Buffer>;
  head(key: ObjectKey): Promise<ObjectInfo | undefined>;
  list(): Promise<readonly ObjectInfo[]>;
  /** Sets `modifiedAt` to now: the heartbeat of the run lock, the one object that is ever touched again. */
  touch(key: ObjectKey): Promise<void>;
  /**
   * Idempotent: a key that is not there is no error. Takes keys of `listRemains` as well. Errors: OP_OBJECT_HELD when
   * the store keeps the object for now.
   */
  delete(key: ObjectKey): Promise<void>;
  /** Temporary objects and unfinished uploads that a crash left. */
  listRemains(): Promise<readonly ObjectInfo[]>;
  /** Until when the store itself keeps an object (object lock): an ISO 8601 time, or `forever`. Absent: stores without. */
  heldUntil?(key: ObjectKey): Promise<string | undefined>;
  /** An address from which anybody can load the object for so long. Absent: stores without. */
  downloadUrl?(key: ObjectKey, lifetimeSeconds: number): Promise<string>;
}
