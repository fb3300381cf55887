import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSteps } from '../../../src/bklog/steps/parse-steps';
import { isRefused } from '../../../src/bklog/steps/step-result';
import { authorization, withBkLogGateway } from '../../support/bklog-gateway';
import { Chance } from '../../support/chance';
import { randomBkLog } from '../../support/random-bklog';
import { stepsOf } from '../../support/subscription-step';

const ROW = { paths: ['/a.log', 'C:\\logs\\*.log'], delimiter: '|' };
const filters = (...groups: [string, string, string][][]) =>
  groups.map((group) => ({ conditions: group.map(([index, key, op]) => ({ index, key, op })) }));
/** Steps of every scenario as the platform has written them over the years. */
const LOCALS: readonly (readonly [scenario: string, local: object])[] = [
  ['row', ROW],
  ['row', { ...ROW, encoding: 'gbk', labels: [{ key: 'a', value: 'b' }], ext_meta: { c: 'd' } }],
  ['row', { ...ROW, filters: filters([['-1', 'error', '=']]) }],
  ['row', { ...ROW, filters: filters([['-1', 'error', '!=']], [['-1', 'warn', '=']]) }],
  [
    'row',
    {
      ...ROW,
      filters: filters(
        [
          ['1', 'a', '='],
          ['2', 'b', '!='],
        ],
        [['3', 'c', 'regex']],
      ),
    },
  ],
  ['section', { ...ROW, multiline_pattern: '^\\d', multiline_max_lines: 50, multiline_timeout: 2 }],
  ['section', { ...ROW, multiline_pattern: '^x', multiline_max_lines: '50', multiline_timeout: '2s' }],
  ['wineventlog', { event_logs: [{ name: 'System', level: 'error,warning', event_id: '1,2' }] }],
  ['wineventlog', { event_logs: [{ name: 'Security' }, { name: 'Application' }] }],
  ['redis_slowlog', { hosts: ['10.0.0.1:6379'], password: 'secret' }],
  ['syslog', { protocol: 'udp', host: '10.0.0.1:514' }],
  ['syslog', { protocol: 'tcp', host: '10.0.0.1:514', syslog_filters: [{ conditions: [] }] }],
  ['kafka', { hosts: ['10.0.0.1:9092'], topics: ['t'], initial_offset: 'newest' }],
  ['custom', {}],
];

test('whatever is not refused, of many random platforms and of every scenario, BK-LOG takes', async () => {
  const sources = LOCALS.map(([scenario, local]) => ({ scenario, steps: stepsOf(local) as unknown }));
  for (let seed = 1; seed <= 20; seed += 1) {
    const options = { hasTextParams: false, collectors: 20 };
    const { bk_log_search, bk_nodeman } = randomBkLog(new Chance(seed), options).databases;
    for (const row of bk_log_search.log_databus_collectorconfig) {
      const own = bk_nodeman.node_man_subscriptionstep.filter(
        (step) => step.subscription_id === row.subscription_id && step.step_id === 'bkunifylogbeat',
      );
      const steps = own.map(({ step_id, params }) => ({ id: step_id, params: JSON.parse(String(params)) }));
      sources.push({ scenario: String(row.collector_scenario_id), steps });
    }
  }
  await withBkLogGateway({}, async (gateway) => {
    const counts = { taken: 0, refused: 0 };
    const wrong: string[] = [];
    for (const [at, { scenario, steps }] of sources.entries()) {
      const parsed = parseSteps({ scenario, steps });
      if (isRefused(parsed)) {
        counts.refused += 1;
        continue;
      }
      const { params, dataEncoding } = parsed;
      const body = {
        ...{ bk_biz_id: 7, collector_config_name: `n${at}`, collector_config_name_en: `name_${at}x` },
        ...{ collector_scenario_id: scenario, target_object_type: 'HOST', target_node_type: 'TOPO', target_nodes: [] },
        ...{ params, ...(dataEncoding ? { data_encoding: dataEncoding } : {}) },
      };
      const response = await fetch(`${gateway.url}/databus_collectors/fast_create/`, {
        method: 'POST',
        headers: { ...authorization('admin'), 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer = (await response.json()) as { result: boolean; message: string };
      if (!answer.result) wrong.push(`${scenario}: ${answer.message} ${JSON.stringify(params)}`);
      counts.taken += 1;
    }
    assert.deepEqual(wrong, []);
    assert.ok(counts.taken > 100 && counts.refused > 20, JSON.stringify(counts));
  });
});
