import type { Chance } from '../chance';
import { BUSINESSES, type Projects, spaceUid, UNMAPPED } from './businesses';
import type { Oddity } from './oddity';
import { audited, type Row, TEXTS } from './words';

export interface IndexSetOptions {
  readonly id: number;
  readonly scenario: 'log' | 'bkdata' | 'es';
  /** The collector that owns the set. */
  readonly collectorId: number | null;
  readonly isDeleted: boolean;
  readonly projects: Projects;
  readonly note: (oddity: Oddity) => void;
}

/** How a set names its business: by project as in the past, or by space only. */
function belonging(
  chance: Chance,
  bizId: number,
  { projects, note }: IndexSetOptions,
): { readonly project_id: number; readonly space_uid: string } {
  const space = spaceUid(bizId);
  const own = projects.byBusiness.get(bizId);
  const kind =
    own === undefined ? 'zero' : chance.pick(['own', 'own', 'own', 'own', 'own', 'zero', 'unknown', 'homeless']);
  switch (kind) {
    case 'own':
      return { project_id: own ?? 0, space_uid: chance.is(0.1) ? '' : space };
    case 'unknown':
      note('index-set-project-unknown');
      return { project_id: 9999, space_uid: chance.is(0.5) ? '' : space };
    case 'homeless':
      note('index-set-project-without-business');
      return { project_id: chance.pick(projects.homeless), space_uid: chance.is(0.5) ? '' : space };
    default:
      note('index-set-project-zero');
      return { project_id: 0, space_uid: space };
  }
}

export interface RandomIndexSet {
  readonly row: Row;
  readonly bizId: number;
}

export function indexSetRow(chance: Chance, options: IndexSetOptions): RandomIndexSet {
  const { id, scenario, collectorId, isDeleted, note } = options;
  const bizId = chance.pick([2, 2, 2, ...BUSINESSES]);
  if (UNMAPPED.has(bizId)) note('index-set-business-unmapped');
  const row: Row = {
    ...audited(chance, { isDeleted }),
    index_set_id: id,
    index_set_name: `${collectorId === null ? '' : '[采集项]'}${chance.pick(TEXTS)} ${id}`,
    ...belonging(chance, bizId, options),
    bkdata_project_id: chance.pick([null, 1]),
    scenario_id: scenario,
    source_id: scenario === 'es' ? 7 : null,
    orders: chance.pick([0, -1, 2_147_483_647]),
    view_roles: chance.pick([null, '', ',1,2,', ',3,', ',,']),
    collector_config_id: collectorId,
    category_id: chance.pick([null, 'os', 'application_check']),
    storage_cluster_id: scenario === 'bkdata' ? null : 15,
    pre_check_msg: null,
    pre_check_tag: 1,
    is_active: 1,
    is_trace_log: chance.int(0, 1),
    time_field: chance.pick([null, 'dtEventTimeStamp', '@timestamp', '时间']),
    source_app_code: chance.pick(['bk_log_search', 'bk_monitorv3']),
    time_field_type: chance.pick([null, 'date', 'long']),
    time_field_unit: chance.pick([null, 'millisecond', 'second']),
    fields_snapshot: chance.pick([null, '{"fields": []}']),
    tag_ids: chance.pick(['', ',3,']),
    bcs_project_id: '',
    is_editable: 1,
    sort_fields: chance.pick([null, '[]', '["gseIndex"]']),
    target_fields: '[]',
    result_window: 10_000,
    max_analyzed_offset: 0,
    max_async_count: 0,
    doris_table_id: null,
    support_doris: 0,
    query_alias_settings: null,
    is_group: 0,
    is_platform_index: 0,
    platform_index_filter: null,
    platform_index_visibility: null,
  };
  return { row, bizId };
}

/** 3.5: table ids in which the business id stands at the beginning, in the middle, or only seems to. */
export const tableIds = (bizId: number) => [
  `${bizId}_pay_2024_trace`,
  `${bizId}_bklog_${bizId}test`,
  `${bizId}${bizId}_x`,
  `${bizId}`,
  `x_${bizId}_y`,
  `${bizId}_`,
  `591_${bizId}_支付`,
];

export interface IndexRowOptions {
  readonly id: number;
  readonly indexSetId: number;
  readonly bizId: number;
  readonly scenario: string;
  readonly tableId: string;
  readonly note: (oddity: Oddity) => void;
}

export function indexRow(chance: Chance, { id, indexSetId, bizId, scenario, tableId, note }: IndexRowOptions): Row {
  const kind = chance.pick(['own', 'own', 'own', 'own', 'null', 'other']);
  if (kind === 'null') note('index-business-null');
  if (kind === 'other') note('index-business-other');
  return {
    ...audited(chance, { isDeleted: chance.is(0.1) }),
    index_id: id,
    index_set_id: indexSetId,
    bk_biz_id: kind === 'null' ? null : kind === 'other' ? 591 : bizId,
    result_table_id: scenario === 'es' ? chance.pick(['audit-*', `索引_${id}`, tableId]) : tableId,
    result_table_name: chance.pick([null, ...TEXTS]),
    time_field: chance.pick([null, 'dtEventTimeStamp']),
    apply_status: chance.pick(['normal', 'pending', 'abnormal']),
    scenario_id: chance.pick([null, scenario]),
    storage_cluster_id: null,
    time_field_type: null,
    time_field_unit: null,
    type: 'result_table',
  };
}
