import { INT_MAX } from './id-number';
import { chosenModules, targetNodes } from './node-references';
import { id, list, type Place, type Reference, resultTable, unknown } from './reference';

const INT: Place = { max: INT_MAX };
const KEY: Place = { max: INT_MAX, isKey: true };
const OWNED: Place = { owner: ['bk_biz_id'], length: 255 };
const BKDATA_OWNED: Place = { owner: ['bkdata_biz_id', 'bk_biz_id'], length: 255 };
/** Index patterns of a third-party Elasticsearch may begin with any number. */
const NO_PATTERN = [{ key: 'scenario_id', not: ['es'] }];
/** An index group keeps the ids of its sets where others keep a table. */
const GROUP_MEMBER = [{ key: 'type', is: ['index_set'] }];
const TABLE = [{ key: 'type', not: ['index_set'] }];

/** The collector record of export.py (`log_databus_collectorconfig.json`). Steps hold paths and filters, no ids of CMDB. */
const COLLECTOR_RECORD: readonly Reference[] = [
  id('collector', 'collector_config_id', KEY),
  id('business', 'bk_biz_id'),
  ...targetNodes('target_nodes', 'target_node_type', { isExpected: true }),
  id('index-set', 'index_set_id', INT),
  resultTable('table_id', OWNED),
];

/** The index set record of export.py (`log_search_logindexset.json`); its indexes are rows of another table. */
const INDEX_SET_RECORD: readonly Reference[] = [
  id('index-set', 'index_set_id', KEY),
  id('business', 'bk_biz_id', INT),
  list('view-role', 'view_roles', { length: 255 }),
  id('business', 'indexes.*.bk_biz_id', INT),
  id('index-set', 'indexes.*.index_set_id', INT),
  resultTable('indexes.*.result_table_id', { ...OWNED, where: NO_PATTERN }),
];

/** Where each table keeps ids, by its model: BK-LOG `apps/log_databus`, `apps/log_search` and `apps/log_clustering`, `models.py`. */
const TABLES = {
  log_databus_collectorconfig: [
    ...COLLECTOR_RECORD,
    ...targetNodes('target_subscription_diff', 'target_node_type'),
    resultTable('bk_data_name', { owner: ['bk_biz_id'], length: 64 }),
    id('business', 'bkdata_biz_id'),
    resultTable('bkbase_table_id', BKDATA_OWNED),
    resultTable('processing_id', BKDATA_OWNED),
  ],
  log_databus_containercollectorconfig: [id('collector', 'collector_config_id', INT)],
  log_search_projectinfo: [id('business', 'bk_biz_id', INT)],
  log_search_logindexset: [
    id('index-set', 'index_set_id', KEY),
    id('collector', 'collector_config_id', INT),
    id('space', 'space_uid', { length: 256 }),
    id('storage-cluster', 'storage_cluster_id', INT),
    list('view-role', 'view_roles', { length: 255 }),
    resultTable('doris_table_id'),
    id('business', 'platform_index_visibility.bk_biz_ids.*'),
  ],
  log_search_logindexsetdata: [
    id('index-set', 'index_set_id', INT),
    id('business', 'bk_biz_id', INT),
    id('index-set', 'result_table_id', { where: GROUP_MEMBER }),
    resultTable('result_table_id', { ...OWNED, where: [...TABLE, ...NO_PATTERN] }),
    id('storage-cluster', 'storage_cluster_id', INT),
  ],
  /** Subscriptions are node management's: its ids are not CMDB's, and steps name none. */
  node_man_subscriptionstep: [],
  // Models and samples belong to the computing platform.
  log_clustering_aiopsmodel: [],
  log_clustering_aiopsmodelexperiment: [],
  log_clustering_aiopssignatureandpattern: [],
  log_clustering_sampleset: [],
  log_clustering_clusteringremark: [id('business', 'bk_biz_id', INT)],
  log_clustering_regextemplate: [id('space', 'space_uid', { length: 256 })],
  log_clustering_clusteringconfig: [
    id('collector', 'collector_config_id', INT),
    id('index-set', 'index_set_id', INT),
    id('index-set', 'new_cls_index_set_id', INT),
    id('business', 'bk_biz_id', INT),
    id('business', 'related_space_pre_bk_biz_id', INT),
    ...[
      ...['bkdata_etl_result_table_id', 'bkdata_etl_processing_id', 'source_rt_name', 'new_cls_pattern_rt'],
      ...['model_output_rt', 'clustered_rt', 'signature_pattern_rt'],
      ...['new_cls_strategy_output', 'normal_strategy_output'],
    ].map((column) => resultTable(column, OWNED)),
    // Definitions of data flows name tables and businesses inside of statements.
    ...['pre_treat_flow', 'after_treat_flow', 'modify_flow', 'predict_flow', 'log_count_aggregation_flow'].map(unknown),
  ],
  log_clustering_clusteringsubscription: [
    id('space', 'space_uid', { length: 256 }),
    id('index-set', 'index_set_id', INT),
    ...chosenModules('host_scopes'),
    ...targetNodes('host_scopes.target_nodes', 'host_scopes.target_node_type'),
  ],
  log_clustering_noticegroup: [id('index-set', 'index_set_id', INT), id('business', 'bk_biz_id', INT)],
  log_clustering_signaturestrategysettings: [id('index-set', 'index_set_id', INT), id('business', 'bk_biz_id', INT)],
  log_search_favoritegroup: [id('space', 'space_uid', { length: 256 })],
  log_search_favorite: [
    id('space', 'space_uid', { length: 256 }),
    id('index-set', 'index_set_id', INT),
    id('index-set', 'index_set_ids.*'),
    ...chosenModules('params.host_scopes'),
    ...targetNodes('params.host_scopes.target_nodes', 'params.host_scopes.target_node_type'),
    unknown('params.ip_chooser'),
    unknown('table_id_conditions'),
  ],
} as const satisfies Readonly<Record<string, readonly Reference[]>>;

/** The two documents of export.py. */
export const DOCUMENT_REFERENCES = { collectors: COLLECTOR_RECORD, indexSets: INDEX_SET_RECORD } as const;

/**
 * The tables of the core backup and those that overseas_migrate_tool.py moves. Ids that only their own table counts
 * (`index_id`, `project_id`, favourites) are not in it, nor those of systems that hand out new ones: data ids,
 * subscriptions, tasks, flows, strategies, notice groups, data links, rules, tags.
 */
export const TABLE_REFERENCES: Readonly<Record<string, readonly Reference[]>> = TABLES;
