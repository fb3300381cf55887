import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatPython, PythonJsonError, parsePython, pythonFloat } from '../../../src/bklog/python-json';

/** What Python itself makes of texts: the formatted document, or null where it fails. */
function byPython(texts: readonly string[]): (string | null)[] {
  const script = `
import json, sys
out = []
for text in json.load(sys.stdin):
    try:
        document = json.dumps(json.loads(text), indent=4, ensure_ascii=False)
        document.encode('utf-8')
    except (ValueError, RecursionError):
        document = None
    out.append(document)
json.dump(out, sys.stdout)
`;
  return JSON.parse(
    execFileSync('python3', ['-c', script], { input: JSON.stringify(texts), maxBuffer: 2 ** 28 }).toString(),
  );
}

function byUs(text: string): string | null {
  try {
    return formatPython(parsePython(text));
  } catch (error) {
    assert.ok(error instanceof PythonJsonError, String(error));
    return null;
  }
}

const NUMBERS = [
  ...[
    '0',
    '-0',
    '1.0',
    '-0.0',
    '1e5',
    '1E5',
    '1e-5',
    '1e16',
    '1e15',
    '123456789012345678901234567890',
    '1e400',
    '-1e400',
  ],
  ...['0.1', '1.10', '100e-2', '5e-324', '1.7976931348623157e308', '9007199254740993.0', '1e22', '0.0001', '0.00001'],
  ...['01', '1.', '.5', '+1', '1e', '--1', '1_0', `1${'0'.repeat(4299)}`, `1${'0'.repeat(4300)}`],
];
const TEXTS = [
  ...[
    'NaN',
    'Infinity',
    '-Infinity',
    'nan',
    'null',
    'true',
    'false',
    '',
    ' ',
    '\ufeff1',
    '{} {}',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
  ],
  ...['{"b":1,"a":2,"b":3}', '{"2":1,"1":2}', '{"__proto__":{"x":1}}', '[]', '{}', '[[],{}]', ' [ 1 , "x" ] \n'],
  ...['"\\ud83c\\udf7a"', '"\\ud83c"', '"a\u2028b"', '"/\\/"', '"\\u001f\\u007f"', '"\t"', '"\\x"', '"日志"', '"abc'],
  ...[`${'['.repeat(500)}${']'.repeat(500)}`, '[', '{"a"', '{"a":', 'nul', '[1 2]', '{"a" 1}', '1 1'],
];

test('what Python reads and prints, and what it refuses, is what we do', () => {
  const texts = [...NUMBERS, ...TEXTS];
  assert.deepEqual(
    texts.map((text) => [text, byUs(text)]),
    byPython(texts).map((document, at) => [texts[at], document]),
  );
});

test('any JSON, with numbers of any form, comes out as from Python', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => pythonFloat(value)),
    fc.bigInt().map(String),
    fc.tuple(fc.integer(), fc.nat(), fc.integer({ min: -30, max: 30 })).map(([a, b, c]) => `${a}.${b}e${c}`),
  );
  const { value } = fc.letrec((tie) => ({
    text: fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
    value: fc.oneof({ maxDepth: 4 }, number, tie('text'), fc.constantFrom('null', 'true'), tie('list'), tie('dict')),
    list: fc.array(tie('value') as fc.Arbitrary<string>).map((items) => `[${items.join(',')}]`),
    dict: fc
      .array(fc.tuple(tie('text') as fc.Arbitrary<string>, tie('value') as fc.Arbitrary<string>))
      .map((items) => `{${items.map(([key, item]) => `${key}: ${item}`).join(' ,')}}`),
  }));
  const texts = fc.sample(value as fc.Arbitrary<string>, { numRuns: 3000, seed: 20261123 });
  const expected = byPython(texts);
  for (const [at, text] of texts.entries()) assert.equal(byUs(text), expected[at], text);
  assert.ok(expected.filter((document) => document !== null).length > 2500, 'most were read');
});
