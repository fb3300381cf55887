import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { toIdMap } from '../../../src/bklog/id-map';
import { prepareCollector, prepareIndexSet } from '../../../src/bklog/migration-candidates';
import { documentsOf } from '../../support/bklog-documents';
import { authorization, withBkLogGateway } from '../../support/bklog-gateway';
import { Chance } from '../../support/chance';
import { randomBkLog } from '../../support/random-bklog';

const MAP = toIdMap({
  environment: 'ee',
  offset: 2_000_000,
  businesses: [
    { from: 2, to: 7 },
    { from: 3, to: 1003 },
  ],
});

function sampleDocuments() {
  const rows = JSON.parse(readFileSync('test/fixtures/bklog-rows.json', 'utf8'));
  const asCells = (list: Record<string, unknown>[]) =>
    list.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, cell]) => [
          name,
          cell !== null && typeof cell === 'object' ? JSON.stringify(cell) : cell,
        ]),
      ),
    );
  const tables = (of: Record<string, Record<string, unknown>[]>) =>
    Object.fromEntries(Object.entries(of).map(([table, list]) => [table, asCells(list)]));
  const databases = {
    bk_nodeman: tables(rows.bk_nodeman),
    bk_log_search: { ...tables(rows.bk_log_search), log_search_space: [] },
  };
  return documentsOf({ databases } as unknown as Parameters<typeof documentsOf>[0]);
}

test('the sample collectors get the businesses, nodes, names and parameters that the target takes', () => {
  const [nginx, java, windows, custom] = sampleDocuments().collectors.map((record) => prepareCollector(record, MAP));
  assert.deepEqual(nginx!.candidate, {
    ...{ kind: 'collector', originId: 501, originIndexSetId: 901, originBusiness: 2, name: 'nginx访问日志' },
    ...{ englishName: 'nginx_access', business: 7, space: 'bkcc__7', unmapped: [], refusals: [] },
    losses: ['its clean rule bk_log_delimiter is not in the documents: it is created as plain text'],
  });
  assert.deepEqual(nginx!.body.target_nodes, [
    { bk_inst_id: 7, bk_obj_id: 'biz' },
    { bk_inst_id: 2_000_035, bk_obj_id: 'module' },
  ]);
  assert.deepEqual([nginx!.body.data_encoding, nginx!.body.environment, nginx!.creator], ['GBK', 'linux', 'zhangsan']);
  assert.deepEqual(java!.body.target_nodes, [
    { ip: '10.0.1.15', bk_cloud_id: 0, bk_supplier_id: '0' },
    { ip: '10.8.3.7', bk_cloud_id: 2_000_005, bk_host_id: 2_010_233 },
  ]);
  assert.equal(windows!.body.environment, 'windows');
  assert.deepEqual([custom!.candidate.business, custom!.candidate.unmapped.length > 0], [undefined, true]);
});

test('the steps of the samples become the parameters that BK-LOG has of them', () => {
  const [nginx, java, windows] = sampleDocuments().collectors.map(
    (record) => prepareCollector(record, MAP).body.params,
  );
  const files = { tail_files: true, ignore_older: 2_678_400, max_bytes: 204_800 };
  assert.deepEqual(nginx, {
    ...{ paths: ['/data/logs/nginx/access.log', '/data/logs/nginx/*.err'], encoding: 'GBK', ...files },
    exclude_files: ['/data/logs/nginx/old.log'],
    conditions: {
      ...{ type: 'separator', match_type: 'include', match_content: '', separator: '|' },
      separator_filters: [
        { fieldindex: '3', word: 'ERROR', op: '=', logic_op: 'and' },
        { fieldindex: '4', word: 'pay', op: 'include', logic_op: 'and' },
        { fieldindex: '3', word: 'FATAL', op: '=', logic_op: 'or' },
      ],
    },
  });
  assert.deepEqual(java, {
    ...{ paths: ['/data/app/java/logs/app.log'], exclude_files: [], encoding: 'UTF-8', ...files },
    ...{ multiline_pattern: '^\\[\\d{4}-\\d{2}-\\d{2}', multiline_max_lines: 50, multiline_timeout: 2 },
    conditions: {
      ...{ type: 'match', match_type: 'include', match_content: 'Exception', separator: '|' },
      separator_filters: [{ fieldindex: '-1', word: 'Exception', op: 'include', logic_op: 'and' }],
    },
  });
  assert.deepEqual(windows, {
    ...{ winlog_name: ['Application', 'Security'], winlog_level: ['error', 'warning'] },
    ...{ winlog_event_id: ['1000', '-1026'], winlog_source: ['Microsoft-Windows-Security-Auditing'] },
    ...{ winlog_content: ['logon'], winlog_match_op: 'include' },
  });
});

test('what the steps and the target nodes lose or refuse is in the candidate, by field', () => {
  const [nginx] = sampleDocuments().collectors;
  const prepared = (change: object) => prepareCollector({ ...nginx, etl_config: 'bk_log_text', ...change }, MAP);
  const steps = (local: object) => [
    {
      id: 'bkunifylogbeat',
      params: { context: { local: [{ ignore_older: 1, max_bytes: 1, encoding: 'GBK', ...local }] } },
    },
  ];
  const output = prepared({ steps: steps({ paths: ['/a.log'], output: { type: 'output.kafka' } }) });
  assert.deepEqual(output.candidate.losses, ['its output the target sends by its own data link']);
  for (const nowhere of [null, '[{', '{}']) {
    const { candidate, body } = prepared({ target_nodes: nowhere });
    assert.deepEqual([candidate.unmapped, candidate.refusals, body.target_nodes], [[], [], []]);
    assert.match(candidate.losses[0]!, /^its target_nodes is .*; the target collects from nowhere$/);
  }
  const odd = prepared({ target_nodes: '[{"ip": "10.0.0.1"}]', target_node_type: 'INSTANCE', steps: [{}] });
  assert.deepEqual(
    odd.candidate.refusals.map((refusal) => refusal.replace(/(: is [a-z]+).*/, '$1')),
    [
      'nothing says what it reads: steps[0]: is empty',
      'its target nodes are not usable: target_nodes[0].bk_cloud_id: is missing',
    ],
  );
  const service = prepared({
    target_nodes: '[{"id": 91}]',
    target_object_type: 'SERVICE',
    target_node_type: 'INSTANCE',
  });
  assert.deepEqual(service.body.target_nodes, [{ id: 2_000_091 }]);
});

test('environment and encoding are those of the record where it has them; else paths tell Windows from Linux', () => {
  const [nginx] = sampleDocuments().collectors;
  const of = (path: string, change: object = {}) => {
    const steps = [{ params: { context: { local: [{ paths: [path] }] } } }];
    const { candidate, body } = prepareCollector({ ...nginx, steps, ...change }, MAP);
    return [body.environment, body.data_encoding, candidate.refusals.join()];
  };
  assert.deepEqual(of('/a.log'), ['linux', undefined, '']);
  assert.deepEqual(of('D:\\logs\\a.log'), ['windows', undefined, '']);
  assert.deepEqual(of('/a.log', { environment: 'windows', data_encoding: 'gb18030' }), ['windows', 'GB18030', '']);
  assert.deepEqual(of('/a.log', { environment: 'container' }), [
    undefined,
    undefined,
    'it cannot be created through the API: environment: collectors of containers are created by another call',
  ]);
});

test('the sample index sets: the business in front of a table is mapped, and nothing else of its name', () => {
  const [pay, audit] = sampleDocuments().indexSets;
  const prepared = prepareIndexSet(pay!, MAP);
  assert.deepEqual(prepared.body.indexes, [
    { bk_biz_id: 7, result_table_id: '7_pay_2024_trace' },
    { bk_biz_id: 7, result_table_id: '7_pay_order' },
  ]);
  assert.deepEqual(prepared.candidate.losses, ['BK-LOG discards the roles that may see it']);
  assert.match(prepareIndexSet(audit!, MAP).candidate.refusals[0]!, /no cluster of the target/);
  const withCluster = prepareIndexSet(audit!, MAP, 4);
  assert.deepEqual([withCluster.candidate.refusals, withCluster.body.storage_cluster_id], [[], 4]);
  assert.deepEqual(withCluster.body.indexes, [{ bk_biz_id: null, result_table_id: 'audit-*' }]);
});

test('a record of another form is refused by its field, and any JSON is taken without an exception', () => {
  assert.match(prepareCollector({ collector_config_id: 5 }, MAP).candidate.refusals[0]!, /collector_config_name/);
  assert.match(prepareIndexSet({}, MAP).candidate.refusals[0]!, /index_set_id/);
  const [record] = sampleDocuments().collectors;
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(record!)), fc.jsonValue(), (key, value) => {
      const { candidate } = prepareCollector({ ...record, [key]: value }, MAP);
      assert.equal(candidate.kind, 'collector');
    }),
    { numRuns: 3000, seed: 20261123 },
  );
});

test('what is neither unmapped nor refused, of 20 random platforms, BK-LOG takes', async () => {
  await withBkLogGateway({}, async (gateway) => {
    const post = async (path: string, body: object) => {
      const response = await fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { ...authorization('admin'), 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      return (await response.json()) as { result: boolean; message: string };
    };
    const wrong: string[] = [];
    let taken = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const { collectors, indexSets } = documentsOf(
        randomBkLog(new Chance(seed), { hasTextParams: false, collectors: 20 }),
      );
      const items = [
        ...collectors.map((record) => prepareCollector(record, MAP)),
        ...indexSets.map((record) => prepareIndexSet(record, MAP, 4)),
      ].filter(({ candidate }) => candidate.unmapped.length + candidate.refusals.length === 0 && candidate.space);
      for (const [at, { candidate, body }] of items.entries()) {
        const names =
          candidate.kind === 'collector'
            ? { collector_config_name: `n${seed}_${at}`, collector_config_name_en: `name_${seed}_${at}x` }
            : { index_set_name: `set ${seed} ${at}`, space_uid: candidate.space };
        const path = candidate.kind === 'collector' ? '/databus_collectors/fast_create/' : '/index_set/';
        const { result, message } = await post(path, { ...body, ...names });
        if (!result)
          wrong.push(`${candidate.kind} ${candidate.originId}: ${message} ${JSON.stringify(body).slice(0, 300)}`);
        taken += 1;
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(taken > 50, `${taken} were created`);
  });
});
