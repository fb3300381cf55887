import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument, looksLikeDocument } from '../../../src/archive/document-check';

const RECORDS = [{ id: 1, steps: [{ params: { a: '采集\n  ]' } }] }, {}, { id: 3, name: '}' }];
const DOCUMENT = Buffer.from(
  `[${RECORDS.map((record) => `\n    ${JSON.stringify(record, null, 4).replaceAll('\n', '\n    ')}`).join(',')}\n]`,
);

function problems(bytes: Buffer, options: { rows?: number; chunk?: number } = {}): string[] {
  const { chunk = bytes.length, rows } = options;
  const check = checkDocument({ path: 'd.json', ...(rows === undefined ? {} : { rows }) });
  for (let at = 0; at < bytes.length; at += chunk) check.write(bytes.subarray(at, at + chunk));
  return check.end().map(({ message }) => message);
}

test('a whole document has all its records, however it comes in pieces', () => {
  for (let chunk = 1; chunk <= DOCUMENT.length; chunk += 1) {
    assert.deepEqual(problems(DOCUMENT, { chunk, rows: RECORDS.length }), [], `pieces of ${chunk}`);
  }
  assert.deepEqual(problems(Buffer.from('[]'), { rows: 0 }), []);
});

test('a document that ends anywhere else than at its end is damaged, and so is one that goes on', () => {
  for (let end = 0; end < DOCUMENT.length; end += 1) {
    assert.equal(problems(DOCUMENT.subarray(0, end)).length, 1, `cut at ${end}`);
  }
  for (const more of ['\n', ']', '\n    {}', '\n[]']) {
    assert.equal(problems(Buffer.concat([DOCUMENT, Buffer.from(more)])).length, more === '\n' ? 0 : 1, more);
  }
});

test('records that are no JSON, lack a comma, or are another number are found', () => {
  const text = DOCUMENT.toString();
  assert.match(problems(Buffer.from(text.replace('"id": 1', '"id" 1')))[0]!, /record 1 is not a JSON object/);
  assert.match(
    problems(Buffer.from(text.replace('    },\n', '    }\n')))[0]!,
    /something else than a record after record 1/,
  );
  assert.match(problems(Buffer.from(text.replace('\n    {},', '\n    1,')))[0]!, /after record 1/);
  assert.match(problems(DOCUMENT, { rows: 4 })[0]!, /has 3 records, not 4/);
  assert.match(problems(Buffer.from('{}'))[0]!, /does not begin with a JSON array/);
});

test('a document is told from a table file by how it begins', () => {
  assert.deepEqual(
    [DOCUMENT, Buffer.from('[]'), Buffer.from('[\n{"id":1}\n]\n'), Buffer.from('[\n]\n')].map(looksLikeDocument),
    [true, true, false, false],
  );
});
