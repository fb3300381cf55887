import type { LocationSettings } from '../model/location-settings';
import { openBkrepoStore } from '../store/bkrepo-store';
import { openLocalStore } from '../store/local-store';
import type { ObjectStore } from '../store/object-store';
import { openS3Store } from '../store/s3-store';
import { withRetry } from '../store/with-retry';

/** The object store behind a location's settings. */
export async function openLocation(settings: LocationSettings): Promise<ObjectStore> {
  switch (settings.kind) {
    case 'folder':
      return openLocalStore(settings);
    case 's3':
      return withRetry(await openS3Store(settings));
    case 'bkrepo':
      return withRetry(await openBkrepoStore(settings));
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
