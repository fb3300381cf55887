import { OperationError } from '../errors/operation-error';
import type { ManifestColumn } from '../model/manifest';

const NEWLINE = 0x0a;
const TAB = 0x09;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LETTER_N = 0x6e;
const LETTER_U = 0x75;
const NULL_TEXT = Buffer.from('\\N');

/** The byte that a letter after a backslash means in JSON. */
const UNESCAPED = new Uint8Array(256);
for (const [letter, byte] of [
  ['"', QUOTE],
  ['\\', BACKSLASH],
  ['/', 0x2f],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', NEWLINE],
  ['r', 0x0d],
  ['t', TAB],
] as const) {
  UNESCAPED[letter.charCodeAt(0)] = byte;
}
/** The letter that stands after a backslash for a byte in the input of LOAD DATA; 0: the byte stands for itself. */
const LOAD_ESCAPE = new Uint8Array(256);
for (const [byte, letter] of [
  [0x00, '0'],
  [NEWLINE, 'n'],
  [0x0d, 'r'],
  [TAB, 't'],
  [BACKSLASH, '\\'],
] as const) {
  LOAD_ESCAPE[byte] = letter.charCodeAt(0);
}

/** A block of lines has about this size; one with a larger line has that line alone: 8 MiB. */
const BLOCK_BYTES = 8 * 1024 * 1024;
/** The first is smaller: most tables are. 256 KiB. */
const FIRST_BLOCK_BYTES = 256 * 1024;

/** The columns of a table file that a server takes: generated ones it computes itself. */
export function loadedColumns(columns: readonly ManifestColumn[]): ManifestColumn[] {
  return columns.filter(({ generated }) => generated === undefined);
}

/**
 * Turns the bytes of a table file into the input of LOAD DATA: one line a row, fields between tabs, `\N` for NULL,
 * backslash escapes, base64 cells as their bytes. The way back of `createRowEncoder`, byte by byte, without objects.
 * Errors (thrown from `push` and `end`): OP_ARCHIVE_CORRUPT when the file is not what that encoder writes.
 */
export class LoadEncoder {
  rows = 0;
  readonly #path: string;
  readonly #columns: readonly { readonly prefix: Buffer; readonly isBytes: boolean; readonly isSkipped: boolean }[];
  #carried: Buffer[] = [];
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  #isClosed = false;

  constructor(path: string, columns: readonly ManifestColumn[]) {
    this.#path = path;
    this.#columns = columns.map(({ name, encoding, generated }, index) => ({
      prefix: Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
      isBytes: encoding === 'base64' || encoding === 'charset-base64',
      isSkipped: generated !== undefined,
    }));
  }

  /** Takes any piece of the file, gives the blocks that are full: whole lines, together about BLOCK_BYTES. */
  push(chunk: Buffer): Buffer[] {
    const full: Buffer[] = [];
    const first = chunk.indexOf(NEWLINE);
    if (first < 0) {
      this.#carried.push(Buffer.from(chunk));
      return full;
    }
    let start = 0;
    if (this.#carried.length > 0) {
      start = first + 1;
      this.#line(Buffer.concat([...this.#carried, chunk.subarray(0, start)]), 0, -1, full);
      this.#carried = [];
    }
    for (let stop = chunk.indexOf(NEWLINE, start); stop >= 0; stop = chunk.indexOf(NEWLINE, start)) {
      this.#line(chunk, start, stop, full);
      start = stop + 1;
    }
    if (start < chunk.length) this.#carried = [Buffer.from(chunk.subarray(start))];
    return full;
  }

  /** The lines that are left. Checks that the array was closed. */
  end(): Buffer {
    if (!this.#isClosed || this.#carried.length > 0) throw this.#damage('ends before its closing bracket');
    return this.#block.subarray(0, this.#at);
  }

  #line(bytes: Buffer, start: number, end: number, full: Buffer[]): void {
    const stop = end < 0 ? bytes.length - 1 : end;
    if (bytes[start] !== OPEN) {
      this.#frame(bytes.toString('latin1', start, Math.min(stop, start + 2)));
      return;
    }
    // Names are dropped and escapes get shorter; only bytes that came as base64 can double, from three quarters.
    const most = Math.ceil((stop - start) * 1.5) + 16;
    if (this.#at + most > this.#block.length) {
      if (this.#at > 0) full.push(this.#block.subarray(0, this.#at));
      this.#block = Buffer.allocUnsafeSlow(Math.max(this.#at > 0 ? BLOCK_BYTES : FIRST_BLOCK_BYTES, most));
      this.#at = 0;
    }
    this.#at = this.#row(bytes, start, stop, this.#block, this.#at);
  }

  #frame(line: string): void {
    if (line === ']' && !this.#isClosed) this.#isClosed = true;
    else if (line !== '[' || this.rows > 0) throw this.#damage('holds a line that is neither a row nor a bracket');
  }

  #damage(what: string): OperationError {
    return new OperationError('OP_ARCHIVE_CORRUPT', `${this.#path} ${what} (after row ${this.rows})`, {
      details: { path: this.#path, row: this.rows + 1 },
    });
  }

  #row(line: Buffer, start: number, stop: number, out: Buffer, outAt: number): number {
    if (this.#isClosed) throw this.#damage('goes on after its closing bracket');
    let from = start;
    let to = outAt;
    let isFirst = true;
    for (const { prefix, isBytes, isSkipped } of this.#columns) {
      // Byte by byte: for names this short a call of `compare` costs more.
      for (let index = 0; index < prefix.length; index += 1) {
        if (line[from + index] !== prefix[index]) throw this.#damage('has a row with other columns');
      }
      from += prefix.length;
      if (!isSkipped) {
        if (!isFirst) out[to++] = TAB;
        isFirst = false;
      }
      const cellAt = to;
      const first = line[from]!;
      if (first === LETTER_N) {
        from += 4; // null
        if (!isSkipped) to += NULL_TEXT.copy(out, to);
      } else if (first !== QUOTE) {
        while (from < stop && line[from] !== COMMA && line[from] !== CLOSE) out[to++] = line[from++]!;
      } else if (isBytes) {
        const close = line.indexOf(QUOTE, from + 1);
        if (close < 0 || close > stop) throw this.#damage('has a cell without end');
        for (const byte of Buffer.from(line.toString('latin1', from + 1, close), 'base64')) {
          const letter = LOAD_ESCAPE[byte]!;
          if (letter !== 0) out[to++] = BACKSLASH;
          out[to++] = letter === 0 ? byte : letter;
        }
        from = close + 1;
      } else {
        from += 1;
        for (;;) {
          if (from >= stop) throw this.#damage('has a cell without end');
          let byte = line[from++]!;
          if (byte === QUOTE) break;
          if (byte === BACKSLASH) {
            const letter = line[from++]!;
            if (letter === LETTER_U) {
              // The encoder writes \u00XX only, for bytes below 0x20.
              byte = Number.parseInt(line.toString('latin1', from + 2, from + 4), 16);
              from += 4;
            } else byte = UNESCAPED[letter]!;
          }
          const letter = LOAD_ESCAPE[byte]!;
          if (letter !== 0) out[to++] = BACKSLASH;
          out[to++] = letter === 0 ? byte : letter;
        }
      }
      if (isSkipped) to = cellAt;
    }
    if (line[from] !== CLOSE) throw this.#damage('has a row with other columns');
    out[to++] = NEWLINE;
    this.rows += 1;
    return to;
  }
}
