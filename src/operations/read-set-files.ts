import { type ContentCheck, readArchive } from '../archive/archive-reader';
import { readPart } from '../archive/read-part';
import type { ObjectKey } from '../model/ids';
import { type ManifestFile, manifestSchema, type SealedManifest } from '../model/manifest';
import type { Finding } from '../model/verification';
import type { ObjectStore } from '../store/object-store';
import { sideBySide } from '../support/side-by-side';

/** Tables that are read side by side: a server that lets one statement at a time into a table takes two tables at once. */
const READERS = 2;

/**
 * Brings the files of a set that `checkContent` wants: definitions first, then the tables, large ones first; documents
 * are of no use to a server. The bytes
 * must have been compared with the seal before. Damage becomes findings and ends the reading. An archive whose seal
 * does not tell the places of its files is read from its first byte to its last. Errors: OP_STORE_*, OP_ABORTED, and
 * what the content checks throw.
 */
export async function readSetFiles(
  store: ObjectStore,
  sealed: SealedManifest,
  checkContent: (file: ManifestFile) => ContentCheck | undefined,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const key = sealed.archive.key as ObjectKey;
  const { places } = sealed.archive;
  if (!places) {
    const expected = manifestSchema.parse(sealed);
    const check = (file: ManifestFile) => (file.kind === 'document' ? undefined : checkContent(file));
    return (await readArchive(store.get(key, signal), { object: key, expected, signal, checkContent: check })).findings;
  }
  const findings: Finding[] = [];
  const read = async (file: ManifestFile) => {
    signal.throwIfAborted();
    const check = file.kind === 'document' ? undefined : checkContent(file);
    const place = places[sealed.files.indexOf(file)]!;
    if (check) findings.push(...(await readPart(store.get(key, signal, place), file, check, signal)));
  };
  const isSchema = ({ kind }: ManifestFile) => kind === 'schema';
  for (const file of sealed.files.filter(isSchema)) await read(file);
  const waiting = sealed.files.filter((file) => !isSchema(file)).sort((a, b) => b.bytes - a.bytes);
  await sideBySide(waiting, READERS, async (file) => {
    if (findings.length === 0) await read(file);
  });
  return findings;
}
