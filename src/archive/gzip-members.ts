import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';

const gzip = promisify(gzipCallback);

/**
 * Level 1 costs a few percent of size against level 6 on the bench data and is about twice as fast
 * (docs/decisions/0004-gzip-members.md).
 */
export const DEFAULT_COMPRESSION_LEVEL = 1;
/** Blocks compressed at the same time, over all files of a run: enough for the thread pool, little memory. */
const MEMBERS_IN_FLIGHT = 6;

/** Compresses one block into one complete gzip member. RFC 1952 lets members follow one another; `tar -xzf` reads them. */
export async function compressMember(block: Buffer, level: number): Promise<Buffer> {
  return await gzip(block, { level, chunkSize: 256 * 1024 });
}

/** Lets at most `MEMBERS_IN_FLIGHT` blocks be compressed at once, and tells producers to pause. */
export class CompressionGate {
  #inFlight = 0;
  #waiting: (() => void)[] = [];

  get isOpen(): boolean {
    return this.#inFlight < MEMBERS_IN_FLIGHT;
  }

  enter(): void {
    this.#inFlight += 1;
  }

  leave(): void {
    this.#inFlight -= 1;
    while (this.isOpen) {
      const next = this.#waiting.shift();
      if (!next) return;
      next();
    }
  }

  /** Calls `then` as soon as the gate is open. */
  whenOpen(then: () => void): void {
    if (this.isOpen) then();
    else this.#waiting.push(then);
  }
}

/** A file of gzip members in a work directory, as it was written. */
export interface SpooledFile {
  /** Uncompressed. */
  readonly bytes: number;
  readonly sha256: string;
  /** Of the compressed file; checked again when it is packed. */
  readonly spoolBytes: number;
  readonly spoolSha256: string;
}

/**
 * Writes blocks, in the order they are given, as gzip members to a new file. Compression runs in parallel on the
 * thread pool, writing and both hashes stay in order. After a failure every later call throws that first failure.
 */
export class MemberFileWriter {
  readonly #file: FileHandle;
  readonly #level: number;
  readonly #gate: CompressionGate;
  readonly #recycle: (block: Buffer) => void;
  readonly #plain = createHash('sha256');
  readonly #spool = createHash('sha256');
  #bytes = 0;
  #spoolBytes = 0;
  #tail: Promise<void> = Promise.resolve();
  #failure: unknown;

  private constructor(file: FileHandle, level: number, gate: CompressionGate, recycle: (block: Buffer) => void) {
    this.#file = file;
    this.#level = level;
    this.#gate = gate;
    this.#recycle = recycle;
  }

  static async open(
    path: string,
    options: { level: number; gate: CompressionGate; recycle?: (block: Buffer) => void },
  ): Promise<MemberFileWriter> {
    return new MemberFileWriter(
      await open(path, 'wx', 0o600),
      options.level,
      options.gate,
      options.recycle ?? (() => undefined),
    );
  }

  /** Takes over `block`; the caller must look at the gate before producing the next one. */
  write(block: Buffer): void {
    if (this.#failure) throw this.#failure;
    if (block.length === 0) return;
    this.#plain.update(block);
    this.#bytes += block.length;
    this.#gate.enter();
    const member = compressMember(block, this.#level);
    // The order of the tail is the order of the file; a failed member fails the tail, which close() awaits.
    member.catch(() => undefined);
    this.#tail = this.#tail
      .then(async () => {
        const compressed = await member;
        this.#recycle(block);
        this.#spool.update(compressed);
        this.#spoolBytes += compressed.length;
        await writeWhole(this.#file, compressed);
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#gate.leave());
  }

  /** Waits for the last member and closes the file. */
  async close(): Promise<SpooledFile> {
    await this.#tail;
    await this.#file.close();
    if (this.#failure) throw this.#failure;
    return {
      bytes: this.#bytes,
      sha256: this.#plain.digest('hex'),
      spoolBytes: this.#spoolBytes,
      spoolSha256: this.#spool.digest('hex'),
    };
  }

  /** Closes the file after a failure elsewhere; what was written is rubbish. */
  async abandon(): Promise<void> {
    this.#failure ??= new Error('abandoned');
    await this.#tail;
    await this.#file.close();
  }
}

/** A write may be short (a nearly full disk); only the loop makes it whole or an error. */
export async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const result = await file.write(bytes, written, bytes.length - written);
    written += result.bytesWritten;
  }
}
