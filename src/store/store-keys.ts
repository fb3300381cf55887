import { OperationError } from '../errors/operation-error';
import type { ObjectKey } from '../model/ids';

/** Archives: `{app}_{scope}_{YYYYMMDDHHmmss}_{10 random}.tar.gz`. Nobody else spells a key. */
const ARCHIVE_PATTERN = /^(?<stem>(?<app>[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*)_(?<setId>\d{14}_[a-z0-9]{10}))\.tar\.gz$/;
const SEAL_SUFFIX = '.manifest.json';
const NOTE_PATTERN = /^(?<archive>.+\.tar\.gz)\.(?<kind>[a-z]+)-(?<at>\d{17})-(?<runId>[a-z0-9]+)\.json$/;
/** What runs write beside an archive, by the word in the key. */
const NOTE_KINDS = { verification: 'verification', accepted: 'acceptance', certificate: 'certificate' } as const;
const HOLD_SUFFIX = '.hold.json';
export const RUN_LOCK_KEY = 'bklog-backup.lock' as ObjectKey;

/** What may stand in an application code or a set's name: it becomes part of a file name. */
export const NAME_PATTERN = /^[A-Za-z0-9-]+(_[A-Za-z0-9-]+)*$/;

export function archiveKey(app: string, name: string, setId: string): ObjectKey {
  for (const part of [app, name]) {
    if (!NAME_PATTERN.test(part) || part.length > 80) {
      throw new OperationError('OP_CONFIG_INVALID', `"${part}" cannot be part of an archive's name`, {
        details: { value: part, accepted: 'letters, digits, hyphens, single underscores between; at most 80' },
      });
    }
  }
  return `${app}_${name}_${setId}.tar.gz` as ObjectKey;
}

export function sealKey(archive: string): ObjectKey {
  return `${archive}${SEAL_SUFFIX}` as ObjectKey;
}

function noteKey(kind: keyof typeof NOTE_KINDS, archive: string, at: string, runId: string): ObjectKey {
  return `${archive}.${kind}-${at.replace(/\D/g, '').slice(0, 17)}-${runId}.json` as ObjectKey;
}

export function verificationKey(archive: string, verifiedAt: string, runId: string): ObjectKey {
  return noteKey('verification', archive, verifiedAt, runId);
}

export function acceptanceKey(archive: string, acceptedAt: string, runId: string): ObjectKey {
  return noteKey('accepted', archive, acceptedAt, runId);
}

export function certificateKey(archive: string, verifiedAt: string, runId: string): ObjectKey {
  return noteKey('certificate', archive, verifiedAt, runId);
}

type OurKind = 'archive' | 'seal' | 'hold' | (typeof NOTE_KINDS)[keyof typeof NOTE_KINDS];
export type KeyMeaning =
  | { readonly kind: OurKind; readonly archive: ObjectKey; readonly setId: string }
  | { readonly kind: 'foreign' };

/** What an object is, by its name alone. Foreign objects are never touched. */
export function readKey(key: string): KeyMeaning {
  const ours = (kind: OurKind, archive: string): KeyMeaning => {
    const setId = ARCHIVE_PATTERN.exec(archive)?.groups?.setId;
    return setId ? { kind, archive: archive as ObjectKey, setId } : { kind: 'foreign' };
  };
  if (key.endsWith(SEAL_SUFFIX)) return ours('seal', key.slice(0, -SEAL_SUFFIX.length));
  if (key.endsWith(HOLD_SUFFIX)) return ours('hold', key.slice(0, -HOLD_SUFFIX.length));
  const note = NOTE_PATTERN.exec(key)?.groups;
  if (!note) return ours('archive', key);
  const kind = Object.hasOwn(NOTE_KINDS, note.kind ?? '')
    ? NOTE_KINDS[note.kind as keyof typeof NOTE_KINDS]
    : undefined;
  return kind ? ours(kind, note.archive ?? '') : { kind: 'foreign' };
}
