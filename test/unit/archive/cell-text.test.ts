import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cellText } from '../../../src/archive/cell-text';

test('every cell of a row is its own text, integers of any length by their digits', () => {
  const cell = fc.oneof(
    fc.constant(null),
    fc.string({ unit: fc.constantFrom('"', '\\', ',', '}', '{', ':', ' ', 'a', '1', '\n', '项') }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }),
  );
  const name = fc.string({ unit: fc.constantFrom('a', '"', '\\', ':', ',', '1'), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, cell), { selector: ([key]) => key, minLength: 1 }), (cells) => {
      const json = (value: string | bigint | null) =>
        typeof value === 'bigint' ? String(value) : JSON.stringify(value);
      const row = `{${cells.map(([key, value]) => `${JSON.stringify(key)}:${json(value)}`).join(',')}}`;
      const parsed = JSON.parse(row);
      for (const [key, value] of cells) {
        assert.equal(cellText(parsed[key], key, row), value === null ? null : String(value), row);
      }
    }),
    { numRuns: 500 },
  );
});
