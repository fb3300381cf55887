import { constants } from 'node:fs';
import { access, lstat, open, readdir, realpath, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { invariant, OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { type ExportCleaning, type FoundFile, isPlainName } from '../model/export-task';
import { durableStep } from '../support/durable-step';
import { assertMounted } from './local-store';

/** The folder in which another program keeps its files: we look and remove, file by file, and write nothing. */
export interface ExportFolder {
  readonly place: string;
  /** What has this name; links are not followed. Errors: OP_STORE_UNREACHABLE when the folder is not the one that was opened. */
  look(name: string): Promise<FoundFile>;
  /** Removes one file for good. The answer is false when it has gone meanwhile. Errors: OP_STORE_*, OP_EXPORT_UNSAFE. */
  remove(name: string): Promise<boolean>;
  /** All names in it. */
  names(): Promise<string[]>;
}

/** Errors: OP_STORE_UNREACHABLE for a folder that is missing or not mounted, OP_STORE_DENIED. */
export async function openExportFolder(
  { folder, requireMount }: ExportCleaning,
  { write }: { readonly write: boolean },
): Promise<ExportFolder> {
  const translated = async <T>(step: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw toOperationError(error, `${step} in ${folder}`);
    }
  };
  const { root, opened } = await translated('looking for exports', async () => {
    // The folder itself may be a link to the share; nothing in it may lead out again.
    const place = await realpath(folder).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? missing(folder, error) : error;
    });
    if (requireMount) await assertMounted(place);
    const about = await stat(place);
    if (!about.isDirectory()) {
      throw new OperationError('OP_STORE_UNREACHABLE', `${folder} is not a folder`, { details: { path: folder } });
    }
    await access(place, constants.R_OK | constants.X_OK | (write ? constants.W_OK : 0));
    return { root: place, opened: about };
  });

  /** A share that was unmounted meanwhile leaves an empty folder behind: no file in it is no proof of anything. */
  async function assertSameFolder(): Promise<void> {
    const { dev, ino } = await stat(root);
    if (dev === opened.dev && ino === opened.ino) return;
    throw new OperationError('OP_STORE_UNREACHABLE', `${folder} is another folder than at the beginning of the run`, {
      details: { path: folder },
      remedy: `Mount the share at ${folder} again, and run again.`,
    });
  }

  async function kindOf(name: string): Promise<FoundFile> {
    invariant(isPlainName(name), 'a file name with a path');
    try {
      const found = await lstat(join(root, name));
      return found.isFile() ? { kind: 'file', bytes: found.size } : { kind: 'other' };
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unreadable', code };
    }
  }

  return {
    place: root,
    look: (name) =>
      translated(`looking at ${name}`, async () => {
        const found = await kindOf(name);
        if (found.kind === 'absent') await assertSameFolder();
        return found;
      }),
    remove: (name) =>
      translated(`removing ${name}`, async () => {
        await assertSameFolder();
        if ((await kindOf(name)).kind === 'other') {
          throw new OperationError('OP_EXPORT_UNSAFE', `${name} in ${folder} is not a file`, { details: { name } });
        }
        return await durableStep('exports.remove-file', async () => {
          const isRemoved = await unlink(join(root, name)).then(
            () => true,
            (error: NodeJS.ErrnoException) => {
              if (error.code === 'ENOENT') return false;
              // Whatever stands in the way of this file need not concern the next one.
              throw new OperationError('OP_STORE_DENIED', `${name} cannot be removed from ${folder}: ${error.code}`, {
                cause: error,
                details: { path: folder, name, errno: error.code },
              });
            },
          );
          await syncFolder(root);
          return isRemoved;
        });
      }),
    names: () => translated('listing', () => readdir(root)),
  };
}

/** Otherwise a power failure could bring back a file whose row says that it is clean. */
async function syncFolder(root: string): Promise<void> {
  const folder = await open(root, constants.O_RDONLY);
  try {
    await folder.sync();
  } catch (error) {
    // Some file systems cannot.
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await folder.close();
  }
}

function missing(folder: string, cause: unknown): OperationError {
  return new OperationError('OP_STORE_UNREACHABLE', `no folder ${folder}`, {
    cause,
    details: { path: folder },
    remedy: `Mount the share, or name the folder where BK-LOG keeps its exports (BKAPP_EXTRACT_SAAS_STORY_DIR).`,
  });
}
