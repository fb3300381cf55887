import { isOperationError } from '../errors/operation-error';
import type { Finding, Suspicion, Verification, VerifyLevel } from '../model/verification';
import { TOOL_VERSION } from '../support/release';
import type { VerifyResult } from './contract';

/** A damaged or missing seal is what verify is there to find; every other failure is one. */
export async function orFinding<T extends object>(read: () => Promise<T>): Promise<T | { finding: Finding }> {
  try {
    return await read();
  } catch (error) {
    if (!isOperationError(error, 'OP_MANIFEST_INVALID') && !isOperationError(error, 'OP_MANIFEST_MISSING')) throw error;
    return { finding: finding(error.code, String(error.details.object ?? ''), error.message) };
  }
}

export function damagedSeal(level: VerifyLevel, damage: Finding): VerifyResult {
  const nothing = { setId: '', archive: { sha256: '' } };
  return {
    verification: toVerification(nothing, level, [damage]),
    openSuspicions: [],
    recorded: false,
    rows: 0,
    bytes: 0,
  };
}

export function finding(code: Finding['code'], object: string, message: string): Finding {
  return { code, object, message };
}

export function wrongSize(key: string, bytes: number, expected: number): Finding {
  const code = bytes < expected ? 'OP_ARCHIVE_TRUNCATED' : 'OP_ARCHIVE_CORRUPT';
  return finding(code, key, `${key} has ${bytes} bytes, its seal announces ${expected}`);
}

export function toVerification(
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
