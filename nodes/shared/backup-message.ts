import type { NodeMessageInFlow } from 'node-red';
import { type BackupSet, backupSetSchema, parseOrRefuse } from '../../src/index';

/** A message of ours: the payload may be anything until it was parsed. */
export interface BackupMessage extends NodeMessageInFlow {
  /** Aborts the run of the node it reaches. */
  cancel?: unknown;
  /** For table-restore and collector-migrate: hash of the plan that somebody has seen. */
  confirm?: unknown;
  /** For verify: `true` says that what is suspicious about the set is right. */
  accept?: unknown;
  failure?: unknown;
}

export function emptySet(): BackupSet {
  return { kind: 'backup-set', formatVersion: 1, sources: [] };
}

function isBackupSet(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && 'kind' in payload && payload.kind === 'backup-set';
}

/** The backup set in the making a message carries; a message that carries none (a trigger) begins an empty one. */
export function readSet(payload: unknown): BackupSet {
  return isBackupSet(payload) ? parseOrRefuse(backupSetSchema, payload, 'msg.payload') : emptySet();
}
