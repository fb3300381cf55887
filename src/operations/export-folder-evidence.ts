import { OperationError } from '../errors/operation-error';
import type { ExportCleaning } from '../model/export-task';
import type { ExportTasks } from '../mysql/export-tasks';
import type { ExportFolder } from '../store/export-folder';

/** Names are asked for in portions, and some thousands say enough. */
const PORTION = 500;
const MOST_NAMES = 5_000;

/**
 * Files that are not there prove something only where the exports are: in a folder that holds at least one file of the
 * table, or on a share that is mounted and not empty. Errors: OP_STORE_UNREACHABLE.
 */
export async function assertExportFolder(
  folder: ExportFolder,
  tasks: ExportTasks,
  { requireMount }: ExportCleaning,
  gone: number,
): Promise<void> {
  const names = await folder.names();
  if (requireMount && names.length > 0) return;
  const archives = names.filter((name) => name.endsWith('.tar.gz')).slice(0, MOST_NAMES);
  for (let at = 0; at < archives.length; at += PORTION) {
    if (await tasks.isNamed(archives.slice(at, at + PORTION))) return;
  }
  throw new OperationError(
    'OP_STORE_UNREACHABLE',
    `${folder.place} has none of the files that ${tasks.place} names, ${gone} of them to be cleaned away`,
    {
      details: { path: folder.place, entries: names.length, missing: gone },
      remedy:
        'Mount the share, or name the folder where BK-LOG keeps its exports (BKAPP_EXTRACT_SAAS_STORY_DIR); where they have all gone indeed, accept missing files once.',
    },
  );
}
