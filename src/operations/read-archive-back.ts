import { readArchive } from '../archive/archive-reader';
import { checkDocument } from '../archive/document-check';
import { checkTableFile } from '../archive/table-file-check';
import { manifestSchema, type SealedManifest } from '../model/manifest';
import { type Finding, isAtLeast, type VerifyLevel } from '../model/verification';
import type { ContentCheckRun } from '../plan/check-content';
import type { ProgressListener } from '../support/progress';
import { finding, wrongSize } from './verification-result';

/** Reads an archive from its first byte to its last as far as a level asks; rules see the cells on the way. */
export async function readBack(
  source: AsyncIterable<Buffer>,
  object: string,
  { sealed, content }: { readonly sealed?: SealedManifest | undefined; readonly content?: ContentCheckRun },
  level: VerifyLevel,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<{ rows: number; bytes: number; findings: Finding[]; manifestSetId?: string; sha256?: string }> {
  const bytesExpected = sealed?.files.reduce((sum, file) => sum + file.bytes, 0);
  const counters: (() => number)[] = [];
  const reading = await readArchive(source, {
    object,
    signal,
    ...(sealed ? { expected: manifestSchema.parse(sealed) } : {}),
    ...(isAtLeast(level, 'readable')
      ? {
          checkContent: (file) => {
            if (file.kind === 'schema') return undefined;
            const isTable = file.kind === 'table';
            const check = isTable ? checkTableFile(file, content?.watch(file)) : checkDocument(file);
            if (isTable) counters.push(check.rows);
            return check;
          },
        }
      : {}),
    onBytes: (bytes) => onProgress({ phase: 'read', bytes, ...(bytesExpected ? { bytesExpected } : {}) }),
  });
  const findings = [...reading.findings];
  if (sealed && reading.stored) {
    const { bytes, sha256 } = sealed.archive;
    if (reading.stored.bytes !== bytes) findings.push(wrongSize(object, reading.stored.bytes, bytes));
    else if (reading.stored.sha256 !== sha256) {
      findings.push(finding('OP_ARCHIVE_CORRUPT', object, `${object} does not have the hash its seal announces`));
    }
  }
  return {
    rows: counters.reduce((sum, rows) => sum + rows(), 0),
    bytes: reading.bytes,
    findings,
    ...(reading.manifest ? { manifestSetId: reading.manifest.setId } : {}),
    ...(reading.stored ? { sha256: reading.stored.sha256 } : {}),
  };
}
