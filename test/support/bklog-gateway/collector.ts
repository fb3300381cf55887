import type { CollectorBody } from './collector-body';

/** The columns that fast_create leaves at the application's default (2, general rules). */
const COLLECTOR_DEFAULTS = {
  bk_app_code: 'bk_log_search',
  custom_type: 'log',
  target_subscription_diff: [],
  bkdata_data_id: null,
  bkdata_biz_id: null,
  itsm_ticket_sn: null,
  itsm_ticket_status: 'not_apply',
  can_use_independent_es_cluster: true,
  collector_package_count: 10,
  collector_output_format: null,
  collector_config_overlay: null,
  storage_shards_size: 30,
  bkdata_data_id_sync_times: 0,
  bcs_cluster_id: null,
  extra_labels: [],
  add_pod_label: false,
  add_pod_annotation: false,
  yaml_config_enabled: false,
  yaml_config: '',
  rule_id: 0,
  is_display: true,
  log_group_id: null,
  is_nanos: false,
  enable_v4: false,
  storage_cluster_type: 'elasticsearch',
  collector_plugin_id: null,
  bkbase_table_id: null,
  processing_id: null,
  etl_processor: 'transfer',
} as const;

type Params = CollectorBody['params'] & { readonly encoding: string };

/** A collector as the target keeps it: its columns, and what belongs to its result table. */
export type Collector = typeof COLLECTOR_DEFAULTS & {
  readonly collector_config_id: number;
  readonly created_at: string;
  readonly created_by: string;
  readonly updated_at: string;
  readonly updated_by: string;
  readonly collector_config_name_en: string;
  readonly collector_scenario_id: CollectorBody['collector_scenario_id'];
  readonly bk_biz_id: number;
  readonly category_id: string;
  readonly target_object_type: string;
  readonly target_node_type: string;
  readonly target_nodes: CollectorBody['target_nodes'];
  readonly description: string;
  readonly data_encoding: string;
  readonly environment: string;
  readonly params: Params;
  readonly data_link_id: number;
  readonly bk_data_id: number;
  bk_data_name: string;
  // The rest is written step by step, as the real fast_create does.
  collector_config_name: string;
  is_active: boolean;
  is_deleted: boolean;
  deleted_at: string | null;
  deleted_by: string | null;
  subscription_id: number | null;
  task_id_list: readonly string[];
  table_id: string | null;
  index_set_id: number | null;
  etl_config: string | null;
  etl_params: CollectorBody['etl_params'];
  fields: CollectorBody['fields'];
  storage_cluster_id: number | null;
  retention: number;
  allocation_min_days: number;
  storage_replies: number;
  es_shards: number;
};

/** 4.3: `space_17` stands for business -17. */
export const bizPrefix = (bizId: number) => (bizId < 0 ? `space_${-bizId}` : String(bizId));
export const dataName = (bizId: number, englishName: string) => `${bizPrefix(bizId)}_bklog_${englishName}`;
export const resultTable = (bizId: number, englishName: string) => `${bizPrefix(bizId)}_bklog.${englishName}`;

export const now = () => new Date().toISOString().slice(0, 19).replace('T', ' ');

/** The row as it is before the subscription, the result table and the index set exist. */
export function newCollector(body: CollectorBody, user: string, newId: () => number): Collector {
  const at = now();
  return {
    ...COLLECTOR_DEFAULTS,
    collector_config_id: newId(),
    created_at: at,
    created_by: user,
    updated_at: at,
    updated_by: user,
    collector_config_name: body.collector_config_name,
    collector_config_name_en: body.collector_config_name_en,
    collector_scenario_id: body.collector_scenario_id,
    bk_biz_id: body.bk_biz_id,
    category_id: body.category_id,
    target_object_type: body.target_object_type,
    target_node_type: body.target_node_type,
    target_nodes: body.target_nodes,
    description: body.description || body.collector_config_name,
    data_encoding: body.data_encoding,
    environment: body.environment,
    params: { ...body.params, encoding: body.data_encoding },
    data_link_id: Number(body.data_link_id || 0),
    bk_data_id: newId(),
    bk_data_name: dataName(body.bk_biz_id, body.collector_config_name_en),
    is_active: true,
    is_deleted: false,
    deleted_at: null,
    deleted_by: null,
    subscription_id: null,
    task_id_list: [],
    table_id: null,
    index_set_id: null,
    etl_config: null,
    etl_params: {},
    fields: [],
    storage_cluster_id: null,
    retention: body.retention,
    allocation_min_days: body.allocation_min_days,
    storage_replies: body.storage_replies,
    es_shards: body.es_shards,
  };
}
