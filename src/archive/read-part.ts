import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ManifestFile } from '../model/manifest';
import type { Finding } from '../model/verification';
import { type ContentCheck, toFinding } from './archive-reader';

/**
 * Reads one file of an archive by itself, from `source`, the bytes at its place. It passes `check` by and is compared
 * with its size and hash. Damage becomes findings; only a store that cannot be read throws.
 */
export async function readPart(
  source: AsyncIterable<Buffer>,
  file: ManifestFile,
  check: ContentCheck,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  let sourceFailure: unknown;
  const input = Readable.from(source, { objectMode: false, highWaterMark: 1024 * 1024 });
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  input.on('error', (error) => {
    sourceFailure = error;
    gunzip.destroy(error);
  });
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const block of input.pipe(gunzip) as AsyncIterable<Buffer>) {
      bytes += block.length;
      if (bytes > file.bytes) break;
      hash.update(block);
      await check.write(block);
    }
    if (bytes === file.bytes && hash.digest('hex') === file.sha256) return await check.end();
    const message = `${file.path} does not have the size and hash its manifest announces`;
    return [{ code: 'OP_ARCHIVE_CORRUPT', object: file.path, message }];
  } catch (error) {
    signal.throwIfAborted();
    if (sourceFailure) throw sourceFailure;
    return [toFinding(error, file.path)];
  } finally {
    input.destroy();
    gunzip.destroy();
  }
}
