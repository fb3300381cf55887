/**
 * What export.py selects, in its order, which is that of the keys in its documents (bklog `scripts/export.py`). Its driver
 * renames the second `description` to `{table}.description`.
 */
export interface RecordColumn {
  readonly key: string;
  readonly column: string;
  /** Printed as the number it is; text otherwise. */
  readonly isNumber: boolean;
}

const number = (column: string): RecordColumn => ({ key: column, column, isNumber: true });
const text = (column: string): RecordColumn => ({ key: column, column, isNumber: false });

export const COLLECTOR_TABLE = 'log_databus_collectorconfig';
export const INDEX_SET_TABLE = 'log_search_logindexset';
export const INDEX_TABLE = 'log_search_logindexsetdata';
export const PROJECT_TABLE = 'log_search_projectinfo';
export const STEP_TABLE = 'node_man_subscriptionstep';

/** The step that says what a collector reads; its sibling `main:bkunifylogbeat` installs the program. */
export const COLLECTING_STEP = 'bkunifylogbeat';

export const COLLECTOR_COLUMNS: readonly RecordColumn[] = [
  text('created_by'),
  number('collector_config_id'),
  text('collector_config_name'),
  text('collector_scenario_id'),
  number('bk_biz_id'),
  text('description'),
  text('category_id'),
  number('subscription_id'),
  text('target_object_type'),
  text('target_node_type'),
  text('target_nodes'),
  { key: `${COLLECTOR_TABLE}.description`, column: 'description', isNumber: false },
  number('index_set_id'),
  text('etl_config'),
  text('table_id'),
];

export const INDEX_SET_COLUMNS: readonly RecordColumn[] = [
  text('created_by'),
  number('index_set_id'),
  text('index_set_name'),
  number('project_id'),
  number('bkdata_project_id'),
  text('scenario_id'),
  text('category_id'),
  number('source_id'),
  number('orders'),
  number('is_trace_log'),
  text('time_field'),
  text('source_app_code'),
  text('time_field_type'),
  text('time_field_unit'),
  text('view_roles'),
];

export const INDEX_COLUMNS: readonly RecordColumn[] = [
  number('bk_biz_id'),
  number('index_set_id'),
  text('result_table_id'),
];
