import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import {
  access,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  utimes,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { cleanUpAfter, OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import type { FolderLocation } from '../model/folder-location';
import { type ObjectKey, randomName } from '../model/ids';
import { durableStep } from '../support/durable-step';
import { assertFlat } from './flat-key';
import type { ObjectInfo, ObjectStore } from './object-store';

const TEMPORARY = /^\.tmp-[a-z0-9]{8}-/;

/** A local or NFS folder, written durably: temporary name, sync, publish under the final name, sync the folder. */
export function openLocalStore(settings: FolderLocation): ObjectStore {
  const root = resolve(settings.path);
  const translated = async <T>(step: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw toOperationError(error, `${step} in ${root}`);
    }
  };

  async function syncFolder(): Promise<void> {
    await durableStep('store.sync-folder', async () => {
      const folder = await open(root, constants.O_RDONLY);
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    });
  }

  /** `link` fails when the name is taken, which rename would overwrite; file systems without links get a check first. */
  async function publish(temporary: string, final: string, key: string): Promise<void> {
    const exists = () =>
      new OperationError('OP_OBJECT_EXISTS', `${key} is in ${root} already`, { details: { key, location: root } });
    try {
      await durableStep('store.publish', () => link(temporary, final));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (code === 'EEXIST') throw exists();
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
      const taken = await stat(final).then(
        () => true,
        () => false,
      );
      if (taken) throw exists();
      await durableStep('store.publish', () => rename(temporary, final));
    }
  }

  async function writeAll(file: FileHandle, content: AsyncIterable<Buffer>, signal?: AbortSignal) {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of content) {
      signal?.throwIfAborted();
      hash.update(chunk);
      let written = 0;
      while (written < chunk.length) {
        const result = await durableStep('store.write', () => file.write(chunk, written, chunk.length - written));
        written += result.bytesWritten;
      }
      bytes += chunk.length;
    }
    await durableStep('store.sync-object', () => file.sync());
    return { bytes, sha256: hash.digest('hex') };
  }

  async function infos(wanted: (name: string) => boolean): Promise<ObjectInfo[]> {
    const names = (await readdir(root, { withFileTypes: true })).filter(
      (entry) => entry.isFile() && wanted(entry.name),
    );
    const found = await Promise.all(
      names.map(async ({ name }) => {
        try {
          const { size, mtime } = await stat(join(root, name));
          return { key: name as ObjectKey, bytes: size, modifiedAt: mtime.toISOString() };
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // removed meanwhile
          throw error;
        }
      }),
    );
    return found.filter((info) => info !== undefined);
  }

  return {
    place: root,

    check: ({ bytesNeeded = 0, write }) =>
      translated('checking', async () => {
        if (settings.requireMount) await assertMounted(root);
        else if (write) await mkdir(root).catch(ignoreExisting);
        const about = await stat(root);
        if (!about.isDirectory()) {
          throw new OperationError('OP_STORE_UNREACHABLE', `${root} is not a folder`, { details: { path: root } });
        }
        if (!write) return;
        await access(root, constants.W_OK | constants.X_OK);
        const { bavail, bsize } = await statfs(root);
        const bytesFree = bavail * bsize;
        if (bytesFree < bytesNeeded) {
          throw new OperationError(
            'OP_STORE_FULL',
            `${root} has ${bytesFree} bytes free, about ${bytesNeeded} are needed`,
            {
              details: { path: root, bytesFree, bytesNeeded },
            },
          );
        }
      }),

    put: (key, content, signal) =>
      translated(`writing ${key}`, async () => {
        assertFlat(key);
        const temporary = join(root, `.tmp-${randomName(8)}-${key}`);
        const final = join(root, key);
        const file = await durableStep('store.create-temporary', () => open(temporary, 'wx', 0o600));
        let isPublished = false;
        try {
          let result: { bytes: number; sha256: string };
          try {
            result = await writeAll(file, content, signal);
          } finally {
            await file.close();
          }
          signal?.throwIfAborted();
          await publish(temporary, final, key);
          isPublished = true;
          await durableStep('store.drop-temporary', () => rm(temporary, { force: true }));
          await syncFolder();
          return result;
        } catch (error) {
          // Whoever called is told that there is no such object: a lock nobody releases, a seal without its archive.
          if (isPublished) await cleanUpAfter(error, () => rm(final, { force: true }));
          await cleanUpAfter(error, () => rm(temporary, { force: true }));
          throw error;
        }
      }),

    async *get(key, signal, part) {
      assertFlat(key);
      if (part?.bytes === 0) return;
      try {
        const stream = createReadStream(join(root, key), {
          highWaterMark: 1024 * 1024,
          ...(signal ? { signal } : {}),
          ...(part ? { start: part.at, end: part.at + part.bytes - 1 } : {}),
        });
        for await (const chunk of stream) yield chunk as Buffer;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
          throw new OperationError('OP_ARCHIVE_MISSING', `no ${key} in ${root}`, { details: { key, location: root } });
        }
        throw toOperationError(error, `reading ${key} in ${root}`);
      }
    },

    head: (key) =>
      translated(`looking at ${key}`, async () => {
        assertFlat(key);
        return (await infos((name) => name === key))[0];
      }),

    list: () => translated('listing', () => infos((name) => !TEMPORARY.test(name))),

    touch: (key) =>
      translated(`renewing ${key}`, async () => {
        assertFlat(key);
        const now = new Date();
        await durableStep('run-lock.renew', () => utimes(join(root, key), now, now));
      }),

    delete: (key) =>
      translated(`removing ${key}`, async () => {
        assertFlat(key);
        await durableStep('store.delete', () => rm(join(root, key), { force: true }));
        await syncFolder();
      }),

    listRemains: () => translated('listing', () => infos((name) => TEMPORARY.test(name))),
  };
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** An NFS path that is not mounted is an empty folder on the local disk: writing there would look like success. */
export async function assertMounted(root: string): Promise<void> {
  const [here, above] = await Promise.all([stat(root), stat(dirname(root))]);
  if (here.dev === above.dev) {
    throw new OperationError('OP_STORE_UNREACHABLE', `nothing is mounted at ${root}`, {
      details: { path: root },
      remedy: `Mount the share at ${root}, or switch off "must be a mount point" for this location.`,
    });
  }
}
