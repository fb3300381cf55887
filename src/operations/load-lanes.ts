import type { ManifestColumn } from '../model/manifest';
import type { SourceConnection } from '../mysql/connection';
import { type LoadResult, loadTable } from '../mysql/table-loader';

export interface LoadTarget {
  readonly database: string;
  readonly table: string;
  readonly columns: readonly ManifestColumn[];
}

/**
 * Carries blocks of rows to the server over several connections, each block whole and in a statement of its own. A
 * server that lets one statement at a time into a table (AUTO_INCREMENT under innodb_autoinc_lock_mode = 1) makes the
 * lanes wait for each other; that no statement waits for us to feed it is what keeps that from being a deadlock.
 */
export class LoadLanes {
  readonly #connections: readonly SourceConnection[];
  readonly #signal: AbortSignal;
  readonly #busy = new Map<SourceConnection, Promise<void>>();

  constructor(connections: readonly SourceConnection[], signal: AbortSignal) {
    this.#connections = connections;
    this.#signal = signal;
  }

  /**
   * Waits for a free lane and sends the block; `onLoaded` is told when it is in. With `inOrder` one block follows the
   * other: the order of rows is all that a table without a key has. Errors: those of earlier blocks, of `loadTable`.
   */
  async send(
    target: LoadTarget,
    block: readonly Buffer[],
    options: { readonly inOrder: boolean; readonly onLoaded: (result: LoadResult) => void },
  ): Promise<void> {
    const lanes = options.inOrder ? this.#connections.slice(0, 1) : this.#connections;
    while (this.#busy.size > 0 && lanes.every((lane) => this.#busy.has(lane))) await Promise.race(this.#busy.values());
    const lane = lanes.find((connection) => !this.#busy.has(connection))!;
    const work = loadTable(lane, target, toStream(block), this.#signal).then((result) => {
      options.onLoaded(result);
      this.#busy.delete(lane);
    });
    work.catch(() => undefined); // a failed lane stays busy, so whoever waits next meets the failure
    this.#busy.set(lane, work);
  }

  /** Waits until every block is in. */
  async settle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  /** Waits until no statement is under way, whatever came of it. */
  async rest(): Promise<void> {
    await Promise.allSettled(this.#busy.values());
  }
}

async function* toStream(block: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* block;
}
