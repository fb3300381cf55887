import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSteps } from '../../../src/bklog/steps/parse-steps';
import { isRefused, REFUSAL_REASONS } from '../../../src/bklog/steps/step-result';
import { assertTaken, stepsOf } from '../../support/subscription-step';

const ID = 'bkunifylogbeat';
/** A step that each scenario takes. */
const LOCALS: Readonly<Record<string, object>> = {
  row: { paths: ['/a.log'], encoding: 'UTF-8' },
  section: { paths: ['/a.log'], multiline_pattern: '^x', multiline_max_lines: 10, multiline_timeout: 2 },
  wineventlog: { event_logs: [{ name: 'System', level: '', event_id: '' }] },
  redis_slowlog: { hosts: ['10.0.0.1:6379'] },
  syslog: { protocol: 'udp', host: '10.0.0.1:514' },
  kafka: { hosts: ['10.0.0.1:9092'], topics: ['t'] },
};
const context = (local: unknown) => ({ params: { context: { local } } });

/** Steps as they have been seen, and what is said of them; `taken` where the scenario gets its parameters. */
const SHAPES: readonly (readonly [steps: (local: object) => unknown, said: string])[] = [
  [(local) => stepsOf(local), 'taken'],
  [(local) => stepsOf(local, 'bklogbeat'), 'taken'],
  [(local) => [context([local])], 'taken'],
  [(local) => [{ id: ID, ...context(local) }], 'taken'],
  [
    (local) => [
      { id: `main:${ID}`, ...context([]) },
      { id: ID, ...context([local]) },
    ],
    'taken',
  ],
  [
    (local) => [
      { id: ID, ...context([local]) },
      { id: `main:${ID}`, params: { context: {} } },
    ],
    'taken',
  ],
  [
    (local) => [
      { id: 'main:bklogbeat', ...context([]) },
      { id: 'bklogbeat', ...context([local]) },
    ],
    'taken',
  ],
  [() => undefined, 'no_source_definition steps: is missing'],
  [() => null, 'no_source_definition steps: is missing'],
  [() => [], 'no_source_definition steps: is empty: the collector has no subscription'],
  [() => [{}], 'no_source_definition steps[0]: is empty: the collector has no subscription, or one that is not known'],
  [() => ({}), 'malformed_definition steps: is not a list'],
  [() => '[]', 'malformed_definition steps: is not a list'],
  [() => [null], 'malformed_definition steps[0]: is not an object'],
  [() => [[]], 'malformed_definition steps[0]: is not an object'],
  [() => [{ id: ID }], 'no_source_definition steps[0].params: is missing'],
  [() => [{ id: ID, params: null }], 'no_source_definition steps[0].params: is missing'],
  [
    () => [{ id: ID, params: null, error: 'Expecting value: line 1 column 1 (char 0)' }],
    'malformed_definition steps[0].params: could not be read when the collectors were exported',
  ],
  [() => [{ id: ID, params: '{}' }], 'malformed_definition steps[0].params: is not an object'],
  [() => [{ id: ID, params: {} }], 'no_source_definition steps[0].params.context.local: is missing'],
  [() => [{ id: ID, params: { context: {} } }], 'no_source_definition steps[0].params.context.local: is missing'],
  [() => [{ id: ID, params: { context: [] } }], 'malformed_definition steps[0].params.context: is not an object'],
  [() => [{ id: ID, ...context(null) }], 'no_source_definition steps[0].params.context.local: is missing'],
  [() => [{ id: ID, ...context([]) }], 'no_source_definition steps[0].params.context.local: is missing'],
  [() => [{ id: ID, ...context({}) }], 'no_source_definition steps[0].params.context.local: is empty'],
  [() => [{ id: ID, ...context([{}]) }], 'no_source_definition steps[0].params.context.local[0]: is empty'],
  [() => [{ id: ID, ...context(['x']) }], 'malformed_definition steps[0].params.context.local[0]: is not an object'],
  [() => [{ id: ID, ...context('x') }], 'malformed_definition steps[0].params.context.local: is not an object'],
  [
    (local) => [{ id: ID, ...context([local, local]) }],
    'value_unsupported steps[0].params.context.local[1]: a collector of the target has one',
  ],
];

for (const [scenario, local] of Object.entries(LOCALS)) {
  for (const [make, said] of SHAPES) {
    const steps = make(local);
    test(`${scenario}: steps ${JSON.stringify(steps)?.slice(0, 90)} are ${said.slice(0, 40)}`, () => {
      const result = parseSteps({ scenario, steps });
      const got = isRefused(result) ? `${result.refusal.reason} ${result.refusal.text}` : 'taken';
      assert.equal(got, said);
      if (!isRefused(result)) {
        assert.deepEqual(result.params, (parseSteps({ scenario, steps: stepsOf(local) }) as typeof result).params);
      }
    });
  }
}

test('of several steps one is read, and the others are told as losses', () => {
  const result = parseSteps({
    scenario: 'row',
    steps: [{ id: 'other', ...context([{ paths: ['/b'] }]) }, ...stepsOf(LOCALS.row)],
  });
  assert.ok(!isRefused(result));
  assert.deepEqual(result.params.paths, ['/a.log']);
  assert.deepEqual(result.losses[0], { field: 'steps[0]', reason: 'a collector has one step' });
});

test('what stands beside the context and beside what the log agent is told is lost by name, the data id excepted', () => {
  const result = parseSteps({
    scenario: 'row',
    steps: [{ id: ID, params: { context: { dataid: 7, bizid: 2, local: [{ paths: ['/a'] }] }, control: {} } }],
  });
  assert.ok(!isRefused(result));
  assert.deepEqual(
    result.losses.map(({ field }) => field).filter((field) => !field.includes('local')),
    ['steps[0].params.control', 'steps[0].params.context.bizid'],
  );
});

const WITHOUT_CALL: readonly (readonly [scenario: unknown, definition: object, said: RegExp])[] = [
  [
    'client',
    {},
    /^scenario_unsupported collector_scenario_id: the call that creates collectors knows no logs of clients/,
  ],
  ['tlog', {}, /^scenario_unsupported collector_scenario_id: no such scenario is known: tlog/],
  ['constructor', {}, /^scenario_unsupported collector_scenario_id/],
  ['row', { environment: 'container' }, /^scenario_unsupported environment/],
  ['', {}, /^malformed_definition collector_scenario_id/],
  [null, {}, /^malformed_definition collector_scenario_id/],
];
for (const [scenario, definition, said] of WITHOUT_CALL) {
  test(`scenario ${scenario} with ${JSON.stringify(definition)} is refused`, () => {
    const result = parseSteps({ scenario, steps: stepsOf(LOCALS.row), definition: { ...definition } });
    assert.ok(isRefused(result));
    assert.match(`${result.refusal.reason} ${result.refusal.text}`, said);
  });
}

test('the encoding of the step goes before that of the definition, which goes before none', () => {
  const encoding = (local: object, data_encoding: unknown) => {
    const result = parseSteps({ scenario: 'row', steps: stepsOf(local), definition: { data_encoding } });
    assert.ok(!isRefused(result));
    return [result.dataEncoding, result.losses.some(({ field }) => field.endsWith('.encoding'))];
  };
  assert.deepEqual(encoding({ paths: ['/a'], encoding: 'gbk' }, 'UTF-8'), ['GBK', false]);
  assert.deepEqual(encoding({ paths: ['/a'] }, 'GB18030'), ['GB18030', false]);
  assert.deepEqual(encoding({ paths: ['/a'], encoding: null }, 7), [undefined, true]);
});

const SECRET = 'p4ss-w0rd';
test('no loss and no refusal repeats a value of the step', () => {
  for (const scenario of Object.keys(LOCALS)) {
    for (const value of [SECRET, [SECRET], { k: SECRET }, [[SECRET]]]) {
      for (const field of [
        'hosts',
        'password',
        'username',
        'output',
        'ssl',
        'labels',
        'ext_meta',
        'protocol',
        'filters',
      ]) {
        const result = parseSteps({ scenario, steps: stepsOf({ ...LOCALS[scenario], [field]: value }) });
        const { losses, refusal } = result as { losses?: unknown; refusal?: unknown };
        assert.ok(!JSON.stringify([losses, refusal]).includes(SECRET), JSON.stringify([losses, refusal]));
      }
    }
  }
});

/** JSON that looks like a step now and then: the keys of all scenarios, with anything in them. */
const KEYS = [
  ...['paths', 'filters', 'conditions', 'index', 'key', 'op', 'delimiter', 'encoding', 'event_logs', 'name', 'level'],
  ...['event_id', 'provider_name', 'hosts', 'topics', 'ssl', 'password', 'group_id', 'initial_offset', 'protocol'],
  ...['host', 'syslog_filters', 'labels', 'ext_meta', '__proto__', 'constructor', 'toString', 'length', 'then'],
];
const { local: anyLocal } = fc.letrec((tie) => ({
  leaf: fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('[]', '{}', '["a"]', 'a:1', '=', '-1', -1, 0)),
  value: fc.oneof({ maxDepth: 3 }, tie('leaf'), fc.array(tie('value'), { maxLength: 3 }), tie('local')),
  local: fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 6 }),
}));
const anySteps = fc.oneof(
  fc.jsonValue(),
  fc.array(fc.jsonValue()),
  anyLocal.map((local) => stepsOf(local)),
  fc
    .constantFrom(...Object.values(LOCALS))
    .chain((good) => anyLocal.map((local) => stepsOf({ ...good, ...Object(local) }))),
);

test('whatever JSON the steps are, the answer is parameters with their losses or a refusal that names a field', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(LOCALS), 'client'),
      anySteps,
      fc.boolean(),
      (scenario, value, isParsed) => {
        // As it comes out of a file: with own keys such as __proto__.
        const steps: unknown = isParsed ? JSON.parse(JSON.stringify(value)) : value;
        const before = JSON.stringify(steps);
        const result = parseSteps({ scenario, steps });
        assert.equal(JSON.stringify(steps), before, 'the source is left as it is');
        if (isRefused(result)) {
          assert.ok(REFUSAL_REASONS.includes(result.refusal.reason));
          assert.ok(result.refusal.field !== '' && result.refusal.text.startsWith(`${result.refusal.field}: `));
          seen.add(result.refusal.reason);
        } else {
          assertTaken(scenario, result);
          assert.equal(JSON.stringify(JSON.parse(JSON.stringify(result.params))), JSON.stringify(result.params));
          assert.ok(result.losses.every(({ field, reason }) => field !== '' && reason !== ''));
          seen.add(`taken ${scenario}`);
        }
      },
    ),
    { numRuns: 5000, seed: 20261123 },
  );
  assert.deepEqual(
    [...seen].sort(),
    [...REFUSAL_REASONS, ...Object.keys(LOCALS).map((scenario) => `taken ${scenario}`)].sort(),
    'every kind of answer was met',
  );
});

test('a custom report has nothing to read on hosts: whatever its steps, it has no parameters', () => {
  for (const steps of [undefined, [], [{}], 'text']) {
    assert.deepEqual(parseSteps({ scenario: 'custom', steps }), { params: {}, losses: [] });
  }
});
