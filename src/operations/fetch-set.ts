import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../archive/gzip-members';
import { findSet } from '../catalog/catalog';
import { cleanUpAfter, OperationError } from '../errors/operation-error';
import { randomName } from '../model/ids';
import { formatSeal } from '../model/manifest';
import { sealKey } from '../store/store-keys';
import { makeFolder } from '../support/make-folder';
import type { FetchSetRequest, FetchSetResult } from './contract';
import { openLocation } from './open-location';

/**
 * Copies an archive and its seal into a folder, checking the hash on the way: a copy that differs never appears.
 * An existing copy of the same name is replaced.
 */
export async function fetchSet(request: FetchSetRequest, signal: AbortSignal): Promise<FetchSetResult> {
  const store = await openLocation(request.location);
  await store.check({ write: false });
  const sealed = await findSet(store, request.set);
  const { key, bytes, sha256 } = sealed.archive;
  await makeFolder(request.directory);
  const archivePath = join(request.directory, key);
  const temporary = join(request.directory, `.tmp-${randomName(8)}-${key}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    const hash = createHash('sha256');
    let copied = 0;
    try {
      for await (const chunk of store.get(sealed.archive.key as Parameters<typeof store.get>[0], signal)) {
        signal.throwIfAborted();
        hash.update(chunk);
        copied += chunk.length;
        await writeWhole(file, chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (copied !== bytes || hash.digest('hex') !== sha256) {
      const code = copied < bytes ? 'OP_ARCHIVE_TRUNCATED' : 'OP_ARCHIVE_CORRUPT';
      throw new OperationError(code, `${key} is not what its seal announces (${copied} of ${bytes} bytes)`, {
        details: { key, bytes: copied, expected: bytes },
      });
    }
    await rename(temporary, archivePath);
    await writeSeal(join(request.directory, sealKey(key)), formatSeal(sealed));
    return { sealed, archivePath };
  } catch (error) {
    await cleanUpAfter(error, () => rm(temporary, { force: true }));
    throw error;
  }
}

async function writeSeal(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
