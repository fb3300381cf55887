import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ContentCheck, readArchive } from '../archive/archive-reader';
import { OperationError } from '../errors/operation-error';
import { type ManifestFile, manifestSchema } from '../model/manifest';
import { DOCUMENTS_FOLDER } from './export-run';
import { DOCUMENT_NAMES, fileBlocks } from './migration-documents';
import { refuseDamage } from './read-whole-set';
import { sealBeside } from './verify-file';

/**
 * Writes the collector documents of a fetched archive into a folder and reads the whole archive while it does, so that
 * nothing of a damaged one is used. The answer is the id of its set. Errors: OP_CONFIG_INVALID for a set without
 * documents, OP_MANIFEST_*, OP_ARCHIVE_*, OP_ABORTED.
 */
export async function unpackDocuments(archivePath: string, into: string, signal: AbortSignal): Promise<string> {
  const object = basename(archivePath);
  const sealed = await sealBeside(archivePath);
  const written = new Set<string>();
  const { manifest, findings, stored } = await readArchive(fileBlocks(archivePath), {
    object,
    signal,
    ...(sealed ? { expected: manifestSchema.parse(sealed) } : {}),
    checkContent: (file) => {
      const name = Object.values(DOCUMENT_NAMES).find((known) => isDocument(file, known));
      if (name === undefined) return undefined;
      written.add(name);
      return writer(join(into, name));
    },
  });
  refuseDamage(object, findings);
  if (sealed && stored?.sha256 !== sealed.archive.sha256) {
    throw new OperationError('OP_ARCHIVE_CORRUPT', `${object} does not have the hash its seal announces`, {
      details: { object },
    });
  }
  const missing = Object.values(DOCUMENT_NAMES).find((name) => !written.has(name));
  if (missing !== undefined || !manifest) {
    throw new OperationError('OP_CONFIG_INVALID', `${object} holds no ${missing}`, {
      details: { object, missing },
      remedy: 'Fetch a set whose contents are collectors: they are chosen in table-export, or by backup --contents.',
    });
  }
  return manifest.setId;
}

/** Several sets of documents in one archive do not happen: its paths are unique. */
const isDocument = ({ kind, path }: ManifestFile, name: string) =>
  kind === 'document' && path === `${DOCUMENTS_FOLDER}/${name}`;

/** The name in the folder is ours, whatever the archive says. */
function writer(path: string): ContentCheck {
  const opened = open(path, 'wx', 0o600);
  opened.catch(() => undefined); // met by the first block
  return {
    write: async (chunk) => await (await opened).appendFile(chunk),
    end: async () => {
      const file = await opened;
      await file.sync();
      await file.close();
      return [];
    },
  };
}
