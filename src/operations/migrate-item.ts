import type { BkLogApi, Cluster } from '../bklog/api/bklog-api';
import type { PreparedItem } from '../bklog/migration-candidates';
import { otherName } from '../bklog/migration-names';
import { isOperationError, OperationError } from '../errors/operation-error';
import type { MigrationCandidate } from '../model/migration';
import type { ResourceMapping } from '../mysql/resource-mapping';
import type { PlannedItem } from '../plan/plan-migration';
import { durableStep } from '../support/durable-step';
import type { MigrateRequest } from './contract';

/** Names that are asked for before an item counts as refused. */
const MOST_NAMES = 6;

/** What all items of one migration share. */
export interface MigrationRun {
  readonly api: BkLogApi;
  readonly records: ResourceMapping;
  readonly runId: string;
  readonly environment: string;
  /** The cluster of each business: chosen once, never carried over to another. */
  readonly clusters: Map<number, number | undefined>;
  readonly request: MigrateRequest;
}

/** The public cluster of the lowest priority and the most room; else the first that the business has of its own. */
export async function chooseCluster({ api, clusters, request }: MigrationRun, business: number): Promise<void> {
  if (clusters.has(business)) return;
  if (request.storageCluster !== undefined) {
    clusters.set(business, request.storageCluster);
    return;
  }
  const known = (await api.clusters(business)).filter(({ storage_cluster_id: id }) => id !== 0);
  const shared = known.filter(({ registered_system }) => registered_system === '_default');
  const rank = ({ priority, storage_usage }: Cluster) => (priority ?? 9) * 1000 + (storage_usage ?? 100);
  const [best] = [...(shared.length > 0 ? shared : known)].sort((a, b) => rank(a) - rank(b));
  clusters.set(business, best?.storage_cluster_id);
}

/**
 * Creates or takes over one item. The record says `init` before BK-LOG is asked; an answer that was lost leaves it so.
 * Errors: OP_API_*, after the record was written.
 */
export async function carryOutItem(run: MigrationRun, item: PlannedItem, prepared: PreparedItem): Promise<void> {
  const { records, environment, api } = run;
  const { kind, originId, business = 0, targetId } = item;
  const { candidate } = prepared;
  const { originIndexSetId, originBusiness, space = '' } = candidate;
  if (item.action === 'adopt' && targetId !== undefined) {
    await records.adopt({ environment, kind, originId }, targetId, item.targetIndexSetId ?? 0);
    return;
  }
  if (item.removeFirst && targetId !== undefined) await api.deleteCollector(targetId);
  const name = kind === 'collector' ? await freeName(run, item) : (item.targetName ?? candidate.name);
  const record = { environment, kind, originId, originIndexSetId, originBusiness, business, space, name };
  const row = await durableStep('migrate.begin', () => records.begin(record, run.runId));
  try {
    const made = await create(run, item, prepared, name);
    await durableStep('migrate.finish', () => records.finish(row, { status: 'success', ...made }));
  } catch (error) {
    const isLost = isOperationError(error, 'OP_API_UNCERTAIN') || !isOperationError(error);
    if (!isLost) await records.finish(row, { status: 'fail', details: `${error.code}: ${error.message}` });
    throw error;
  }
}

/** The planned name, or another one: a data id or result table may hold a name that no collector has. */
async function freeName({ api, environment }: MigrationRun, item: PlannedItem): Promise<string> {
  const planned = item.targetEnglishName ?? '';
  let why = '';
  for (let attempt = 0; attempt < MOST_NAMES; attempt += 1) {
    const seed = `${environment}:${item.kind}:${item.originId}:free`;
    const name = attempt === 0 ? planned : otherName(planned, seed, attempt);
    const { allowed, message } = await api.isNameFree(item.business ?? 0, name);
    if (allowed) return name;
    why = message;
  }
  throw new OperationError('OP_API_REFUSED', `no name like ${planned} is free: ${why}`);
}

/** A space of another kind than a CMDB business is known by its business alone; BK-LOG completes one by the other. */
const placeOf = ({ space }: MigrationCandidate, business: number) =>
  space === undefined ? { bk_biz_id: business } : { space_uid: space };

async function create(
  { api, clusters }: MigrationRun,
  { kind, business = 0, targetName }: PlannedItem,
  { body, creator, candidate }: PreparedItem,
  name: string,
): Promise<{ targetId: number; indexSetId: number }> {
  const user = creator || 'admin';
  if (kind === 'index-set') {
    const set = { ...body, index_set_name: name, ...placeOf(candidate, business) };
    const { index_set_id: id } = await durableStep('migrate.call', () => api.createIndexSet(set, user));
    return { targetId: id, indexSetId: id };
  }
  const cluster = clusters.get(business);
  if (cluster === undefined) {
    throw new OperationError('OP_API_REFUSED', `business ${business} has no Elasticsearch cluster`, {
      remedy: 'Give the business a cluster, or name one for the whole migration.',
    });
  }
  const names = { collector_config_name: targetName, collector_config_name_en: name };
  const whole = { ...body, ...names, storage_cluster_id: cluster };
  const made = await durableStep('migrate.call', () => api.createCollector(whole, user));
  return { targetId: made.collector_config_id, indexSetId: made.index_set_id ?? 0 };
}
