import { findSet, readOlder } from '../catalog/catalog';
import { recordVerification } from '../catalog/seal';
import { isOperationError } from '../errors/operation-error';
import type { ObjectKey } from '../model/ids';
import { type Finding, isAtLeast } from '../model/verification';
import { startContentCheck } from '../plan/check-content';
import { chooseComparison } from '../plan/choose-comparison';
import type { ProgressListener } from '../support/progress';
import { settleSuspicions } from './accept-suspicions';
import { certify } from './certify';
import { readContentRules } from './content-rules';
import type { VerifyResult, VerifySetRequest } from './contract';
import { openLocation } from './open-location';
import { readBack } from './read-archive-back';
import { scratchMissing, type Trial, tryRestore } from './try-restore';
import { damagedSeal, finding, orFinding, toVerification, wrongSize } from './verification-result';

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
  const store = await openLocation(request.location);
  await store.check({ write: false });
  const sealed = await orFinding(() => findSet(store, request.set));
  if ('finding' in sealed) return damagedSeal(request.level, sealed.finding);
  const { key, bytes } = sealed.archive;
  const info = await store.head(key as ObjectKey);
  const findings: Finding[] = [];
  if (!info) findings.push(finding('OP_ARCHIVE_MISSING', key, `${key} is not in ${store.place}`));
  else if (info.bytes !== bytes) findings.push(wrongSize(key, info.bytes, bytes));

  const content = startContentCheck(sealed, chooseComparison(await readOlder(store, sealed)), rules);
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
  const notes = trial && trial.notes.length > 0 ? { notes: trial.notes } : {};
  const result = { sealed, verification, openSuspicions, recorded, ...read, ...notes };
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
