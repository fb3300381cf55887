// Fills BK-LOG's databases with believable rows: the same rows on every machine, in Chinese and in English.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';

const SCHEMA_FILE = fileURLToPath(new URL('schema.sql', import.meta.url));
const SEED = 20240308;
const ROWS_PER_INSERT = 200;
const DAY_MS = 24 * 60 * 60 * 1000;
const FIRST_DAY_MS = Date.UTC(2023, 0, 9, 1, 30);
const DAYS = 700;
const SCENARIOS_OF_TEN = ['row', 'row', 'row', 'row', 'row', 'section', 'section', 'wineventlog', 'custom', 'custom'];
const FIRST_ID = { project: 101, collector: 1001, indexSet: 2001, index: 10_001, subscription: 5001, step: 20_001 };

/**
 * Creates BK-LOG's databases where they are missing and fills them, in one transaction.
 * Does nothing to the rows of a server that already has a collector.
 * @param {string} url
 * @param {{ businesses?: number, collectors?: number }} [amounts] Besides the fixed sample rows (3 projects, 4 collectors); 0 and 0 load only those.
 * @returns {Promise<{ loaded: boolean, rows: Record<string, number> }>} Rows inserted by table; empty when nothing was loaded.
 */
export async function loadDemoData(url, { businesses = 12, collectors = 400 } = {}) {
  if (collectors > 0 && businesses < 1) throw new Error('collectors need at least one business');
  const connection = await mysql.createConnection({ uri: url, charset: 'utf8mb4', multipleStatements: true });
  try {
    await connection.query(readFileSync(SCHEMA_FILE, 'utf8'));
    const [[found]] = /** @type {any} */ (
      await connection.query('SELECT EXISTS (SELECT 1 FROM bk_log_search.log_databus_collectorconfig) AS isFilled')
    );
    if (found.isFilled) return { loaded: false, rows: {} };

    const tables = toSampleRows();
    addGeneratedRows(tables, { businesses, collectors });
    await connection.beginTransaction();
    for (const [table, rows] of Object.entries(tables)) await insertRows(connection, table, rows);
    await connection.commit();
    return {
      loaded: true,
      rows: Object.fromEntries(Object.entries(tables).map(([table, rows]) => [table, rows.length])),
    };
  } finally {
    await connection.end();
  }
}

/**
 * @typedef {Record<string, unknown>} Row A column value that is an object or an array belongs to a JSON column.
 * @typedef {Record<string, Row[]>} Tables Rows by qualified table name.
 */

/**
 * @param {mysql.Connection} connection
 * @param {string} table
 * @param {readonly Row[]} rows
 */
async function insertRows(connection, table, rows) {
  const first = rows[0];
  if (!first) return;
  const columns = Object.keys(first);
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    const values = rows.slice(start, start + ROWS_PER_INSERT).map((row) =>
      columns.map((column) => {
        const value = row[column];
        if (value === undefined) throw new Error(`${table}: a row has no ${column}`);
        return typeof value === 'object' && value !== null ? toPythonJson(value) : value;
      }),
    );
    await connection.query(`INSERT INTO ${table} (??) VALUES ?`, [columns, values]);
  }
}

/**
 * JSON with the separators of Python's json.dumps, non-ASCII characters raw.
 * @param {unknown} value
 * @returns {string}
 */
function toPythonJson(value) {
  if (Array.isArray(value)) return `[${value.map(toPythonJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${toPythonJson(member)}`);
  return `{${members.join(', ')}}`;
}

/**
 * The text BK-LOG keeps in LONGTEXT columns: json.dumps, every non-ASCII character as \uXXXX.
 * @param {unknown} value
 */
function toEscapedJson(value) {
  return toPythonJson(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** @param {number} seed */
function createRandom(seed) {
  let state = seed;
  // mulberry32: small, fast and the same everywhere. Not for secrets.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** @param {number} from @param {number} to Both ends included. */
  const int = (from, to) => from + Math.floor(next() * (to - from + 1));
  return {
    int,
    /** @param {number} share */
    chance: (share) => next() < share,
    /** @template T @param {readonly T[]} list @returns {T} */
    pick: (list) => /** @type {T} */ (list[int(0, list.length - 1)]),
    /** @param {number} length */
    letters: (length) =>
      Array.from({ length }, () => 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'[int(0, 56)]).join(''),
  };
}

/** @typedef {ReturnType<typeof createRandom>} Random */

/**
 * A datetime(6) literal.
 * @param {number} ms
 * @param {number} [micros] Below the millisecond, 0 to 999.
 */
function toDateTime(ms, micros = 0) {
  return `${new Date(ms).toISOString().slice(0, 23).replace('T', ' ')}${String(micros).padStart(3, '0')}`;
}

/** @param {number} ms */
function toSeconds(ms) {
  return toDateTime(ms).slice(0, 19);
}

/** @param {number} ms */
function toCompactTime(ms) {
  return toSeconds(ms).replace(/\D/g, '');
}

/** @param {string} user */
function audited(user, createdAt = '2024-03-08 10:21:35.104233', updatedAt = '2024-05-20 17:02:11.550871') {
  return { created_at: createdAt, created_by: user, updated_at: updatedAt, updated_by: user };
}

const NOT_DELETED = { is_deleted: 0, deleted_at: null, deleted_by: null };

const COLLECTOR_DEFAULTS = {
  ...NOT_DELETED,
  collector_plugin_id: null,
  bk_app_code: 'bk_log_search',
  custom_type: 'log',
  target_subscription_diff: '[]',
  is_active: 1,
  data_link_id: 3,
  bkbase_table_id: null,
  processing_id: null,
  etl_processor: 'transfer',
  bkdata_data_id: null,
  bkdata_biz_id: null,
  itsm_ticket_sn: null,
  itsm_ticket_status: 'not_apply',
  can_use_independent_es_cluster: 1,
  collector_package_count: 10,
  collector_output_format: null,
  collector_config_overlay: null,
  storage_shards_nums: 3,
  storage_shards_size: 30,
  storage_replies: 1,
  bkdata_data_id_sync_times: 0,
  bcs_cluster_id: null,
  extra_labels: [],
  add_pod_label: 0,
  add_pod_annotation: 0,
  yaml_config_enabled: 0,
  yaml_config: '',
  rule_id: 0,
  is_display: 1,
  log_group_id: null,
  is_nanos: 0,
  enable_v4: 0,
  storage_cluster_type: 'elasticsearch',
};

const PROJECT_DEFAULTS = { ...NOT_DELETED, bk_app_code: 'bk_log_search' };

const INDEX_SET_DEFAULTS = {
  ...NOT_DELETED,
  bkdata_project_id: null,
  collector_config_id: null,
  source_id: null,
  orders: 0,
  pre_check_tag: 1,
  pre_check_msg: null,
  is_active: 1,
  fields_snapshot: null,
  is_trace_log: 0,
  source_app_code: 'bk_log_search',
  tag_ids: '',
  bcs_project_id: '',
  is_editable: 1,
  target_fields: [],
  sort_fields: [],
  result_window: 10_000,
  max_analyzed_offset: 0,
  max_async_count: 0,
  support_doris: 0,
  doris_table_id: null,
  query_alias_settings: null,
  is_group: 0,
  is_platform_index: 0,
  platform_index_visibility: null,
  platform_index_filter: null,
};

const INDEX_DEFAULTS = { ...NOT_DELETED, result_table_name: null, apply_status: 'normal', type: 'result_table' };

const BEAT_TIME = { time_field: 'dtEventTimeStamp', time_field_type: 'date', time_field_unit: 'millisecond' };
const ES_TIME = { time_field: '@timestamp', time_field_type: 'date', time_field_unit: 'millisecond' };

const SPACE_DEFAULTS = { ...NOT_DELETED, space_code: null, properties: {}, bk_tenant_id: 'system' };

const TOGGLE_DEFAULTS = { ...NOT_DELETED, alias: null, description: null, is_viewed: 0, biz_id_black_list: null };

/** @param {string} template */
function toBeatConfig(template) {
  return {
    plugin_name: 'bkunifylogbeat',
    plugin_version: 'latest',
    config_templates: [{ name: template, version: 'latest' }],
  };
}

/** @param {number} id @param {number} subscriptionId */
function toMainStep(id, subscriptionId) {
  return {
    id,
    subscription_id: subscriptionId,
    index: 0,
    step_id: 'main:bkunifylogbeat',
    type: 'PLUGIN',
    config: {
      job_type: 'MAIN_INSTALL_PLUGIN',
      check_and_skip: true,
      is_version_sensitive: false,
      plugin_name: 'bkunifylogbeat',
      plugin_version: 'latest',
      config_templates: [{ name: 'bkunifylogbeat.conf', version: 'latest', is_main: true }],
    },
    params: { context: {} },
  };
}

/** @param {number} id @param {number} subscriptionId @param {number} dataId @param {object} local @param {string} [template] */
function toBeatStep(id, subscriptionId, dataId, local, template = 'bkunifylogbeat.conf') {
  return {
    id,
    subscription_id: subscriptionId,
    index: 1,
    step_id: 'bkunifylogbeat',
    type: 'PLUGIN',
    config: toBeatConfig(template),
    params: { context: { dataid: dataId, local: [local] } },
  };
}

const BEAT_LIMITS = { tail_files: true, ignore_older: 2_678_400, max_bytes: 204_800, package_count: 100 };

const SAMPLE_REQUEST = {
  bk_biz_id: 2,
  keyword: '*',
  time_range: 'customized',
  start_time: '2024-05-01 00:00:00',
  end_time: '2024-05-01 01:00:00',
  time_zone: '',
  ip_chooser: {},
  addition: [],
  begin: 0,
  size: 120_000,
  interval: 'auto',
  export_fields: [],
  is_desensitize: true,
  file_type: 'log',
  custom_indices: '',
};

/**
 * One row of each kind, with fixed values: collectors that log rows, sections and Windows events, a custom report of a
 * space without subscription, and index sets of every scenario.
 * @returns {Tables}
 */
function toSampleRows() {
  const sampleTask = {
    request_param: SAMPLE_REQUEST,
    start_time: '2024-05-01 00:00:00',
    end_time: '2024-05-01 01:00:00',
    bk_biz_id: 2,
    is_clean: 0,
    source_app_code: 'bk_log_search',
  };
  return {
    'bk_nodeman.node_man_subscriptionstep': [
      toMainStep(2101, 1001),
      toBeatStep(2102, 1001, 1_500_586, {
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
        ...BEAT_LIMITS,
        delimiter: '|',
      }),
      toBeatStep(2104, 1002, 1_500_587, {
        filters: [{ conditions: [{ index: '-1', key: 'Exception', op: '=' }] }],
        multiline_pattern: '^\\[\\d{4}-\\d{2}-\\d{2}',
        multiline_max_lines: 50,
        multiline_timeout: 2,
        paths: ['/data/app/java/logs/app.log'],
        exclude_files: [],
        encoding: 'UTF-8',
        ...BEAT_LIMITS,
        delimiter: '|',
      }),
      toBeatStep(
        2106,
        1003,
        1_500_588,
        {
          event_logs: [
            { name: 'Application', level: 'error,warning', event_id: '1000,-1026' },
            { name: 'Security', level: 'error,warning', event_id: '1000,-1026' },
          ],
          provider_name: ['Microsoft-Windows-Security-Auditing'],
          filters: [{ conditions: [{ index: '-1', key: 'logon', op: 'include' }] }],
          delimiter: '|',
        },
        'bkunifylogbeat_winlog.conf',
      ),
    ],
    'bk_log_search.log_search_space': [
      {
        ...audited('system'),
        ...SPACE_DEFAULTS,
        id: 1,
        space_uid: 'bkcc__2',
        bk_biz_id: 2,
        space_type_id: 'bkcc',
        space_type_name: '业务',
        space_id: '2',
        space_name: '蓝鲸',
      },
      {
        ...audited('system'),
        ...SPACE_DEFAULTS,
        id: 2,
        space_uid: 'bkcc__3',
        bk_biz_id: 3,
        space_type_id: 'bkcc',
        space_type_name: '业务',
        space_id: '3',
        space_name: 'DemoBiz',
      },
      {
        ...audited('system'),
        ...SPACE_DEFAULTS,
        id: 17,
        space_uid: 'bkci__otlp-demo',
        bk_biz_id: -17,
        space_type_id: 'bkci',
        space_type_name: '研发项目',
        space_id: 'otlp-demo',
        space_name: 'OTLP 演示项目',
        space_code: 'otlpdemo',
      },
    ],
    'bk_log_search.log_search_projectinfo': [
      {
        ...audited('system'),
        ...PROJECT_DEFAULTS,
        project_id: 11,
        project_name: '蓝鲸',
        bk_biz_id: 2,
        time_zone: 'Asia/Shanghai',
        description: null,
        ip_topo_switch: 1,
        is_v3_biz: 1,
        is_v3_mixed: 0,
        feature_toggle: null,
      },
      {
        ...audited('system'),
        ...PROJECT_DEFAULTS,
        project_id: 12,
        project_name: 'DemoBiz',
        bk_biz_id: 3,
        time_zone: 'Asia/Shanghai',
        description: 'demo',
        ip_topo_switch: 1,
        is_v3_biz: 1,
        is_v3_mixed: 0,
        feature_toggle: 'scenario_es,bkdata',
      },
      {
        ...audited('system'),
        ...PROJECT_DEFAULTS,
        project_id: 13,
        project_name: 'platform-tools',
        bk_biz_id: null,
        time_zone: 'UTC',
        description: null,
        ip_topo_switch: 0,
        is_v3_biz: 0,
        is_v3_mixed: 0,
        feature_toggle: null,
      },
    ],
    'bk_log_search.log_databus_collectorconfig': [
      {
        ...audited('zhangsan'),
        ...COLLECTOR_DEFAULTS,
        collector_config_id: 501,
        collector_config_name: 'nginx访问日志',
        collector_config_name_en: 'nginx_access',
        collector_scenario_id: 'row',
        bk_biz_id: 2,
        category_id: 'os',
        target_object_type: 'HOST',
        target_node_type: 'TOPO',
        target_nodes: toEscapedJson([
          { bk_inst_id: 2, bk_obj_id: 'biz' },
          { bk_inst_id: 35, bk_obj_id: 'module' },
        ]),
        description: 'nginx access log',
        bk_data_id: 1_500_586,
        bk_data_name: '2_bklog_nginx_access',
        table_id: '2_bklog.nginx_access',
        etl_config: 'bk_log_delimiter',
        subscription_id: 1001,
        task_id_list: ',3469542,',
        index_set_id: 901,
        data_encoding: 'GBK',
        params: toEscapedJson({
          paths: ['/data/logs/nginx/access.log', '/data/logs/nginx/*.err'],
          exclude_files: ['/data/logs/nginx/old.log'],
          conditions: {
            type: 'separator',
            separator: '|',
            separator_filters: [
              { fieldindex: '3', word: 'ERROR', op: '=', logic_op: 'and' },
              { fieldindex: '4', word: 'pay', op: 'include', logic_op: 'and' },
              { fieldindex: '3', word: 'FATAL', op: '=', logic_op: 'or' },
            ],
            match_type: 'include',
            match_content: '',
          },
          tail_files: true,
          ignore_older: 2_678_400,
          max_bytes: 204_800,
          encoding: 'GBK',
        }),
        environment: 'linux',
      },
      {
        ...audited('lisi'),
        ...COLLECTOR_DEFAULTS,
        collector_config_id: 502,
        collector_config_name: 'java应用日志',
        collector_config_name_en: 'java_app',
        collector_scenario_id: 'section',
        bk_biz_id: 3,
        category_id: 'application_check',
        target_object_type: 'HOST',
        target_node_type: 'INSTANCE',
        target_nodes: toEscapedJson([
          { ip: '10.0.1.15', bk_cloud_id: 0, bk_supplier_id: '0' },
          { ip: '10.8.3.7', bk_cloud_id: 5, bk_host_id: 10_233 },
        ]),
        description: '',
        bk_data_id: 1_500_587,
        bk_data_name: '3_bklog_java_app',
        table_id: '3_bklog.java_app',
        etl_config: 'bk_log_text',
        subscription_id: 1002,
        task_id_list: ',3469601,3469602,',
        index_set_id: 902,
        data_encoding: 'UTF-8',
        params: toEscapedJson({
          paths: ['/data/app/java/logs/app.log'],
          conditions: { type: 'match', match_type: 'include', match_content: 'Exception', separator: '|' },
          multiline_pattern: '^\\[\\d{4}-\\d{2}-\\d{2}',
          multiline_max_lines: 50,
          multiline_timeout: 2,
          tail_files: true,
          encoding: 'UTF-8',
        }),
        environment: 'linux',
      },
      {
        ...audited('admin'),
        ...COLLECTOR_DEFAULTS,
        collector_config_id: 503,
        collector_config_name: 'win安全事件',
        collector_config_name_en: 'win_security',
        collector_scenario_id: 'wineventlog',
        bk_biz_id: 2,
        category_id: 'os',
        target_object_type: 'HOST',
        target_node_type: 'TOPO',
        target_nodes: toEscapedJson([{ bk_inst_id: 18, bk_obj_id: 'set' }]),
        description: 'windows security events',
        bk_data_id: 1_500_588,
        bk_data_name: '2_bklog_win_security',
        table_id: '2_bklog.win_security',
        etl_config: 'bk_log_text',
        subscription_id: 1003,
        task_id_list: ',3469777,',
        index_set_id: 903,
        data_encoding: 'UTF-8',
        params: toEscapedJson({
          winlog_name: ['Application', 'Security'],
          winlog_level: ['error', 'warning'],
          winlog_event_id: ['1000', '-1026'],
          winlog_source: ['Microsoft-Windows-Security-Auditing'],
          winlog_content: ['logon'],
          winlog_match_op: 'include',
          encoding: 'UTF-8',
        }),
        environment: 'windows',
      },
      {
        ...audited('wangwu'),
        ...COLLECTOR_DEFAULTS,
        custom_type: 'otlp_log',
        log_group_id: 88,
        collector_config_id: 504,
        collector_config_name: 'otlp自定义上报',
        collector_config_name_en: 'otlp_report',
        collector_scenario_id: 'custom',
        bk_biz_id: -17,
        category_id: 'application_check',
        target_object_type: 'HOST',
        target_node_type: 'INSTANCE',
        target_nodes: '[]',
        description: 'otlp',
        bk_data_id: 1_500_590,
        bk_data_name: 'space_17_bklog_otlp_report',
        table_id: 'space_17_bklog.otlp_report',
        etl_config: 'custom',
        subscription_id: null,
        task_id_list: '',
        index_set_id: 904,
        data_encoding: 'UTF-8',
        params: null,
        environment: 'linux',
      },
    ],
    'bk_log_search.log_search_logindexset': [
      {
        ...audited('zhangsan'),
        ...INDEX_SET_DEFAULTS,
        collector_config_id: 501,
        fields_snapshot: toEscapedJson({
          time_field: 'dtEventTimeStamp',
          fields: [{ field_name: 'log', field_type: 'text' }],
        }),
        target_fields: ['path', 'bk_host_id'],
        sort_fields: ['gseIndex', 'iterationIndex'],
        index_set_id: 901,
        index_set_name: '[采集项]nginx访问日志',
        space_uid: 'bkcc__2',
        project_id: 11,
        category_id: 'os',
        scenario_id: 'log',
        storage_cluster_id: 4,
        view_roles: '',
        ...BEAT_TIME,
      },
      {
        ...audited('lisi'),
        ...INDEX_SET_DEFAULTS,
        collector_config_id: 502,
        index_set_id: 902,
        index_set_name: '[采集项]java应用日志',
        space_uid: 'bkcc__3',
        project_id: 12,
        category_id: 'application_check',
        scenario_id: 'log',
        storage_cluster_id: 4,
        view_roles: '',
        ...BEAT_TIME,
      },
      {
        ...audited('admin'),
        ...INDEX_SET_DEFAULTS,
        collector_config_id: 503,
        index_set_id: 903,
        index_set_name: '[采集项]win安全事件',
        space_uid: 'bkcc__2',
        project_id: 11,
        category_id: 'os',
        scenario_id: 'log',
        storage_cluster_id: 4,
        view_roles: '',
        ...BEAT_TIME,
      },
      {
        ...audited('wangwu'),
        ...INDEX_SET_DEFAULTS,
        collector_config_id: 504,
        index_set_id: 904,
        index_set_name: '[采集项]otlp自定义上报',
        space_uid: 'bkci__otlp-demo',
        project_id: 0,
        category_id: 'application_check',
        scenario_id: 'log',
        storage_cluster_id: 4,
        view_roles: '',
        ...BEAT_TIME,
      },
      {
        ...audited('zhangsan'),
        ...INDEX_SET_DEFAULTS,
        bkdata_project_id: 1,
        index_set_id: 910,
        index_set_name: '支付链路(计算平台)',
        space_uid: 'bkcc__2',
        project_id: 11,
        category_id: 'application_check',
        scenario_id: 'bkdata',
        storage_cluster_id: null,
        view_roles: ',1,2,',
        ...BEAT_TIME,
      },
      {
        ...audited('lisi'),
        ...INDEX_SET_DEFAULTS,
        source_id: 7,
        tag_ids: ',3,',
        index_set_id: 911,
        index_set_name: 'legacy es audit',
        space_uid: 'bkcc__3',
        project_id: 12,
        category_id: 'other_rt',
        scenario_id: 'es',
        storage_cluster_id: 15,
        view_roles: null,
        ...ES_TIME,
      },
    ],
    'bk_log_search.log_search_logindexsetdata': [
      {
        ...audited('zhangsan'),
        ...INDEX_DEFAULTS,
        index_id: 7001,
        index_set_id: 901,
        bk_biz_id: 2,
        result_table_id: '2_bklog.nginx_access',
        scenario_id: 'log',
        storage_cluster_id: 4,
        ...BEAT_TIME,
      },
      {
        ...audited('zhangsan'),
        ...INDEX_DEFAULTS,
        index_id: 7010,
        index_set_id: 910,
        bk_biz_id: 2,
        result_table_id: '2_pay_2024_trace',
        result_table_name: 'pay trace',
        scenario_id: 'bkdata',
        storage_cluster_id: null,
        ...BEAT_TIME,
      },
      {
        ...audited('zhangsan'),
        ...INDEX_DEFAULTS,
        index_id: 7011,
        index_set_id: 910,
        bk_biz_id: 2,
        result_table_id: '2_pay_order',
        scenario_id: 'bkdata',
        storage_cluster_id: null,
        ...BEAT_TIME,
      },
      {
        ...audited('lisi'),
        ...INDEX_DEFAULTS,
        index_id: 7012,
        index_set_id: 911,
        bk_biz_id: null,
        result_table_id: 'audit-*',
        scenario_id: 'es',
        storage_cluster_id: 15,
        ...ES_TIME,
      },
    ],
    'bk_log_search.export_task': [
      {
        ...audited('zhangsan', '2024-05-01 02:00:00.000000', '2024-05-01 02:00:00.000000'),
        ...sampleTask,
        id: 1,
        sorted_param: ['dtEventTimeStamp', 'serverIp', 'gseIndex', 'iterationIndex'],
        scenario_id: 'log',
        index_set_id: 901,
        result: 1,
        failed_reason: null,
        file_name: 'bk_log_search_901_20240501100003_aB3dE6gH9k.tar.gz',
        file_size: 12.35,
        download_url: 'https://bklog.example.com/api/v1/log_extract/tasks/download_file/?target_file=3hJk2Q%3D%3D',
        exported_count: 120_000,
        export_total_count: 120_000,
        download_count: 1,
        export_status: 'success',
        export_type: 'async',
        completed_at: '2024-05-01 02:01:12.000000',
        index_set_ids: [],
        index_set_type: 'single',
      },
      {
        ...audited('zhangsan', '2024-05-01 03:00:00.000000', '2024-05-01 03:00:00.000000'),
        ...sampleTask,
        id: 2,
        sorted_param: null,
        scenario_id: 'log',
        index_set_id: 901,
        result: 1,
        failed_reason: null,
        file_name: null,
        file_size: null,
        download_url: null,
        exported_count: 0,
        export_total_count: 0,
        download_count: 0,
        export_status: 'success',
        export_type: 'sync',
        completed_at: '2024-05-01 03:00:01.000000',
        index_set_ids: [],
        index_set_type: 'single',
      },
      {
        ...audited('lisi', '2024-05-02 03:00:00.000000', '2024-05-02 03:00:00.000000'),
        ...sampleTask,
        id: 3,
        sorted_param: { 901: [['dtEventTimeStamp', 'desc']], 910: [['dtEventTimeStamp', 'desc']] },
        scenario_id: null,
        index_set_id: null,
        result: 0,
        failed_reason: 'export package error: timed out',
        file_name: null,
        file_size: null,
        download_url: null,
        exported_count: 10_000,
        export_total_count: 2_000_000,
        download_count: 0,
        export_status: 'failed',
        export_type: 'async',
        completed_at: null,
        index_set_ids: [901, 910],
        index_set_type: 'union',
      },
    ],
    'bk_log_search.feature_toggle_featuretoggle': [
      {
        ...audited(''),
        ...TOGGLE_DEFAULTS,
        id: 1,
        name: 'feature_async_export',
        status: 'on',
        feature_config: {
          notify_type: 'email',
          storage_type: 'nfs',
          qcloud_secret_id: '',
          qcloud_secret_key: '',
          qcloud_cos_region: '',
          qcloud_cos_bucket: '',
        },
        biz_id_white_list: null,
      },
      {
        ...audited('admin'),
        ...TOGGLE_DEFAULTS,
        id: 2,
        name: 'feature_async_export_external',
        alias: 'external export',
        status: 'on',
        description: '',
        feature_config: {
          notify_type: 'email',
          storage_type: 'cos',
          qcloud_secret_id: 'AKIDEXAMPLE',
          qcloud_secret_key: 'EXAMPLESECRET',
          qcloud_cos_region: 'ap-guangzhou',
          qcloud_cos_bucket: 'bklog-1250000000',
        },
        biz_id_white_list: [],
        biz_id_black_list: [],
      },
      {
        ...audited('admin'),
        ...TOGGLE_DEFAULTS,
        id: 3,
        name: 'scenario_bkdata',
        status: 'debug',
        is_viewed: 1,
        feature_config: null,
        biz_id_white_list: [2, 3],
      },
    ],
  };
}

const USERS = ['zhangsan', 'lisi', 'wangwu', 'zhaoliu', 'chenqi', 'admin', 'alice.w', 'bob_ops'];
const BUSINESS_NAMES = [
  '支付平台',
  'Game Lobby',
  '订单中心',
  'Risk Control',
  '会员服务',
  'Content Delivery',
  '物流调度',
  'Data Warehouse',
  '客服系统',
  'Identity & Access',
  '营销活动🎉',
  'Edge Gateway',
];
/** Name, English name, category. */
const COMPONENTS = /** @type {const} */ ([
  ['nginx访问日志', 'nginx_access', 'os'],
  ['nginx错误日志', 'nginx_error', 'os'],
  ['支付网关流水', 'pay_gateway', 'application_check'],
  ['order-service', 'order_service', 'application_check'],
  ['登录审计', 'login_audit', 'os'],
  ['redis 日志', 'redis_server', 'database'],
  ['MySQL慢查询', 'mysql_slow', 'database'],
  ['k8s事件', 'k8s_event', 'kubernetes'],
  ['风控规则命中', 'risk_rule_hit', 'application_check'],
  ['推送队列', 'push_queue', 'services'],
  ['cron 任务输出', 'cron_output', 'os'],
  ['𠮷野家门店同步', 'store_sync', 'application_check'],
]);
const DESCRIPTIONS = [
  '',
  'access log of the edge tier',
  '生产环境,请勿删除',
  'see runbook: "restart & re-check"',
  "owner's note: rotate daily\nkeep 14 days",
  '灰度发布中 🚀',
  '路径含空格 /data/my logs/*.log',
];
const ENCODINGS = ['UTF-8', 'UTF-8', 'UTF-8', 'GBK', 'GB18030', 'BIG5'];

/**
 * @typedef {object} Business
 * @property {number} bizId Negative for a space that is not a CMDB business.
 * @property {string} spaceUid
 * @property {number} projectId 0 for a space: those have no project row.
 */

/**
 * @param {Tables} tables
 * @param {{ businesses: number, collectors: number }} amounts
 */
function addGeneratedRows(tables, amounts) {
  const random = createRandom(SEED);
  const businesses = Array.from({ length: amounts.businesses }, (_, n) => addBusiness(tables, n));
  for (let n = 0; n < amounts.collectors; n++) {
    addCollector(tables, random, n, /** @type {Business} */ (businesses[n % businesses.length]));
  }
  const own = FIRST_ID.indexSet + amounts.collectors;
  businesses.forEach((business, n) => {
    addStandaloneIndexSets(tables, random, business, own + n * 10);
    addExportTasks(tables, random, business, 101 + n * 10, own + n * 10);
  });
  if (amounts.businesses > 0) addToggles(tables, businesses);
}

/**
 * @param {Tables} tables
 * @param {string} name
 * @returns {Row[]}
 */
function rowsOf(tables, name) {
  const rows = tables[name];
  if (!rows) throw new Error(`no such table: ${name}`);
  return rows;
}

/** @param {Tables} tables @param {number} n @returns {Business} */
function addBusiness(tables, n) {
  const baseName = BUSINESS_NAMES[n % BUSINESS_NAMES.length];
  const name = n < BUSINESS_NAMES.length ? baseName : `${baseName} ${Math.floor(n / BUSINESS_NAMES.length) + 1}`;
  const spaceRowId = 101 + n;
  const isCmdb = n % 6 !== 5;
  const bizId = isCmdb ? 100 + n : -spaceRowId;
  const spaceId = isCmdb ? String(bizId) : `project-${n}`;
  const spaceType = isCmdb ? 'bkcc' : 'bkci';
  const spaceUid = `${spaceType}__${spaceId}`;
  const createdAt = toDateTime(FIRST_DAY_MS + n * DAY_MS, n % 1000);
  rowsOf(tables, 'bk_log_search.log_search_space').push({
    ...audited('system', createdAt, createdAt),
    ...SPACE_DEFAULTS,
    id: spaceRowId,
    space_uid: spaceUid,
    bk_biz_id: bizId,
    space_type_id: spaceType,
    space_type_name: isCmdb ? '业务' : '研发项目',
    space_id: spaceId,
    space_name: name,
    space_code: isCmdb ? null : `p${n}`,
    properties: { owner: USERS[n % USERS.length], 部门: '平台研发部' },
  });
  if (!isCmdb) return { bizId, spaceUid, projectId: 0 };
  const projectId = FIRST_ID.project + n;
  rowsOf(tables, 'bk_log_search.log_search_projectinfo').push({
    ...audited('system', createdAt, createdAt),
    ...PROJECT_DEFAULTS,
    project_id: projectId,
    project_name: name,
    bk_biz_id: bizId,
    time_zone: n % 4 === 3 ? 'Europe/Berlin' : 'Asia/Shanghai',
    description: n % 2 ? null : `${name} 日志项目`,
    ip_topo_switch: 1,
    is_v3_biz: 1,
    is_v3_mixed: 0,
    feature_toggle: null,
  });
  return { bizId, spaceUid, projectId };
}

/**
 * One collector with its subscription steps, its index set and the set's index.
 * @param {Tables} tables
 * @param {Random} random
 * @param {number} n
 * @param {Business} business
 */
function addCollector(tables, random, n, business) {
  const [title, titleEn, category] = random.pick(COMPONENTS);
  const scenario = random.pick(SCENARIOS_OF_TEN);
  const user = random.pick(USERS);
  const createdMs = FIRST_DAY_MS + random.int(0, DAYS * DAY_MS);
  const updatedMs = createdMs + random.int(0, 90 * DAY_MS);
  const audit = audited(
    user,
    toDateTime(createdMs, random.int(0, 999)),
    random.chance(0.1) ? undefined : toDateTime(updatedMs, random.int(0, 999)),
  );
  const isDeleted = random.chance(0.06);
  const deletion = isDeleted
    ? { is_deleted: 1, deleted_at: toDateTime(updatedMs + DAY_MS, random.int(0, 999)), deleted_by: user }
    : NOT_DELETED;

  const collectorId = FIRST_ID.collector + n;
  const indexSetId = FIRST_ID.indexSet + n;
  const dataId = 1_510_000 + n;
  const nameEn = `${titleEn}_${n}`;
  const bizText = business.bizId < 0 ? `space_${-business.bizId}` : String(business.bizId);
  const tableId = `${bizText}_bklog.${nameEn}`;
  const subscriptionId = scenario === 'custom' ? null : FIRST_ID.subscription + n;
  const form = toScenarioForm(random, scenario, titleEn, n);
  if (subscriptionId !== null) {
    const id = FIRST_ID.step + n * 2;
    rowsOf(tables, 'bk_nodeman.node_man_subscriptionstep').push(
      toMainStep(id, subscriptionId),
      toBeatStep(id + 1, subscriptionId, dataId, form.local, form.template),
    );
  }
  const name = `${title}-${n}`;
  rowsOf(tables, 'bk_log_search.log_databus_collectorconfig').push({
    ...audit,
    ...COLLECTOR_DEFAULTS,
    ...deletion,
    custom_type: scenario === 'custom' ? random.pick(['log', 'otlp_log']) : 'log',
    log_group_id: scenario === 'custom' ? 1000 + n : null,
    is_active: isDeleted || random.chance(0.08) ? 0 : 1,
    extra_labels: random.chance(0.2) ? [{ key: '环境', value: random.pick(['prod', '预发布', 'test']) }] : [],
    collector_config_id: collectorId,
    // BK-LOG renames before a soft delete: the unique key on the name ignores is_deleted.
    collector_config_name: isDeleted ? `${name}_delete_${toCompactTime(updatedMs + DAY_MS)}` : name,
    collector_config_name_en: nameEn,
    collector_scenario_id: scenario,
    bk_biz_id: business.bizId,
    category_id: category,
    target_object_type: 'HOST',
    ...toTarget(random, scenario, business),
    description: random.pick(DESCRIPTIONS),
    bk_data_id: dataId,
    bk_data_name: `${bizText}_bklog_${nameEn}`,
    table_id: tableId,
    etl_config: scenario === 'custom' ? 'custom' : random.pick(['bk_log_text', 'bk_log_json', 'bk_log_delimiter']),
    subscription_id: subscriptionId,
    task_id_list: subscriptionId === null ? '' : `,${3_500_000 + n},`,
    index_set_id: indexSetId,
    data_encoding: form.encoding,
    params: form.params === null ? null : toEscapedJson(form.params),
    environment: scenario === 'wineventlog' ? 'windows' : 'linux',
  });
  const storageClusterId = random.int(3, 6);
  rowsOf(tables, 'bk_log_search.log_search_logindexset').push({
    ...audit,
    ...INDEX_SET_DEFAULTS,
    ...deletion,
    collector_config_id: collectorId,
    fields_snapshot: random.chance(0.5)
      ? toEscapedJson({
          time_field: 'dtEventTimeStamp',
          fields: [{ field_name: 'log', field_type: 'text', description: '原文' }],
        })
      : null,
    target_fields: ['path', 'bk_host_id'],
    sort_fields: ['gseIndex', 'iterationIndex'],
    index_set_id: indexSetId,
    index_set_name: `[采集项]${name}`,
    space_uid: business.spaceUid,
    project_id: business.projectId,
    category_id: category,
    scenario_id: 'log',
    storage_cluster_id: storageClusterId,
    view_roles: random.pick(['', '', null, ',1,', ',1,2,']),
    ...BEAT_TIME,
  });
  rowsOf(tables, 'bk_log_search.log_search_logindexsetdata').push({
    ...audit,
    ...INDEX_DEFAULTS,
    ...deletion,
    index_id: FIRST_ID.index + n,
    index_set_id: indexSetId,
    bk_biz_id: business.bizId,
    result_table_id: tableId,
    scenario_id: 'log',
    storage_cluster_id: storageClusterId,
    ...BEAT_TIME,
  });
}

/** @param {Random} random @param {string} scenario @param {Business} business */
function toTarget(random, scenario, business) {
  if (scenario === 'custom') return { target_node_type: 'INSTANCE', target_nodes: '[]' };
  const isTopology = business.bizId > 0 && random.chance(0.6);
  const nodes = Array.from({ length: random.int(1, 4) }, () => {
    if (isTopology) return { bk_inst_id: random.int(3, 900), bk_obj_id: random.pick(['set', 'module']) };
    return random.chance(0.5)
      ? { ip: `10.${random.int(0, 31)}.${random.int(0, 255)}.${random.int(1, 254)}`, bk_cloud_id: random.int(0, 3) }
      : { bk_host_id: random.int(10_000, 99_999) };
  });
  return { target_node_type: isTopology ? 'TOPO' : 'INSTANCE', target_nodes: toEscapedJson(nodes) };
}

/**
 * What a collector collects, twice: as the API form (`params`) and as the beat's step (`local`).
 * @param {Random} random
 * @param {string} scenario
 * @param {string} component
 * @param {number} n
 * @returns {{ params: object | null, local: object, encoding: string, template?: string }}
 */
function toScenarioForm(random, scenario, component, n) {
  if (scenario === 'custom') return { params: null, local: {}, encoding: 'UTF-8' };
  if (scenario === 'wineventlog') {
    const names = random.pick([['Application'], ['Security'], ['Application', 'System']]);
    const ids = random.pick([[], ['4624', '4625'], ['1000', '-1026']]);
    const content = random.pick(['logon', '登录失败', 'service stopped']);
    const source = 'Microsoft-Windows-Security-Auditing';
    return {
      params: {
        winlog_name: names,
        winlog_level: ['error', 'warning'],
        winlog_event_id: ids,
        winlog_source: [source],
        winlog_content: [content],
        winlog_match_op: 'include',
        encoding: 'UTF-8',
      },
      local: {
        event_logs: names.map((name) => ({ name, level: 'error,warning', event_id: ids.join(',') })),
        provider_name: [source],
        filters: [{ conditions: [{ index: '-1', key: content, op: 'include' }] }],
        delimiter: '|',
      },
      encoding: 'UTF-8',
      template: 'bkunifylogbeat_winlog.conf',
    };
  }

  const encoding = random.pick(ENCODINGS);
  const paths = [`/data/logs/${component}/${n}/*.log`, ...(random.chance(0.3) ? [`/data/日志/${component}.txt`] : [])];
  const excludeFiles = random.chance(0.25) ? [`/data/logs/${component}/${n}/old.log`] : [];
  const { conditions, filters } = toConditions(random);
  const multiline =
    scenario === 'section'
      ? { multiline_pattern: '^\\[\\d{4}-\\d{2}-\\d{2}', multiline_max_lines: 50, multiline_timeout: 2 }
      : {};
  return {
    params: {
      paths,
      exclude_files: excludeFiles,
      conditions,
      ...multiline,
      tail_files: true,
      ignore_older: 2_678_400,
      max_bytes: 204_800,
      encoding,
    },
    local: { filters, ...multiline, paths, exclude_files: excludeFiles, encoding, ...BEAT_LIMITS, delimiter: '|' },
    encoding,
  };
}

/**
 * The filter of a collector in both forms: `conditions` of the API, `filters` of the beat.
 * @param {Random} random
 */
function toConditions(random) {
  const kind = random.pick(['none', 'none', 'match', 'separator']);
  if (kind === 'none') return { conditions: { type: 'none' }, filters: [] };
  if (kind === 'match') {
    const word = random.pick(['Exception', '超时', 'ERROR', 'panic: "nil"']);
    return {
      conditions: { type: 'match', match_type: 'include', match_content: word, separator: '|' },
      filters: [{ conditions: [{ index: '-1', key: word, op: '=' }] }],
    };
  }
  // OR of groups, AND inside a group.
  const groups = Array.from({ length: random.int(1, 3) }, () =>
    Array.from({ length: random.int(1, 2) }, () => ({
      index: String(random.int(1, 9)),
      key: random.pick(['ERROR', 'FATAL', '失败', '50']),
      op: random.pick(['=', '!=', 'include', 'regex']),
    })),
  );
  const separatorFilters = groups.flatMap((group, g) =>
    group.map(({ index, key, op }, c) => ({
      fieldindex: index,
      word: key,
      op,
      logic_op: g > 0 && c === 0 ? 'or' : 'and',
    })),
  );
  return {
    conditions: {
      type: 'separator',
      separator: '|',
      separator_filters: separatorFilters,
      match_type: 'include',
      match_content: '',
    },
    filters: groups.map((conditions) => ({ conditions })),
  };
}

/**
 * Index sets that belong to no collector: one of bkdata, one of Elasticsearch, and a group of both.
 * @param {Tables} tables
 * @param {Random} random
 * @param {Business} business
 * @param {number} firstId
 */
function addStandaloneIndexSets(tables, random, business, firstId) {
  const sets = rowsOf(tables, 'bk_log_search.log_search_logindexset');
  const indexes = rowsOf(tables, 'bk_log_search.log_search_logindexsetdata');
  const createdAt = toDateTime(FIRST_DAY_MS + random.int(0, DAYS * DAY_MS), random.int(0, 999));
  const user = random.pick(USERS);
  const shared = {
    ...audited(user, createdAt, createdAt),
    ...INDEX_SET_DEFAULTS,
    space_uid: business.spaceUid,
    project_id: business.projectId,
  };
  const sharedIndex = { ...audited(user, createdAt, createdAt), ...INDEX_DEFAULTS, bk_biz_id: business.bizId };
  const indexId = FIRST_ID.index + 100_000 + firstId * 4;
  const component = random.pick(COMPONENTS);
  sets.push(
    {
      ...shared,
      bkdata_project_id: random.int(1, 50),
      is_trace_log: random.chance(0.3) ? 1 : 0,
      index_set_id: firstId,
      index_set_name: `${component[0]}(计算平台)`,
      category_id: 'application_check',
      scenario_id: 'bkdata',
      storage_cluster_id: null,
      view_roles: ',1,2,',
      ...BEAT_TIME,
    },
    {
      ...shared,
      source_id: random.int(1, 9),
      tag_ids: ',3,',
      index_set_id: firstId + 1,
      index_set_name: `${component[1]} es`,
      category_id: 'other_rt',
      scenario_id: 'es',
      storage_cluster_id: 15,
      view_roles: null,
      ...ES_TIME,
    },
    {
      ...shared,
      is_group: 1,
      index_set_id: firstId + 2,
      index_set_name: `${component[0]} 分组`,
      category_id: 'other_rt',
      scenario_id: 'log',
      storage_cluster_id: null,
      view_roles: '',
      ...BEAT_TIME,
    },
  );
  indexes.push(
    {
      ...sharedIndex,
      index_id: indexId,
      index_set_id: firstId,
      result_table_id: `${Math.abs(business.bizId)}_${component[1]}_trace`,
      result_table_name: `${component[0]} trace`,
      scenario_id: 'bkdata',
      storage_cluster_id: null,
      ...BEAT_TIME,
    },
    {
      ...sharedIndex,
      index_id: indexId + 1,
      index_set_id: firstId + 1,
      result_table_id: `${component[1]}-*`,
      scenario_id: 'es',
      storage_cluster_id: 15,
      ...ES_TIME,
    },
    // A group keeps the id of each member, as text, where others keep a result table.
    ...[firstId, firstId + 1].map((member, n) => ({
      ...sharedIndex,
      type: 'index_set',
      index_id: indexId + 2 + n,
      index_set_id: firstId + 2,
      result_table_id: String(member),
      scenario_id: 'log',
      storage_cluster_id: null,
      ...BEAT_TIME,
    })),
  );
}

const EXPORT_STATES = [null, 'download_log', 'export_package', 'success', 'success', 'download_expired', 'failed'];

/**
 * @param {Tables} tables
 * @param {Random} random
 * @param {Business} business
 * @param {number} firstId
 * @param {number} indexSetId
 */
function addExportTasks(tables, random, business, firstId, indexSetId) {
  const tasks = rowsOf(tables, 'bk_log_search.export_task');
  for (let n = 0; n < 5; n++) {
    const status = random.pick(EXPORT_STATES);
    const isDone = status === 'success' || status === 'download_expired';
    const startMs = FIRST_DAY_MS + random.int(0, DAYS) * DAY_MS;
    const createdMs = startMs + 2 * 60 * 60 * 1000;
    const [start, end] = [toSeconds(startMs), toSeconds(startMs + 60 * 60 * 1000)];
    const total = random.int(1, 200) * 1000;
    const fileName = `bk_log_search_${indexSetId}_${toCompactTime(createdMs)}_${random.letters(10)}.tar.gz`;
    tasks.push({
      ...audited(random.pick(USERS), toDateTime(createdMs), toDateTime(createdMs)),
      id: firstId + n,
      request_param: {
        ...SAMPLE_REQUEST,
        bk_biz_id: business.bizId,
        keyword: random.pick(['*', 'level: ERROR', '支付失败 AND "timeout"']),
        start_time: start,
        end_time: end,
        size: total,
      },
      sorted_param: ['dtEventTimeStamp', 'ip', 'gseindex', '_iteration_idx'],
      scenario_id: 'bkdata',
      index_set_id: indexSetId,
      result: isDone ? 1 : 0,
      failed_reason: status === 'failed' ? 'export upload error: 存储空间不足' : null,
      file_name: isDone ? fileName : null,
      file_size: isDone ? random.int(1, 90_000) / 100 : null,
      download_url: isDone
        ? `https://bklog.example.com/api/v1/log_extract/tasks/download_file/?target_file=${fileName}`
        : null,
      exported_count: isDone ? total : Math.floor(total / 3),
      export_total_count: total,
      download_count: isDone ? random.int(0, 3) : 0,
      is_clean: status === 'download_expired' ? 1 : 0,
      export_status: status,
      start_time: start,
      end_time: end,
      export_type: 'async',
      bk_biz_id: business.bizId,
      completed_at: isDone ? toDateTime(createdMs + random.int(1000, 600_000)) : null,
      source_app_code: 'bk_log_search',
      index_set_ids: [],
      index_set_type: 'single',
    });
  }
}

/** @param {Tables} tables @param {readonly Business[]} businesses */
function addToggles(tables, businesses) {
  const toggles = [
    { name: 'scenario_es', alias: 'ES 接入', status: 'on', is_viewed: 1, biz_id_white_list: null },
    {
      name: 'unify_query_search',
      alias: '统一查询',
      status: 'debug',
      is_viewed: 1,
      biz_id_white_list: businesses.slice(0, 3).map(({ bizId }) => bizId),
    },
    { name: 'unify_query_search_export', alias: null, status: 'off', is_viewed: 0, biz_id_white_list: [] },
  ];
  toggles.forEach((toggle, n) => {
    rowsOf(tables, 'bk_log_search.feature_toggle_featuretoggle').push({
      ...audited('admin'),
      ...TOGGLE_DEFAULTS,
      ...toggle,
      id: 11 + n,
      feature_config: n === 1 ? { 灰度比例: 0.25, max_hits: 10_000 } : null,
    });
  });
}
