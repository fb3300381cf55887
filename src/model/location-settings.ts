import { z } from 'zod';

/** A configured object store. Today: a local or NFS folder. */
export const locationSettingsSchema = z.object({
  /** Shown in messages; the config node's name or the URL. */
  name: z.string().min(1),
  kind: z.literal('folder'),
  path: z.string().min(1, 'is empty'),
  /** Refuse the folder when it is not on a mount of its own: an unmounted NFS path is an empty local folder. */
  requireMount: z.boolean().default(false),
});
export type LocationSettings = z.infer<typeof locationSettingsSchema>;
