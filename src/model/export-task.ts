import { z } from 'zod';

/** Where BK-LOG keeps the exports of its users when no other store is configured, and for how long. */
export const exportCleaningSchema = z.object({
  /** The folder that file names of the table are relative to: BKAPP_EXTRACT_SAAS_STORY_DIR of BK-LOG. */
  folder: z.string().trim().min(1, 'is empty'),
  /** Refuse the folder when it is not on a mount of its own: an unmounted share is an empty local folder. */
  requireMount: z.boolean().default(false),
  /** Files stay this many days after their task was created. Default 2, as in BK-LOG; less would cut download links short. */
  keepDays: z.number().int().min(1).max(100_000).default(2),
  /** Files that are not there have gone, even when nothing says that this is the folder of the exports. */
  acceptMissing: z.boolean().default(false),
});
export type ExportCleaning = z.infer<typeof exportCleaningSchema>;

/** An export is running in these states; without a state it has just been created. */
export const RUNNING_STATES = ['download_log', 'export_package', 'export_upload'] as const;

/** A running task older than this is stuck. */
export const STUCK_HOURS = 24;
/** A download link works this long after the task was completed. */
export const LINK_HOURS = 24;

/** One row of the table of exports. Times as they are stored: `YYYY-MM-DD hh:mm:ss.ffffff`, UTC. */
export interface ExportTask {
  readonly id: string;
  readonly createdAt: string;
  readonly completedAt: string | null;
  readonly state: string | null;
  /** `async` or `sync`. */
  readonly type: string | null;
  /** Null or empty: there never was a file. */
  readonly fileName: string | null;
  readonly isClean: boolean;
  /** Where the download link leads; absent: there is none. */
  readonly store?: 'folder' | 'elsewhere';
}

/** What stands under a name in the folder of the exports. */
export type FoundFile =
  | { readonly kind: 'file'; readonly bytes: number }
  | { readonly kind: 'absent' }
  /** A symbolic link, a folder, a device. */
  | { readonly kind: 'other' }
  | { readonly kind: 'unreadable'; readonly code: string };

/** A name of an entry of the folder itself: nothing that leads elsewhere. */
export function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
}
