import { createHash } from 'node:crypto';
import { type ContentCheck, readArchive } from '../archive/archive-reader';
import type { ErrorCode } from '../errors/error-catalogue';
import { OperationError } from '../errors/operation-error';
import type { ObjectKey } from '../model/ids';
import { type ManifestFile, manifestSchema, type SealedManifest } from '../model/manifest';
import type { Finding } from '../model/verification';
import { type DefinitionOptions, readSetDefinitions, type SetDefinitions } from '../mysql/set-definitions';
import type { ObjectStore } from '../store/object-store';
import type { ProgressListener } from '../support/progress';

/**
 * Reads every byte of an archive, which must be the one that was sealed, and gives the definitions of its databases.
 * Errors: OP_ARCHIVE_* and OP_STORE_*: a damaged set is refused before anything is written anywhere.
 */
export async function readWholeSet(
  store: ObjectStore,
  sealed: SealedManifest,
  names: ReadonlyMap<string, string>,
  optionsOf: (database: string) => DefinitionOptions,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<Map<string, SetDefinitions>> {
  const definitions = new Map<string, SetDefinitions>();
  const takeSchema = (file: ManifestFile): ContentCheck => {
    const chunks: Buffer[] = [];
    return {
      write: (chunk) => void chunks.push(Buffer.from(chunk)),
      end: () => {
        const script = Buffer.concat(chunks).toString('utf8');
        definitions.set(file.database, readSetDefinitions(script, names, optionsOf(file.database)));
        return [];
      },
    };
  };
  const { key } = sealed.archive;
  const isAsSealed = (await hashOf(store, key, signal, onProgress)) === sealed.archive.sha256;
  const schemas = sealed.files.filter(({ kind, database }) => kind === 'schema' && names.has(database));
  const last = schemas.at(-1);
  const { findings } = await readArchive(store.get(key as ObjectKey, signal), {
    object: key,
    expected: manifestSchema.parse(sealed),
    signal,
    // The rows of table files are looked at while they are loaded, and proven by reading them back.
    checkContent: (file) => (schemas.some(({ path }) => path === file.path) ? takeSchema(file) : undefined),
    // Bytes that are as sealed need no second look; of others all damage is told.
    ...(isAsSealed && last ? { until: last.path } : {}),
  });
  refuseDamage(key, findings);
  if (!isAsSealed) {
    throw new OperationError('OP_ARCHIVE_CORRUPT', `${key} does not have the hash its seal announces`, {
      details: { key },
    });
  }
  return definitions;
}

/** Hash of the stored bytes. */
async function hashOf(store: ObjectStore, key: string, signal: AbortSignal, onProgress: ProgressListener) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of store.get(key as ObjectKey, signal)) {
    hash.update(chunk);
    bytes += chunk.length;
    onProgress({ phase: 'read', bytes });
  }
  return hash.digest('hex');
}

/** The first finding becomes the failure; `details` are told with it. */
export function refuseDamage(key: string, findings: readonly Finding[], details: Record<string, unknown> = {}): void {
  const [first] = findings;
  if (!first) return;
  throw new OperationError(first.code as ErrorCode, first.message, {
    details: { key, ...details, findings: findings.slice(0, 10) },
  });
}
