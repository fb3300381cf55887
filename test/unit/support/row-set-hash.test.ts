import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowSetHash } from '../../../src/support/row-set-hash';

const hashOf = (...chunks: readonly string[]) => {
  const hash = new RowSetHash();
  for (const chunk of chunks) hash.update(Buffer.from(chunk));
  return hash.digest();
};
const fileOf = (...rows: readonly string[]) => `[\n${rows.join(',\n')}\n]\n`;

test('the same rows in any order, cut anywhere, have one hash', () => {
  const rows = ['{"a":"1"}', '{"a":"},"}', '{"a":"🍺"}', '{"a":"1"}'];
  const expected = hashOf(fileOf(...rows));
  const turned = Buffer.from(fileOf(...rows.toReversed()));
  for (let cut = 0; cut <= turned.length; cut += 1) {
    const hash = new RowSetHash().update(turned.subarray(0, cut)).update(turned.subarray(cut));
    assert.equal(hash.digest(), expected, `cut at ${cut}`);
  }
});

test('other rows have another hash: one changed, one missing, one twice for another', () => {
  const [a, b, c] = ['{"a":1}', '{"a":2}', '{"a":3}'];
  const hashes = [[a, b, c], [a, b], [a, b, b], [a, a, b, c], [a, b, '{"a":4}'], []].map((rows) =>
    hashOf(fileOf(...(rows as string[]))),
  );
  assert.equal(new Set(hashes).size, hashes.length);
});

test('bytes that the giver uses again were taken', () => {
  const buffer = Buffer.from('{"a":1}');
  const hash = new RowSetHash().update(buffer);
  buffer.fill(0x20);
  hash.update('\n');
  assert.equal(hash.digest(), hashOf('{"a":1}\n'));
});
