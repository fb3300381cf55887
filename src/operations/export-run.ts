import { MANIFEST_PATH, SUMS_PATH } from '../archive/archive-writer';
import type { CompressionGate, SpooledFile } from '../archive/gzip-members';
import type { AheadBudget } from '../archive/table-file';
import { OperationError } from '../errors/operation-error';
import type { ManifestFile } from '../model/manifest';
import type { MemberSnapshot } from '../mysql/consistent-snapshot';
import type { ProgressListener } from '../support/progress';
import type { ExportSource } from './contract';

/** What all files of one export share. */
export interface ExportRun {
  readonly directory: string;
  readonly level: number;
  readonly gate: CompressionGate;
  readonly budget: AheadBudget;
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

/** One file of the set, where it lies in the work directory, and what was written. */
export interface WrittenFile {
  readonly file: ManifestFile;
  readonly name: string;
  readonly spooled: SpooledFile;
}

/** The snapshot that `source` is read through: sources of one account on one server share it. */
export function snapshotOf(snapshots: readonly MemberSnapshot[], source: ExportSource): MemberSnapshot {
  const { host, port, user } = source.settings;
  const found = snapshots.find(
    ({ member: { settings } }) => settings.host === host && settings.port === port && settings.user === user,
  );
  if (!found) throw new OperationError('OP_BUG', `no snapshot for source ${source.name}`);
  return found;
}

/** Entries of the archive that stand beside the databases' folders. */
const TAKEN = new Set([MANIFEST_PATH, SUMS_PATH]);

/** Folder of the documents of collectors in an archive. */
export const DOCUMENTS_FOLDER = 'collectors';

/** The folder of a database's tables: never that of the documents. */
export function folderName(database: string): string {
  return database === DOCUMENTS_FOLDER ? escapeAll(database[0]!) + database.slice(1) : fileName(database);
}

/** A database or table name as a file name: what could climb, confuse or collide becomes `%XX`, as in a URL. */
export function fileName(name: string): string {
  if (TAKEN.has(name)) return escapeAll(name[0]!) + name.slice(1);
  return name.replace(/[%/\\\p{Cc}]|^\.+$|^\./gu, escapeAll);
}

function escapeAll(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
