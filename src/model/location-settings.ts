import { z } from 'zod';

/** What every kind of location has. */
export const commonLocation = {
  /** Shown in messages; the config node's name or the URL. */
  name: z.string().min(1),
};

const folderLocationSchema = z.object({
  ...commonLocation,
  kind: z.literal('folder'),
  path: z.string().min(1, 'is empty'),
  /** Refuse the folder when it is not on a mount of its own: an unmounted NFS path is an empty local folder. */
  requireMount: z.boolean().default(false),
});
export type FolderLocation = z.infer<typeof folderLocationSchema>;

/** A configured object store. */
export const locationSettingsSchema = z.discriminatedUnion('kind', [folderLocationSchema]);
export type LocationSettings = z.infer<typeof locationSettingsSchema>;

/** Where this is, for people: a path or a URL without secrets. */
export function describeLocation(settings: LocationSettings): string {
  return settings.path;
}
