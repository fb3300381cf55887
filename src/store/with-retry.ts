import { isPassing, pauseBefore, withBackOff } from '../support/back-off';
import type { ObjectPart, ObjectStore } from './object-store';
import { storeTuning } from './store-tuning';

/**
 * Repeats what a store calls passing (`retry: 'now'`), with growing pauses and jitter. A put is repeated only while
 * nothing was taken from its source; within one the store repeats its own parts. Reading goes on at the byte where it
 * broke off: objects are written once, and who reads an archive compares its hash.
 */
export function withRetry(store: ObjectStore): ObjectStore {
  const { backOff } = storeTuning();
  const { heldUntil, downloadUrl } = store;
  return {
    place: store.place,
    check: (options) => withBackOff(() => store.check(options), backOff),
    async put(key, content, signal) {
      const source = content[Symbol.asyncIterator]();
      let isTaken = false;
      const watched: AsyncIterable<Buffer> = {
        [Symbol.asyncIterator]: () => ({
          next() {
            isTaken = true;
            return source.next();
          },
          // An attempt that took nothing leaves the source to the next one.
          return: async () => (isTaken ? ((await source.return?.()) ?? end) : end),
        }),
      };
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await store.put(key, watched, signal);
        } catch (error) {
          if (isTaken || !isPassing(error) || attempt >= backOff.attempts) throw error;
          await pauseBefore(attempt + 1, backOff, signal);
        }
      }
    },
    async *get(key, signal, part) {
      let done = 0;
      let failures = 0;
      for (;;) {
        try {
          for await (const chunk of store.get(key, signal, restOf(part, done))) {
            done += chunk.length;
            failures = 0;
            yield chunk;
          }
          return;
        } catch (error) {
          failures += 1;
          if (!isPassing(error) || failures >= backOff.attempts) throw error;
          await pauseBefore(failures + 1, backOff, signal);
        }
      }
    },
    head: (key) => withBackOff(() => store.head(key), backOff),
    list: () => withBackOff(() => store.list(), backOff),
    touch: (key) => withBackOff(() => store.touch(key), backOff),
    delete: (key) => withBackOff(() => store.delete(key), backOff),
    listRemains: () => withBackOff(() => store.listRemains(), backOff),
    ...(heldUntil ? { heldUntil: (key) => withBackOff(() => heldUntil(key), backOff) } : {}),
    ...(downloadUrl ? { downloadUrl: (key, seconds) => withBackOff(() => downloadUrl(key, seconds), backOff) } : {}),
  };
}

const end = { done: true as const, value: undefined };
/** No object is longer: an open end for stores that take both ends. */
const MOST_BYTES = 2 ** 46;

function restOf(part: ObjectPart | undefined, done: number): ObjectPart | undefined {
  if (done === 0) return part;
  return part ? { at: part.at + done, bytes: part.bytes - done } : { at: done, bytes: MOST_BYTES };
}
