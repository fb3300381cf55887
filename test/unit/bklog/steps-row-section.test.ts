import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { accepted, lossesOf, refused, stepsOf } from '../../support/subscription-step';

const NGINX = {
  filters: [
    {
      conditions: [
        { index: '3', key: 'ERROR', op: '=' },
        { index: '4', key: 'pay', op: 'include' },
      ],
    },
    { conditions: [{ index: '3', key: 'FATAL', op: '=' }] },
  ],
  paths: ['/data/logs/nginx/access.log', '/data/logs/nginx/*.err'],
  exclude_files: ['/data/logs/nginx/old.log'],
  encoding: 'GBK',
  tail_files: true,
  ignore_older: 2678400,
  max_bytes: 204800,
  package_count: 100,
  delimiter: '|',
};
const JAVA = {
  ...NGINX,
  filters: [{ conditions: [{ index: '-1', key: 'Exception', op: '=' }] }],
  multiline_pattern: '^\\[\\d{4}-\\d{2}-\\d{2}',
  multiline_max_lines: 50,
  multiline_timeout: 2,
  encoding: 'UTF-8',
};

const parse = (scenario: string, local: unknown) => accepted(scenario, stepsOf(local));
const losses = (scenario: string, local: unknown) => lossesOf(parse(scenario, local));

test('a row collector with a separator keeps its filters, its encoding and how files are read, and loses nothing', () => {
  assert.deepEqual(parse('row', NGINX), {
    params: {
      paths: ['/data/logs/nginx/access.log', '/data/logs/nginx/*.err'],
      exclude_files: ['/data/logs/nginx/old.log'],
      conditions: {
        separator: '|',
        separator_filters: [
          { fieldindex: '3', word: 'ERROR', op: '=', logic_op: 'and' },
          { fieldindex: '4', word: 'pay', op: 'include', logic_op: 'and' },
          { fieldindex: '3', word: 'FATAL', op: '=', logic_op: 'or' },
        ],
        type: 'separator',
        match_type: 'include',
        match_content: '',
      },
      encoding: 'GBK',
      tail_files: true,
      ignore_older: 2678400,
      max_bytes: 204800,
    },
    dataEncoding: 'GBK',
    losses: [],
  });
});

test('a section collector keeps how lines are joined, and one condition on the whole line is a match', () => {
  const { params, dataEncoding } = parse('section', JAVA);
  assert.equal(dataEncoding, 'UTF-8');
  assert.equal(params.multiline_pattern, '^\\[\\d{4}-\\d{2}-\\d{2}');
  assert.equal(params.multiline_max_lines, 50);
  assert.equal(params.multiline_timeout, 2);
  assert.deepEqual(params.conditions, {
    type: 'match',
    match_type: 'include',
    match_content: 'Exception',
    separator: '|',
    separator_filters: [{ fieldindex: '-1', word: 'Exception', op: 'include', logic_op: 'and' }],
  });
});

const one = (index: unknown, op: unknown, key: unknown = 'x') => [{ conditions: [{ index, key, op }] }];
/** Filters of the step, the type they get, and the operators. */
const FILTERS: readonly (readonly [name: string, filters: unknown, type: string, ops: readonly string[]])[] = [
  ['no filters', undefined, 'none', []],
  ['null', null, 'none', []],
  ['an empty list', [], 'none', []],
  ['a group without conditions', [{ conditions: [] }], 'none', []],
  ['a blank word', one('-1', '=', ' '), 'none', []],
  ['the whole line as text', one('-1', '='), 'match', ['include']],
  ['the whole line as a number', one(-1, '='), 'match', ['include']],
  ['not equal, as it was written once', one('-1', '!='), 'match', ['neq']],
  ['not equal on a field', one('2', '!='), 'separator', ['neq']],
  ['a field as a number', one(2, '='), 'separator', ['=']],
  ['a word as a number', one('2', 'eq', 500), 'separator', ['eq']],
  ['a pattern on the whole line', one('-1', 'nregex'), 'match', ['nregex']],
  ['two conditions on the whole line', [...one('-1', '='), ...one(-1, 'exclude')], 'separator', ['include', 'exclude']],
  ['the whole line, then a field', [...one('-1', '='), ...one('2', '=')], 'separator', ['include', '=']],
  ['a word too long for a match', one('-1', '=', 'x'.repeat(256)), 'separator', ['include']],
];
for (const scenario of ['row', 'section']) {
  for (const [name, filters, type, ops] of FILTERS) {
    test(`${scenario}: filters that are ${name} make ${type}`, () => {
      const conditions = parse(scenario, { ...JAVA, filters }).params.conditions as {
        type: string;
        match_type?: string;
        separator_filters?: { op: string; fieldindex: string; word: string }[];
      };
      assert.equal(conditions.type, type);
      const list = conditions.separator_filters ?? [];
      assert.deepEqual(
        list.map(({ op }) => op),
        ops,
      );
      assert.ok(list.every(({ fieldindex, word }) => typeof fieldindex === 'string' && typeof word === 'string'));
      if (type === 'match') assert.equal(conditions.match_type, ops[0]);
      if (type === 'none') assert.deepEqual(conditions, { type: 'none' });
    });
  }
}

test('after a condition without a word the next of its group takes its place, and the loss is told', () => {
  const filters = [
    ...one('1', 'eq', 'first'),
    {
      conditions: [
        { index: '2', key: '', op: 'eq' },
        { index: '3', key: 'third', op: 'eq' },
      ],
    },
  ];
  const { params } = parse('row', { ...NGINX, filters });
  assert.deepEqual((params.conditions as { separator_filters: unknown }).separator_filters, [
    { fieldindex: '1', word: 'first', op: 'eq', logic_op: 'and' },
    { fieldindex: '3', word: 'third', op: 'eq', logic_op: 'or' },
  ]);
  assert.deepEqual(losses('row', { ...NGINX, filters }), [
    '~.filters[1].conditions[0]: has no word; the target takes no such condition',
  ]);
});

const REFUSED: readonly (readonly [change: object, refusal: string])[] = [
  [{ paths: undefined }, 'no_source_definition ~.paths: is empty'],
  [{ paths: null }, 'no_source_definition ~.paths: is empty'],
  [{ paths: [] }, 'no_source_definition ~.paths: is empty'],
  [{ paths: ['', ' '] }, 'no_source_definition ~.paths: is empty'],
  [{ paths: '/var/log/x' }, 'malformed_definition ~.paths: is not a list of texts'],
  [{ paths: ['/a', {}] }, 'malformed_definition ~.paths[1]: is not text'],
  [
    { paths: ['x'.repeat(256)] },
    'value_unsupported ~.paths[0]: is longer than the 255 characters that the target takes',
  ],
  [{ exclude_files: 'x' }, 'malformed_definition ~.exclude_files: is not a list of texts'],
  [{ filters: {} }, 'malformed_definition ~.filters: is not a list of groups'],
  [{ filters: [[]] }, 'malformed_definition ~.filters[0]: is not a group of conditions'],
  [{ filters: [{ fieldindex: 1 }] }, 'malformed_definition ~.filters[0].conditions: is missing'],
  [{ filters: one(undefined, '=') }, 'malformed_definition ~.filters[0].conditions[0].index: is missing'],
  [{ filters: one(' ', '=') }, 'malformed_definition ~.filters[0].conditions[0].index: is blank'],
  [{ filters: one('1', undefined) }, 'malformed_definition ~.filters[0].conditions[0].op: is missing'],
  [{ filters: one('1', '>') }, 'value_unsupported ~.filters[0].conditions[0].op: is no operator that the target knows'],
  [
    { filters: one('1', '='), delimiter: '' },
    'malformed_definition ~.delimiter: is missing, and fields are filtered by their number',
  ],
  [{ tail_files: 'yes' }, 'malformed_definition ~.tail_files: is neither true nor false'],
  [{ multiline_pattern: undefined }, 'malformed_definition ~.multiline_pattern: is missing'],
  [{ multiline_pattern: ' ' }, 'malformed_definition ~.multiline_pattern: is blank'],
  [{ multiline_max_lines: '' }, 'malformed_definition ~.multiline_max_lines: is not a whole number'],
  [
    { multiline_max_lines: 5001 },
    'value_unsupported ~.multiline_max_lines: is more than the 5000 that the target takes',
  ],
  [{ multiline_timeout: '2s' }, 'malformed_definition ~.multiline_timeout: is not a whole number'],
  [{ multiline_timeout: '11' }, 'value_unsupported ~.multiline_timeout: is more than the 10 that the target takes'],
  [{ multiline_timeout: -1 }, 'malformed_definition ~.multiline_timeout: is less than 0'],
];
for (const [change, refusal] of REFUSED) {
  test(`a section step with ${JSON.stringify(change).slice(0, 80)} is refused: ${refusal.slice(0, 60)}`, () => {
    assert.equal(refused('section', stepsOf({ ...JAVA, ...change })), refusal);
  });
}

test('what the target cannot hold is told, field by field', () => {
  assert.deepEqual(
    losses('section', {
      ...JAVA,
      encoding: undefined,
      ignore_older: undefined,
      max_bytes: '10MB',
      scan_frequency: 0,
      close_inactive: '300',
      multiline_pattern: '^ERROR ',
      package_count: 10,
      output: { type: 'output.kafka', params: '{"password": "hidden"}' },
      fields_under_root: true,
      paths: ['/a.log '],
      exclude_files: [' /b.log'],
      filters: [{ conditions: [{ index: '-1', key: ' ERROR', op: '=', level: 1 }], any: true }],
      ext_meta: { '': 'x', deep: {}, team: 'a ' },
      labels: [],
    }),
    [
      '~.filters[0].any: the target has no parameter for it',
      '~.filters[0].conditions[0].key: begins or ends with blanks, which the target takes off',
      '~.filters[0].conditions[0].level: the target has no parameter for it',
      '~.ignore_older: is not known; the target takes 86400',
      '~.max_bytes: is not a whole number; the target takes 204800',
      '~.scan_frequency: is less than 1; the target takes its own',
      '~.paths[0]: begins or ends with blanks, which the target takes off',
      '~.exclude_files[0]: begins or ends with blanks, which the target takes off',
      '~.labels: is not an object',
      '~.ext_meta.: has no name or its value is not text',
      '~.ext_meta.deep: has no name or its value is not text',
      '~.ext_meta.team: begins or ends with blanks, which the target takes off',
      '~.output: the target sends by its own data link',
      '~.package_count: the target takes the number of lines per package from its settings',
      '~.fields_under_root: the target has no parameter for it',
      '~.multiline_pattern: begins or ends with blanks, which the target takes off',
      '~.encoding: is not known; the target takes UTF-8',
    ],
  );
});

test('how files are read goes as numbers, however they were written, and tail_files as it was', () => {
  const { params, losses: lost } = parse('row', {
    ...NGINX,
    tail_files: 0,
    ...{ ignore_older: '3600', max_bytes: 0, clean_inactive: '10', harvester_limit: 1000 },
    ...{ scan_frequency: 10, close_inactive: '300' },
  });
  const { tail_files, ignore_older, max_bytes, clean_inactive, harvester_limit, scan_frequency, close_inactive } =
    params;
  assert.equal(tail_files, false);
  assert.deepEqual(
    [ignore_older, max_bytes, clean_inactive, harvester_limit, scan_frequency, close_inactive],
    [3600, 0, 10, 1000, 10, 300],
  );
  assert.deepEqual(lost, []);
});

test('a path of 255 characters is taken, however many units and blanks it has', () => {
  const path = `/${'🚀'.repeat(254)} `;
  assert.deepEqual(parse('row', { ...NGINX, paths: [path] }).params.paths, [path]);
});

test('labels go back into the parameters they were made of, without the id of the source', () => {
  const { params, losses: lost } = parse('row', {
    ...NGINX,
    ext_meta: { app: 'pay', port: 80 },
    labels: { $body: { bk_collect_config_id: 501, team: 'a' }, zone: ['x'] },
  });
  assert.deepEqual(params.extra_labels, [
    { key: 'app', value: 'pay' },
    { key: 'port', value: '80' },
  ]);
  assert.deepEqual(params.extra_template_labels, [
    { key: '$body', value: { team: 'a' } },
    { key: 'zone', value: ['x'] },
  ]);
  assert.deepEqual(lost, []);
});

test('a row step that keeps how lines were joined once says that it means nothing', () => {
  assert.deepEqual(losses('row', { ...NGINX, multiline_timeout: 2 }), [
    '~.multiline_timeout: lines are not joined in this scenario',
  ]);
});

const word = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => text.trim() === text && text !== '');
const OPERATORS = ['=', '!=', 'eq', 'neq', 'include', 'exclude', 'regex', 'nregex'];
const condition = fc.record({
  index: fc.oneof(fc.integer({ min: -1, max: 30 }), fc.integer({ min: -1, max: 30 }).map(String)),
  key: word,
  op: fc.constantFrom(...OPERATORS),
});
const group = fc.record({ conditions: fc.array(condition, { minLength: 1, maxLength: 4 }) });
const files = fc.record(
  {
    filters: fc.array(group, { maxLength: 5 }),
    paths: fc.array(word, { minLength: 1, maxLength: 4 }),
    exclude_files: fc.array(word, { maxLength: 3 }),
    encoding: fc.constantFrom('UTF-8', 'gbk', 'gb18030'),
    tail_files: fc.boolean(),
    ignore_older: fc.nat(),
    max_bytes: fc.nat(),
    delimiter: word,
  },
  { requiredKeys: ['paths', 'filters', 'encoding', 'ignore_older', 'max_bytes', 'delimiter'] },
);

for (const scenario of ['row', 'section']) {
  test(`${scenario}: whatever a step filters by stays in its order, and a group after the first begins with or`, () => {
    fc.assert(
      fc.property(files, (local) => {
        const result = parse(scenario, { ...JAVA, ...local });
        const conditions = result.params.conditions as { type: string; separator_filters?: unknown[] };
        const expected = local.filters.flatMap((one, i) =>
          one.conditions.map(({ index, key, op }, j) => ({
            fieldindex: String(index),
            word: key,
            op: op === '!=' ? 'neq' : op === '=' && String(index) === '-1' ? 'include' : op,
            logic_op: i > 0 && j === 0 ? 'or' : 'and',
          })),
        );
        assert.deepEqual(conditions.separator_filters ?? [], expected);
        assert.equal(conditions.type === 'none', expected.length === 0);
        if (conditions.type === 'match') assert.equal(expected.length, 1);
        assert.deepEqual(result.params.paths, local.paths);
        assert.deepEqual(
          result.losses.filter(({ reason }) => !reason.startsWith('lines are not joined')),
          [],
        );
      }),
      { numRuns: 500, seed: 20261123 },
    );
  });
}
