import { open, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { idMapDocument } from '../bklog/id-map';
import { prepareCollector, prepareIndexSet } from '../bklog/migration-candidates';
import { cleanUpAfter } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { randomName } from '../model/ids';
import { itemKey } from '../plan/plan-migration';
import { makeFolder } from '../support/make-folder';
import type { ProgressListener } from '../support/progress';
import type { PrepareMigrationRequest, PrepareMigrationResult, UnmappedItem } from './contract';
import { readIdMap } from './id-map-source';
import { DOCUMENT_NAMES, fileBlocks, MIGRATION_FILE, type MigrationFile, readDocument } from './migration-documents';
import { unpackDocuments } from './unpack-documents';

/** Most items that are told; the rest is counted. */
const MOST_UNMAPPED = 1000;

/**
 * Looks up every id of the documents in an id map, and puts documents and map into a folder for the migration.
 * 1. read the map and the documents: of a fetched set, whose every byte is compared with its seal, or of a folder
 * 2. tell which records name something without a counterpart
 * 3. write the folder; with `stop` and such records nothing is written
 * Errors: OP_CONFIG_INVALID, OP_SOURCE_*, OP_ARCHIVE_*, OP_STORE_*, OP_ABORTED.
 */
export async function prepareMigration(
  request: PrepareMigrationRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<PrepareMigrationResult> {
  const directory = resolve(request.directory);
  const map = await readIdMap(request.idMap, signal);
  const draft = join(directory, `.tmp-${randomName(8)}`);
  try {
    await makeFolder(draft, 0o700);
    onProgress({ phase: 'read' });
    const setId = await collect(request, draft, signal);
    onProgress({ phase: 'map' });
    const read = (name: string) => readDocument(join(draft, name), originOf(request, name));
    const [collectors, indexSets] = [await read(DOCUMENT_NAMES.collectors), await read(DOCUMENT_NAMES.indexSets)];
    const candidates = [
      ...collectors.map((record) => prepareCollector(record, map).candidate),
      ...indexSets.map((record) => prepareIndexSet(record, map, 1).candidate),
    ];
    const unmapped = candidates.flatMap((candidate): UnmappedItem[] => {
      const { kind, originId, name, originBusiness, business } = candidate;
      if (candidate.unmapped.length === 0 && business !== undefined) return [];
      return [
        {
          kind,
          originId,
          name,
          business: originBusiness,
          reasons: candidate.unmapped.length > 0 ? candidate.unmapped : candidate.refusals,
        },
      ];
    });
    const isStopped = request.unmapped === 'stop' && unmapped.length > 0;
    if (!isStopped) {
      const about: MigrationFile = {
        ...{ kind: 'migration', formatVersion: 1, preparedAt: new Date().toISOString() },
        ...(setId === undefined ? {} : { setId }),
        idMap: idMapDocument(map) as MigrationFile['idMap'],
        leftOut: request.unmapped === 'skip' ? unmapped.map(itemKey) : [],
      };
      await publish(draft, directory, about);
    }
    return {
      ...{ environment: map.environment, mapHash: map.hash, directory, isStopped },
      ...(setId === undefined ? {} : { setId }),
      ...{ collectors: collectors.length, indexSets: indexSets.length },
      ...{ unmapped: unmapped.slice(0, MOST_UNMAPPED), unmappedCount: unmapped.length },
    };
  } catch (error) {
    throw toOperationError(error, `preparing ${directory}`);
  } finally {
    await cleanUpAfter(undefined, () => rm(draft, { recursive: true, force: true }));
  }
}

const originOf = ({ documents }: PrepareMigrationRequest, name: string) =>
  'folder' in documents ? join(documents.folder, name) : `${name} of ${documents.archivePath}`;

/** The id of the set, when the documents are those of one. */
async function collect(
  { documents }: PrepareMigrationRequest,
  draft: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if ('archivePath' in documents) return await unpackDocuments(documents.archivePath, draft, signal);
  for (const name of Object.values(DOCUMENT_NAMES)) {
    await writeFile(join(draft, name), fileBlocks(join(documents.folder, name)));
  }
  return undefined;
}

/** The file that says it is prepared disappears first and comes last. */
async function publish(draft: string, directory: string, about: MigrationFile): Promise<void> {
  await rm(join(directory, MIGRATION_FILE), { force: true });
  await writeFile(join(draft, MIGRATION_FILE), [Buffer.from(formatJson(about))]);
  for (const name of [...Object.values(DOCUMENT_NAMES), MIGRATION_FILE]) {
    await rename(join(draft, name), join(directory, name));
  }
}

/** Ids are bigints once they were parsed. */
const formatJson = (value: unknown) =>
  `${JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item), 1)}\n`;

async function writeFile(path: string, blocks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const block of blocks) await file.appendFile(block);
    await file.sync();
  } finally {
    await file.close();
  }
}
