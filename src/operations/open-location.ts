import { resolveBkLogLocation } from '../model/bklog-location';
import type { LocationSettings } from '../model/location-settings';
import { openBkrepoStore } from '../store/bkrepo-store';
import { openLocalStore } from '../store/local-store';
import type { ObjectStore } from '../store/object-store';
import { openS3Store } from '../store/s3-store';
import { withRetry } from '../store/with-retry';
import { findExportStorage } from './export-storage';

/** The object store behind a location's settings. Errors: OP_CONFIG_INVALID; OP_SOURCE_* where BK-LOG is asked. */
export async function openLocation(settings: LocationSettings, signal?: AbortSignal): Promise<ObjectStore> {
  switch (settings.kind) {
    case 'folder':
      return openLocalStore(settings);
    case 's3':
      return withRetry(await openS3Store(settings));
    case 'bkrepo':
      return withRetry(await openBkrepoStore(settings));
    case 'bklog': {
      const storage = await findExportStorage(settings.connection, settings.toggle, signal);
      return await openLocation(resolveBkLogLocation(settings, storage));
    }
    default:
      throw settings satisfies never;
  }
}

/** Refuses a location that cannot be written to, so that a long export does not end in front of a closed door. */
export async function checkLocation({ location }: { readonly location: LocationSettings }): Promise<{ place: string }> {
  const store = await openLocation(location);
  await store.check({ write: true });
  return { place: store.place };
}
