import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperationError } from '../errors/operation-error';

/**
 * Creates a folder and those above it; one that is there stays. Node's own recursive mkdir turns for ever, and cannot be
 * stopped, where the file system says ENOENT to a folder that nobody may create: /proc, mount points of autofs.
 * Errors: OP_STORE_UNREACHABLE for a file of that name; those of mkdir.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  if (await isFolder(path)) return;
  if (dirname(path) !== path) await makeFolder(dirname(path), mode);
  await mkdir(path, mode).catch(async (error: unknown) => {
    if (!(await isFolder(path))) throw error; // another run may have created it meanwhile
  });
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) {
    throw new OperationError('OP_STORE_UNREACHABLE', `${path} is a file, not a folder`, { details: { path } });
  }
  return found !== undefined;
}
