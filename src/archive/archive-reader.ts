import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { isOperationError, OperationError } from '../errors/operation-error';
import { formatManifest, type Manifest, type ManifestFile, parseManifest } from '../model/manifest';
import type { Finding } from '../model/verification';
import { formatSums, MANIFEST_PATH, SUMS_PATH } from './archive-writer';
import { TAR_END, tarHeader } from './tar-header';

/** A manifest larger than this is refused before it is read: 64 MiB. */
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
/** An archive may give this much more than announced before it is stopped as a bomb; less is a finding at its end. */
const SLACK_BYTES = 1024 * 1024;

/** Looks at the content of one file while it passes by; returns what is wrong with it. A promise holds reading back. */
export interface ContentCheck {
  write(chunk: Buffer): void | Promise<void>;
  end(): readonly Finding[] | Promise<readonly Finding[]>;
}

export interface ArchiveReading {
  /** Of the stored bytes, only when they could be read to the end. */
  readonly stored?: { readonly bytes: number; readonly sha256: string };
  readonly manifest?: Manifest;
  readonly findings: readonly Finding[];
  /** Uncompressed bytes of files that were read. */
  readonly bytes: number;
}

class DamageFound extends Error {
  readonly finding: Finding;
  constructor(finding: Finding) {
    super(finding.message);
    this.finding = finding;
  }
}

/**
 * Reads an archive from its first byte to its last and compares it with its manifest: every name, order, size and
 * hash, SHA256SUMS, and that nothing follows. Damage becomes findings; only a store that cannot be read throws.
 * Nothing is written anywhere, no entry can be larger than announced, names are compared and never used as paths.
 * `expected` is the sealed manifest; without it the manifest inside, which must come first, is believed.
 */
export async function readArchive(
  source: AsyncIterable<Buffer>,
  options: {
    readonly object: string;
    readonly expected?: Manifest;
    readonly signal: AbortSignal;
    readonly checkContent?: (file: ManifestFile) => ContentCheck | undefined;
    readonly onBytes?: (bytes: number) => void;
    /** Stop after this file: nothing is said of what follows, and `stored` is not told. */
    readonly until?: string;
  },
): Promise<ArchiveReading> {
  const { object, signal, until } = options;
  const storedHash = createHash('sha256');
  let storedBytes = 0;
  let sourceFailure: unknown;
  async function* tapped(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of source) {
        storedHash.update(chunk);
        storedBytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      sourceFailure = error;
      throw error;
    }
  }

  const findings: Finding[] = [];
  const add = (code: Finding['code'], what: string, message: string) => findings.push({ code, object: what, message });
  let manifest = options.expected;
  let bytes = 0;
  let announced = manifest ? await unpackedBytes(manifest) : MAX_MANIFEST_BYTES;
  let unpacked = 0;

  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      unpacked += chunk.length;
      if (unpacked > announced + SLACK_BYTES) {
        done(
          new DamageFound({
            code: 'OP_ARCHIVE_CORRUPT',
            object,
            message: `${object} unpacks to more than the ${announced} bytes its manifest announces`,
          }),
        );
      } else done(null, chunk);
    },
  });
  const tar = extract();
  const input = Readable.from(tapped(), { objectMode: false, highWaterMark: 1024 * 1024 });
  // Errors travel down by hand: `pipeline` would end the tar reader early and hide which stage failed first.
  let firstFailure: unknown;
  const failFrom = (error: unknown) => {
    firstFailure ??= error;
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  };
  input.on('error', failFrom);
  gunzip.on('error', failFrom);
  guard.on('error', failFrom);
  const onAbort = () => failFrom(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  input.pipe(gunzip).pipe(guard).pipe(tar);

  const seen: string[] = [];
  let wanted: readonly string[] | undefined = manifest && orderOf(manifest);
  try {
    signal.throwIfAborted();
    for await (const entry of tar) {
      const { name } = entry.header;
      const position = seen.length;
      if (!manifest) {
        if (name !== MANIFEST_PATH) {
          throw damage('OP_MANIFEST_MISSING', object, `${object} begins with ${quote(name)}, not with its manifest`);
        }
        if ((entry.header.size ?? 0) > MAX_MANIFEST_BYTES) {
          throw damage('OP_MANIFEST_INVALID', object, `the manifest of ${object} announces ${entry.header.size} bytes`);
        }
        const text = await textOf(entry);
        manifest = parseManifest(text, `${MANIFEST_PATH} of ${object}`);
        if (formatManifest(manifest) !== text) {
          throw damage('OP_MANIFEST_INVALID', MANIFEST_PATH, `${MANIFEST_PATH} is not in the form it was written in`);
        }
        wanted = orderOf(manifest);
        announced = await unpackedBytes(manifest);
        seen.push(name);
        continue;
      }
      const expectedName = wanted?.[position];
      seen.push(name);
      if (name !== expectedName || !isPlainFile(entry.header)) {
        throw damage('OP_ARCHIVE_CORRUPT', object, unexpectedEntry(entry.header, expectedName));
      }
      const file = manifest.files[position - 1];
      if (name === MANIFEST_PATH || name === SUMS_PATH || !file) {
        const text = name === MANIFEST_PATH ? formatManifest(manifest) : formatSums(manifest);
        checkSize(entry.header, Buffer.byteLength(text));
        if ((await textOf(entry)) !== text) {
          add('OP_ARCHIVE_CORRUPT', name, `${name} differs from what the seal announces`);
        }
        continue;
      }
      checkSize(entry.header, file.bytes);
      const hash = createHash('sha256');
      const check = options.checkContent?.(file);
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        hash.update(chunk);
        const pending = check?.write(chunk);
        if (pending) await pending;
        bytes += chunk.length;
        options.onBytes?.(bytes);
      }
      if (hash.digest('hex') !== file.sha256) {
        add('OP_ARCHIVE_CORRUPT', file.path, `${file.path} does not have the hash its manifest announces`);
      }
      findings.push(...((await check?.end()) ?? []));
      if (name === until) return { findings, bytes, manifest };
    }
    const missing = wanted?.slice(seen.length) ?? [MANIFEST_PATH];
    if (missing.length > 0) {
      add('OP_ARCHIVE_TRUNCATED', object, `${object} ends before ${missing.slice(0, 3).map(quote).join(', ')}`);
    }
    // The decompressor stops silently at bytes that are no gzip member; the tar reader at its two empty blocks.
    if (gunzip.bytesWritten !== storedBytes) {
      add('OP_ARCHIVE_CORRUPT', object, `${object} has ${storedBytes - gunzip.bytesWritten} bytes after its end`);
    }
    if (manifest && unpacked !== announced) {
      add('OP_ARCHIVE_CORRUPT', object, `${object} unpacks to ${unpacked} bytes, not ${announced}`);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (sourceFailure) throw sourceFailure;
    findings.push(toFinding(firstFailure ?? error, object));
    return { findings, bytes, ...(manifest ? { manifest } : {}) };
  } finally {
    signal.removeEventListener('abort', onAbort);
    input.destroy();
    gunzip.destroy();
    guard.destroy();
    tar.destroy();
  }
  return {
    stored: { bytes: storedBytes, sha256: storedHash.digest('hex') },
    findings,
    bytes,
    ...(manifest ? { manifest } : {}),
  };
}

function damage(code: Finding['code'], object: string, message: string): DamageFound {
  return new DamageFound({ code, object, message });
}

/** Names from an archive are distrusted: shown quoted and cut, never used. */
function quote(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}

function orderOf(manifest: Manifest): string[] {
  return [MANIFEST_PATH, ...manifest.files.map(({ path }) => path), SUMS_PATH];
}

function isPlainFile({ type }: Header): boolean {
  return type === 'file' || type === undefined || type === null;
}

function unexpectedEntry(header: Header, expected: string | undefined): string {
  const what = isPlainFile(header) ? quote(header.name) : `${quote(header.name)} (a ${header.type})`;
  return expected === undefined ? `${what} is not in the manifest` : `${what} stands where ${quote(expected)} should`;
}

function checkSize(header: Header, expected: number): void {
  if (header.size !== expected) {
    throw damage('OP_ARCHIVE_CORRUPT', header.name, `${header.name} has ${header.size} bytes, not ${expected}`);
  }
}

async function textOf(entry: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of entry) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function roundUp(size: number): number {
  return Math.ceil(size / 512) * 512;
}

/** What tar and gzip must give back to the byte: headers, bodies, padding, two empty blocks. */
async function unpackedBytes(manifest: Manifest): Promise<number> {
  const at = new Date(manifest.snapshotAt);
  const parts = [
    { path: MANIFEST_PATH, bytes: Buffer.byteLength(formatManifest(manifest)) },
    ...manifest.files,
    { path: SUMS_PATH, bytes: Buffer.byteLength(formatSums(manifest)) },
  ];
  let sum = TAR_END.length;
  for (const { path, bytes } of parts) sum += (await tarHeader(path, bytes, at)).length + roundUp(bytes);
  return sum;
}

/** What is wrong with an archive that cannot be unpacked. Errors: OP_BUG for what is no damage. */
export function toFinding(error: unknown, object: string): Finding {
  if (error instanceof DamageFound) return error.finding;
  if (isOperationError(error)) return { code: error.code, object, message: error.message };
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const text = error instanceof Error ? error.message : String(error);
  const isCut = code === 'Z_BUF_ERROR' || /unexpected end/i.test(text);
  if (!isCut && !code.startsWith('Z_') && !/tar|header|unexpected/i.test(text)) {
    throw new OperationError('OP_BUG', `reading ${object}: ${text}`, { cause: error });
  }
  return isCut
    ? { code: 'OP_ARCHIVE_TRUNCATED', object, message: `${object} ends in the middle` }
    : { code: 'OP_ARCHIVE_CORRUPT', object, message: `${object} cannot be unpacked: ${text}` };
}
