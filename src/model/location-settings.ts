import { z } from 'zod';
import { bkrepoLocationSchema } from './bkrepo-location';
import { commonLocation } from './location-common';
import { s3LocationSchema } from './s3-location';

const folderLocationSchema = z.object({
  ...commonLocation,
  kind: z.literal('folder'),
  path: z.string().min(1, 'is empty'),
  /** Refuse the folder when it is not on a mount of its own: an unmounted NFS path is an empty local folder. */
  requireMount: z.boolean().default(false),
});
export type FolderLocation = z.infer<typeof folderLocationSchema>;

/** A configured object store. */
export const locationSettingsSchema = z.discriminatedUnion('kind', [
  folderLocationSchema,
  s3LocationSchema,
  bkrepoLocationSchema,
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
    default:
      throw settings satisfies never;
  }
}
