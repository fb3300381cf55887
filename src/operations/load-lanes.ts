import type { SourceConnection } from '../mysql/connection';
import type { BlockLoader, LoadResult, LoadTarget } from '../mysql/table-loader';

/** Carries blocks of rows to the server over several connections, each block whole and in a statement of its own. */
export class LoadLanes {
  readonly #connections: readonly SourceConnection[];
  readonly #signal: AbortSignal;
  readonly #busy = new Map<SourceConnection, Promise<LoadResult>>();

  readonly #load: BlockLoader;

  constructor(connections: readonly SourceConnection[], load: BlockLoader, signal: AbortSignal) {
    this.#connections = connections;
    this.#load = load;
    this.#signal = signal;
  }

  /** Waits for a free lane and sends the block; `loaded` tells when it is in. Errors: those of earlier blocks. */
  async send(target: LoadTarget, block: Buffer): Promise<{ readonly loaded: Promise<LoadResult> }> {
    let lane = this.#free();
    for (; !lane; lane = this.#free()) await Promise.race(this.#busy.values());
    const connection = lane;
    const loaded = this.#load(connection, target, block, this.#signal).then((result) => {
      this.#busy.delete(connection);
      return result;
    });
    loaded.catch(() => undefined); // a failed lane stays busy, so whoever waits next meets the failure
    this.#busy.set(connection, loaded);
    return { loaded };
  }

  #free(): SourceConnection | undefined {
    return this.#connections.find((connection) => !this.#busy.has(connection));
  }

  /** Waits until no statement is under way, whatever came of it. */
  async rest(): Promise<void> {
    await Promise.allSettled(this.#busy.values());
  }
}
