import { z } from 'zod';
import { commonLocation } from './location-common';

export const folderFields = {
  path: z.string().min(1, 'is empty'),
  /** Refuse the folder when it is not on a mount of its own: an unmounted NFS path is an empty local folder. */
  requireMount: z.boolean().default(false),
};

/** A local or NFS folder. */
export const folderLocationSchema = z.object({ ...commonLocation, kind: z.literal('folder'), ...folderFields });
export type FolderLocation = z.infer<typeof folderLocationSchema>;
