import { z } from 'zod';
import type { Call } from './call';
import { pickCluster, visibleClusters } from './clusters';
import { type Collector, dataName, newCollector, now, resultTable } from './collector';
import { type CollectorBody, englishName, readCollectorBody } from './collector-body';
import { failure, refuse } from './envelope';
import type { Environment } from './environment';
import { collectorIndexSet } from './index-set';
import { integer, invalid, text, validated } from './serializer-fields';

const living = (environment: Environment) => [...environment.collectors.values()].filter((row) => !row.is_deleted);

const inBusiness = (bizId: number, name: string) => `${bizId}/${name}`;

interface Taken {
  readonly code: string;
  readonly what: string;
}

/** 4.3: which of the three names that follow from the English one is taken, in the order BK-LOG looks. */
function takenName(
  environment: Environment,
  bizId: number,
  name: string,
  names: NameOverrides = {},
): Taken | undefined {
  if (environment.englishNames.has(inBusiness(bizId, name))) {
    return { code: '3631112', what: `collector_config_name_en ${name} already exists` };
  }
  const data = names.bk_data_name || dataName(bizId, name);
  if (environment.dataNames.has(data)) return { code: '3631113', what: `data name ${data} already exists` };
  const table = names.result_table_id || resultTable(bizId, name);
  if (environment.resultTables.has(table)) return { code: '3631114', what: `result table ${table} already exists` };
  return undefined;
}

interface NameOverrides {
  readonly bk_data_name?: string | undefined;
  readonly result_table_id?: string | undefined;
}

const preCheckSchema = z.object({
  bk_biz_id: integer(),
  collector_config_name_en: englishName(),
  bk_data_name: text({ blank: true }).optional(),
  result_table_id: text({ blank: true }).optional(),
});

/** 4.3. "Not allowed" is an answer, not a failure. */
export function preCheck(environment: Environment, call: Call): unknown {
  const asked = validated(preCheckSchema, call.query);
  environment.demand(call, 'view_business', asked.bk_biz_id);
  const taken = takenName(environment, asked.bk_biz_id, asked.collector_config_name_en, asked);
  if (taken) return { allowed: false, message: taken.what };
  if (/\d{6,}$/.test(asked.collector_config_name_en)) {
    return { allowed: false, message: 'the name must not end in 6 or more digits' };
  }
  return { allowed: true, message: '' };
}

/** 4.3, M21: not idempotent and not atomic; what a later step refuses stays behind. */
export function fastCreate(environment: Environment, call: Call): unknown {
  const body = readCollectorBody(call.body);
  environment.demand(call, 'create_collection', body.bk_biz_id);
  const clusterId = storageCluster(environment, body);
  assertHosts(environment, body);
  const taken = takenName(environment, body.bk_biz_id, body.collector_config_name_en);
  if (taken) refuse(failure(taken.code, taken.what));
  const isNameTaken = environment.collectorNames.has(inBusiness(body.bk_biz_id, body.collector_config_name));
  if (isNameTaken) refuse(failure('3631104', `collector name ${body.collector_config_name} already exists`));

  const newId = () => environment.newId();
  const collector = newCollector(body, call.caller.user, newId);
  environment.collectors.set(collector.collector_config_id, collector);
  environment.collectorNames.add(inBusiness(body.bk_biz_id, body.collector_config_name));
  environment.englishNames.add(inBusiness(body.bk_biz_id, body.collector_config_name_en));
  environment.dataNames.add(collector.bk_data_name);
  if (call.failsAtSubscription) refuse(failure('3631109', 'creating the subscription failed'));
  if (body.collector_scenario_id !== 'custom' && body.collector_scenario_id !== 'client') {
    collector.subscription_id = newId();
    collector.task_id_list = [String(newId())];
  }
  Object.assign(collector, {
    table_id: resultTable(body.bk_biz_id, body.collector_config_name_en),
    etl_config: body.etl_config,
    etl_params: body.etl_params,
    fields: body.fields,
    storage_cluster_id: clusterId,
  });
  environment.resultTables.add(resultTable(body.bk_biz_id, body.collector_config_name_en));
  const indexSet = collectorIndexSet(collector, environment.spaceOf(body.bk_biz_id), call.caller, newId);
  environment.indexSets.set(indexSet.index_set_id, indexSet);
  collector.index_set_id = indexSet.index_set_id;
  const { collector_config_id, bk_data_id, subscription_id, task_id_list, index_set_id } = collector;
  return { collector_config_id, bk_data_id, subscription_id, task_id_list, index_set_id };
}

/** 3.7, 4.2: picked when absent; 3631212 without any, 3631201 for one the business cannot see. */
function storageCluster(environment: Environment, { bk_biz_id, storage_cluster_id }: CollectorBody): number {
  if (storage_cluster_id === undefined) {
    const picked = pickCluster(environment, bk_biz_id);
    return picked?.storage_cluster_id ?? refuse(failure('3631212', 'no usable ES cluster'));
  }
  const isSeen = visibleClusters(environment, bk_biz_id).some((seen) => seen.storage_cluster_id === storage_cluster_id);
  return isSeen ? storage_cluster_id : refuse(failure('3631201', `cluster ${storage_cluster_id} does not exist`));
}

/** 4.2: 3631111. Only static targets name hosts. */
function assertHosts({ settings }: Environment, { bk_biz_id, target_node_type, target_nodes }: CollectorBody): void {
  const hosts = settings.businesses.find((business) => business.bk_biz_id === bk_biz_id)?.hosts;
  if (!hosts || target_node_type !== 'INSTANCE') return;
  const isOutside = ({ bk_host_id, ip }: CollectorBody['target_nodes'][number]) =>
    !hosts.some((host) => (bk_host_id === undefined ? host.ip === ip : host.bk_host_id === bk_host_id));
  const outside = target_nodes.filter(isOutside);
  if (outside.length > 0) refuse(failure('3631111', `hosts outside the business: ${JSON.stringify(outside)}`));
}

const LARGEST_PAGE = 1000;
const isTrue = (value: string | undefined) => ['true', '1', 'True'].includes(value ?? '');

/** 4.3: needs paging (3600001). A page is never larger than a thousand. */
export function listCollectors(environment: Environment, call: Call): unknown {
  const { page, pagesize } = call.query;
  if (!page || !pagesize) invalid('paging is required');
  const paging = validated(z.object({ page: integer({ min: 1 }), pagesize: integer({ min: 1 }) }), call.query);
  const rows = foundCollectors(environment, call);
  const size = Math.min(paging.pagesize, LARGEST_PAGE);
  const results = rows.slice((paging.page - 1) * size, paging.page * size);
  if (environment.settings.listShape === 'actual') return { total: rows.length, list: results };
  return { count: rows.length, total_page: Math.ceil(rows.length / size), results };
}

/** 4.3: the variant without pages answers with an array. */
export function listAllCollectors(environment: Environment, call: Call): unknown {
  return foundCollectors(environment, call);
}

function foundCollectors(environment: Environment, call: Call): unknown[] {
  const { query } = call;
  const { bk_biz_id } = validated(z.object({ bk_biz_id: integer() }), query);
  environment.demand(call, 'view_business', bk_biz_id);
  const ids = query.collector_id_list?.split(',').map(Number);
  const word = query.keyword?.toLowerCase() ?? '';
  return living(environment)
    .filter((row) => row.bk_biz_id === bk_biz_id)
    .filter((row) => !ids || ids.includes(row.collector_config_id))
    .filter((row) => [row.collector_config_name, row.table_id ?? ''].some((name) => name.toLowerCase().includes(word)))
    .filter((row) => query.bk_data_id === undefined || row.bk_data_id === Number(query.bk_data_id))
    .filter((row) => !isTrue(query.have_table_id) || row.table_id !== null)
    .filter((row) => !isTrue(query.not_custom) || row.collector_scenario_id !== 'custom')
    .sort((a, b) => b.collector_config_id - a.collector_config_id)
    .map((row) => ({
      ...shown(row),
      collector_scenario_name: row.collector_scenario_id,
      category_name: row.category_id,
      storage_cluster_name: row.storage_cluster_id === null ? '' : `es_${row.storage_cluster_id}`,
      tags: [],
      is_search: row.is_active && row.index_set_id !== null,
      permission: { view_collection: true, manage_collection: true },
    }));
}

/** The readers of BK-LOG get the table without its prefix. */
function shown({ is_deleted: _, deleted_at: __, deleted_by: ___, ...row }: Collector): Record<string, unknown> {
  const [prefix, table] = row.table_id?.split('.') ?? [];
  return { ...row, table_id_prefix: prefix === undefined ? null : `${prefix}_`, table_id: table ?? null };
}

/** 4.2: 3631001. Permission is of the collector's business. */
function existing(environment: Environment, call: Call, action: 'view_collection' | 'manage_collection'): Collector {
  const found = environment.collectors.get(call.id);
  if (!found || found.is_deleted) return refuse(failure('3631001', 'the collector does not exist'));
  environment.demand(call, action, found.bk_biz_id);
  return found;
}

/** 4.3: the columns, the definition that can be sent again, and what belongs to the result table. */
export function retrieveCollector(environment: Environment, call: Call): unknown {
  const collector = existing(environment, call, 'view_collection');
  const indexSet = environment.indexSets.get(collector.index_set_id ?? 0);
  return {
    ...shown(collector),
    target_fields: indexSet?.target_fields ?? [],
    sort_fields: indexSet?.sort_fields ?? [],
    parent_index_set_ids: [],
  };
}

const pad = (value: number) => String(value).padStart(2, '0');

/** 4.3: stops it, deletes its index set, renames the row and marks it; the data id goes by the new name from then on. */
export function deleteCollector(environment: Environment, call: Call): unknown {
  const collector = existing(environment, call, 'manage_collection');
  const time = new Date();
  const stamp = `${time.getUTCFullYear()}${[time.getUTCMonth() + 1, time.getUTCDate(), time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(pad).join('')}`;
  const indexSet = environment.indexSets.get(collector.index_set_id ?? 0);
  if (indexSet) Object.assign(indexSet, { is_deleted: true, deleted_at: now(), deleted_by: call.caller.user });
  environment.collectorNames.delete(inBusiness(collector.bk_biz_id, collector.collector_config_name));
  environment.englishNames.delete(inBusiness(collector.bk_biz_id, collector.collector_config_name_en));
  environment.dataNames.delete(collector.bk_data_name);
  if (collector.table_id && !environment.settings.resultTablesOutliveCollectors) {
    environment.resultTables.delete(collector.table_id);
  }
  collector.collector_config_name = `${collector.collector_config_name}_delete_${stamp}`;
  collector.bk_data_name = collector.collector_config_name;
  Object.assign(collector, {
    is_active: false,
    is_deleted: true,
    deleted_at: now(),
    deleted_by: call.caller.user,
  });
  return true;
}

export function stopCollector(environment: Environment, call: Call): unknown {
  existing(environment, call, 'manage_collection').is_active = false;
  return true;
}

export function startCollector(environment: Environment, call: Call): unknown {
  existing(environment, call, 'manage_collection').is_active = true;
  return true;
}
