import type { MatchPart } from '../model/row-match';

/** A column that names a row of a table by an id which only BK-LOG's own tables count. */
export interface RowReference {
  readonly column: string;
  readonly table: string;
  /** Values that name nothing. */
  readonly none: readonly string[];
  /** Counts only in rows where this column is empty. */
  readonly whenEmpty?: string;
}

/** A table whose rows can go from one BK-LOG into another. */
export interface RowTable {
  readonly name: string;
  readonly key: string;
  /** The smallest id that the target hands out itself once rows of another BK-LOG are in. Absent: not raised. */
  readonly floor?: number;
  /** Present: rows get new ids, and a row that agrees in these columns is the same row. */
  readonly matchedBy?: readonly MatchPart[];
  readonly references?: readonly RowReference[];
  /** Columns with ids of other systems, which hand out new ones: they come as they are. */
  readonly foreignIds?: readonly string[];
}

/** overseas_migrate_tool.py raises AUTO_INCREMENT of fourteen tables, so that native ids stay clear of imported ones. */
const FLOOR = 50_000;
const PATTERN_FLOOR = 150_000;
/** `FavoriteGroupType` of apps/log_search/constants.py. */
const PRIVATE = 'private';
const UNGROUPED = 'unknown';

export const COLLECTOR_TABLE = 'log_databus_collectorconfig';
export const INDEX_SET_TABLE = 'log_search_logindexset';
export const GROUP_TABLE = 'log_search_favoritegroup';
export const FAVORITE_TABLE = 'log_search_favorite';
/** Of a favourite: the id of its group. */
export const GROUP_COLUMN = 'group_id';
/** `SoftDeleteModel` of apps/models.py. */
export const DELETED_COLUMN = 'is_deleted';

/**
 * The sixteen tables of overseas_migrate_tool.py and the projects that old index sets belong to. A table comes after
 * those that its rows refer to, except that collectors and index sets refer to each other. Floors and what makes a
 * favourite the same one: overseas_migrate_tool.py, `migrate_favorite`; keys and ids: `models.py` of each app.
 */
export const ROW_TABLES: readonly RowTable[] = [
  { name: 'log_clustering_aiopsmodel', key: 'id', floor: FLOOR },
  { name: 'log_clustering_aiopsmodelexperiment', key: 'id', floor: FLOOR },
  { name: 'log_clustering_aiopssignatureandpattern', key: 'id', floor: PATTERN_FLOOR },
  { name: 'log_clustering_sampleset', key: 'id', floor: FLOOR },
  { name: 'log_clustering_clusteringremark', key: 'id', floor: FLOOR },
  { name: 'log_clustering_regextemplate', key: 'id', floor: FLOOR },
  { name: 'log_search_projectinfo', key: 'project_id' },
  {
    name: COLLECTOR_TABLE,
    key: 'collector_config_id',
    floor: FLOOR,
    foreignIds: [
      ...['bk_data_id', 'bkdata_data_id', 'subscription_id', 'task_id_list', 'data_link_id', 'rule_id'],
      ...['log_group_id', 'collector_plugin_id', 'itsm_ticket_sn'],
    ],
  },
  {
    name: 'log_databus_containercollectorconfig',
    key: 'id',
    floor: FLOOR,
    references: [{ column: 'parent_container_config_id', table: 'log_databus_containercollectorconfig', none: ['0'] }],
    foreignIds: ['rule_id'],
  },
  {
    name: INDEX_SET_TABLE,
    key: 'index_set_id',
    floor: FLOOR,
    // The business of an index set is that of its space; only without one that of its project.
    references: [{ column: 'project_id', table: 'log_search_projectinfo', none: ['0'], whenEmpty: 'space_uid' }],
    foreignIds: ['bkdata_project_id', 'source_id', 'tag_ids'],
  },
  { name: 'log_search_logindexsetdata', key: 'index_id', floor: FLOOR },
  {
    name: 'log_clustering_clusteringconfig',
    key: 'id',
    floor: FLOOR,
    foreignIds: [
      ...['bkdata_data_id', 'log_bk_data_id', 'sample_set_id', 'model_id', 'pre_treat_flow_id', 'after_treat_flow_id'],
      ...['predict_flow_id', 'log_count_aggregation_flow_id'],
    ],
  },
  { name: 'log_clustering_clusteringsubscription', key: 'id', floor: FLOOR },
  { name: 'log_clustering_noticegroup', key: 'id', floor: FLOOR, foreignIds: ['notice_group_id'] },
  { name: 'log_clustering_signaturestrategysettings', key: 'id', floor: FLOOR, foreignIds: ['strategy_id'] },
  {
    name: GROUP_TABLE,
    key: 'id',
    matchedBy: [
      { columns: ['group_type', 'space_uid', 'source_app_code', 'source_type'] },
      { columns: ['created_by'], unless: { column: 'group_type', is: [UNGROUPED] } },
      { columns: ['name'], unless: { column: 'group_type', is: [UNGROUPED, PRIVATE] } },
    ],
  },
  {
    name: FAVORITE_TABLE,
    key: 'id',
    matchedBy: [{ columns: ['name', 'space_uid', GROUP_COLUMN, 'source_app_code', 'created_by'] }],
  },
];
