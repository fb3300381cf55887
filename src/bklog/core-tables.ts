/** The tables that BK-LOG's backup procedure names, by database (reference: 数据库备份, 核心备份表). */
export const BKLOG_CORE_TABLES: Readonly<Record<string, readonly string[]>> = {
  bk_nodeman: ['node_man_subscriptionstep'],
  bk_log_search: [
    'log_databus_collectorconfig',
    'log_search_projectinfo',
    'log_search_logindexset',
    'log_search_logindexsetdata',
  ],
};

const ALL = new Set(Object.values(BKLOG_CORE_TABLES).flat());

/** Core tables are recognised by name, because deployments name their databases differently. */
export function isCoreTable(table: string): boolean {
  return ALL.has(table);
}
