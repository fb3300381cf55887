import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isOperationError } from '../../../src/errors/operation-error';
import type { CellEncoding, ManifestColumn } from '../../../src/model/manifest';
import { LoadEncoder } from '../../../src/mysql/load-encoder';
import { createRowEncoder } from '../../../src/mysql/row-encoder';

const column = (name: string, encoding: CellEncoding, change: Partial<ManifestColumn> = {}): ManifestColumn => ({
  name,
  type: 'x',
  encoding,
  nullable: true,
  ...change,
});

/** One row packet of the text protocol. */
function toPacket(cells: readonly (Buffer | null)[]): Buffer {
  return Buffer.concat(
    cells.flatMap((cell) => {
      if (cell === null) return [Buffer.from([251])];
      return cell.length < 251
        ? [Buffer.from([cell.length]), cell]
        : [Buffer.from([252, cell.length & 255, cell.length >> 8]), cell];
    }),
  );
}

/** The table file of these cells, as the export writes it. */
function toTableFile(columns: readonly ManifestColumn[], rows: readonly (readonly (Buffer | null)[])[]): Buffer {
  const blocks: Buffer[] = [];
  const encoder = createRowEncoder(columns, 't', (block) => blocks.push(Buffer.from(block)));
  for (const row of rows) {
    const packet = toPacket(row);
    encoder.encode(packet, 0, packet.length);
  }
  encoder.flush();
  const body = Buffer.concat(blocks);
  return body.length === 0
    ? Buffer.from('[\n]\n')
    : Buffer.concat([Buffer.from('[\n'), body.subarray(2), Buffer.from('\n]\n')]);
}

/** What a server reads from the input of LOAD DATA, decoded by its documented rules. */
function readLoadInput(input: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = [];
  let row: (Buffer | null)[] = [];
  let cell: number[] = [];
  let isNull = false;
  const meaning: Record<string, number> = { '0': 0, n: 10, r: 13, t: 9 };
  for (let at = 0; at < input.length; at += 1) {
    const byte = input[at]!;
    if (byte === 9 || byte === 10) {
      row.push(isNull ? null : Buffer.from(cell));
      cell = [];
      isNull = false;
      if (byte === 10) {
        rows.push(row);
        row = [];
      }
    } else if (byte === 92) {
      at += 1;
      const letter = String.fromCharCode(input[at]!);
      if (letter === 'N' && cell.length === 0) isNull = true;
      else cell.push(meaning[letter] ?? input[at]!);
    } else cell.push(byte);
  }
  return rows;
}

const COLUMNS = [column('id', 'integer'), column('a "name"', 'text'), column('__proto__', 'base64')];
const cells = fc.tuple(
  fc.oneof(
    fc.constant(null),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }).map((n) => Buffer.from(String(n))),
  ),
  fc.oneof(
    fc.constant(null),
    fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
  ),
  fc.oneof(
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  ),
);

test('whatever the export writes, LOAD DATA gets the same bytes, however the file is cut into pieces', () => {
  fc.assert(
    fc.property(fc.array(cells, { maxLength: 8 }), fc.integer({ min: 1, max: 400 }), (rows, piece) => {
      const file = toTableFile(COLUMNS, rows);
      const encoder = new LoadEncoder('t.json', COLUMNS);
      const parts: Buffer[] = [];
      for (let at = 0; at < file.length; at += piece) parts.push(...encoder.push(file.subarray(at, at + piece)));
      parts.push(encoder.end());
      assert.equal(encoder.rows, rows.length);
      assert.deepEqual(readLoadInput(Buffer.concat(parts)), rows);
    }),
    { numRuns: 500, seed: 20261123 },
  );
});

test('generated columns are left out', () => {
  const columns = [
    column('g', 'integer', { generated: 'virtual' }),
    column('b', 'text'),
    column('h', 'text', { generated: 'stored' }),
  ];
  const encoder = new LoadEncoder('t.json', columns);
  const file = toTableFile(columns, [[Buffer.from('1'), Buffer.from('x'), Buffer.from('y\tz')]]);
  encoder.push(file);
  assert.equal(encoder.end().toString(), 'x\n');
});

test('a file that is cut, goes on, or has other columns is refused', () => {
  const good = toTableFile(COLUMNS, [[Buffer.from('1'), null, null]]);
  const damages: Record<string, Buffer> = {
    'cut in a row': good.subarray(0, 12),
    'without its bracket': good.subarray(0, good.length - 2),
    'two brackets': Buffer.concat([good, Buffer.from(']\n')]),
    'a row behind the bracket': Buffer.concat([good, Buffer.from('{"id":1}\n')]),
    'other columns': Buffer.from('[\n{"ID":1}\n]\n'),
    'a column more': Buffer.from('[\n{"id":1,"a \\"name\\"":null,"__proto__":null,"more":1}\n]\n'),
    'a string without end': Buffer.from('[\n{"id":1,"a \\"name\\"":"x}\n]\n'),
    'something else': Buffer.from('hello\n'),
  };
  for (const [name, file] of Object.entries(damages)) {
    const encoder = new LoadEncoder('t.json', COLUMNS);
    assert.throws(
      () => {
        encoder.push(file);
        encoder.end();
      },
      (error) => isOperationError(error, 'OP_ARCHIVE_CORRUPT'),
      name,
    );
  }
});
