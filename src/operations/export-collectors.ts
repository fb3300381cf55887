import { createHash, randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanUpAfter } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { withConsistentSnapshot } from '../mysql/consistent-snapshot';
import { makeFolder } from '../support/make-folder';
import type { ProgressListener } from '../support/progress';
import { type CollectorDocument, documentMembers, withCollectorDocuments } from './collector-documents';
import type { ExportCollectorsRequest, ExportCollectorsResult, WrittenDocument } from './contract';

/** A document that is written beside its place and moved there when all are whole. */
interface Draft extends WrittenDocument {
  readonly temporary: string;
}

/**
 * Writes the two documents of export.py into a folder, from one snapshot over both databases. Both appear when both are
 * whole: a failure leaves what was there before. Errors: OP_SOURCE_*, OP_SNAPSHOT_REFUSED, OP_STORE_*, OP_ABORTED.
 */
export async function exportCollectors(
  { nodeman, log, directory }: ExportCollectorsRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<ExportCollectorsResult> {
  onProgress({ phase: 'snapshot' });
  const sources = { nodeman, log };
  return await withConsistentSnapshot(documentMembers(sources), { parallel: 1, signal }, async (snapshots) => {
    const temporaries: string[] = [];
    try {
      await makeFolder(directory);
      const { drafts, findings } = await withCollectorDocuments(sources, snapshots, async (documents, findings) => {
        const drafts: Draft[] = [];
        for (const document of documents) {
          const temporary = join(directory, `${document.name}.json.${randomBytes(6).toString('hex')}.part`);
          temporaries.push(temporary);
          drafts.push(await draft(document, join(directory, `${document.name}.json`), temporary, signal, onProgress));
        }
        return { drafts, findings };
      });
      for (const { temporary, path } of drafts) await rename(temporary, path);
      const documents = drafts.map(({ temporary: _, ...written }) => written);
      const coordinates = snapshots.map((snapshot) => snapshot.coordinates);
      return { documents, findings: findings.list, findingCount: findings.count, snapshots: coordinates };
    } catch (thrown) {
      const error = toOperationError(thrown, `writing into ${directory}`);
      for (const temporary of temporaries) await cleanUpAfter(error, () => rm(temporary, { force: true }));
      throw error;
    }
  });
}

async function draft(
  document: CollectorDocument,
  path: string,
  temporary: string,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<Draft> {
  const file = await open(temporary, 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const block of document.blocks()) {
      signal.throwIfAborted();
      hash.update(block);
      bytes += block.length;
      await file.appendFile(block);
      onProgress({ phase: 'export', table: document.name, rows: document.records });
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { path, temporary, records: document.records, bytes, sha256: hash.digest('hex') };
}
