import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MemberFileWriter } from '../archive/gzip-members';
import { cleanUpAfter } from '../errors/operation-error';
import type { MemberSnapshot } from '../mysql/consistent-snapshot';
import { durableStep } from '../support/durable-step';
import { type DocumentSources, type Findings, withCollectorDocuments } from './collector-documents';
import { DOCUMENTS_FOLDER, type ExportRun, type WrittenFile } from './export-run';

/** Writes the collector documents of a set into its work directory. */
export async function writeDocuments(
  run: ExportRun,
  sources: DocumentSources,
  snapshots: readonly MemberSnapshot[],
): Promise<{ files: WrittenFile[]; findings: Findings }> {
  await durableStep('work-directory.write-spool', () =>
    mkdir(join(run.directory, 'spool'), { recursive: true, mode: 0o700 }),
  );
  return await withCollectorDocuments(sources, snapshots, async (documents, findings) => {
    const files: WrittenFile[] = [];
    for (const document of documents) {
      const name = `spool/${document.name}.gz`;
      const writer = await MemberFileWriter.open(join(run.directory, name), run);
      try {
        for await (const block of document.blocks()) {
          run.signal.throwIfAborted();
          if (!run.gate.isOpen) await new Promise<void>((resolve) => run.gate.whenOpen(resolve));
          writer.write(block);
          run.onProgress({ phase: 'export', table: document.name, rows: document.records });
        }
        const spooled = await writer.close();
        const { bytes, sha256 } = spooled;
        const { name: source, database } = document.source;
        const about = { kind: 'document' as const, source, database, rows: document.records, bytes, sha256 };
        files.push({ name, spooled, file: { path: `${DOCUMENTS_FOLDER}/${document.name}.json`, ...about } });
      } catch (error) {
        await cleanUpAfter(error, () => writer.abandon());
        throw error;
      }
    }
    return { files, findings };
  });
}
