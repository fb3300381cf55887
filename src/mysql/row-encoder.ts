import { isUtf8 } from 'node:buffer';
import { OperationError } from '../errors/operation-error';
import type { CellEncoding } from '../model/manifest';
import type { RowSink } from './row-packets';

/** Blocks of about this size leave the encoder: 1 MiB. */
export const BLOCK_BYTES = 1024 * 1024;

const COMMA = 0x2c;
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ROW_END = Buffer.from('}');
const NULL_TEXT = Buffer.from('null');

/** Escape of each byte inside a JSON string: 0 none, else the letter after the backslash ('u' means \u00XX). */
const ESCAPE = new Uint8Array(256);
for (let byte = 0; byte < 0x20; byte += 1) ESCAPE[byte] = 0x75;
for (const [byte, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
] as const) {
  ESCAPE[byte] = letter.charCodeAt(0);
}
const HEX = Buffer.from('0123456789abcdef');

export interface EncodedColumn {
  readonly name: string;
  readonly encoding: CellEncoding;
}

export interface RowEncoder {
  readonly encode: RowSink;
  /** Hands over what is left. */
  flush(): void;
}

/**
 * Turns rows of the text protocol straight into JSON bytes, without strings or objects in between: half the time of
 * parsing and JSON.stringify. Every row is written as `,\n{"column":cell,…}`; who joins the blocks drops the first comma.
 * Blocks end at row boundaries, hold valid UTF-8, and belong to the receiver. `allocate` gives at least that many bytes.
 * Errors (thrown from `encode`): OP_VALUE_UNSUPPORTED when text is not valid UTF-8.
 */
export function createRowEncoder(
  columns: readonly EncodedColumn[],
  object: string,
  emit: (block: Buffer) => void,
  allocate: (size: number) => Buffer = Buffer.allocUnsafeSlow,
): RowEncoder {
  const prefixes = columns.map((column, index) =>
    Buffer.from(`${index === 0 ? ',\n{' : ','}${JSON.stringify(column.name)}:`),
  );
  const kinds = columns.map((column) =>
    column.encoding === 'text' ? 1 : column.encoding === 'base64' || column.encoding === 'charset-base64' ? 2 : 0,
  );
  const fixedBytes = prefixes.reduce((sum, prefix) => sum + prefix.length, 0) + columns.length * 6 + 2;
  let out = allocate(BLOCK_BYTES);
  let at = 0;

  function flush(): void {
    if (at === 0) return;
    const block = out.subarray(0, at);
    if (!isUtf8(block)) {
      throw new OperationError('OP_VALUE_UNSUPPORTED', `text in ${object} is not valid in its character set`, {
        details: { object, columns: columns.filter((_, index) => kinds[index] === 1).map((column) => column.name) },
        remedy: `Find the rows of ${object} whose text is not valid UTF-8 and repair them, or exclude the table.`,
      });
    }
    emit(block);
    out = allocate(BLOCK_BYTES);
    at = 0;
  }

  function encode(packet: Buffer, start: number, end: number): void {
    // Worst case: every byte becomes \u00XX. Only rows too large for that estimate are measured.
    const worst = (end - start) * 6 + fixedBytes;
    if (worst > out.length - at) {
      flush();
      if (worst > out.length) out = allocate(Math.max(BLOCK_BYTES, measure(packet, start, end) + fixedBytes));
    }
    // Locals in the loops: variables of the closure would be loaded and stored again for every byte.
    const target = out;
    let to = at;
    let from = start;
    for (let index = 0; index < kinds.length; index += 1) {
      const prefix = prefixes[index]!;
      for (let i = 0; i < prefix.length; i += 1) target[to++] = prefix[i]!;
      let length = packet[from++]!;
      if (length > 250) {
        if (length === 251) {
          to += NULL_TEXT.copy(target, to);
          continue;
        }
        if (length === 252) {
          length = packet[from]! | (packet[from + 1]! << 8);
          from += 2;
        } else if (length === 253) {
          length = packet.readUIntLE(from, 3);
          from += 3;
        } else {
          length = Number(packet.readBigUInt64LE(from));
          from += 8;
        }
      }
      const stop = from + length;
      const kind = kinds[index];
      if (kind === 1) {
        target[to++] = QUOTE;
        while (from < stop) {
          const byte = packet[from++]!;
          const letter = ESCAPE[byte]!;
          if (letter === 0) {
            target[to++] = byte;
          } else {
            target[to++] = BACKSLASH;
            target[to++] = letter;
            if (letter === 0x75) {
              target[to++] = 0x30;
              target[to++] = 0x30;
              target[to++] = HEX[byte >> 4]!;
              target[to++] = HEX[byte & 15]!;
            }
          }
        }
        target[to++] = QUOTE;
      } else if (kind === 2) {
        target[to++] = QUOTE;
        to += target.write(packet.toString('base64', from, stop), to, 'latin1');
        target[to++] = QUOTE;
        from = stop;
      } else {
        while (from < stop) target[to++] = packet[from++]!;
      }
    }
    at = to + ROW_END.copy(target, to);
  }

  /** Exact upper bound of the cells of one large row, in bytes. */
  function measure(packet: Buffer, start: number, end: number): number {
    let escapes = 0;
    for (let i = start; i < end; i += 1) if (ESCAPE[packet[i]!] !== 0) escapes += 1;
    const asText = end - start + escapes * 5;
    return kinds.includes(2) ? asText + Math.ceil((end - start) / 3) + 4 * kinds.length : asText;
  }

  return { encode, flush };
}

/** The two bytes that stand before every row; the first of a file becomes `[\n`. */
export const ROW_SEPARATOR = Buffer.from([COMMA, NEWLINE]);
