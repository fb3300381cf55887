import { join } from 'node:path';
import { archiveBytes } from '../archive/archive-writer';
import { withRunLock } from '../catalog/run-lock';
import { sealBackupSet } from '../catalog/seal';
import { readSpooledSet, removeWorkDirectory } from '../catalog/work-directory';
import { cleanUpAfter } from '../errors/operation-error';
import type { Place } from '../model/manifest';
import { archiveKey, sealKey } from '../store/store-keys';
import type { ProgressListener } from '../support/progress';
import type { StoreSetRequest, StoreSetResult } from './contract';
import { openLocation } from './open-location';

/**
 * Turns an exported set into a sealed one.
 * 1. check the location: mounted, writable, enough space
 * 2. hold it, so that no other run writes or prunes there
 * 3. pack the work files into one archive and store it durably
 * 4. seal: write the manifest beside it, last
 * The work directory is removed whatever happens; an archive without its seal is removed on failure.
 */
export async function storeSet(
  request: StoreSetRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<StoreSetResult> {
  const { manifest, spool } = await readSpooledSet(request.workDirectory, request.setId);
  const store = await openLocation(request.location);
  const key = archiveKey(manifest.app, manifest.name, manifest.setId);
  let reason: unknown;
  try {
    const bytesNeeded = spool.reduce((sum, { spoolBytes }) => sum + spoolBytes, 1024 * 1024);
    await store.check({ write: true, bytesNeeded });
    return await withRunLock(store, { runId: request.runId, operation: 'store' }, async (lock) => {
      onProgress({ phase: 'pack', tables: manifest.files.length });
      const entries = spool.map((file) => ({ ...file, spoolPath: join(request.workDirectory, file.name) }));
      const places: Place[] = [];
      const stored = await store.put(
        key,
        archiveBytes(manifest, entries, (place) => places.push(place)),
        signal,
      );
      try {
        signal.throwIfAborted();
        onProgress({ phase: 'seal' });
        return { sealed: await sealBackupSet(store, lock, manifest, stored, places) };
      } catch (error) {
        await cleanUpAfter(error, async () => {
          // A seal that is there although writing it failed goes first: it must never outlive its archive.
          await store.delete(sealKey(key));
          await store.delete(key);
        });
        throw error;
      }
    });
  } catch (error) {
    reason = error;
    throw error;
  } finally {
    await cleanUpAfter(reason, () => removeWorkDirectory(request.workDirectory));
  }
}
