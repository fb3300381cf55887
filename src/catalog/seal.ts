import type { Acceptance } from '../model/acceptance';
import type { RecoveryCertificate } from '../model/certificate';
import type { ObjectKey } from '../model/ids';
import { formatSeal, type Manifest, type Place, type SealedManifest, sealedManifestSchema } from '../model/manifest';
import type { Verification } from '../model/verification';
import type { ObjectStore, PutResult } from '../store/object-store';
import { acceptanceKey, archiveKey, certificateKey, sealKey, verificationKey } from '../store/store-keys';
import type { RunLock } from './run-lock';

async function* once(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

/** The last act of a backup: writes the manifest beside its archive. From here on the set exists. */
export async function sealBackupSet(
  store: ObjectStore,
  lock: RunLock,
  manifest: Manifest,
  stored: PutResult,
  places?: readonly Place[],
): Promise<SealedManifest> {
  const key = archiveKey(manifest.app, manifest.name, manifest.setId);
  const sealed = sealedManifestSchema.parse({
    ...manifest,
    archive: { key, ...stored, sealedAt: new Date().toISOString(), ...(places ? { places } : {}) },
  });
  await lock.assertHeld();
  await store.put(sealKey(key), once(formatSeal(sealed)));
  return sealed;
}

/** Writes the result of a verification beside the archive it is bound to. */
export async function recordVerification(
  store: ObjectStore,
  sealed: SealedManifest,
  verification: Verification,
  runId: string,
): Promise<void> {
  const key = verificationKey(sealed.archive.key, verification.verifiedAt, runId);
  await writeNote(store, key, verification);
}

/** Writes what somebody accepted beside the archive it is bound to. */
export async function recordAcceptance(
  store: ObjectStore,
  sealed: SealedManifest,
  acceptance: Acceptance,
  runId: string,
): Promise<void> {
  await writeNote(store, acceptanceKey(sealed.archive.key, acceptance.acceptedAt, runId), acceptance);
}

/** Writes the proof of a restore beside the archive it is bound to, and gives its key. */
export async function recordCertificate(
  store: ObjectStore,
  sealed: SealedManifest,
  certificate: RecoveryCertificate,
): Promise<ObjectKey> {
  const key = certificateKey(sealed.archive.key, certificate.verifiedAt, certificate.runId);
  await writeNote(store, key, certificate);
  return key;
}

async function writeNote(store: ObjectStore, key: ObjectKey, note: object): Promise<void> {
  await store.put(key, once(`${JSON.stringify(note)}\n`));
}
