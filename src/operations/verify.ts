import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readArchive } from '../archive/archive-reader';
import { checkTableFile } from '../archive/table-file-check';
import { findPrevious, findSet } from '../catalog/catalog';
import { recordVerification } from '../catalog/seal';
import { isOperationError, OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import type { ObjectKey } from '../model/ids';
import { manifestSchema, parseSeal, type SealedManifest } from '../model/manifest';
import { type Finding, isAtLeast, type Suspicion, type Verification, type VerifyLevel } from '../model/verification';
import { type ContentCheckRun, startContentCheck } from '../plan/check-content';
import { sealKey } from '../store/store-keys';
import type { ProgressListener } from '../support/progress';
import { TOOL_VERSION } from '../support/release';
import { settleSuspicions } from './accept-suspicions';
import { certify } from './certify';
import { readContentRules } from './content-rules';
import type { VerifyFileRequest, VerifyResult, VerifySetRequest } from './contract';
import { openLocation } from './open-location';
import { scratchMissing, type Trial, tryRestore } from './try-restore';

/**
 * Reads a set back and says what is proven.
 * present: the seal is whole, the archive is there and has its size
 * intact: the stored bytes, and every file unpacked from them, have the hashes of the manifest, and nothing else is there
 * readable: every row of every table decodes, and the counts agree
 * restorable: all of it was restored into scratch schemas of a server, read back there, and has the same hashes
 * Damage is the result, not a failure. Content that breaks a rule is no damage but a suspicion; rules about numbers of
 * rows apply at every level, rules about cells from readable on. The result is written beside the archive.
 */
export async function verifySet(
  request: VerifySetRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<VerifyResult> {
  if (request.level === 'restorable' && !request.scratch) throw scratchMissing();
  const rules = await readContentRules(request.rulesPath, request.level);
  const store = openLocation(request.location);
  await store.check({ write: false });
  const sealed = await orFinding(() => findSet(store, request.set));
  if ('finding' in sealed) return damagedSeal(request.level, sealed.finding);
  const { key, bytes } = sealed.archive;
  const info = await store.head(key as ObjectKey);
  const findings: Finding[] = [];
  if (!info) findings.push(finding('OP_ARCHIVE_MISSING', key, `${key} is not in ${store.place}`));
  else if (info.bytes !== bytes) findings.push(wrongSize(key, info.bytes, bytes));

  const content = startContentCheck(sealed, await findPrevious(store, sealed), rules);
  const suspicions = [...content.manifestSuspicions];
  let read = { rows: 0, bytes: 0 };
  if (info && isAtLeast(request.level, 'intact')) {
    const stored = store.get(key as ObjectKey, signal);
    const reading = await readBack(stored, key, { sealed, content }, request.level, signal, onProgress);
    for (const item of reading.findings) findings.push(item);
    read = reading;
  }
  // What was not read to its end says nothing about content, and is not worth a server's time.
  const isWhole = findings.length === 0;
  if (isWhole && isAtLeast(request.level, 'readable')) suspicions.push(...content.cellSuspicions());
  let trial: Trial | undefined;
  if (request.level === 'restorable' && request.scratch && isWhole) {
    trial = await tryRestore(store, sealed, request.scratch, signal, onProgress);
    findings.push(...trial.findings);
  }
  const verification = toVerification(sealed, request.level, findings, suspicions);
  const recorded = await isRecorded(() => recordVerification(store, sealed, verification, request.runId));
  const openSuspicions = await settleSuspicions(store, sealed, suspicions, request);
  const result = { sealed, verification, openSuspicions, recorded, ...read };
  if (!trial || !recorded || verification.outcome !== 'passed') return result;
  const about = { verifiedAt: verification.verifiedAt, runId: request.runId };
  let certificate: VerifyResult['certificate'];
  await isRecorded(async () => {
    certificate = await certify(store, sealed, trial, about);
  });
  return { ...result, ...(certificate ? { certificate } : {}) };
}

/** A location that cannot be written to has been read all the same: the answer counts, the note is missing. */
async function isRecorded(record: () => Promise<unknown>): Promise<boolean> {
  try {
    await record();
    return true;
  } catch (error) {
    if (!isOperationError(error, 'OP_STORE_DENIED') && !isOperationError(error, 'OP_STORE_FULL')) throw error;
    return false;
  }
}

/** A damaged or missing seal is what verify is there to find; every other failure is one. */
async function orFinding<T extends object>(read: () => Promise<T>): Promise<T | { finding: Finding }> {
  try {
    return await read();
  } catch (error) {
    if (!isOperationError(error, 'OP_MANIFEST_INVALID') && !isOperationError(error, 'OP_MANIFEST_MISSING')) throw error;
    return { finding: finding(error.code, String(error.details.object ?? ''), error.message) };
  }
}

function damagedSeal(level: VerifyLevel, damage: Finding): VerifyResult {
  const nothing = { setId: '', archive: { sha256: '' } };
  return {
    verification: toVerification(nothing, level, [damage]),
    openSuspicions: [],
    recorded: false,
    rows: 0,
    bytes: 0,
  };
}

async function readBack(
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
            if (file.kind !== 'table') return undefined;
            const check = checkTableFile(file, content?.watch(file));
            counters.push(check.rows);
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

function finding(code: Finding['code'], object: string, message: string): Finding {
  return { code, object, message };
}

function wrongSize(key: string, bytes: number, expected: number): Finding {
  const code = bytes < expected ? 'OP_ARCHIVE_TRUNCATED' : 'OP_ARCHIVE_CORRUPT';
  return finding(code, key, `${key} has ${bytes} bytes, its seal announces ${expected}`);
}

function toVerification(
  about: { readonly setId: string; readonly archive: { readonly sha256: string } },
  level: VerifyLevel,
  findings: readonly Finding[],
  suspicions: readonly Suspicion[] = [],
): Verification {
  const seen = new Set<string>();
  return {
    kind: 'verification',
    formatVersion: 1,
    setId: about.setId,
    archiveSha256: about.archive.sha256,
    level,
    outcome: findings.length > 0 ? 'findings' : 'passed',
    findings: findings.filter(({ message }) => !seen.has(message) && seen.add(message)),
    ...(suspicions.length > 0 ? { suspicions: [...suspicions] } : {}),
    verifiedAt: new Date().toISOString(),
    toolVersion: TOOL_VERSION,
  };
}

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

async function sealBeside(path: string): Promise<SealedManifest | undefined> {
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

/** A lone table file has no manifest: its form is all that can be checked, at any level. */
async function verifyTableFile(
  path: string,
  object: string,
  level: VerifyLevel,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<VerifyResult> {
  const check = checkTableFile({ path: object });
  let bytes = 0;
  for await (const chunk of streamOf(path, signal)) {
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
