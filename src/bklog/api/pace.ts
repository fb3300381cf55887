import { setTimeout as sleep } from 'node:timers/promises';

/** Lets so many calls begin in a second, evenly; the others wait in their order. */
export class Pace {
  #next = 0;

  constructor(private readonly callsPerSecond: number | undefined) {}

  /** Errors: the reason of the signal. */
  async turn(signal: AbortSignal): Promise<void> {
    if (this.callsPerSecond === undefined) return;
    const now = performance.now();
    const at = Math.max(now, this.#next);
    this.#next = at + 1000 / this.callsPerSecond;
    if (at > now) await sleep(at - now, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }
}
