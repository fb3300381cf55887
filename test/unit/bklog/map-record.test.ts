import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOCUMENT_REFERENCES, TABLE_REFERENCES } from '../../../src/bklog/bklog-references';
import { BKLOG_CORE_TABLES } from '../../../src/bklog/core-tables';
import { invertIdMap, toIdMap } from '../../../src/bklog/id-map';
import { mapGraph } from '../../../src/bklog/map-graph';
import { checkRecord, mapRecord } from '../../../src/bklog/map-record';
import type { Reference } from '../../../src/bklog/reference';
import { isOperationError } from '../../../src/errors/operation-error';

const MAP = toIdMap({
  environment: 'ee',
  offset: 1000,
  businesses: [
    { from: 2, to: 100 },
    { from: 3, to: 2 ** 31 },
    { from: -17, to: -9 },
  ],
  spaces: [{ from: 'bkci__demo', to: 'bkci__new' }],
  dynamicGroups: [{ from: 'g-1', to: 'h-1' }],
  storageClusters: [{ from: 4, to: 15 }],
  indexSets: [{ from: 901, to: 50012 }],
  collectors: [{ from: 501, to: 60001 }],
  viewRoles: [
    { from: 1, to: 11 },
    { from: 2, to: 12 },
  ],
});

const REFERENCES: Readonly<Record<string, readonly Reference[]>> = { ...TABLE_REFERENCES, ...DOCUMENT_REFERENCES };
const topo = (nodes: unknown, type = 'TOPO') => ({ target_node_type: type, target_nodes: nodes });
const nodes = (...list: object[]) => JSON.stringify(list);
const index = (change: object) => ({ bk_biz_id: 2, type: 'result_table', scenario_id: 'bkdata', ...change });

/** Part, record before, what of it changes. */
const MAPPED: readonly [part: string, before: Record<string, unknown>, after: Record<string, unknown>][] = [
  ['log_search_projectinfo', { bk_biz_id: 2, project_id: 2 }, { bk_biz_id: 100 }],
  ['log_search_projectinfo', { bk_biz_id: '2' }, { bk_biz_id: '100' }],
  ['log_search_projectinfo', { bk_biz_id: 2n }, { bk_biz_id: 100n }],
  ['log_search_projectinfo', { bk_biz_id: null }, {}],
  ['log_databus_collectorconfig', { bk_biz_id: 3, target_nodes: '[]' }, { bk_biz_id: 2 ** 31 }],
  ['log_databus_collectorconfig', { bk_biz_id: -17, target_nodes: '' }, { bk_biz_id: -9 }],
  ['log_databus_collectorconfig', { target_nodes: [], bkdata_biz_id: 2 }, { bkdata_biz_id: 100 }],
  [
    'collectors',
    { ...topo('[]'), collector_config_id: 501, index_set_id: 901 },
    { collector_config_id: 60001, index_set_id: 50012 },
  ],
  ['log_databus_containercollectorconfig', { id: 501, collector_config_id: 501 }, { collector_config_id: 60001 }],
  // A node of a business is no instance; 0 is the direct area; hosts are shifted.
  [
    'collectors',
    topo('[{"bk_inst_id": 2, "bk_obj_id": "biz"}, {"bk_inst_id": 35, "bk_obj_id": "module"}]'),
    { target_nodes: '[{"bk_inst_id": 100, "bk_obj_id": "biz"}, {"bk_inst_id": 1035, "bk_obj_id": "module"}]' },
  ],
  [
    'collectors',
    topo(
      '[{"ip": "10.0.2.2", "bk_cloud_id": 0, "bk_supplier_id": "0"}, {"bk_cloud_id": 5, "bk_host_id": 233}]',
      'INSTANCE',
    ),
    {
      target_nodes:
        '[{"ip": "10.0.2.2", "bk_cloud_id": 0, "bk_supplier_id": "0"}, {"bk_cloud_id": 1005, "bk_host_id": 1233}]',
    },
  ],
  [
    'collectors',
    topo(nodes({ bk_host_id: '7', bk_biz_id: 2 }), 'INSTANCE'),
    { target_nodes: nodes({ bk_host_id: '1007', bk_biz_id: 100 }) },
  ],
  ['collectors', topo(nodes({ id: 91 }), 'INSTANCE'), { target_nodes: nodes({ id: 1091 }) }],
  [
    'collectors',
    topo(nodes({ bk_obj_id: 'SERVICE_TEMPLATE', bk_inst_id: 2 }), 'SERVICE_TEMPLATE'),
    { target_nodes: nodes({ bk_obj_id: 'SERVICE_TEMPLATE', bk_inst_id: 1002 }) },
  ],
  [
    'collectors',
    topo(nodes({ bk_obj_id: 'SET_TEMPLATE', bk_inst_id: 2 }), 'SET_TEMPLATE'),
    { target_nodes: nodes({ bk_obj_id: 'SET_TEMPLATE', bk_inst_id: 1002 }) },
  ],
  [
    'collectors',
    topo(nodes({ bk_obj_id: 'host', bk_inst_id: 'g-1' }), 'DYNAMIC_GROUP'),
    { target_nodes: nodes({ bk_obj_id: 'host', bk_inst_id: 'h-1' }) },
  ],
  [
    'collectors',
    topo([{ bk_obj_id: 'set', bk_inst_id: 18 }]),
    { target_nodes: [{ bk_obj_id: 'set', bk_inst_id: 1018 }] },
  ],
  [
    'log_databus_collectorconfig',
    { ...topo('[]'), target_subscription_diff: nodes({ type: 'add', bk_obj_id: 'biz', bk_inst_id: 2 }) },
    { target_subscription_diff: nodes({ type: 'add', bk_obj_id: 'biz', bk_inst_id: 100 }) },
  ],
  // Only the business in front of a table id is one.
  ...(
    [
      ['2_bklog_2test', '100_bklog_2test'],
      ['2_bklog.2_2', '100_bklog.2_2'],
      ['2_pay_2024_trace', '100_pay_2024_trace'],
      ['-2_bklog', '-2_bklog'],
      ['02_bklog', '02_bklog'],
      ['2', '2'],
      ['2bklog_2_', '2bklog_2_'],
      ['nginx_2_access', 'nginx_2_access'],
      ['space_17_bklog.otlp_17', 'space_9_bklog.otlp_17'],
      ['', ''],
    ] as const
  ).map(([from, to]): (typeof MAPPED)[number] => [
    'collectors',
    { ...topo('[]'), bk_biz_id: 2, table_id: from },
    { bk_biz_id: 100, table_id: to },
  ]),
  [
    'log_databus_collectorconfig',
    { ...topo('[]'), bk_data_name: 'space_17_bklog_otlp', bkbase_table_id: '2_x', bkdata_biz_id: 2, bk_biz_id: -17 },
    { bk_data_name: 'space_9_bklog_otlp', bkbase_table_id: '100_x', bkdata_biz_id: 100, bk_biz_id: -9 },
  ],
  [
    'log_search_logindexsetdata',
    index({ result_table_id: '2_pay', index_id: 2 }),
    { bk_biz_id: 100, result_table_id: '100_pay' },
  ],
  ['log_search_logindexsetdata', index({ result_table_id: '2_audit-*', scenario_id: 'es' }), { bk_biz_id: 100 }],
  [
    'log_search_logindexsetdata',
    index({ result_table_id: '901', type: 'index_set' }),
    { bk_biz_id: 100, result_table_id: '50012' },
  ],
  [
    'log_search_logindexsetdata',
    { result_table_id: '2_pay', bk_biz_id: null, index_set_id: 901 },
    { result_table_id: '100_pay', index_set_id: 50012 },
  ],
  [
    'indexSets',
    { bk_biz_id: 2, view_roles: ',1,2,', index_set_id: 901 },
    { bk_biz_id: 100, view_roles: ',11,12,', index_set_id: 50012 },
  ],
  ['indexSets', { view_roles: '' }, {}],
  [
    'indexSets',
    { scenario_id: 'es', indexes: [{ bk_biz_id: null, result_table_id: '2_*' }], bk_biz_id: 2 },
    { bk_biz_id: 100 },
  ],
  ['indexSets', { view_roles: [2, 1] }, { view_roles: [12, 11] }],
  [
    'indexSets',
    { scenario_id: 'bkdata', indexes: [{ bk_biz_id: 2, index_set_id: 901, result_table_id: '2_pay' }] },
    { indexes: [{ bk_biz_id: 100, index_set_id: 50012, result_table_id: '100_pay' }] },
  ],
  [
    'log_search_logindexset',
    { space_uid: 'bkcc__2', storage_cluster_id: 4, collector_config_id: 501 },
    { space_uid: 'bkcc__100', storage_cluster_id: 15, collector_config_id: 60001 },
  ],
  [
    'log_search_logindexset',
    { space_uid: 'bkci__demo', doris_table_id: '2_bklog_x' },
    { space_uid: 'bkci__new', doris_table_id: '100_bklog_x' },
  ],
  [
    'log_search_logindexset',
    { space_uid: '', platform_index_visibility: '{"type": "multi_biz", "bk_biz_ids": [2, -17]}' },
    { platform_index_visibility: '{"type": "multi_biz", "bk_biz_ids": [100, -9]}' },
  ],
  ['log_search_favoritegroup', { id: 2, space_uid: 'bkcc__2' }, { space_uid: 'bkcc__100' }],
  [
    'log_search_favorite',
    {
      space_uid: 'bkcc__2',
      group_id: 2,
      index_set_id: 901,
      index_set_ids: [901],
      params: '{"keyword": "2", "ip_chooser": {}}',
    },
    { space_uid: 'bkcc__100', index_set_id: 50012, index_set_ids: [50012] },
  ],
  [
    'log_search_favorite',
    {
      params: {
        host_scopes: {
          modules: [{ bk_obj_id: 'biz', bk_inst_id: 2 }],
          target_node_type: 'DYNAMIC_GROUP',
          target_nodes: [{ bk_inst_id: 'g-1' }],
        },
      },
    },
    {
      params: {
        host_scopes: {
          modules: [{ bk_obj_id: 'biz', bk_inst_id: 100 }],
          target_node_type: 'DYNAMIC_GROUP',
          target_nodes: [{ bk_inst_id: 'h-1' }],
        },
      },
    },
  ],
  ['log_clustering_clusteringremark', { bk_biz_id: 2 }, { bk_biz_id: 100 }],
  ['log_clustering_regextemplate', { space_uid: 'bkcc__2' }, { space_uid: 'bkcc__100' }],
  [
    'log_clustering_clusteringconfig',
    {
      bk_biz_id: 2,
      related_space_pre_bk_biz_id: -17,
      index_set_id: 901,
      new_cls_index_set_id: 901,
      collector_config_id: 501,
      clustered_rt: '2_bklog_901_clustered',
      model_output_rt: '',
      pre_treat_flow: null,
      modify_flow: '{}',
    },
    {
      bk_biz_id: 100,
      related_space_pre_bk_biz_id: -9,
      index_set_id: 50012,
      new_cls_index_set_id: 50012,
      collector_config_id: 60001,
      clustered_rt: '100_bklog_901_clustered',
    },
  ],
  [
    'log_clustering_clusteringsubscription',
    {
      space_uid: 'bkcc__2',
      index_set_id: 901,
      host_scopes: '{"modules": [{"bk_obj_id": "set", "bk_inst_id": 2}], "ips": ""}',
    },
    {
      space_uid: 'bkcc__100',
      index_set_id: 50012,
      host_scopes: '{"modules": [{"bk_obj_id": "set", "bk_inst_id": 1002}], "ips": ""}',
    },
  ],
  ['log_clustering_noticegroup', { index_set_id: 901, bk_biz_id: null, notice_group_id: 901 }, { index_set_id: 50012 }],
  [
    'log_clustering_signaturestrategysettings',
    { index_set_id: 901, bk_biz_id: 2, strategy_id: 2 },
    { index_set_id: 50012, bk_biz_id: 100 },
  ],
  ['log_clustering_sampleset', { sample_set_id: 2 }, {}],
  ['node_man_subscriptionstep', { subscription_id: 2, params: { context: { dataid: 2 } } }, {}],
];
for (const [at, [part, before, after]] of MAPPED.entries()) {
  test(`${part} ${at}: ${JSON.stringify(after, spell).slice(0, 80)}`, () => {
    const given = structuredClone(before);
    const { record, findings } = mapRecord(before, REFERENCES[part]!, MAP);
    assert.deepEqual(findings, []);
    assert.deepEqual(record, { ...before, ...after });
    assert.deepEqual(Object.keys(record), Object.keys(before));
    assert.deepEqual(before, given);
    assert.deepEqual(mapRecord(record, REFERENCES[part]!, invertIdMap(MAP)), { record: before, findings: [] });
  });
}

/** Part, record, findings as `place value reason`; the record stays as it is. */
const FOUND: readonly [part: string, record: Record<string, unknown>, findings: readonly string[]][] = [
  ['log_search_projectinfo', { bk_biz_id: 5 }, ['bk_biz_id 5 unmapped']],
  ['log_search_projectinfo', { bk_biz_id: 0 }, ['bk_biz_id 0 unmapped']],
  ['log_search_projectinfo', { bk_biz_id: -5 }, ['bk_biz_id -5 unmapped']],
  ['log_search_projectinfo', { bk_biz_id: 100 }, ['bk_biz_id 100 already-mapped']],
  ['log_search_projectinfo', { bk_biz_id: 'two' }, ['bk_biz_id two unreadable']],
  ['log_search_projectinfo', { bk_biz_id: 2.5 }, ['bk_biz_id 2.5 unreadable']],
  ['log_search_projectinfo', { bk_biz_id: 2 ** 53 }, ['bk_biz_id 9007199254740992 out-of-range']],
  // 2^31 fits the collector's BIGINT, not this INT.
  ['log_search_projectinfo', { bk_biz_id: 3 }, ['bk_biz_id 3 out-of-range']],
  ['collectors', topo(null), ['target_nodes null missing']],
  ['collectors', topo('[{'), ['target_nodes [{ unreadable']],
  ['collectors', topo('{}'), ['target_nodes [object Object] unreadable']],
  ['collectors', topo('["x"]'), ['target_nodes[0] x unreadable']],
  ['collectors', topo(nodes({ bk_obj_id: 'biz', bk_inst_id: 5 })), ['target_nodes[0].bk_inst_id 5 unmapped']],
  [
    'collectors',
    topo(nodes({ bk_obj_id: 'set', bk_inst_id: 1001 })),
    ['target_nodes[0].bk_inst_id 1001 already-mapped'],
  ],
  ['collectors', topo(nodes({ bk_obj_id: 'set', bk_inst_id: 0 })), ['target_nodes[0].bk_inst_id 0 out-of-range']],
  ['collectors', topo(nodes({ bk_cloud_id: -1 }), 'INSTANCE'), ['target_nodes[0].bk_cloud_id -1 out-of-range']],
  [
    'collectors',
    topo('[{"bk_host_id": 9223372036854775808}]', 'INSTANCE'),
    ['target_nodes[0].bk_host_id 9223372036854776000 out-of-range'],
  ],
  ['collectors', topo(nodes({ bk_inst_id: 'g-2' }), 'DYNAMIC_GROUP'), ['target_nodes[0].bk_inst_id g-2 unmapped']],
  ['collectors', topo(nodes({ bk_inst_id: 7 }), 'DYNAMIC_GROUP'), ['target_nodes[0].bk_inst_id 7 unreadable']],
  ['collectors', { ...topo('[]'), index_set_id: 902 }, ['index_set_id 902 unmapped']],
  ['collectors', { ...topo('[]'), table_id: '5_bklog.x' }, ['table_id 5_bklog.x unmapped']],
  ['collectors', { ...topo('[]'), table_id: '2024_x' }, ['table_id 2024_x ambiguous']],
  ['collectors', { ...topo('[]'), bk_biz_id: 5, table_id: '2_x' }, ['bk_biz_id 5 unmapped', 'table_id 2_x ambiguous']],
  ['collectors', { ...topo('[]'), table_id: `2_bklog.${'x'.repeat(245)}` }, []],
  [
    'collectors',
    { ...topo('[]'), table_id: `2_bklog.${'x'.repeat(246)}` },
    [`table_id 2_bklog.${'x'.repeat(246)} out-of-range`],
  ],
  ['indexSets', { view_roles: ',1,3,' }, ['view_roles ,1,3, unmapped']],
  ['indexSets', { view_roles: '1,2' }, ['view_roles 1,2 unreadable']],
  [
    'indexSets',
    { indexes: [{ index_set_id: 5 }, { bk_biz_id: 5 }] },
    ['indexes[1].bk_biz_id 5 unmapped', 'indexes[0].index_set_id 5 unmapped'],
  ],
  ['log_search_logindexset', { space_uid: 'bkcc__5' }, ['space_uid bkcc__5 unmapped']],
  ['log_search_logindexset', { space_uid: 'bkcc__x' }, ['space_uid bkcc__x unreadable']],
  ['log_search_logindexset', { space_uid: 'demo' }, ['space_uid demo unreadable']],
  ['log_search_logindexset', { space_uid: 'bcs__demo' }, ['space_uid bcs__demo unmapped']],
  ['log_search_logindexset', { storage_cluster_id: 5 }, ['storage_cluster_id 5 unmapped']],
  [
    'log_search_favorite',
    { params: '{"ip_chooser": {"host_list": []}}' },
    ['params.ip_chooser [object Object] ambiguous'],
  ],
  ['log_clustering_clusteringconfig', { modify_flow: '{"nodes": [2]}' }, ['modify_flow {"nodes": [2]} ambiguous']],
];
for (const [part, record, expected] of FOUND) {
  test(`${part}: ${JSON.stringify(record).slice(0, 90)} is found`, () => {
    const findings = checkRecord(record, REFERENCES[part]!, MAP);
    assert.deepEqual(
      findings.map(({ reference, value, reason }) => `${reference} ${value} ${reason}`),
      expected,
    );
    const mapped = mapRecord(record, REFERENCES[part]!, MAP);
    assert.deepEqual(mapped.findings, findings);
    if (findings.length > 0) assert.deepEqual(mapped.record, record);
  });
}

test("BK-LOG's own ids stay without a mapping; clusters, groups and spaces are unmapped", () => {
  const map = toIdMap({ environment: 'ee', offset: 1000, businesses: [{ from: 2, to: 100 }] });
  const row = {
    index_set_id: 901,
    collector_config_id: 501,
    view_roles: ',1,',
    space_uid: 'bkci__a',
    storage_cluster_id: 4,
  };
  const { record, findings } = mapRecord(row, TABLE_REFERENCES.log_search_logindexset!, map);
  assert.deepEqual(record, row);
  assert.deepEqual(
    findings.map(({ reference, reason }) => `${reference} ${reason}`),
    ['space_uid unmapped', 'storage_cluster_id unmapped'],
  );
});

test('a record with a finding has all its other ids mapped', () => {
  const record = {
    bk_biz_id: 2,
    index_set_id: 902,
    ...topo(nodes({ bk_obj_id: 'set', bk_inst_id: 1 }, { bk_obj_id: 'biz', bk_inst_id: 5 })),
  };
  const mapped = mapRecord(record, DOCUMENT_REFERENCES.collectors, MAP);
  assert.deepEqual(mapped.record, {
    ...record,
    bk_biz_id: 100,
    target_nodes: nodes({ bk_obj_id: 'set', bk_inst_id: 1001 }, { bk_obj_id: 'biz', bk_inst_id: 5 }),
  });
  assert.equal(mapped.findings.length, 2);
});

test('an id that a node has is meant by one reference, whatever its type', () => {
  for (const type of ['TOPO', 'INSTANCE', 'SERVICE_TEMPLATE', 'SET_TEMPLATE', 'DYNAMIC_GROUP', 'NEW', '', null]) {
    for (const object of ['biz', 'set', 'module', 'SERVICE_TEMPLATE', 'DYNAMIC_GROUP', 'host', null]) {
      const record = { target_node_type: type, target_nodes: [{ bk_obj_id: object, bk_inst_id: 2 }] };
      const { record: after, findings } = mapRecord(record, DOCUMENT_REFERENCES.collectors, MAP);
      const isUntouched = JSON.stringify(after) === JSON.stringify(record);
      assert.equal(findings.length, isUntouched ? 1 : 0, `${type} ${object}`);
    }
  }
});

test('the core tables and those of the migration between equal schemas are declared', () => {
  const core = Object.values(BKLOG_CORE_TABLES).flat();
  assert.deepEqual(
    core.filter((table) => !Object.hasOwn(TABLE_REFERENCES, table)),
    [],
  );
  assert.equal(Object.keys(TABLE_REFERENCES).length, 18);
});

test('a table that nobody declared is refused', () => {
  for (const table of ['log_search_tag', 'toString']) {
    assert.throws(
      () => mapGraph({ tables: { [table]: [] } }, MAP),
      (error) => isOperationError(error, 'OP_CONFIG_INVALID') && error.message.includes(table),
    );
  }
});

test('findings of a graph name the part and the record', () => {
  const { graph, findings } = mapGraph(
    {
      collectors: [
        { ...topo('[]'), collector_config_id: 501, index_set_id: 901 },
        { ...topo('[]'), bk_biz_id: 5 },
      ],
      tables: { log_search_favorite: [{ index_set_id: '901', index_set_ids: [901] }] },
      knownIndexSets: ['901'],
    },
    MAP,
  );
  assert.deepEqual(findings, [{ part: 'collectors', record: 1, reference: 'bk_biz_id', value: 5, reason: 'unmapped' }]);
  assert.deepEqual(graph.knownIndexSets, ['50012']);
  assert.deepEqual(graph.tables, { log_search_favorite: [{ index_set_id: '50012', index_set_ids: [50012] }] });
});

function spell(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
