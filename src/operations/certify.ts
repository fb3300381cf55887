import { recordCertificate } from '../catalog/seal';
import type { SealedManifest } from '../model/manifest';
import type { ObjectStore } from '../store/object-store';
import { TOOL_VERSION } from '../support/release';
import type { VerifyResult } from './contract';
import type { Trial } from './try-restore';

/** Writes the recovery certificate of a trial that gave every table of the set back unchanged. */
export async function certify(
  store: ObjectStore,
  sealed: SealedManifest,
  { server, steps, notes }: Trial,
  { verifiedAt, runId }: { readonly verifiedAt: string; readonly runId: string },
): Promise<NonNullable<VerifyResult['certificate']>> {
  const recoveryMs = steps.reduce((sum, { ms }) => sum + ms, 0);
  const key = await recordCertificate(store, sealed, {
    kind: 'recovery-certificate',
    formatVersion: 1,
    setId: sealed.setId,
    archiveSha256: sealed.archive.sha256,
    snapshotAt: sealed.snapshotAt,
    verifiedAt,
    server,
    tables: sealed.files
      .filter(({ kind }) => kind === 'table')
      .map(({ database, table = '', rows = 0, sha256 }) => ({ database, table, rows, sha256 })),
    steps: [...steps],
    recoveryMs,
    ...(notes.length > 0 ? { notes: [...notes] } : {}),
    toolVersion: TOOL_VERSION,
    runId,
  });
  return { key, recoveryMs };
}
