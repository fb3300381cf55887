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
 * Reads every byte of an archive and gives the definitions of its databases. Errors: OP_ARCHIVE_* and OP_STORE_*: a
 * damaged set is refused before anything is written anywhere.
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
  const { findings, stored } = await readArchive(store.get(key as ObjectKey, signal), {
    object: key,
    expected: manifestSchema.parse(sealed),
    signal,
    // The rows of table files are looked at while they are loaded, and proven by reading them back.
    checkContent: (file) => (file.kind === 'schema' && names.has(file.database) ? takeSchema(file) : undefined),
    onBytes: (bytes) => onProgress({ phase: 'read', bytes }),
  });
  refuseDamage(key, findings);
  if (stored?.sha256 !== sealed.archive.sha256) {
    throw new OperationError('OP_ARCHIVE_CORRUPT', `${key} does not have the hash its seal announces`, {
      details: { key },
    });
  }
  return definitions;
}

/** The first finding becomes the failure; `details` are told with it. */
export function refuseDamage(key: string, findings: readonly Finding[], details: Record<string, unknown> = {}): void {
  const [first] = findings;
  if (!first) return;
  throw new OperationError(first.code as ErrorCode, first.message, {
    details: { key, ...details, findings: findings.slice(0, 10) },
  });
}
