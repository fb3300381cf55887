import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { collectorParams, type StepVerdict } from '../../../src/bklog/collector-steps';
import { authorization, withBkLogGateway } from '../../support/bklog-gateway';
import { Chance } from '../../support/chance';
import { randomBkLog } from '../../support/random-bklog';

const steps = (local: unknown, id = 'bkunifylogbeat') => [{ id, params: { context: { dataid: 1, local } } }];
const filters = (...groups: [string, string, string][][]) =>
  groups.map((group) => ({ conditions: group.map(([index, key, op]) => ({ index, key, op })) }));
const ROW = { paths: ['/a.log'], delimiter: '|', filters: [] };
const SECTION = { ...ROW, multiline_pattern: '^\\d', multiline_max_lines: 50, multiline_timeout: 2 };
const NONE = { type: 'none' };
const FILE = { paths: ['/a.log'], exclude_files: [], conditions: NONE, tail_files: true };

/** Scenario, steps, and the parameters or what the refusal says. */
const CASES: readonly [string, string, unknown, Record<string, unknown> | RegExp][] = [
  ['a row', 'row', steps([ROW]), FILE],
  ['local that is an object, as long ago', 'row', steps(ROW), FILE],
  ['the first step where none has the name', 'row', [{ id: 'other', params: { context: { local: [ROW] } } }], FILE],
  [
    'the step of the name where it is not the first',
    'row',
    [{ id: 'main:bkunifylogbeat', params: { context: {} } }, ...steps([ROW])],
    FILE,
  ],
  ['no filters at all', 'row', steps([{ paths: ['/a.log'] }]), FILE],
  ['filters without conditions', 'row', steps([{ ...ROW, filters: [{ conditions: [] }, {}] }]), FILE],
  ['one path as text', 'row', steps([{ ...ROW, paths: '/a.log' }]), FILE],
  [
    'amounts, as numbers and as text',
    'row',
    steps([{ ...ROW, ignore_older: '2678400s', max_bytes: 204800, clean_inactive: '10', tail_files: false }]),
    { ...FILE, tail_files: false, ignore_older: 2678400, max_bytes: 204800, clean_inactive: 10 },
  ],
  [
    'filters by fields: and inside a filter, or between them',
    'row',
    steps([
      {
        ...ROW,
        filters: filters(
          [
            ['3', 'ERROR', '='],
            ['4', 'pay', 'include'],
          ],
          [['3', 'FATAL', '=']],
        ),
      },
    ]),
    {
      ...FILE,
      conditions: {
        ...{ type: 'separator', match_type: 'include', match_content: '', separator: '|' },
        separator_filters: [
          { fieldindex: '3', word: 'ERROR', op: '=', logic_op: 'and' },
          { fieldindex: '4', word: 'pay', op: 'include', logic_op: 'and' },
          { fieldindex: '3', word: 'FATAL', op: '=', logic_op: 'or' },
        ],
      },
    },
  ],
  ...(['-1', -1] as const).map((index): (typeof CASES)[number] => [
    `a filter on the whole line, its index a ${typeof index}`,
    'row',
    steps([{ ...ROW, filters: [{ conditions: [{ index, key: 'Exception', op: '!=' }] }] }]),
    {
      ...FILE,
      conditions: {
        ...{ type: 'match', match_type: 'neq', match_content: 'Exception', separator: '|' },
        separator_filters: [{ fieldindex: '-1', word: 'Exception', op: '!=', logic_op: 'and' }],
      },
    },
  ]),
  [
    'several on the whole line',
    'row',
    steps([{ ...ROW, filters: filters([['-1', 'a', '=']], [['-1', 'b', '=']]) }]),
    /2 filters on the whole line/,
  ],
  [
    'fields and the whole line',
    'row',
    steps([{ ...ROW, filters: filters([['2', 'a', '=']], [['-1', 'b', '=']]) }]),
    /at once/,
  ],
  [
    'fields without a delimiter',
    'row',
    steps([{ ...ROW, delimiter: '', filters: filters([['2', 'a', '=']]) }]),
    /no delimiter/,
  ],
  ['an unknown operator', 'row', steps([{ ...ROW, filters: filters([['-1', 'a', '~']]) }]), /operator "~"/],
  [
    'a filter that is too long',
    'row',
    steps([{ ...ROW, filters: filters([['-1', 'a'.repeat(256), '=']]) }]),
    /256 characters/,
  ],
  ['no paths', 'row', steps([{ ...ROW, paths: [] }]), /no paths/],
  ['paths that are objects', 'row', steps([{ ...ROW, paths: [{}] }]), /paths of its step/],
  ['an empty step, as of a collector without subscription', 'row', [{}], /no subscription step/],
  ['no step', 'row', [], /no subscription step/],
  ['steps that are none', 'row', 'x', /no subscription step/],
  [
    'params that were not readable',
    'row',
    [{ id: 'bkunifylogbeat', params: null, error: 'is not JSON' }],
    /not readable \(is not JSON\)/,
  ],
  ['no context', 'row', [{ id: 'bkunifylogbeat', params: {} }], /no params.context.local/],
  ['an empty local', 'row', steps([]), /no params.context.local/],
  [
    'a section',
    'section',
    steps([SECTION]),
    { ...FILE, multiline_pattern: '^\\d', multiline_max_lines: 50, multiline_timeout: 2 },
  ],
  ['a section without its pattern', 'section', steps([ROW]), /no multiline_pattern/],
  ['a section of too many lines', 'section', steps([{ ...SECTION, multiline_max_lines: 5001 }]), /5001 lines/],
  ['a section that waits too long', 'section', steps([{ ...SECTION, multiline_timeout: '11' }]), /11 s/],
  [
    'events of Windows',
    'wineventlog',
    steps([
      {
        event_logs: [
          { name: 'Application', level: 'error,warning', event_id: '1000,-1026' },
          { name: 'Security', level: ['error', 'warning'], event_id: ['1000', '-1026'] },
        ],
        provider_name: ['Auditing'],
        filters: filters([['-1', 'logon', '=']], [['-1', 'logoff', '=']]),
      },
    ]),
    {
      ...{ winlog_name: ['Application', 'Security'], winlog_level: ['error', 'warning'] },
      ...{ winlog_event_id: ['1000', '-1026'], winlog_source: ['Auditing'] },
      ...{ winlog_content: ['logon', 'logoff'], winlog_match_op: 'eq' },
    },
  ],
  [
    'events without levels, ids, source and filter',
    'wineventlog',
    steps([{ event_logs: [{ name: 'System', level: '', event_id: null }] }]),
    {
      ...{ winlog_name: ['System'], winlog_level: [], winlog_event_id: [], winlog_source: [] },
      ...{ winlog_content: [], winlog_match_op: '' },
    },
  ],
  ['no event log', 'wineventlog', steps([{ event_logs: [] }]), /no event log/],
  [
    'event logs of different levels',
    'wineventlog',
    steps([{ event_logs: [{ name: 'a', level: 'error' }, { name: 'b' }] }]),
    /different levels/,
  ],
  [
    'filters of different operators',
    'wineventlog',
    steps([{ event_logs: [{ name: 'a' }], filters: filters([['-1', 'a', '=']], [['-1', 'b', '!=']]) }]),
    /different operators/,
  ],
  [
    'filters that hold at once',
    'wineventlog',
    steps([
      {
        event_logs: [{ name: 'a' }],
        filters: filters([
          ['-1', 'a', '='],
          ['-1', 'b', '='],
        ]),
      },
    ]),
    /at once/,
  ],
  [
    'Redis with its password',
    'redis_slowlog',
    steps([{ hosts: ['10.0.0.1:6379'], password: 'p', password_file: '' }]),
    { redis_hosts: ['10.0.0.1:6379'], redis_password: 'p' },
  ],
  [
    'Redis whose hosts are JSON text',
    'redis_slowlog',
    steps([{ hosts: '["a:1", "b:2"]' }]),
    { redis_hosts: ['a:1', 'b:2'] },
  ],
  ['Redis without hosts', 'redis_slowlog', steps([{ hosts: [] }]), /no hosts/],
  [
    'syslog on the address of the host',
    'syslog',
    steps([
      {
        ...{ protocol: 'UDP', host: '{{ cmdb_instance.host.bk_host_innerip }}:514' },
        syslog_filters: [
          {
            conditions: [
              { key: 'severity', op: '=', value: 3 },
              { key: 'program', op: '!=', value: 'cron' },
            ],
          },
          { conditions: [{ key: 'facility', op: '=', value: '4' }] },
        ],
      },
    ]),
    {
      ...{ syslog_protocol: 'udp', syslog_port: '514' },
      syslog_conditions: [
        { syslog_content: '3', syslog_op: '=', syslog_field: 'severity', syslog_logic_op: 'and' },
        { syslog_content: 'cron', syslog_op: '!=', syslog_field: 'program', syslog_logic_op: 'and' },
        { syslog_content: '4', syslog_op: '=', syslog_field: 'facility', syslog_logic_op: 'or' },
      ],
    },
  ],
  [
    'syslog on an address',
    'syslog',
    steps([{ protocol: 'tcp', host: '10.0.0.9:601' }]),
    { syslog_protocol: 'tcp', syslog_port: '601', syslog_conditions: [], syslog_monitor_host: '10.0.0.9' },
  ],
  ['syslog without a port', 'syslog', steps([{ protocol: 'tcp', host: '10.0.0.9' }]), /no port/],
  ['syslog of another protocol', 'syslog', steps([{ protocol: 'sctp', host: 'a:1' }]), /neither tcp nor udp/],
  ['syslog with an empty step', 'syslog', [{}], /no subscription step/],
  [
    'Kafka with lists as JSON text',
    'kafka',
    steps([
      {
        ...{ hosts: '["k1:9092"]', topics: '["logs"]', username: 'u', password: 'p', group_id: 'g' },
        ...{ initial_offset: 'newest', ssl: '{"enabled": false}', delimiter: '|', filters: [] },
      },
    ]),
    {
      ...{ kafka_hosts: ['k1:9092'], kafka_topics: ['logs'], kafka_username: 'u', kafka_password: 'p' },
      ...{
        kafka_group_id: 'g',
        kafka_initial_offset: 'newest',
        kafka_ssl_params: { enabled: false },
        conditions: NONE,
      },
    },
  ],
  [
    'Kafka with lists',
    'kafka',
    steps([{ hosts: ['k1:9092'], topics: ['a', 'b'] }]),
    { kafka_hosts: ['k1:9092'], kafka_topics: ['a', 'b'], kafka_ssl_params: {}, conditions: NONE },
  ],
  ['Kafka without topics', 'kafka', steps([{ hosts: ['k1:9092'], topics: '[]' }]), /no topics/],
  ['Kafka with TLS that is no object', 'kafka', steps([{ hosts: ['k'], topics: ['t'], ssl: '[1' }]), /ssl of its step/],
  ['custom reports', 'custom', [{}], {}],
  ['a scenario that the API does not create', 'client', steps([ROW]), /scenario "client"/],
  ['a scenario of another name', 'toString', steps([ROW]), /scenario "toString"/],
];

for (const [name, scenario, given, expected] of CASES) {
  test(`${scenario}: ${name}`, () => {
    const verdict = collectorParams(scenario, given);
    if (expected instanceof RegExp) {
      assert.ok('refusal' in verdict, JSON.stringify(verdict));
      assert.match(verdict.refusal, expected);
    } else assert.deepEqual('params' in verdict && verdict.params, expected, JSON.stringify(verdict));
  });
}

test('encoding goes with the body in capitals; what the API has no place for is told, what the platform sets is not', () => {
  const verdict = collectorParams(
    'row',
    steps([{ ...ROW, encoding: 'gbk', package_count: 100, labels: { a: 'b' }, close_eof: true, output: { x: 1 } }]),
  ) as Extract<StepVerdict, { params: unknown }>;
  assert.equal(verdict.encoding, 'GBK');
  assert.deepEqual(verdict.losses, [
    'labels of its step has no place in the API',
    'close_eof of its step has no place in the API',
  ]);
});

test('any JSON as steps gives parameters or a refusal, and never an exception', () => {
  const scenarios = fc.constantFrom('row', 'section', 'wineventlog', 'redis_slowlog', 'syslog', 'kafka', 'custom', 'x');
  const local = fc.dictionary(
    fc.constantFrom(
      'paths',
      'filters',
      'hosts',
      'topics',
      'event_logs',
      'protocol',
      'host',
      'ssl',
      'ignore_older',
      'syslog_filters',
    ),
    fc.jsonValue(),
  );
  const given = fc.oneof(
    fc.jsonValue(),
    local.map((value) => steps([value])),
    fc.jsonValue().map((value) => steps(value)),
  );
  fc.assert(
    fc.property(scenarios, given, (scenario, value) => {
      const verdict = collectorParams(scenario, value);
      assert.ok('params' in verdict || verdict.refusal.length > 0);
    }),
    { numRuns: 5000, seed: 20261123 },
  );
});

test('whatever is not refused, of many random platforms and of the cases above, BK-LOG takes', async () => {
  const sources = CASES.map(([, scenario, given]) => ({ scenario, given }));
  for (let seed = 1; seed <= 20; seed += 1) {
    const { bk_log_search, bk_nodeman } = randomBkLog(new Chance(seed), {
      hasTextParams: false,
      collectors: 20,
    }).databases;
    for (const row of bk_log_search.log_databus_collectorconfig) {
      const own = bk_nodeman.node_man_subscriptionstep.filter(
        (step) => step.subscription_id === row.subscription_id && step.step_id === 'bkunifylogbeat',
      );
      const given = own.map(({ step_id, params }) => ({ id: step_id, params: JSON.parse(String(params)) }));
      sources.push({ scenario: String(row.collector_scenario_id), given });
    }
  }
  await withBkLogGateway({}, async (gateway) => {
    const counts = { taken: 0, refused: 0 };
    const wrong: string[] = [];
    for (const [at, { scenario, given }] of sources.entries()) {
      const verdict = collectorParams(scenario, given);
      if ('refusal' in verdict) {
        counts.refused += 1;
        continue;
      }
      const body = {
        ...{ bk_biz_id: 7, collector_config_name: `n${at}`, collector_config_name_en: `name_${at}x` },
        ...{ collector_scenario_id: scenario, target_object_type: 'HOST', target_node_type: 'TOPO', target_nodes: [] },
        ...{ params: verdict.params, ...(verdict.encoding ? { data_encoding: verdict.encoding } : {}) },
      };
      const response = await fetch(`${gateway.url}/databus_collectors/fast_create/`, {
        method: 'POST',
        headers: { ...authorization('admin'), 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer = (await response.json()) as { result: boolean; message: string };
      if (!answer.result) wrong.push(`${scenario}: ${answer.message} ${JSON.stringify(verdict.params)}`);
      counts.taken += 1;
    }
    assert.deepEqual(wrong, []);
    assert.ok(counts.taken > 100 && counts.refused > 20, JSON.stringify(counts));
  });
});
