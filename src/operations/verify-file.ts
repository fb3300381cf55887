import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { checkDocument, looksLikeDocument } from '../archive/document-check';
import { checkTableFile } from '../archive/table-file-check';
import { OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { parseSeal, type SealedManifest } from '../model/manifest';
import { type Finding, isAtLeast, type VerifyLevel } from '../model/verification';
import { sealKey } from '../store/store-keys';
import type { ProgressListener } from '../support/progress';
import type { VerifyFileRequest, VerifyResult } from './contract';
import { readBack } from './read-archive-back';
import { damagedSeal, orFinding, toVerification, wrongSize } from './verification-result';

/** Verifies a file that lies anywhere: an archive (its seal is used when it lies beside it) or a `.json` table file. */
export async function verifyFile(
  request: VerifyFileRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<VerifyResult> {
  const { path, level } = request;
  if (level === 'restorable') {
    throw new OperationError('OP_CONFIG_INVALID', 'a file alone cannot be verified at "restorable"', {
      details: { path },
      remedy: 'Name a set and its --location.',
    });
  }
  const object = basename(path);
  const about = await stat(path).catch((error: unknown) => {
    throw toOperationError(error, `looking for ${path}`);
  });
  if (!about.isFile()) throw new OperationError('OP_CONFIG_INVALID', `${path} is not a file`, { details: { path } });
  if (object.endsWith('.json')) return await verifyTableFile(path, object, level, signal, onProgress);

  const beside = await orFinding(async () => ({ sealed: await sealBeside(path) }));
  if ('finding' in beside) return damagedSeal(level, beside.finding);
  const { sealed } = beside;
  const findings: Finding[] = [];
  let read: { rows: number; bytes: number; manifestSetId?: string; sha256?: string } = { rows: 0, bytes: 0 };
  if (sealed && about.size !== sealed.archive.bytes) findings.push(wrongSize(object, about.size, sealed.archive.bytes));
  if (isAtLeast(level, 'intact')) {
    const reading = await readBack(streamOf(path, signal), object, { sealed }, level, signal, onProgress);
    findings.push(...reading.findings);
    read = reading;
  }
  const identity = {
    setId: sealed?.setId ?? read.manifestSetId ?? '',
    archive: { sha256: sealed?.archive.sha256 ?? read.sha256 ?? '' },
  };
  return {
    ...(sealed ? { sealed } : {}),
    verification: toVerification(identity, level, findings),
    openSuspicions: [],
    recorded: false,
    rows: read.rows,
    bytes: read.bytes,
  };
}

async function* streamOf(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) yield chunk as Buffer;
  } catch (error) {
    throw toOperationError(error, `reading ${path}`);
  }
}

/** The seal that lies beside an archive. Errors: OP_MANIFEST_INVALID. */
export async function sealBeside(path: string): Promise<SealedManifest | undefined> {
  const sealPath = sealKey(path);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(sealPath)) chunks.push(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw toOperationError(error, `reading ${sealPath}`);
  }
  return parseSeal(Buffer.concat(chunks).toString('utf8'), basename(sealPath));
}

/** A lone table file or document has no manifest: its form is all that can be checked, at any level. */
async function verifyTableFile(
  path: string,
  object: string,
  level: VerifyLevel,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<VerifyResult> {
  let check = checkTableFile({ path: object });
  let bytes = 0;
  for await (const chunk of streamOf(path, signal)) {
    if (bytes === 0 && looksLikeDocument(chunk)) check = checkDocument({ path: object });
    check.write(chunk);
    bytes += chunk.length;
    onProgress({ phase: 'read', bytes });
  }
  const identity = { setId: '', archive: { sha256: '' } };
  return {
    verification: toVerification(identity, level, check.end()),
    openSuspicions: [],
    recorded: false,
    rows: check.rows(),
    bytes,
  };
}
