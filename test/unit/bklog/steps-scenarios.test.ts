import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accepted, lossesOf, refused, stepsOf } from '../../support/subscription-step';

type Case = readonly [name: string, change: object, expected: object | string];

/** What the change of a good step changes in its parameters, or the refusal; a loss stands under `lost`. */
function check(scenario: string, good: object, base: object, cases: readonly Case[]) {
  for (const [name, change, expected] of [['as BK-LOG writes it', {}, {}] as Case, ...cases]) {
    test(`${scenario}: ${name}`, () => {
      const steps = stepsOf({ ...good, ...change });
      if (typeof expected === 'string') {
        assert.equal(refused(scenario, steps), expected);
        return;
      }
      const result = accepted(scenario, steps);
      const { lost = [], ...params } = expected as { lost?: readonly string[] };
      assert.deepEqual(result.params, { ...base, ...params });
      assert.deepEqual(lossesOf(result), lost);
      assert.equal(result.dataEncoding, undefined);
    });
  }
}

/** What the API takes, and what became of the operators that it does not know. */
const OPERATORS = Object.entries({ '=': 'include', '!=': 'neq', eq: 'eq', neq: 'neq', include: 'include' }).concat(
  ['exclude', 'regex', 'nregex'].map((op) => [op, op]),
);

const line = (key: unknown, op: unknown, index: unknown = '-1') => ({ conditions: [{ index, key, op }] });
const LONG = 'is longer than the 255 characters that the target takes';

check(
  'wineventlog',
  {
    event_logs: [
      { name: 'Application', level: 'error,warning', event_id: '1000,-1026' },
      { name: 'Security', level: 'error,warning', event_id: '1000,-1026' },
    ],
    provider_name: ['Microsoft-Windows-Security-Auditing'],
    filters: [line('logon', 'include')],
    delimiter: '|',
  },
  {
    winlog_name: ['Application', 'Security'],
    winlog_level: ['error', 'warning'],
    winlog_event_id: ['1000', '-1026'],
    winlog_source: ['Microsoft-Windows-Security-Auditing'],
    winlog_content: ['logon'],
    winlog_match_op: 'include',
  },
  [
    ['without filters', { filters: undefined }, { winlog_content: [], winlog_match_op: '' }],
    ['with empty filters', { filters: [] }, { winlog_content: [], winlog_match_op: '' }],
    [
      'with a group without conditions',
      { filters: [{ conditions: [] }] },
      { winlog_content: [], winlog_match_op: '', lost: ['~.filters[0]: has no conditions'] },
    ],
    ...OPERATORS.map(
      ([op, becomes]): Case => [
        `${op} on the whole line is ${becomes}`,
        { filters: [line('a', op)] },
        { winlog_content: ['a'], winlog_match_op: becomes },
      ],
    ),
    [
      'an unknown operator',
      { filters: [line('a', '~')] },
      'value_unsupported ~.filters[0].conditions[0].op: is no operator that the target knows',
    ],
    [
      'labels',
      { labels: { $body: { bk_collect_config_id: 503 } }, ext_meta: { a: 'b' } },
      { extra_labels: [{ key: 'a', value: 'b' }], extra_template_labels: [{ key: '$body', value: {} }] },
    ],
    [
      'what an overlay added, and blanks',
      { ignore_older: 5, event_logs: [{ name: 'System ', xml_query: 'x' }], provider_name: [' p'] },
      {
        ...{ winlog_name: ['System '], winlog_level: [], winlog_event_id: [], winlog_source: [' p'] },
        lost: [
          '~.event_logs[0].name: begins or ends with blanks, which the target takes off',
          '~.provider_name[0]: begins or ends with blanks, which the target takes off',
          '~.event_logs[0].xml_query: the target has no parameter for it',
          '~.ignore_older: the target has no parameter for it',
        ],
      },
    ],
    ['an index as a number', { filters: [line('a', 'eq', -1)] }, { winlog_content: ['a'], winlog_match_op: 'eq' }],
    [
      'a blank filter',
      { filters: [line(' ', 'eq')] },
      {
        winlog_content: [],
        winlog_match_op: '',
        lost: ['~.filters[0].conditions[0]: has no word; the target takes no such condition'],
      },
    ],
    [
      'two conditions',
      { filters: [line('a', 'eq'), line('b', 'eq')] },
      'value_unsupported ~.filters: has conditions where the target has one',
    ],
    [
      'a condition on a field',
      { filters: [line('a', 'eq', '3')] },
      'value_unsupported ~.filters: is not about the whole line',
    ],
    ['a long content', { filters: [line('x'.repeat(256), 'eq')] }, `value_unsupported ~.filters: ${LONG}`],
    ['without sources, as of old', { provider_name: undefined }, { winlog_source: [] }],
    ['with a source left blank', { provider_name: [''] }, { winlog_source: [] }],
    [
      'without levels and ids, as of old',
      { event_logs: [{ name: 'System' }] },
      { winlog_name: ['System'], winlog_level: [], winlog_event_id: [] },
    ],
    [
      'empty levels and null ids',
      { event_logs: [{ name: 'System', level: '', event_id: null }] },
      { winlog_name: ['System'], winlog_level: [], winlog_event_id: [] },
    ],
    [
      'levels as a list and an id as a number',
      { event_logs: [{ name: 'System', level: ['error', ' warning '], event_id: 1000 }] },
      { winlog_name: ['System'], winlog_level: ['error', 'warning'], winlog_event_id: ['1000'] },
    ],
    [
      'event logs that differ',
      {
        event_logs: [
          { name: 'A', level: 'error', event_id: '' },
          { name: 'B', level: '', event_id: '' },
        ],
      },
      'value_unsupported ~.event_logs[1].level: differs from that of the first event log',
    ],
    ['no event logs', { event_logs: [] }, 'no_source_definition ~.event_logs: names no event log'],
    ['event logs missing', { event_logs: null }, 'no_source_definition ~.event_logs: names no event log'],
    ['event logs as text', { event_logs: 'System' }, 'malformed_definition ~.event_logs: is not a list of event logs'],
    ['an event log as text', { event_logs: ['System'] }, 'malformed_definition ~.event_logs[0]: is not an event log'],
    ['an event log without a name', { event_logs: [{}] }, 'malformed_definition ~.event_logs[0].name: is missing'],
    ['a blank name', { event_logs: [{ name: '' }] }, 'malformed_definition ~.event_logs[0].name: is blank'],
    [
      'a level that is an object',
      { event_logs: [{ name: 'A', level: {} }] },
      'malformed_definition ~.event_logs[0].level: is neither text nor a list of texts',
    ],
  ],
);

check(
  'redis_slowlog',
  { hosts: ['10.0.0.1:6379', '10.0.0.2:6379'], password: 'secret', password_file: '' },
  { redis_hosts: ['10.0.0.1:6379', '10.0.0.2:6379'], redis_password: 'secret', redis_password_file: '' },
  [
    ['hosts as JSON text', { hosts: '["10.0.0.3:6379"]' }, { redis_hosts: ['10.0.0.3:6379'] }],
    [
      'a file instead of a password',
      { password: null, password_file: '/x' },
      { redis_password: '', redis_password_file: '/x' },
    ],
    ['a password of digits', { password: 12345 }, { redis_password: '12345' }],
    [
      'a password between blanks',
      { password: ' a ' },
      { redis_password: ' a ', lost: ['~.password: begins or ends with blanks, which the target takes off'] },
    ],
    ['labels', { ext_meta: { a: 'b' } }, { extra_labels: [{ key: 'a', value: 'b' }] }],
    ['what an overlay added', { interval: 5 }, { lost: ['~.interval: the target has no parameter for it'] }],
    ['no hosts', { hosts: [] }, 'no_source_definition ~.hosts: is empty'],
    ['hosts missing', { hosts: undefined }, 'no_source_definition ~.hosts: is empty'],
    ['hosts empty text', { hosts: '' }, 'no_source_definition ~.hosts: is empty'],
    ['hosts that are no JSON', { hosts: '10.0.0.1:6379' }, 'malformed_definition ~.hosts: is text and not JSON'],
    ['hosts as an object', { hosts: '{}' }, 'malformed_definition ~.hosts: is not a list of texts'],
    ['a blank host', { hosts: ['a:1', ''] }, 'malformed_definition ~.hosts[1]: is blank'],
    ['a password that is a list', { password: [] }, 'malformed_definition ~.password: is not text'],
  ],
);

const message = (value: unknown, op?: unknown, key?: unknown) => ({ conditions: [{ key, op, value }] });
const said = (syslog_field: string, syslog_op: string, syslog_content: string, syslog_logic_op = 'and') => ({
  ...{ syslog_field, syslog_content, syslog_op, syslog_logic_op },
});
check(
  'syslog',
  {
    protocol: 'udp',
    host: '{{ cmdb_instance.host.bk_host_innerip }}:5140',
    syslog_filters: [
      {
        conditions: [
          { key: 'address', op: 'eq', value: '10.0.0.9' },
          { key: '', op: 'include', value: 'error' },
        ],
      },
      message('panic', 'regex', 'priority'),
    ],
  },
  {
    syslog_protocol: 'udp',
    syslog_port: 5140,
    syslog_conditions: [
      said('address', 'eq', '10.0.0.9'),
      said('', 'include', 'error'),
      said('priority', 'regex', 'panic', 'or'),
    ],
  },
  [
    [
      'an address that hosts listen on',
      { host: '10.0.0.1:514' },
      { syslog_port: 514, syslog_monitor_host: '10.0.0.1' },
    ],
    ['an IPv6 address', { host: '[fe80::1]:514' }, { syslog_port: 514, syslog_monitor_host: '[fe80::1]' }],
    ['a port alone', { host: ':514' }, { syslog_port: 514 }],
    [
      'a template of another address',
      { host: '{{ x.ip }}:514' },
      { syslog_port: 514, syslog_monitor_host: '{{ x.ip }}' },
    ],
    ...OPERATORS.map(
      ([op, becomes = '']): Case => [
        `${op} on the whole message is ${becomes}`,
        { syslog_filters: [message('a', op)] },
        { syslog_conditions: [said('', becomes, 'a')] },
      ],
    ),
    [
      '= on a field is equality',
      { syslog_filters: [message(3, '=', 'severity')] },
      { syslog_conditions: [said('severity', 'eq', '3')] },
    ],
    [
      'what nobody knows in a condition, and blanks',
      { syslog_filters: [{ conditions: [{ key: '', op: 'eq', value: ' a', not: true }], any: 1 }] },
      {
        syslog_conditions: [said('', 'eq', ' a')],
        lost: [
          '~.syslog_filters[0].any: the target has no parameter for it',
          '~.syslog_filters[0].conditions[0]: begins or ends with blanks, which the target takes off',
          '~.syslog_filters[0].conditions[0].not: the target has no parameter for it',
        ],
      },
    ],
    ['a protocol in capitals', { protocol: 'TCP' }, { syslog_protocol: 'tcp' }],
    ['no filters', { syslog_filters: undefined }, { syslog_conditions: [] }],
    ['empty filters', { syslog_filters: [] }, { syslog_conditions: [] }],
    [
      'filters as of old',
      {
        syslog_filters: undefined,
        delimiter: '|',
        filters: [
          {
            conditions: [
              { index: '-1', key: 'error', op: '=', field: '' },
              { index: '-1', key: '10.0.0.9', op: '=', field: 'address' },
              { index: '-1', key: 'x', op: '!=' },
            ],
          },
        ],
      },
      {
        syslog_conditions: [said('', 'include', 'error'), said('address', 'eq', '10.0.0.9'), said('', 'neq', 'x')],
      },
    ],
    [
      'a condition without an operator',
      { syslog_filters: [message('a')] },
      { syslog_conditions: [said('', 'include', 'a')] },
    ],
    [
      'a condition with nulls',
      { syslog_filters: [message('a', null, null)] },
      { syslog_conditions: [said('', 'include', 'a')] },
    ],
    [
      'a first group that is empty',
      { syslog_filters: [{ conditions: [] }, message('', 'eq'), message('a', 'eq', 'x')] },
      {
        syslog_conditions: [said('x', 'eq', 'a')],
        lost: [
          '~.syslog_filters[0]: has no conditions',
          '~.syslog_filters[1].conditions[0]: has no content; the target takes no such condition',
        ],
      },
    ],
    [
      'labels, which BK-LOG sends to no syslog agent',
      { labels: { a: 1 }, ext_meta: { b: 'c' } },
      { lost: ['~.labels: the target has no parameter for it', '~.ext_meta: the target has no parameter for it'] },
    ],
    ['no protocol', { protocol: undefined }, 'no_source_definition ~.protocol: is empty'],
    ['another protocol', { protocol: 'tls' }, 'value_unsupported ~.protocol: is neither tcp nor udp'],
    ['no host', { host: null }, 'no_source_definition ~.host: is empty'],
    ['no port', { host: '10.0.0.1' }, 'malformed_definition ~.host: has no port'],
    ['a port beyond all ports', { host: '10.0.0.1:70000' }, 'malformed_definition ~.host: has no port'],
    [
      'old and new filters',
      { filters: [line('a', '=')] },
      'malformed_definition ~.filters: stands beside syslog_filters',
    ],
    [
      'an unknown operator',
      { syslog_filters: [message('a', '~')] },
      'value_unsupported ~.syslog_filters[0].conditions[0].op: is no operator that the target knows',
    ],
    [
      'a long content',
      { syslog_filters: [message('x'.repeat(256))] },
      `value_unsupported ~.syslog_filters[0].conditions[0].value: ${LONG}`,
    ],
  ],
);

check(
  'kafka',
  {
    hosts: '["10.0.0.1:9092"]',
    topics: '["pay", "order"]',
    ssl: '{"verification_mode": "none"}',
    username: 'u',
    password: 'p',
    group_id: 'g',
    initial_offset: 'oldest',
    filters: [line('ERROR', '=', '3'), line('FATAL', '!=', '3')],
    delimiter: '|',
  },
  {
    conditions: {
      type: 'separator',
      match_type: 'include',
      match_content: '',
      separator: '|',
      separator_filters: [
        { fieldindex: '3', word: 'ERROR', op: '=', logic_op: 'and' },
        { fieldindex: '3', word: 'FATAL', op: 'neq', logic_op: 'or' },
      ],
    },
    kafka_hosts: ['10.0.0.1:9092'],
    kafka_topics: ['pay', 'order'],
    kafka_username: 'u',
    kafka_password: 'p',
    kafka_group_id: 'g',
    kafka_initial_offset: 'oldest',
    kafka_ssl_params: { verification_mode: 'none' },
  },
  [
    [
      'lists and an object instead of text',
      { hosts: ['a:1'], topics: ['t'], ssl: {} },
      { kafka_hosts: ['a:1'], kafka_topics: ['t'], kafka_ssl_params: {} },
    ],
    ['no filters', { filters: null, delimiter: '' }, { conditions: { type: 'none' } }],
    ...OPERATORS.map(
      ([op, becomes]): Case => [
        `${op} on the whole line is ${becomes}`,
        { filters: [line('a', op, -1)] },
        {
          conditions: {
            ...{ type: 'match', match_type: becomes, match_content: 'a', separator: '|' },
            separator_filters: [{ fieldindex: '-1', word: 'a', op: becomes, logic_op: 'and' }],
          },
        },
      ],
    ),
    [
      'fields without a delimiter',
      { delimiter: '' },
      'malformed_definition ~.delimiter: is missing, and fields are filtered by their number',
    ],
    [
      'labels, and what an overlay added',
      { ext_meta: { a: 'b' }, labels: { c: 1 }, balance: 'range' },
      {
        ...{ extra_labels: [{ key: 'a', value: 'b' }], extra_template_labels: [{ key: 'c', value: 1 }] },
        lost: ['~.balance: the target has no parameter for it'],
      },
    ],
    [
      'a password between blanks',
      { password: 'p ' },
      { kafka_password: 'p ', lost: ['~.password: begins or ends with blanks, which the target takes off'] },
    ],
    ['no TLS', { ssl: undefined }, { kafka_ssl_params: {} }],
    ['TLS empty text', { ssl: '' }, { kafka_ssl_params: {} }],
    ['TLS null as text', { ssl: 'null' }, 'malformed_definition ~.ssl: is not an object'],
    ['nobody signs in', { username: null, password: null }, { kafka_username: '', kafka_password: '' }],
    ['the data id as group', { group_id: 1500586 }, { kafka_group_id: '1500586' }],
    ['no offset', { initial_offset: undefined }, { kafka_initial_offset: '' }],
    ['another offset', { initial_offset: '17' }, 'value_unsupported ~.initial_offset: is neither oldest nor newest'],
    ['no hosts', { hosts: '[]' }, 'no_source_definition ~.hosts: is empty'],
    ['no topics', { topics: null }, 'no_source_definition ~.topics: is empty'],
    ['topics that are no JSON', { topics: 'pay,order' }, 'malformed_definition ~.topics: is text and not JSON'],
    ['a topic that is a list', { topics: '[["a"]]' }, 'malformed_definition ~.topics[0]: is not text'],
  ],
);
