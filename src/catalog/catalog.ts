import type { z } from 'zod';
import { isOperationError, OperationError } from '../errors/operation-error';
import { type Acceptance, acceptanceSchema } from '../model/acceptance';
import { certificateSchema, type RecoveryCertificate } from '../model/certificate';
import type { ObjectKey } from '../model/ids';
import { parseSeal, type SealedManifest } from '../model/manifest';
import type { Remains } from '../model/retention-policy';
import { type Finding, type Verification, verificationSchema } from '../model/verification';
import type { ObjectInfo, ObjectStore } from '../store/object-store';
import { type KeyMeaning, readKey, sealKey } from '../store/store-keys';

/** A sealed set with what is known about it: derived from the objects of a location, never kept anywhere else. */
export interface CatalogEntry {
  readonly sealed: SealedManifest;
  /** Newest first; only those bound to this archive's bytes. */
  readonly verifications: readonly Verification[];
  /** Bound to this archive's bytes. */
  readonly acceptances: readonly Acceptance[];
  /** The newest that is bound to this archive's bytes. */
  readonly certificate?: RecoveryCertificate;
  readonly held: boolean;
  /** Keys of the archive and everything beside it. */
  readonly keys: readonly ObjectKey[];
}

export interface Catalog {
  /** Newest snapshot first. */
  readonly entries: readonly CatalogEntry[];
  /** Seals that cannot be read: known bad, never removed by themselves. */
  readonly findings: readonly Finding[];
  /** Objects with our name that belong to no seal. */
  readonly remains: readonly Remains[];
}

/** Seals larger than this are not ours: 64 MiB is a set of some hundred thousand columns. */
const MAX_NOTE_BYTES = 64 * 1024 * 1024;

const UNREADABLE_SEAL: readonly string[] = ['OP_MANIFEST_INVALID', 'OP_FORMAT_TOO_NEW', 'OP_MANIFEST_MISSING'];

export async function readNote(store: ObjectStore, info: ObjectInfo): Promise<string> {
  if (info.bytes > MAX_NOTE_BYTES) {
    throw new OperationError('OP_MANIFEST_INVALID', `${info.key} is ${info.bytes} bytes, too large for a manifest`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of store.get(info.key)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Reads the seal of one archive. Errors: OP_MANIFEST_MISSING, OP_MANIFEST_INVALID, OP_FORMAT_TOO_NEW. */
export async function readSealOf(store: ObjectStore, archive: ObjectKey): Promise<SealedManifest> {
  const info = await store.head(sealKey(archive));
  if (!info) throw new OperationError('OP_MANIFEST_MISSING', `${archive} in ${store.place} was never sealed`);
  const sealed = parseSeal(await readNote(store, info), info.key);
  if (sealed.archive.key !== archive) {
    throw new OperationError('OP_MANIFEST_INVALID', `${info.key} seals ${sealed.archive.key}, another archive`);
  }
  return sealed;
}

/** `beginning`: only archives whose names begin so. */
export async function readCatalog(store: ObjectStore, beginning = ''): Promise<Catalog> {
  const objects = await store.list();
  const groups = new Map<ObjectKey, ObjectInfo[]>();
  for (const info of objects) {
    const meaning = readKey(info.key);
    if (meaning.kind === 'foreign' || !meaning.archive.startsWith(beginning)) continue;
    groups.set(meaning.archive, [...(groups.get(meaning.archive) ?? []), info]);
  }
  const entries: CatalogEntry[] = [];
  const findings: Finding[] = [];
  const remains: Remains[] = [];
  for (const [archive, members] of groups) {
    const hasSeal = members.some(({ key }) => key === sealKey(archive));
    if (!hasSeal) {
      remains.push(
        ...members.map((info) => toRemains(info, info.key === archive ? 'unsealed-archive' : 'orphaned-note')),
      );
      continue;
    }
    try {
      const sealed = await readSealOf(store, archive);
      const notes = { store, sealed, members };
      const verifications = await readNotes(notes, 'verification', verificationSchema);
      const [certificate] = (await readNotes(notes, 'certificate', certificateSchema)).sort(newestFirst);
      entries.push({
        sealed,
        verifications: verifications.sort(newestFirst),
        acceptances: await readNotes(notes, 'acceptance', acceptanceSchema),
        ...(certificate ? { certificate } : {}),
        held: members.some(({ key }) => readKey(key).kind === 'hold'),
        keys: members.map(({ key }) => key),
      });
    } catch (error) {
      if (!isOperationError(error)) throw error;
      if (!UNREADABLE_SEAL.includes(error.code)) throw error;
      findings.push({ code: error.code, object: sealKey(archive), message: error.message });
    }
  }
  remains.push(...(await store.listRemains()).map((info) => toRemains(info, 'temporary-object')));
  entries.sort((a, b) => order(b.sealed).localeCompare(order(a.sealed)));
  return { entries, findings, remains };
}

function order({ snapshotAt, setId }: SealedManifest): string {
  return `${snapshotAt} ${setId}`;
}

function toRemains(info: ObjectInfo, kind: Remains['kind']): Remains {
  return { key: info.key, kind, modifiedAt: info.modifiedAt, bytes: info.bytes, inUse: false };
}

function newestFirst(a: { readonly verifiedAt: string }, b: { readonly verifiedAt: string }): number {
  return b.verifiedAt.localeCompare(a.verifiedAt);
}

/** The notes of one kind that can be read and are bound to the archive's bytes. */
async function readNotes<Note extends { readonly archiveSha256: string }>(
  from: { readonly store: ObjectStore; readonly sealed: SealedManifest; readonly members: readonly ObjectInfo[] },
  kind: KeyMeaning['kind'],
  schema: z.ZodType<Note>,
): Promise<Note[]> {
  const found: Note[] = [];
  for (const info of from.members.filter(({ key }) => readKey(key).kind === kind)) {
    try {
      const parsed = schema.safeParse(JSON.parse(await readNote(from.store, info)));
      if (parsed.success && parsed.data.archiveSha256 === from.sealed.archive.sha256) found.push(parsed.data);
    } catch (error) {
      if (!(error instanceof SyntaxError) && !isOperationError(error)) throw error; // a damaged note proves nothing
    }
  }
  return found;
}

/** What somebody accepted of one set. */
export async function readAcceptances(store: ObjectStore, sealed: SealedManifest): Promise<Acceptance[]> {
  const members = (await store.list()).filter(({ key }) => isBeside(key, sealed.archive.key));
  return await readNotes({ store, sealed, members }, 'acceptance', acceptanceSchema);
}

function isBeside(key: ObjectKey, archive: string): boolean {
  const meaning = readKey(key);
  return meaning.kind !== 'foreign' && meaning.archive === archive;
}

/** The sets of the same app and name with an older snapshot, newest first. Seals that cannot be read are passed over. */
export async function readOlder(store: ObjectStore, sealed: SealedManifest): Promise<CatalogEntry[]> {
  const { entries } = await readCatalog(store, `${sealed.app}_${sealed.name}_`);
  return entries.filter(
    ({ sealed: other }) => other.app === sealed.app && other.name === sealed.name && order(other) < order(sealed),
  );
}

/** Finds a set by id, archive name or `latest` (the newest of all, or of `name`). Errors: OP_SET_UNKNOWN. */
export async function findSet(store: ObjectStore, wanted: string): Promise<SealedManifest> {
  const meaning = readKey(wanted);
  if (meaning.kind === 'archive') return await readSealOf(store, meaning.archive);
  const { entries, findings } = await readCatalog(store);
  // A newest set whose seal is damaged must not be passed over in silence for the one before it.
  const timeOf = (key: string) => /_(\d{14})_/.exec(key)?.[1] ?? '';
  const newer = findings.find(({ object }) =>
    wanted === 'latest'
      ? !entries[0] || timeOf(object) >= timeOf(entries[0].sealed.archive.key)
      : object.includes(`_${wanted}.`),
  );
  if (newer) {
    const code = newer.code === 'OP_FORMAT_TOO_NEW' ? 'OP_FORMAT_TOO_NEW' : 'OP_MANIFEST_INVALID';
    throw new OperationError(code, newer.message, { details: { object: newer.object, location: store.place } });
  }
  const found = wanted === 'latest' ? entries[0] : entries.find(({ sealed }) => sealed.setId === wanted);
  if (!found) {
    throw new OperationError('OP_SET_UNKNOWN', `no sealed set "${wanted}" in ${store.place}`, {
      details: {
        location: store.place,
        newest: entries.slice(0, 5).map(({ sealed }) => sealed.setId),
        unreadable: findings.map(({ object }) => object),
      },
    });
  }
  return found.sealed;
}
