import { createHash } from 'node:crypto';

const NEWLINE = 0x0a;
const COMMA = 0x2c;
const BRACE = 0x7b;

/**
 * Hash of the rows of a table file whatever their order: the sum, modulo 2^256, of the SHA-256 of each row. For tables
 * that two servers sort differently. A row stands on a line of its own; the comma behind it does not count.
 */
export class RowSetHash {
  readonly #sum = new Uint32Array(8);
  #begun: Buffer[] = [];

  update(chunk: Buffer | string): this {
    const bytes = Buffer.from(chunk);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#endLine(bytes.subarray(start, end));
      start = end + 1;
    }
    if (start < bytes.length) this.#begun.push(bytes.subarray(start));
    return this;
  }

  #endLine(rest: Buffer): void {
    const line = this.#begun.length === 0 ? rest : Buffer.concat([...this.#begun, rest]);
    this.#begun = [];
    if (line[0] !== BRACE) return; // a bracket around the rows
    const row = line.at(-1) === COMMA ? line.subarray(0, -1) : line;
    const hash = createHash('sha256').update(row).digest();
    let carry = 0;
    for (let at = 0; at < 8; at += 1) {
      const sum = this.#sum[at]! + hash.readUInt32LE(at * 4) + carry;
      this.#sum[at] = sum;
      carry = sum > 0xffffffff ? 1 : 0;
    }
  }

  /** Of the rows whose line is complete. */
  digest(): string {
    return [...this.#sum].map((word) => word.toString(16).padStart(8, '0')).join('');
  }
}
