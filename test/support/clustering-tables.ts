const AUDIT = `created_at datetime(6) NOT NULL, created_by varchar(32) NOT NULL, updated_at datetime(6) DEFAULT NULL,
  updated_by varchar(32) NOT NULL`;
const SOFT_DELETE = `is_deleted tinyint(1) NOT NULL, deleted_at datetime(6) DEFAULT NULL, deleted_by varchar(32) DEFAULT NULL`;

/** Columns of BK-LOG's apps/log_clustering/models.py; of long lists of settings only the first. */
const COLUMNS: Readonly<Record<string, string>> = {
  log_clustering_aiopsmodel: 'model_id varchar(128) NOT NULL, model_name varchar(255) NOT NULL',
  log_clustering_aiopsmodelexperiment:
    'model_id varchar(128) NOT NULL, experiment_id int NOT NULL, experiment_alias varchar(128) NOT NULL',
  log_clustering_aiopssignatureandpattern:
    'model_id varchar(128) NOT NULL, signature varchar(256) NOT NULL, pattern longtext, origin_pattern longtext',
  log_clustering_sampleset: 'sample_set_id int NOT NULL, sample_set_name varchar(256) NOT NULL',
  log_clustering_clusteringremark: `bk_biz_id int NOT NULL, signature varchar(256) NOT NULL, origin_pattern longtext,
    remarks json DEFAULT NULL, owners json DEFAULT NULL, source_app_code varchar(32) NOT NULL`,
  log_clustering_regextemplate:
    'space_uid varchar(256) NOT NULL, template_name varchar(256) NOT NULL, predefined_varibles longtext',
  log_clustering_clusteringconfig: `collector_config_id int DEFAULT NULL, collector_config_name_en varchar(255),
    index_set_id int NOT NULL, bk_biz_id int NOT NULL, related_space_pre_bk_biz_id int DEFAULT NULL,
    model_output_rt varchar(255) DEFAULT NULL, new_cls_index_set_id int DEFAULT NULL, min_members int NOT NULL,
    pre_treat_flow json DEFAULT NULL, pre_treat_flow_id int DEFAULT NULL`,
  log_clustering_clusteringsubscription: `space_uid varchar(256) NOT NULL, index_set_id int NOT NULL, title varchar(512) NOT NULL,
    host_scopes json DEFAULT NULL, receivers json DEFAULT NULL`,
  log_clustering_noticegroup: 'index_set_id int NOT NULL, notice_group_id int NOT NULL, bk_biz_id int NOT NULL',
  log_clustering_signaturestrategysettings: `signature varchar(256) NOT NULL, index_set_id int NOT NULL,
    strategy_id int DEFAULT NULL, enabled tinyint(1) NOT NULL, bk_biz_id int NOT NULL, pattern_level varchar(64)`,
};

/** Statements that create the tables of log clustering that overseas_migrate_tool.py moves. */
export function clusteringTables(): string[] {
  return Object.entries(COLUMNS).map(
    ([table, columns]) =>
      `CREATE TABLE ${table} (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, ${AUDIT}, ${SOFT_DELETE}, ${columns})
       ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
  );
}
