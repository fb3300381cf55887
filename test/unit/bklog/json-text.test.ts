import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Pointer, replaceInJsonText } from '../../../src/bklog/json-text';

/** Text, where, by what, and what comes out. */
const CASES: readonly [text: string, pointer: Pointer, value: unknown, after: string][] = [
  ['[{"a": 1, "b": 1}]', [0, 'b'], 22, '[{"a": 1, "b": 22}]'],
  [' { "a" : [ 1 , 2 ] } \n', ['a', 1], 9, ' { "a" : [ 1 , 9 ] } \n'],
  ['{"\\u4e2d":"\\u6587","x\\"}":1}', ['x"}'], 2, '{"\\u4e2d":"\\u6587","x\\"}":2}'],
  ['{"a":"\\\\","b":"]"}', ['b'], 'c"', '{"a":"\\\\","b":"c\\""}'],
  ['[[],{},[[1]]]', [2, 0, 0], 2n ** 63n, '[[],{},[[9223372036854775808]]]'],
  ['[9007199254740993,1]', [1], 2, '[9007199254740993,2]'],
  ['-1.5e3', [], 7, '7'],
  ['[true,null,false]', [1], 7, '[true,7,false]'],
  ['{"a":1}', ['b'], 7, '{"a":1}'],
];
for (const [text, pointer, value, after] of CASES) {
  test(`${JSON.stringify(pointer)} of ${text.trim()} becomes ${value}`, () => {
    assert.equal(replaceInJsonText(text, [{ pointer, value }]), after);
  });
}

test('all numbers of any JSON are replaced where they stand, and nothing else', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(0, 2), (json, indent) => {
      const text = JSON.stringify(JSON.parse(json), null, indent);
      const replacements: { pointer: Pointer; value: unknown }[] = [];
      const expected = JSON.stringify(withNumbers(JSON.parse(json), [], replacements), null, indent);
      assert.equal(replaceInJsonText(text, replacements), expected);
      assert.equal(replaceInJsonText(text, []), text);
    }),
    { numRuns: 2000, seed: 20261123 },
  );
});

function withNumbers(value: unknown, pointer: Pointer, replacements: { pointer: Pointer; value: unknown }[]): unknown {
  if (typeof value === 'number') {
    replacements.push({ pointer, value: 4711 });
    return 4711;
  }
  if (Array.isArray(value)) return value.map((one, at) => withNumbers(one, [...pointer, at], replacements));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, one]) => [key, withNumbers(one, [...pointer, key], replacements)]);
  return Object.fromEntries(members);
}
