import type { Chance } from '../chance';
import { BUSINESSES, UNMAPPED } from './businesses';
import { type Json, NOT_JSON, PYTHON_ESCAPED, toJsonText } from './json-text';
import type { Oddity } from './oddity';
import type { Scenario } from './steps';
import { audited, type Cell, type Row, TEXTS } from './words';

export interface CollectorOptions {
  readonly id: number;
  readonly scenario: Scenario;
  readonly dataId: number;
  /** Null where there is none. */
  readonly subscriptionId: number | null;
  readonly indexSetId: number | null;
  readonly isDeleted: boolean;
  readonly note: (oddity: Oddity) => void;
}

type Note = CollectorOptions['note'];

const host = (chance: Chance): Record<string, Json> => ({
  ip: `10.0.${chance.int(0, 255)}.${chance.int(1, 254)}`,
  bk_cloud_id: chance.pick([0, 0, 5]),
  ...(chance.is(0.5) ? { bk_supplier_id: '0' } : {}),
  ...(chance.is(0.3) ? { bk_host_id: chance.int(1, 99_999) } : {}),
});

/** 2.3: the forms of targets; `target_nodes` is text with JSON in it. */
function targets(chance: Chance, bizId: number, note: Note): { target_node_type: string; target_nodes: Cell } {
  const nodes = (type: string, list: Json[]) => ({
    target_node_type: type,
    target_nodes: toJsonText(list, PYTHON_ESCAPED),
  });
  const count = chance.int(1, 3);
  const several = (make: (place: number) => Json) => Array.from({ length: count }, (_, place) => make(place));
  switch (chance.pick(['topo', 'topo', 'topo', 'host', 'host', 'id', 'template', 'dynamic', 'none', 'odd'])) {
    case 'host':
      return nodes(
        'INSTANCE',
        several(() => host(chance)),
      );
    case 'id':
      note('collector-target-host-only');
      return nodes(
        'INSTANCE',
        several(() => ({ bk_host_id: chance.int(1, 99_999) })),
      );
    case 'template': {
      note('collector-target-template');
      const type = chance.pick(['SERVICE_TEMPLATE', 'SET_TEMPLATE']);
      return nodes(
        type,
        several(() => ({ bk_obj_id: type, bk_inst_id: chance.int(1, 99) })),
      );
    }
    case 'dynamic':
      note('collector-target-dynamic-group');
      return nodes('DYNAMIC_GROUP', [{ bk_obj_id: 'DYNAMIC_GROUP', bk_inst_id: 'c9vd3k6q8m2' }]);
    case 'none':
      return nodes(chance.pick(['TOPO', 'INSTANCE']), []);
    case 'odd': {
      const isNull = chance.is(0.5);
      note(isNull ? 'collector-targets-null' : 'collector-targets-not-json');
      return { target_node_type: 'TOPO', target_nodes: isNull ? null : chance.pick(NOT_JSON) };
    }
    default: {
      const node = (place: number): Json => {
        const kind = chance.pick(['biz', 'set', 'module', '自定义层级']);
        return { bk_inst_id: kind === 'biz' ? bizId : 30 + place, bk_obj_id: kind };
      };
      return nodes('TOPO', several(node));
    }
  }
}

/** 3.4: the English name is what follows the last dot of the table. */
function names(chance: Chance, bizId: number, id: number, note: Note): { english: string; table: string | null } {
  const prefix = bizId < 0 ? `space_${-bizId}` : String(bizId);
  const kind = chance.pick(['usual', 'usual', 'usual', 'usual', 'usual', 'usual', 'null', 'bare', 'short', 'digits']);
  if (kind === 'null') {
    note('collector-table-null');
    return { english: `log_${id}`, table: null };
  }
  if (kind === 'bare') {
    note('collector-table-without-dot');
    return { english: `bare_${id}_x`, table: `bare_${id}_x` };
  }
  if (kind === 'short' || kind === 'digits') note('collector-english-name-refused');
  const english = kind === 'short' ? `a${id % 1000}` : kind === 'digits' ? `log_${id}000000` : `Log_${prefix}_${id}_x`;
  return { english, table: `${prefix}_bklog.${english}` };
}

function description(chance: Chance, note: Note): string {
  if (!chance.is(0.08)) return chance.pick(['', ...TEXTS]);
  note('collector-description-too-long');
  return '说明 🚀'.repeat(17);
}

export function collectorRow(chance: Chance, options: CollectorOptions): Row {
  const { id, scenario, dataId, subscriptionId, indexSetId, isDeleted, note } = options;
  const bizId = chance.pick([2, 2, 2, ...BUSINESSES]);
  if (UNMAPPED.has(bizId)) note('collector-business-unmapped');
  if (scenario === 'custom' || scenario === 'client') note('collector-scenario-not-creatable');
  const isLong = chance.is(0.06);
  if (isLong) note('collector-name-too-long');
  const name = `${chance.pick(TEXTS)} ${id}${isLong ? '长'.repeat(25).padEnd(27, 'x') : ''}`;
  const { english, table } = names(chance, bizId, id, note);
  return {
    ...audited(chance, { isDeleted }),
    collector_config_id: id,
    collector_config_name: isDeleted ? `${name.slice(0, 30)}_delete_20240308102135` : name,
    bk_app_code: 'bk_log_search',
    collector_scenario_id: scenario,
    bk_biz_id: bizId,
    category_id: chance.pick(['os', 'application_check', 'other_rt']),
    target_object_type: chance.pick(['HOST', 'HOST', 'SERVICE']),
    ...targets(chance, bizId, note),
    target_subscription_diff: chance.pick(['[]', null]),
    description: description(chance, note),
    is_active: chance.int(0, 1),
    bk_data_id: dataId,
    table_id: table,
    subscription_id: subscriptionId,
    task_id_list: subscriptionId === null ? '' : `,${chance.int(1, 9999)},`,
    bkdata_data_id: null,
    index_set_id: indexSetId,
    bk_data_name: `${bizId}_bklog_${id}`,
    etl_config: chance.pick([null, 'bk_log_text', 'bk_log_json', 'bk_log_delimiter', 'bk_log_regexp', 'custom']),
    data_link_id: chance.pick([null, 3]),
    can_use_independent_es_cluster: 1,
    data_encoding: chance.pick(['UTF-8', 'GBK', null]),
    itsm_ticket_sn: null,
    itsm_ticket_status: 'not_apply',
    params: chance.pick([null, '{}', '{"paths": ["/data/\\u65e5\\u5fd7.log"], "encoding": "GBK"}', 'not json']),
    collector_output_format: null,
    collector_package_count: 10,
    storage_replies: 1,
    storage_shards_nums: chance.pick([null, 3]),
    storage_shards_size: 30,
    collector_config_overlay: null,
    bkdata_data_id_sync_times: 0,
    collector_config_name_en: chance.is(0.1) ? null : english,
    custom_type: scenario === 'custom' ? 'otlp_log' : 'log',
    add_pod_label: 0,
    bcs_cluster_id: null,
    environment: chance.pick([null, 'linux', 'windows']),
    extra_labels: '[]',
    yaml_config: '',
    yaml_config_enabled: 0,
    rule_id: 0,
    bkbase_table_id: null,
    bkdata_biz_id: null,
    collector_plugin_id: null,
    etl_processor: 'transfer',
    is_display: 1,
    processing_id: null,
    log_group_id: scenario === 'custom' ? 88 : null,
    add_pod_annotation: 0,
    is_nanos: 0,
    enable_v4: 0,
    storage_cluster_type: 'elasticsearch',
  };
}
