import { createHash, randomBytes } from 'node:crypto';
import { cleanUpAfter, OperationError, serializeError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { type ObjectKey, randomName } from '../model/ids';
import type { LocationSettings } from '../model/location-settings';
import type { ObjectStore } from '../store/object-store';
import type { LocationTest, TestStep } from './contract';
import { openLocation } from './open-location';

/** Larger than one packet, small enough for any link. */
const PROBE_BYTES = 64 * 1024;

/**
 * Tries what backups will do: writes a probe, finds and reads it, refuses to write it twice, and deletes it. The answer
 * names each step that worked and the one that did not, with what is missing. Nothing is left behind where deleting works.
 */
export async function testLocation(
  { location }: { readonly location: LocationSettings },
  signal: AbortSignal,
): Promise<LocationTest> {
  const done: TestStep[] = [];
  let store: ObjectStore | undefined;
  const key = `bklog-backup-probe-${randomName(10)}` as ObjectKey;
  const bytes = randomBytes(PROBE_BYTES);
  const steps: { readonly step: TestStep; act(opened: ObjectStore): Promise<void> }[] = [
    { step: 'check', act: (opened) => opened.check({ write: true, bytesNeeded: PROBE_BYTES }) },
    { step: 'write', act: async (opened) => void (await opened.put(key, once(bytes), signal)) },
    { step: 'read', act: (opened) => readBack(opened, key, bytes, signal) },
    { step: 'list', act: (opened) => find(opened, key) },
    { step: 'keep', act: (opened) => refuseSecond(opened, key, bytes, signal) },
    { step: 'delete', act: (opened) => opened.delete(key) },
  ];
  let step: TestStep = 'check';
  try {
    store = await openLocation(location);
    for (const next of steps) {
      signal.throwIfAborted();
      step = next.step;
      await next.act(store);
      done.push(step);
    }
    return { place: store.place, done };
  } catch (thrown) {
    const failure = toOperationError(thrown, `trying to ${step}`);
    const opened = store;
    if (opened && done.includes('write')) await cleanUpAfter(failure, () => opened.delete(key));
    const isLeft = failure.suppressed.length > 0 || step === 'delete';
    const { stack: _, cause: __, ...told } = serializeError(failure);
    return { place: opened?.place ?? location.name, done, failed: { step, ...told }, ...(isLeft ? { left: key } : {}) };
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function readBack(store: ObjectStore, key: ObjectKey, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of store.get(key, signal)) hash.update(chunk);
  if (hash.digest('hex') === createHash('sha256').update(bytes).digest('hex')) return;
  throw new OperationError('OP_ARCHIVE_CORRUPT', `${key} in ${store.place} is not what was written`, {
    details: { key },
    remedy: 'Something between here and the location changes bytes: look for a proxy, a gateway or a broken disk.',
  });
}

async function find(store: ObjectStore, key: ObjectKey): Promise<void> {
  if ((await store.list()).some((info) => info.key === key)) return;
  throw new OperationError('OP_STORE_UNREACHABLE', `${key} was written to ${store.place} and is not listed there`, {
    details: { key },
    remedy: 'Retention and restore find sets by listing: wait, try again, and look at the store if it stays so.',
  });
}

/** A store that lets a second writer overwrite the first cannot hold the run lock. */
async function refuseSecond(store: ObjectStore, key: ObjectKey, bytes: Buffer, signal: AbortSignal): Promise<void> {
  try {
    await store.put(key, once(bytes), signal);
  } catch (error) {
    if (toOperationError(error, 'writing twice').code === 'OP_OBJECT_EXISTS') return;
    throw error;
  }
  throw new OperationError('OP_STORE_DENIED', `${store.place} lets an object be overwritten`, {
    details: { key },
    remedy: 'Use a store that honours conditional writes (If-None-Match): two runs would not see each other here.',
  });
}
