import type { Caller } from './call';
import { type Collector, now } from './collector';

/** One table of an index set. */
export interface IndexRow {
  readonly index_id: number;
  readonly index_set_id: number;
  readonly bk_biz_id: number | null;
  readonly result_table_id: string;
  readonly time_field: string | null;
  readonly time_field_type: string | null;
  readonly time_field_unit: string | null;
  readonly scenario_id: string;
  readonly storage_cluster_id: number | null;
  readonly apply_status: 'normal' | 'pending';
  readonly created_at: string;
  readonly created_by: string;
}

export interface IndexSet {
  readonly index_set_id: number;
  readonly index_set_name: string;
  readonly space_uid: string;
  readonly scenario_id: string;
  readonly storage_cluster_id: number | null;
  readonly category_id: string;
  readonly collector_config_id: number | null;
  readonly is_trace_log: boolean;
  readonly is_editable: boolean;
  readonly is_active: boolean;
  readonly is_group: boolean;
  readonly view_roles: readonly number[];
  readonly time_field: string | null;
  readonly time_field_type: string | null;
  readonly time_field_unit: string | null;
  readonly source_app_code: string;
  readonly target_fields: readonly unknown[];
  readonly sort_fields: readonly unknown[];
  readonly created_at: string;
  readonly created_by: string;
  readonly updated_at: string;
  readonly updated_by: string;
  indexes: readonly IndexRow[];
  is_deleted: boolean;
  deleted_at: string | null;
  deleted_by: string | null;
}

/** 4.4: what bkdata and log sets are forced to. */
export const BEAT_TIME = {
  time_field: 'dtEventTimeStamp',
  time_field_type: 'date',
  time_field_unit: 'millisecond',
} as const;

/** 4.4: the calling user and the calling app are the creator; view roles are discarded. */
export function newIndexSet(
  fields: Pick<
    IndexSet,
    'index_set_name' | 'space_uid' | 'scenario_id' | 'storage_cluster_id' | 'category_id' | 'time_field'
  > &
    Partial<IndexSet>,
  { user, app }: Caller,
  newId: () => number,
): IndexSet {
  const at = now();
  return {
    collector_config_id: null,
    is_trace_log: false,
    is_editable: true,
    is_active: true,
    is_group: false,
    time_field_type: null,
    time_field_unit: null,
    target_fields: [],
    sort_fields: [],
    ...fields,
    index_set_id: newId(),
    view_roles: [],
    source_app_code: app,
    created_at: at,
    created_by: user,
    updated_at: at,
    updated_by: user,
    indexes: [],
    is_deleted: false,
    deleted_at: null,
    deleted_by: null,
  };
}

/** 3.7: the set that comes with a collector. */
export function collectorIndexSet(
  collector: Collector,
  spaceUid: string,
  caller: Caller,
  newId: () => number,
): IndexSet {
  const set = newIndexSet(
    {
      index_set_name: `[采集项]${collector.collector_config_name}`,
      space_uid: spaceUid,
      scenario_id: 'log',
      storage_cluster_id: collector.storage_cluster_id,
      category_id: collector.category_id,
      collector_config_id: collector.collector_config_id,
      ...BEAT_TIME,
    },
    caller,
    newId,
  );
  const { index_set_id, created_at, created_by } = set;
  const index: IndexRow = {
    index_id: newId(),
    index_set_id,
    bk_biz_id: collector.bk_biz_id,
    result_table_id: collector.table_id ?? '',
    scenario_id: 'log',
    storage_cluster_id: collector.storage_cluster_id,
    apply_status: 'normal',
    created_at,
    created_by,
    ...BEAT_TIME,
  };
  return { ...set, indexes: [index] };
}
