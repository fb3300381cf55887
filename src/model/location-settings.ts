import { z } from 'zod';
import { bklogLocationSchema } from './bklog-location';
import { bkrepoLocationSchema } from './bkrepo-location';
import { folderLocationSchema } from './folder-location';
import { s3LocationSchema } from './s3-location';

/** A configured object store. */
export const locationSettingsSchema = z.discriminatedUnion('kind', [
  folderLocationSchema,
  s3LocationSchema,
  bkrepoLocationSchema,
  bklogLocationSchema,
]);
export type LocationSettings = z.infer<typeof locationSettingsSchema>;

/** Where this is, for people: a path or a URL without secrets. */
export function describeLocation(settings: LocationSettings): string {
  switch (settings.kind) {
    case 'folder':
      return settings.path;
    case 's3':
      return `s3://${[settings.bucket, settings.prefix].filter(Boolean).join('/')}`;
    case 'bkrepo':
      return `bkrepo://${[settings.project, settings.repository, settings.folder].filter(Boolean).join('/')}`;
    case 'bklog':
      return `${settings.toggle} of ${settings.connection.name}`;
    default:
      throw settings satisfies never;
  }
}
