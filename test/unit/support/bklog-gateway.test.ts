import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  authorization,
  type BkLogGateway,
  cluster,
  DEFAULT_APP,
  type GatewayOptions,
  type MisbehaviourKind,
  withBkLogGateway,
} from '../../support/bklog-gateway';

const FAST_CREATE = '/databus_collectors/fast_create/';
const PRE_CHECK = '/databus_collectors/pre_check/';

interface Envelope {
  readonly result: boolean;
  readonly code: unknown;
  readonly message: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  readonly data: any;
}

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly timeoutMs?: number;
}

async function send(gateway: BkLogGateway, { method, path, body, headers, timeoutMs = 5000 }: Sent): Promise<Response> {
  return await fetch(`${gateway.url}${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { 'Content-Type': 'application/json', ...(headers ?? authorization('zhangsan')) },
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function call(gateway: BkLogGateway, sent: Sent): Promise<Envelope & { readonly status: number }> {
  const response = await send(gateway, sent);
  return { status: response.status, ...((await response.json()) as Envelope) };
}

const codeOf = async (gateway: BkLogGateway, sent: Sent) => {
  const { status, code } = await call(gateway, sent);
  return [status, code];
};

const collectorBody = (change: Record<string, unknown> = {}) => ({
  bk_biz_id: 7,
  collector_config_name: 'nginx访问日志',
  collector_config_name_en: 'nginx_access',
  collector_scenario_id: 'row',
  target_object_type: 'HOST',
  target_node_type: 'TOPO',
  target_nodes: [{ bk_obj_id: 'biz', bk_inst_id: 7 }],
  params: { paths: ['/data/access.log'], encoding: 'GBK' },
  ...change,
});

const indexSetBody = (change: Record<string, unknown> = {}) => ({
  index_set_name: '支付链路',
  space_uid: 'bkcc__7',
  scenario_id: 'bkdata',
  indexes: [{ bk_biz_id: 7, result_table_id: '7_pay_trace' }],
  view_roles: [1, 2],
  ...change,
});

const create = (gateway: BkLogGateway, change: Record<string, unknown> = {}, headers?: Record<string, string>) =>
  call(gateway, { path: FAST_CREATE, body: collectorBody(change), ...(headers ? { headers } : {}) });

const gatewayTest = (name: string, use: (gateway: BkLogGateway) => Promise<void>, options: GatewayOptions = {}) =>
  test(name, async () => await withBkLogGateway(options, use));

const preCheckPath = (name: string, bizId = 7) => `${PRE_CHECK}?bk_biz_id=${bizId}&collector_config_name_en=${name}`;

gatewayTest('the gateway wants the header, and nothing else counts as credentials (4.1, 4.2)', async (gateway) => {
  const path = preCheckPath('nginx_access');
  const secret = DEFAULT_APP.bk_app_secret;
  assert.deepEqual(await codeOf(gateway, { path, headers: {} }), [400, 1640001]);
  const inQuery = `${path}&bk_app_code=${DEFAULT_APP.bk_app_code}&bk_app_secret=${secret}`;
  assert.deepEqual(await codeOf(gateway, { path: inQuery, headers: {} }), [400, 1640001]);
  const wrong = authorization('zhangsan', { ...DEFAULT_APP, bk_app_secret: 'other' });
  const answer = await send(gateway, { path, headers: wrong });
  assert.equal(answer.headers.get('X-Bkapi-Error-Code'), '1640001');
  assert.deepEqual(await answer.json(), {
    code: 1640001,
    code_name: 'INVALID_ARGS',
    message: 'Parameters error [reason="bk_app_code or bk_app_secret is incorrect"]',
    result: false,
    data: null,
  });
  const aliases = { app_code: DEFAULT_APP.bk_app_code, app_secret: secret, username: 'lisi' };
  const headers = { 'X-Bkapi-Authorization': JSON.stringify(aliases) };
  assert.equal((await call(gateway, { path, headers })).result, true);
  assert.equal(gateway.requests().at(-1)?.user, 'lisi');
  assert.deepEqual(await codeOf(gateway, { path, headers: { 'X-Bkapi-Authorization': '{' } }), [400, 1640001]);
});

gatewayTest(
  'a token carries the app and perhaps the user; one that is not valid falls back to the secret (4.1)',
  async (gateway) => {
    const path = preCheckPath('nginx_access');
    const withToken = (token: string, more: object = {}) => ({
      path,
      headers: { 'X-Bkapi-Authorization': JSON.stringify({ access_token: token, ...more }) },
    });
    assert.equal((await call(gateway, withToken('of-wangwu'))).result, true);
    assert.equal(gateway.requests().at(-1)?.user, 'wangwu');
    // Nobody has no permission.
    assert.deepEqual(await codeOf(gateway, withToken('of-the-app')), [200, '9900403']);
    assert.deepEqual(await codeOf(gateway, withToken('unknown')), [400, 1640001]);
    assert.equal((await call(gateway, withToken('unknown', { ...DEFAULT_APP, bk_username: 'lisi' }))).result, true);
  },
  {
    tokens: [
      { access_token: 'of-wangwu', bk_app_code: DEFAULT_APP.bk_app_code, bk_username: 'wangwu' },
      { access_token: 'of-the-app', bk_app_code: DEFAULT_APP.bk_app_code },
    ],
  },
);

gatewayTest(
  'tenants: another one is forbidden, an app of all tenants must name one (4.1)',
  async (gateway) => {
    const path = preCheckPath('nginx_access');
    const asked = (app: string, tenant?: string) =>
      codeOf(gateway, {
        path,
        headers: {
          ...authorization('zhangsan', { bk_app_code: app, bk_app_secret: 's' }),
          ...(tenant ? { 'X-Bk-Tenant-Id': tenant } : {}),
        },
      });
    assert.deepEqual(await asked('one'), [200, 0]);
    assert.deepEqual(await asked('one', 'other'), [403, 1640302]);
    assert.deepEqual(await asked('every'), [400, 1640001]);
    assert.deepEqual(await asked('every', 'default'), [200, 0]);
    assert.deepEqual(await asked('every', 'other'), [200, 3641001]);
  },
  {
    isMultiTenant: true,
    apps: [
      { bk_app_code: 'one', bk_app_secret: 's' },
      { bk_app_code: 'every', bk_app_secret: 's', tenant: 'all' },
    ],
  },
);

gatewayTest(
  'an app needs the grant of each resource, and a path its last slash (4.1)',
  async (gateway) => {
    assert.equal((await call(gateway, { path: preCheckPath('nginx_access') })).result, true);
    assert.deepEqual(await codeOf(gateway, { path: FAST_CREATE, body: collectorBody() }), [403, 1640301]);
    assert.deepEqual(await codeOf(gateway, { path: '/databus_collectors' }), [404, 1640401]);
    // 4.4: only the legacy bus lists this.
    assert.deepEqual(await codeOf(gateway, { path: '/index_set/?page=1&pagesize=10' }), [404, 1640401]);
  },
  { apps: [{ ...DEFAULT_APP, resources: [`GET ${PRE_CHECK}`] }] },
);

gatewayTest(
  'unknown businesses and users are integers in an answer with status 200 (4.2)',
  async (gateway) => {
    assert.deepEqual(await codeOf(gateway, { path: preCheckPath('nginx_access', 99) }), [200, 3600004]);
    const headers = authorization('nobody');
    assert.deepEqual(await codeOf(gateway, { path: preCheckPath('nginx_access'), headers }), [200, 3600007]);
    // The space stands for the business.
    const path = `${PRE_CHECK}?space_uid=bkcc__7&collector_config_name_en=nginx_access`;
    assert.equal((await call(gateway, { path })).data.allowed, true);
  },
  { users: ['zhangsan'] },
);

gatewayTest('a missing permission says where to apply for it (4.2)', async (gateway) => {
  gateway.deny({ user: 'zhangsan', action: 'create_collection', bk_biz_id: 7 });
  const denied = await create(gateway);
  assert.deepEqual([denied.status, denied.result, denied.code], [200, false, '9900403']);
  assert.match(denied.message, /（9900403）$/);
  assert.ok(denied.data.apply_url);
  assert.ok('permission' in denied);
  assert.equal((await create(gateway, {}, authorization('lisi'))).result, true);
  const elsewhere = { bk_biz_id: 1003, collector_config_name_en: 'nginx_other' };
  assert.equal((await create(gateway, elsewhere)).result, true);
});

gatewayTest('pre_check says what is taken and refuses what is no name (4.3)', async (gateway) => {
  const allowed = async (name: string, bizId = 7) => (await call(gateway, { path: preCheckPath(name, bizId) })).data;
  assert.deepEqual(await allowed('nginx_access'), { allowed: true, message: '' });
  await create(gateway);
  assert.equal((await allowed('nginx_access')).allowed, false);
  assert.equal((await allowed('nginx_access', 1003)).allowed, true);
  assert.equal((await allowed('log_20240308')).allowed, false);
  assert.equal((await allowed('log_12345')).allowed, true);
  gateway.takeNames({ dataNames: ['7_bklog_taken_data'], resultTables: ['space_17_bklog.taken_table'] });
  assert.equal((await allowed('taken_data')).allowed, false);
  assert.equal((await allowed('taken_table', -17)).allowed, false);
  for (const name of ['four', 'with-dash', 'a'.repeat(51), '%E4%B8%AD%E6%96%87%E5%90%8D%E5%AD%97']) {
    assert.deepEqual(await codeOf(gateway, { path: preCheckPath(name) }), [200, '3600400'], name);
  }
  const missing = await call(gateway, { path: `${PRE_CHECK}?bk_biz_id=x` });
  assert.equal(missing.code, '3600400');
  assert.equal(missing.message.split('\n').length, 2);
  assert.match(missing.message, /collector_config_name_en.*（3600400）$/s);
});

gatewayTest('fast_create makes everything that belongs to a collector (4.3, 3.7)', async (gateway) => {
  const { data, code } = await create(gateway, { data_encoding: 'GBK' }, authorization('lisi'));
  assert.equal(code, 0);
  assert.deepEqual(Object.keys(data), [
    'collector_config_id',
    'bk_data_id',
    'subscription_id',
    'task_id_list',
    'index_set_id',
  ]);
  assert.equal(typeof data.task_id_list[0], 'string');
  const [collector] = gateway.collectors();
  assert.ok(collector);
  assert.equal(collector.created_by, 'lisi');
  assert.equal(collector.table_id, '7_bklog.nginx_access');
  assert.equal(collector.bk_data_name, '7_bklog_nginx_access');
  assert.equal(collector.description, 'nginx访问日志');
  // The cluster with the lowest priority number that the business sees.
  assert.equal(collector.storage_cluster_id, 4);
  assert.deepEqual(
    [collector.retention, collector.storage_replies, collector.es_shards, collector.allocation_min_days],
    [7, 1, 3, 0],
  );
  assert.deepEqual([collector.etl_config, collector.environment], ['bk_log_text', 'linux']);
  assert.deepEqual(
    [collector.category_id, collector.params.encoding, collector.params.ignore_older, collector.params.max_bytes],
    ['application_check', 'GBK', 86_400, 204_800],
  );
  const [set] = gateway.indexSets();
  assert.equal(set?.index_set_id, data.index_set_id);
  assert.equal(set?.index_set_name, '[采集项]nginx访问日志');
  assert.deepEqual([set?.scenario_id, set?.space_uid], ['log', 'bkcc__7']);

  const shown = await call(gateway, { path: `/databus_collectors/${data.collector_config_id}/` });
  assert.deepEqual(shown.data.target_nodes, [{ bk_obj_id: 'biz', bk_inst_id: 7 }]);
  assert.deepEqual([shown.data.table_id_prefix, shown.data.table_id], ['7_bklog_', 'nginx_access']);
  const inSpace = await create(gateway, { bk_biz_id: -17, collector_scenario_id: 'custom', params: {} });
  assert.equal(inSpace.data.subscription_id, null);
  assert.equal(gateway.collectors().at(-1)?.table_id, 'space_17_bklog.nginx_access');
});

gatewayTest('fast_create refuses names that are taken, each with its code (4.2)', async (gateway) => {
  await create(gateway);
  assert.equal((await create(gateway)).code, '3631112');
  assert.equal((await create(gateway, { collector_config_name_en: 'nginx_other' })).code, '3631104');
  gateway.takeNames({ dataNames: ['7_bklog_taken_data'], resultTables: ['7_bklog.taken_table'] });
  assert.equal((await create(gateway, { collector_config_name_en: 'taken_data' })).code, '3631113');
  assert.equal((await create(gateway, { collector_config_name_en: 'taken_table' })).code, '3631114');
  assert.equal((await create(gateway, { bk_biz_id: 1003 })).result, true);
  assert.equal(gateway.collectors().length, 2);
});

gatewayTest('fast_create validates every field before anything is made (4.3, 3.7)', async (gateway) => {
  const params = (change: object) => ({ params: { paths: ['/a'], ...change } });
  const refused: [code: string, change: Record<string, unknown>][] = [
    ['3600400', { collector_config_name: 'x'.repeat(51) }],
    ['3600400', { collector_config_name: undefined }],
    ['3600400', { collector_config_name_en: 'a-b-c-d' }],
    ['3600400', { collector_scenario_id: 'file' }],
    ['3600400', { description: 'x'.repeat(65) }],
    ['3600400', { target_object_type: 'HOSTS' }],
    ['3600400', { target_nodes: '[{"bk_inst_id": 2}]' }],
    ['3600400', { target_nodes: [{ ip: '2001:db8:0:0:0:0:0:1' }] }],
    ['3600400', { data_encoding: 'gbk' }],
    ['3600400', { params: undefined }],
    ['3600400', { es_shards: 0 }],
    ['3600400', { storage_replies: -1 }],
    ['3600400', params({ conditions: [] })],
    ['3600400', params({ conditions: { type: 'match', match_type: '!=', match_content: 'x' } })],
    ['3600400', params({ multiline_timeout: 11 })],
    ['3600400', params({ winlog_match_op: ['eq'] })],
    ['3600400', { collector_scenario_id: 'kafka', params: { kafka_hosts: '["127.0.0.1:9092"]' } }],
    ['3600001', { collector_scenario_id: 'section' }],
    ['3600001', { collector_scenario_id: 'wineventlog', params: {} }],
    ['3600001', { params: { exclude_files: ['/b'] } }],
    ['3600001', { etl_config: 'bk_log_json' }],
    ['3600001', { etl_config: 'bk_log_delimiter', fields: [{ field_name: 'a' }] }],
    ['3600001', { etl_config: 'bk_log_json', fields: [{ field_name: 'a', is_delete: true }] }],
    ['3600001', { etl_config: 'bk_log_json', fields: [{ is_time: true }, { is_time: true }] }],
    ['3600001', { parent_index_set_ids: [1], parent_index_set_names: ['a'] }],
    ['3600001', { is_platform_index: true }],
    ['3631201', { storage_cluster_id: 31 }],
    ['3631201', { storage_cluster_id: 99 }],
  ];
  for (const [code, change] of refused) {
    assert.equal((await create(gateway, change)).code, code, JSON.stringify(change));
  }
  assert.deepEqual([gateway.collectors(), gateway.indexSets()], [[], []]);
  const accepted: Record<string, unknown>[] = [
    { params: { paths: [], conditions: { type: 'none' } } },
    { bk_biz_id: '7', description: '' },
    { bk_biz_id: 1003, storage_cluster_id: 31 },
    {
      collector_scenario_id: 'section',
      params: { multiline_pattern: '^x', multiline_max_lines: 5000, multiline_timeout: 10 },
    },
    {
      collector_scenario_id: 'syslog',
      params: { syslog_protocol: 'udp', syslog_port: '514', syslog_conditions: [] },
    },
    { collector_scenario_id: 'redis_slowlog', params: {} },
    { collector_scenario_id: 'wineventlog', params: { winlog_name: ['System'], winlog_match_op: '' } },
    { etl_config: 'bk_log_delimiter', fields: [{ field_name: 'a', field_index: 1 }, { is_built_in: true }] },
    { target_node_type: 'DYNAMIC_GROUP', target_nodes: [{ bk_obj_id: 'DYNAMIC_GROUP', bk_inst_id: 'abc' }] },
  ];
  for (const [number, change] of accepted.entries()) {
    const names = { collector_config_name: `name ${number}`, collector_config_name_en: `name_${number}` };
    const { code, message } = await create(gateway, { ...names, ...change });
    assert.equal(code, 0, `${JSON.stringify(change)}: ${message}`);
  }
});

gatewayTest(
  'a static target must name hosts of the business (4.2)',
  async (gateway) => {
    const at = (node: object) => ({ target_node_type: 'INSTANCE', target_nodes: [node] });
    assert.equal((await create(gateway, at({ bk_host_id: 12 }))).code, '3631111');
    assert.equal((await create(gateway, at({ ip: '10.0.0.2', bk_cloud_id: 0 }))).code, '3631111');
    assert.equal((await create(gateway, at({ ip: '10.0.0.1', bk_cloud_id: 0 }))).code, 0);
  },
  {
    businesses: [
      { bk_biz_id: 7, bk_biz_name: 'b', space_uid: 'bkcc__7', hosts: [{ bk_host_id: 11 }, { ip: '10.0.0.1' }] },
    ],
  },
);

gatewayTest(
  'without a cluster that the business sees nothing is created (3631212)',
  async (gateway) => {
    assert.equal((await create(gateway)).code, '3631212');
    assert.equal((await create(gateway, { bk_biz_id: 1003 })).code, 0);
    const { data } = await call(gateway, { path: '/databus_storage/cluster_groups/?bk_biz_id=1003' });
    assert.deepEqual(Object.keys(data[0]).includes('storage_capacity'), false);
  },
  { clusters: [cluster(31, 0, { bk_biz_id: 1003 })] },
);

gatewayTest('clusters are sorted by priority, private ones only for their business (4.5)', async (gateway) => {
  const ids = async (query: string) => {
    const { data } = await call(gateway, { path: `/databus_storage/cluster_groups/${query}` });
    return (data as { storage_cluster_id: number }[]).map(({ storage_cluster_id }) => storage_cluster_id);
  };
  assert.deepEqual(await ids('?bk_biz_id=7'), [4, 15]);
  assert.deepEqual(await ids('?bk_biz_id=1003'), [31, 4, 15]);
  assert.deepEqual(await ids('?bk_biz_id=7&cluster_type=all'), [4, 40, 15]);
  assert.deepEqual(await codeOf(gateway, { path: '/databus_storage/cluster_groups/' }), [200, '3600400']);
});

gatewayTest('collectors are listed by pages of at most a thousand and found by name (4.3)', async (gateway) => {
  for (const name of ['first', 'second', 'third']) {
    await create(gateway, { collector_config_name: `采集 ${name}`, collector_config_name_en: `${name}_log` });
  }
  const list = (query: string) => call(gateway, { path: `/databus_collectors/?bk_biz_id=7${query}` });
  assert.equal((await list('')).code, '3600001');
  const { data } = await list('&page=1&pagesize=2');
  assert.deepEqual([data.total, data.list.length], [3, 2]);
  const found = await list('&page=1&pagesize=5000&keyword=second_log');
  assert.deepEqual(
    found.data.list.map((row: { collector_config_name_en: string }) => row.collector_config_name_en),
    ['second_log'],
  );
  const unpaged = await call(gateway, { path: '/databus_list_collectors/?bk_biz_id=7&keyword=third' });
  assert.equal(unpaged.data.length, 1);
  assert.equal((await call(gateway, { path: '/databus_collectors/1/' })).code, '3631001');
});

gatewayTest(
  'the documented shape of the list can be had too (P3)',
  async (gateway) => {
    await create(gateway);
    const { data } = await call(gateway, { path: '/databus_collectors/?bk_biz_id=7&page=1&pagesize=10' });
    assert.deepEqual([data.count, data.total_page, data.results.length], [1, 1, 1]);
  },
  { listShape: 'documented' },
);

gatewayTest('a deleted collector takes its index set along and gives its names free (4.3)', async (gateway) => {
  const { data } = await create(gateway);
  const path = `/databus_collectors/${data.collector_config_id}/`;
  assert.equal((await call(gateway, { path: `${path}stop/`, body: { is_stop_index_set: true } })).data, true);
  assert.equal(gateway.collectors()[0]?.is_active, false);
  assert.equal((await call(gateway, { path, method: 'DELETE' })).result, true);
  assert.deepEqual([gateway.collectors(), gateway.indexSets()], [[], []]);
  assert.match(gateway.deletedCollectors()[0]?.collector_config_name ?? '', /^nginx访问日志_delete_\d{14}$/);
  assert.equal((await call(gateway, { path, method: 'DELETE' })).code, '3631001');
  assert.equal((await create(gateway)).result, true);
});

gatewayTest(
  'the result table of a deleted collector can go on to hold its name',
  async (gateway) => {
    const { data } = await create(gateway);
    await call(gateway, { path: `/databus_collectors/${data.collector_config_id}/`, method: 'DELETE' });
    assert.equal((await create(gateway)).code, '3631114');
  },
  { resultTablesOutliveCollectors: true },
);

gatewayTest(
  'an index set belongs to the caller; roles are discarded and times forced (4.4)',
  async (gateway) => {
    const { data } = await call(gateway, {
      path: '/index_set/',
      body: indexSetBody({
        indexes: [
          { bk_biz_id: 7, result_table_id: '7_pay_trace' },
          { bk_biz_id: null, result_table_id: '7_secret' },
        ],
        time_field: 'other',
      }),
      headers: authorization('lisi'),
    });
    assert.deepEqual([data.created_by, data.source_app_code, data.view_roles], ['lisi', DEFAULT_APP.bk_app_code, []]);
    assert.deepEqual(
      [data.time_field, data.time_field_type, data.time_field_unit, data.category_id],
      ['dtEventTimeStamp', 'date', 'millisecond', 'application_check'],
    );
    assert.deepEqual(
      data.indexes.map((index: { apply_status: string }) => index.apply_status),
      ['normal', 'pending'],
    );
    const path = `/index_set/${data.index_set_id}/`;
    assert.equal((await call(gateway, { path })).data.index_set_name, '支付链路');
    assert.equal((await call(gateway, { path, method: 'DELETE' })).result, true);
    assert.equal((await call(gateway, { path })).code, '3600404');
  },
  { unreadableTables: ['7_secret'] },
);

gatewayTest('index sets are refused with the codes of 4.2', async (gateway) => {
  const es = { scenario_id: 'es', storage_cluster_id: 4, time_field: '@timestamp', time_field_type: 'date' };
  const post = async (change: Record<string, unknown>) =>
    (await call(gateway, { path: '/index_set/', body: indexSetBody(change) })).code;
  assert.equal(await post({}), 0);
  assert.equal(await post({}), '3623305');
  assert.equal(await post({ space_uid: 'bkcc__1003' }), 0);
  assert.equal(await post({ space_uid: 'bkcc_7' }), '3600400');
  assert.equal(await post({ space_uid: 'bkcc__8' }), 3600004);
  assert.equal(await post({ indexes: [] }), '3623322');
  assert.equal(await post({ indexes: undefined }), '3600400');
  assert.equal(await post({ indexes: ['7_pay'] }), '3623313');
  const twice = [1, 2].map(() => ({ bk_biz_id: 7, result_table_id: '7_pay' }));
  assert.equal(await post({ index_set_name: 'twice', indexes: twice }), '3623307');
  assert.equal(await post({ ...es, index_set_name: 'es' }), 0);
  assert.equal(await post({ ...es, index_set_name: 'es 2', storage_cluster_id: undefined }), '3600001');
  assert.equal(await post({ ...es, index_set_name: 'es 2', time_field: undefined }), '3600001');
  assert.equal(await post({ ...es, index_set_name: 'es 2', time_field_type: 'long' }), '3600001');
  assert.equal(gateway.indexSets().length, 3);
  // 4.4: a missing key fails after the set was made.
  assert.equal(await post({ index_set_name: 'half', indexes: [{ result_table_id: '7_pay' }] }), '3600500');
  assert.deepEqual(gateway.indexSets().at(-1)?.indexes, []);
});

gatewayTest('sets of collectors are found by search only (4.4)', async (gateway) => {
  const { data: collector } = await create(gateway);
  await call(gateway, { path: '/index_set/', body: indexSetBody() });
  assert.equal((await call(gateway, { path: `/index_set/${collector.index_set_id}/` })).code, '3600404');
  const { data } = await call(gateway, { path: '/search_index_set/?space_uid=bkcc__7' });
  assert.deepEqual(
    data.map((set: { index_set_name: string }) => set.index_set_name),
    ['[采集项]nginx访问日志', '支付链路'],
  );
  gateway.deny({ user: 'zhangsan', action: 'search_log' });
  assert.deepEqual((await call(gateway, { path: '/search_index_set/?space_uid=bkcc__7' })).data, []);
  const routed = await call(gateway, { path: '/index_set/list_es_router/?page=1&pagesize=10&scenario_id=bkdata' });
  assert.equal(routed.data.total, 1);
});

gatewayTest('only the host has a health check (4.8)', async (gateway) => {
  const ready = await fetch(`${gateway.hostUrl}/readiness/`);
  assert.deepEqual(await ready.json(), { server_up: 1 });
  assert.equal((await fetch(`${gateway.hostUrl}/healthz/?format_type=json`)).status, 200);
  assert.deepEqual(await codeOf(gateway, { path: '/healthz/' }), [404, 1640401]);
  assert.deepEqual([...gateway.requests()].length, 1);
});

/** What a client sees, and whether the collector is there afterwards. */
const SEEN: readonly [kind: MisbehaviourKind, status: number | 'no answer', code: unknown, created: boolean][] = [
  ['unauthorized', 401, 1640101, false],
  ['forbidden', 403, 1640301, false],
  ['rate-limited', 429, 1642902, false],
  ['server-error', 500, '50000', false],
  ['bad-gateway', 502, 1650200, false],
  ['refused', 200, '3600500', false],
  ['html', 200, 'no JSON', false],
  ['duplicate-name', 200, '3631112', false],
  ['silent-before', 'no answer', undefined, false],
  ['reset-before', 'no answer', undefined, false],
  ['slow', 200, 0, true],
  ['silent-after', 'no answer', undefined, true],
  ['reset-after', 'no answer', undefined, true],
  ['gateway-timeout-after', 504, 1650401, true],
  ['half-json', 200, 'no JSON', true],
  ['half-created', 200, '3631109', true],
];

for (const [kind, status, code, isCreated] of SEEN) {
  gatewayTest(`${kind}: once, then the gateway behaves`, async (gateway) => {
    const told = gateway.misbehave({ kind, match: { path: FAST_CREATE }, delayMs: 50 });
    assert.equal((await call(gateway, { path: preCheckPath('nginx_access') })).result, true);
    const sent = { path: FAST_CREATE, body: collectorBody(), timeoutMs: 300 };
    const response = await send(gateway, sent).catch(() => undefined);
    assert.equal(response?.status ?? 'no answer', status);
    if (response) {
      const text = await response.text();
      let seen: unknown = 'no JSON';
      try {
        seen = (JSON.parse(text) as Envelope).code;
      } catch {}
      assert.equal(seen, code);
    }
    if (kind === 'rate-limited') assert.equal(response?.headers.get('Retry-After'), '1');
    assert.equal(gateway.collectors().length, isCreated ? 1 : 0);
    assert.equal(gateway.indexSets().length, isCreated && kind !== 'half-created' ? 1 : 0);
    assert.equal(told.done, 1);
    assert.equal(gateway.writes()[0]?.misbehaviour, kind);
    assert.equal((await create(gateway)).code, isCreated ? '3631112' : 0);
    assert.equal(gateway.writes().length, 2);
  });
}

gatewayTest('misbehaviour is matched by body, begins late and ends', async (gateway) => {
  gateway.misbehave({ kind: 'no-clusters', match: { path: /cluster_groups/ } });
  const clusters = { path: '/databus_storage/cluster_groups/?bk_biz_id=7' };
  assert.deepEqual((await call(gateway, clusters)).data, []);
  assert.equal((await call(gateway, clusters)).data.length, 2);
  gateway.misbehave({
    kind: 'refused',
    code: '3631110',
    times: 2,
    after: 1,
    match: { body: (body) => (body as { bk_biz_id?: number } | undefined)?.bk_biz_id === 7 },
  });
  const codes: unknown[] = [];
  for (const bizId of [7, 1003, 7, 7, 7]) {
    const names = { collector_config_name: `n ${codes.length}`, collector_config_name_en: `name_${codes.length}` };
    codes.push((await create(gateway, { bk_biz_id: bizId, ...names })).code);
  }
  assert.deepEqual(codes, [0, 0, '3631110', '3631110', 0]);
  gateway.misbehave({ kind: 'server-error', times: Number.POSITIVE_INFINITY });
  assert.equal((await call(gateway, clusters)).status, 500);
  gateway.behave();
  assert.equal((await call(gateway, clusters)).status, 200);
});

gatewayTest(
  'calls take their time, are counted at a time, and have their effect when nobody waits any more',
  async (gateway) => {
    const at = Date.now();
    await Promise.all([1, 2, 3].map((n) => call(gateway, { path: preCheckPath(`name_${n}`) })));
    assert.ok(Date.now() - at >= 100);
    assert.equal(gateway.maxConcurrent, 3);
    const names = await Promise.all([1, 2, 3, 4, 5].map((n) => codeOf(gateway, { path: preCheckPath(`name_${n}`) })));
    assert.ok(names.some(([status, code]) => status === 429 && code === 1642904));
    await assert.rejects(send(gateway, { path: FAST_CREATE, body: collectorBody(), timeoutMs: 30 }));
    assert.equal(gateway.collectors().length, 0);
    await sleep(200);
    assert.equal(gateway.collectors().length, 1);
  },
  { latencyMs: 100, concurrencyLimit: 4 },
);

gatewayTest('a client that dies while it is sending has called nothing', async (gateway) => {
  const { hostname, port, pathname } = new URL(`${gateway.url}${FAST_CREATE}`);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(`POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"bk_biz`);
  await sleep(50);
  socket.resetAndDestroy();
  await sleep(50);
  assert.deepEqual(gateway.requests(), []);
});

gatewayTest('a watcher is told before a call has its effect and before it is answered', async (gateway) => {
  const told: unknown[] = [];
  gateway.watch({
    onCall: ({ method }) => told.push([method, gateway.collectors().length]),
    onAnswer: ({ code }) => told.push([code, gateway.collectors().length]),
  });
  await create(gateway);
  assert.deepEqual(told, [
    ['POST', 0],
    [0, 1],
  ]);
});

gatewayTest('calls are recorded without secrets', async (gateway) => {
  await create(gateway);
  const [record] = gateway.writes();
  assert.deepEqual(
    [record?.method, record?.path, record?.app, record?.user, record?.status, record?.code],
    ['POST', FAST_CREATE, DEFAULT_APP.bk_app_code, 'zhangsan', 200, 0],
  );
  assert.deepEqual(record?.body, JSON.parse(JSON.stringify(collectorBody())));
  assert.ok(!JSON.stringify(gateway.requests()).includes(DEFAULT_APP.bk_app_secret));
  gateway.forgetRequests();
  assert.deepEqual(gateway.requests(), []);
});
