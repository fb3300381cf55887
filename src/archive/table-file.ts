import type { CompressionGate, MemberFileWriter, SpooledFile } from './gzip-members';

const FIRST_ROW = Buffer.from('[\n');
const SEPARATOR_BYTES = 2;
const END = Buffer.from('\n]\n');
const EMPTY = Buffer.from('[\n]\n');

/** Bytes that key ranges may run ahead of their turn, over all tables: 24 MiB. Beyond it their connections pause. */
const AHEAD_LIMIT_BYTES = 24 * 1024 * 1024;

/** Shared by all tables of a run: how much waits in memory for its turn. */
export class AheadBudget {
  #bytes = 0;
  #waiting = new Set<() => void>();

  get isSpent(): boolean {
    return this.#bytes >= AHEAD_LIMIT_BYTES;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (bytes < 0 && !this.isSpent) this.wake();
  }

  /** Calls `then` when there is room again or somebody's turn came. */
  wait(then: () => void): void {
    this.#waiting.add(then);
  }

  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const then of waiting) then();
  }
}

/**
 * Joins the key ranges of one table, read at the same time, into one JSON array in key order. The range whose turn it
 * is writes through; the others wait in memory within the budget. Blocks hold rows that each begin with `,\n`.
 */
export class TableFileWriter {
  readonly #writer: MemberFileWriter;
  readonly #budget: AheadBudget;
  readonly #gate: CompressionGate;
  readonly #ahead = new Map<number, Buffer[]>();
  readonly #finished = new Set<number>();
  #turn = 0;
  #isEmpty = true;

  constructor(writer: MemberFileWriter, budget: AheadBudget, gate: CompressionGate) {
    this.#writer = writer;
    this.#budget = budget;
    this.#gate = gate;
  }

  /** Takes a block of range number `range`. */
  write(range: number, block: Buffer): void {
    if (range === this.#turn) {
      this.#put(block);
      return;
    }
    const blocks = this.#ahead.get(range) ?? [];
    blocks.push(block);
    this.#ahead.set(range, blocks);
    this.#budget.add(block.length);
  }

  /** Whether the reader of `range` has to pause now, and until when. */
  pauseUntil(range: number): ((then: () => void) => void) | undefined {
    if (range <= this.#turn) return this.#gate.isOpen ? undefined : (then) => this.#gate.whenOpen(then);
    return this.#budget.isSpent ? (then) => this.#budget.wait(then) : undefined;
  }

  /** All rows of `range` were handed over. */
  finishRange(range: number): void {
    this.#finished.add(range);
    while (this.#finished.delete(this.#turn)) {
      this.#turn += 1;
      for (const block of this.#ahead.get(this.#turn) ?? []) {
        this.#budget.add(-block.length);
        this.#put(block);
      }
      this.#ahead.delete(this.#turn);
      this.#budget.wake();
    }
  }

  #put(block: Buffer): void {
    if (!this.#isEmpty) {
      this.#writer.write(block);
      return;
    }
    this.#isEmpty = false;
    FIRST_ROW.copy(block, 0, 0, SEPARATOR_BYTES);
    this.#writer.write(block);
  }

  /** Writes the closing bracket. A file without it is truncated. */
  async close(): Promise<SpooledFile> {
    this.#writer.write(this.#isEmpty ? Buffer.from(EMPTY) : Buffer.from(END));
    return await this.#writer.close();
  }

  async abandon(): Promise<void> {
    await this.#writer.abandon();
  }
}
