import { hostname } from 'node:os';
import { z } from 'zod';
import { isOperationError, OperationError } from '../errors/operation-error';
import type { ObjectStore } from '../store/object-store';
import { RUN_LOCK_KEY } from '../store/store-keys';

/**
 * One writer per location.
 *
 *   free ──put──▶ held ──touch every 20 s──▶ held ──delete──▶ free
 *                  │ holder dead (same host) or no heartbeat for 2 min
 *                  └─▶ expired ──delete, put──▶ held by somebody else
 *
 * Two runs that take over the same expired lock at once are told apart by reading the token back. A holder that was
 * asleep too long finds a foreign token in `assertHeld`, which every seal and every removal calls first.
 */
const LEASE_MS = 2 * 60 * 1000;
const HEARTBEAT_MS = 20 * 1000;

export const lockSchema = z.object({
  kind: z.literal('run-lock'),
  runId: z.string(),
  operation: z.string(),
  host: z.string(),
  pid: z.number().int(),
  since: z.string(),
});
type LockContent = z.infer<typeof lockSchema>;

export interface RunLock {
  /** Throws OP_BUSY when another run took the location over. */
  assertHeld(): Promise<void>;
}

async function readLock(store: ObjectStore): Promise<LockContent | 'unreadable' | undefined> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of store.get(RUN_LOCK_KEY)) chunks.push(chunk);
    const parsed = lockSchema.safeParse(JSON.parse(Buffer.concat(chunks).toString()));
    return parsed.success ? parsed.data : 'unreadable';
  } catch (error) {
    if (isOperationError(error, 'OP_ARCHIVE_MISSING')) return undefined;
    if (error instanceof SyntaxError) return 'unreadable';
    throw error;
  }
}

function isDead(holder: LockContent): boolean {
  if (holder.host !== hostname()) return false;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function* bytesOf(content: LockContent): AsyncGenerator<Buffer> {
  yield Buffer.from(JSON.stringify(content));
}

async function takeOverIfExpired(store: ObjectStore): Promise<void> {
  const info = await store.head(RUN_LOCK_KEY);
  const holder = await readLock(store);
  if (!info || !holder) return; // released meanwhile
  const ageMs = Date.now() - Date.parse(info.modifiedAt);
  const isExpired = ageMs > LEASE_MS || (holder !== 'unreadable' && isDead(holder));
  if (!isExpired) {
    const who =
      holder === 'unreadable' ? 'an unknown run' : `run ${holder.runId} (${holder.operation}) on ${holder.host}`;
    throw new OperationError('OP_BUSY', `${store.place} is held by ${who}`, {
      details: {
        location: store.place,
        ...(holder === 'unreadable'
          ? {}
          : { runId: holder.runId, host: holder.host, pid: holder.pid, since: holder.since }),
        expiresAt: new Date(Date.parse(info.modifiedAt) + LEASE_MS).toISOString(),
      },
    });
  }
  await store.delete(RUN_LOCK_KEY);
}

/** Holds the location while `use` runs. Errors: OP_BUSY. */
export async function withRunLock<T>(
  store: ObjectStore,
  run: { readonly runId: string; readonly operation: string },
  use: (lock: RunLock) => Promise<T>,
): Promise<T> {
  const content: LockContent = {
    kind: 'run-lock',
    ...run,
    host: hostname(),
    pid: process.pid,
    since: new Date().toISOString(),
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await store.put(RUN_LOCK_KEY, bytesOf(content));
      break;
    } catch (error) {
      if (!isOperationError(error, 'OP_OBJECT_EXISTS') || attempt === 3) throw error;
      await takeOverIfExpired(store);
    }
  }
  const assertHeld = async () => {
    const holder = await readLock(store);
    if (holder && holder !== 'unreadable' && holder.runId === run.runId) return;
    throw new OperationError('OP_BUSY', `another run took over ${store.place} while run ${run.runId} was asleep`, {
      details: { location: store.place, runId: run.runId },
    });
  };
  // A heartbeat that fails is noticed by assertHeld at the latest; it must not end the run by itself.
  const heartbeat = setInterval(() => void store.touch(RUN_LOCK_KEY).catch(() => undefined), HEARTBEAT_MS);
  heartbeat.unref();
  try {
    await assertHeld();
    return await use({ assertHeld });
  } finally {
    clearInterval(heartbeat);
    const holder = await readLock(store).catch(() => undefined);
    if (holder && holder !== 'unreadable' && holder.runId === run.runId) {
      await store.delete(RUN_LOCK_KEY).catch(() => undefined); // expires by itself; must not hide the run's result
    }
  }
}

/** Whether some living run holds the location now. */
export async function isLocked(store: ObjectStore): Promise<boolean> {
  const [info, holder] = [await store.head(RUN_LOCK_KEY), await readLock(store)];
  if (!info || !holder) return false;
  if (Date.now() - Date.parse(info.modifiedAt) > LEASE_MS) return false;
  return holder === 'unreadable' || !isDead(holder);
}
