import { type ContentRule, type ContentRuleFile, contentRuleFileSchema } from '../model/content-rule';

const LIVE = { is_deleted: 0 };

/** Live rows of `from` must find their counterpart; it may itself be deleted, because BK-LOG only marks rows. */
function liveRelation(from: string, column: string, to: string, target = column): ContentRule {
  return {
    kind: 'relation',
    from: { table: from, column },
    to: { table: to, column: target },
    where: LIVE,
  };
}

const liveRequired = (table: string, column: string): ContentRule => ({ kind: 'required', table, column, where: LIVE });

/**
 * What holds between the core tables by convention: there are no foreign keys (reference: 数据库关系).
 * Without these names and keys a row cannot be migrated, so none of them may be empty. Enumerations are left out: every
 * release of BK-LOG may add a scenario.
 */
const CORE_RULES: readonly ContentRule[] = [
  { kind: 'rows', maxDropPercent: 30, notEmpty: true },
  liveRelation('log_databus_collectorconfig', 'index_set_id', 'log_search_logindexset'),
  liveRelation('log_search_logindexsetdata', 'index_set_id', 'log_search_logindexset'),
  // Older than spaces; 0 where a set belongs to a space only.
  liveRelation('log_search_logindexset', 'project_id', 'log_search_projectinfo'),
  liveRelation('log_databus_collectorconfig', 'subscription_id', 'node_man_subscriptionstep'),
  liveRequired('log_databus_collectorconfig', 'collector_config_name'),
  liveRequired('log_databus_collectorconfig', 'collector_scenario_id'),
  liveRequired('log_search_logindexset', 'index_set_name'),
  liveRequired('log_search_logindexset', 'scenario_id'),
  liveRequired('log_search_logindexsetdata', 'result_table_id'),
  liveRequired('log_search_projectinfo', 'project_name'),
  { kind: 'required', table: 'node_man_subscriptionstep', column: 'step_id' },
];

/** Rules that apply without anybody asking for them. */
export const BKLOG_CONTENT_RULES: ContentRuleFile = contentRuleFileSchema.parse({ rules: CORE_RULES });
