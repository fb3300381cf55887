import { setTimeout as sleep } from 'node:timers/promises';
import { isOperationError } from '../errors/operation-error';

export interface BackOff {
  readonly attempts: number;
  /** The longest pause before the second attempt; it doubles, and the true one is anywhere below. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** For tests. */
  readonly chance: () => number;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const DEFAULT_BACK_OFF: BackOff = {
  attempts: 5,
  firstMs: 500,
  mostMs: 15_000,
  chance: Math.random,
  wait: async (ms, signal) => await sleep(ms, undefined, signal ? { signal } : {}),
};

/** What was born as "trying again at once can help". */
export function isPassing(error: unknown): boolean {
  return isOperationError(error) && error.retry === 'now' && error.code !== 'OP_ABORTED';
}

/** Full jitter: many clients that failed together do not come back together. */
export async function pauseBefore(attempt: number, { firstMs, mostMs, chance, wait }: BackOff, signal?: AbortSignal) {
  await wait(chance() * Math.min(mostMs, firstMs * 2 ** (attempt - 2)), signal);
}

/** Repeats what failed for a passing reason. `attempt` counts from 1. */
export async function withBackOff<T>(
  act: (attempt: number) => Promise<T>,
  backOff: BackOff,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      signal?.throwIfAborted();
      return await act(attempt);
    } catch (error) {
      if (!isPassing(error) || attempt >= backOff.attempts) throw error;
      await pauseBefore(attempt + 1, backOff, signal);
    }
  }
}
