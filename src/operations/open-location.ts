import type { LocationSettings } from '../model/location-settings';
import { openLocalStore } from '../store/local-store';
import type { ObjectStore } from '../store/object-store';

/** The object store behind a location's settings. */
export function openLocation(settings: LocationSettings): ObjectStore {
  switch (settings.kind) {
    case 'folder':
      return openLocalStore(settings);
    default:
      throw settings.kind satisfies never;
  }
}
