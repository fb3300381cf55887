import type { ManifestColumn } from '../model/manifest';
import type { SourceConnection } from '../mysql/connection';
import { type LoadResult, loadTable } from '../mysql/table-loader';

/** Each piece is a packet: less than the smallest sensible max_allowed_packet. 256 KiB. */
const PIECE_BYTES = 256 * 1024;

export interface LoadTarget {
  readonly database: string;
  readonly table: string;
  readonly columns: readonly ManifestColumn[];
}

/** Carries blocks of rows to the server over several connections, each block whole and in a statement of its own. */
export class LoadLanes {
  readonly #connections: readonly SourceConnection[];
  readonly #signal: AbortSignal;
  readonly #busy = new Map<SourceConnection, Promise<LoadResult>>();

  constructor(connections: readonly SourceConnection[], signal: AbortSignal) {
    this.#connections = connections;
    this.#signal = signal;
  }

  /** Waits for a free lane and sends the block; `loaded` tells when it is in. Errors: those of earlier blocks. */
  async send(target: LoadTarget, block: Buffer): Promise<{ readonly loaded: Promise<LoadResult> }> {
    let lane = this.#free();
    for (; !lane; lane = this.#free()) await Promise.race(this.#busy.values());
    const connection = lane;
    const loaded = loadTable(connection, target, toStream(block), this.#signal).then((result) => {
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

async function* toStream(block: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < block.length; at += PIECE_BYTES) yield block.subarray(at, at + PIECE_BYTES);
}
