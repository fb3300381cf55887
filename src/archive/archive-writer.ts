import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { OperationError } from '../errors/operation-error';
import { formatManifest, type Manifest, type Place } from '../model/manifest';
import { compressMember, DEFAULT_COMPRESSION_LEVEL } from './gzip-members';
import { TAR_END, tarHeader, tarPadding } from './tar-header';

/** A file of gzip members, ready to become part of the archive. */
export interface SpoolEntry {
  readonly spoolPath: string;
  readonly spoolBytes: number;
  readonly spoolSha256: string;
}

export const MANIFEST_PATH = 'manifest.json';
export const SUMS_PATH = 'SHA256SUMS';

/** The text that `sha256sum -c` checks: every file of the archive but itself. */
export function formatSums(manifest: Manifest): string {
  const text = formatManifest(manifest);
  const lines = [
    `${createHash('sha256').update(text).digest('hex')}  ${MANIFEST_PATH}`,
    ...manifest.files.map(({ sha256, path }) => sumLine(sha256, path)),
  ];
  return `${lines.join('\n')}\n`;
}

/** GNU coreutils escapes a backslash or a line break in a name and marks the line with a backslash. */
function sumLine(sha256: string, path: string): string {
  if (!/[\\\n\r]/.test(path)) return `${sha256}  ${path}`;
  const escaped = path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `\\${sha256}  ${escaped}`;
}

/**
 * The bytes of the archive: manifest, files in the manifest's order, SHA256SUMS. The files were compressed while they
 * were exported, so packing only strings gzip members together: header, file, padding, header, …
 * `onPlace` is told where the content of each file begins and how long it is, in the order of the files.
 * Errors: OP_ARCHIVE_CORRUPT when a spool file is not what the export wrote.
 */
export async function* archiveBytes(
  manifest: Manifest,
  spool: readonly SpoolEntry[],
  onPlace: (place: Place) => void = () => {},
): AsyncGenerator<Buffer> {
  const modifiedAt = new Date(manifest.snapshotAt);
  const small = async (text: Buffer) => await compressMember(text, DEFAULT_COMPRESSION_LEVEL);
  const whole = async (path: string, text: string) => {
    const body = Buffer.from(text);
    return Buffer.concat([await tarHeader(path, body.length, modifiedAt), body, tarPadding(body.length)]);
  };
  let at = 0;
  const counted = (bytes: Buffer): Buffer => {
    at += bytes.length;
    return bytes;
  };
  yield counted(await small(await whole(MANIFEST_PATH, formatManifest(manifest))));
  for (const [index, file] of manifest.files.entries()) {
    yield counted(await small(await tarHeader(file.path, file.bytes, modifiedAt)));
    const { spoolBytes: bytes } = spool[index]!;
    onPlace({ at, bytes });
    yield* spooled(spool[index]!, file.path);
    at += bytes;
    const padding = tarPadding(file.bytes);
    if (padding.length > 0) yield counted(await small(padding));
  }
  yield await small(Buffer.concat([await whole(SUMS_PATH, formatSums(manifest)), TAR_END]));
}

async function* spooled(entry: SpoolEntry, path: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(entry.spoolPath, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  if (bytes !== entry.spoolBytes || hash.digest('hex') !== entry.spoolSha256) {
    throw new OperationError('OP_ARCHIVE_CORRUPT', `the work file of ${path} changed between export and packing`, {
      details: { path, bytes, expected: entry.spoolBytes },
      remedy: 'Check the disk of the work directory, and run the backup again.',
    });
  }
}
