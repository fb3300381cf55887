import { join } from 'node:path';
import { BkLogApi } from '../bklog/api/bklog-api';
import { BkLogClient } from '../bklog/api/bklog-client';
import type { BkLogRecord } from '../bklog/find-references';
import { type IdMap, toIdMap } from '../bklog/id-map';
import { type PreparedItem, prepareCollector, prepareIndexSet } from '../bklog/migration-candidates';
import { isOperationError, OperationError } from '../errors/operation-error';
import type { MigrationCandidate } from '../model/migration';
import type { Finding } from '../model/verification';
import { withConnection } from '../mysql/connection';
import { ResourceMapping } from '../mysql/resource-mapping';
import { itemKey, type MigrationChoice, type MigrationPlan, planMigration } from '../plan/plan-migration';
import type { ProgressListener } from '../support/progress';
import { sideBySide } from '../support/side-by-side';
import type { MigrateRequest, MigrateResult } from './contract';
import { readIdMap } from './id-map-source';
import { carryOutItem, chooseCluster, type MigrationRun } from './migrate-item';
import { DOCUMENT_NAMES, readDocument, readMigrationFile } from './migration-documents';
import { readInventory } from './target-inventory';

/** After the first, for items whose answer was lost: they are looked for, and created if they are not there. */
const PASSES = 2;

/**
 * Creates collectors and index sets of the documents of export.py in another BK-LOG, through its API.
 * 1. read the documents, map every id, prepare what is asked for
 * 2. hold the environment's records, read what the target has, plan
 * 3. create item by item, several at a time; the record of each is written before the call and after it
 * 4. look for items whose answer was lost
 * An item that fails is a finding; all others go on. Errors: OP_CONFIG_INVALID, OP_BUSY, OP_SOURCE_*, OP_API_UNREACHABLE and
 * OP_API_DENIED before anything is created, OP_RESTORE_REFUSED when the plan is not the confirmed one, OP_ABORTED.
 */
export async function migrate(
  request: MigrateRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<MigrateResult> {
  const { mapping, dryRun } = request;
  const source = await readSource(request, signal);
  const { environment } = source.map;
  const client = await BkLogClient.open(request.api, signal);
  try {
    const api = new BkLogApi(client);
    return await withConnection(mapping.settings, signal, async (connection) => {
      const items = prepare(request, source);
      const records = await ResourceMapping.open(connection, mapping.table, environment, { isReadOnly: dryRun });
      const candidates = items.map(({ candidate }) => candidate);
      const decide = (some: readonly MigrationCandidate[]) => makePlan({ api, records, request, source }, some);
      const plan = await decide(candidates);
      if (dryRun) return { plan, dryRun, created: 0, findings: [] };
      refuseOther(plan, request.confirm);
      const run: MigrationRun = { api, records, runId: request.runId, environment, clusters: new Map(), request };
      let created = 0;
      const findings: Finding[] = [];
      let current = plan;
      for (let pass = 1; pass <= PASSES; pass += 1) {
        const outcomes = await carryOutPlan(run, current, items, signal, (done) => {
          onProgress({ phase: 'create', tables: current.items.length, tablesDone: done });
        });
        created += outcomes.filter(({ isCreated }) => isCreated).length;
        findings.push(
          ...outcomes.flatMap(({ finding, isUncertain }) =>
            finding && !(isUncertain && pass < PASSES) ? [finding] : [],
          ),
        );
        const lost = new Set(outcomes.filter(({ isUncertain }) => isUncertain).map(({ key }) => key));
        if (lost.size === 0) break;
        const again = candidates.filter((candidate) => lost.has(itemKey(candidate)));
        current = await decide(again);
      }
      return { plan, dryRun, created, findings };
    });
  } finally {
    client.close();
  }
}

/** What is migrated, in ids of the source, and the map of these. */
interface Source {
  readonly collectors: readonly BkLogRecord[];
  readonly indexSets: readonly BkLogRecord[];
  readonly map: IdMap;
  readonly choices: Readonly<Record<string, MigrationChoice>>;
}

async function readSource({ documents, choices = {} }: MigrateRequest, signal: AbortSignal): Promise<Source> {
  if ('directory' in documents) {
    const { directory } = documents;
    const { idMap, leftOut } = await readMigrationFile(directory);
    const of = (name: string) => readDocument(join(directory, name));
    const [collectors, indexSets] = [await of(DOCUMENT_NAMES.collectors), await of(DOCUMENT_NAMES.indexSets)];
    const left = Object.fromEntries(leftOut.map((key) => [key, 'leave-out' as const]));
    return { collectors, indexSets, map: toIdMap(idMap), choices: { ...choices, ...left } };
  }
  const [collectors, indexSets] = [await readDocument(documents.collectors), await readDocument(documents.indexSets)];
  return { collectors, indexSets, map: await readIdMap(documents.idMap, signal), choices };
}

function prepare(request: MigrateRequest, { collectors, indexSets, map }: Source): PreparedItem[] {
  const { business, collectorIds, indexSetIds } = request.filter;
  const items = [
    ...collectors.map((record) => prepareCollector(record, map)),
    ...indexSets.map((record) => {
      const cluster = request.clusterMap[String(record.storage_cluster_id ?? record.source_id ?? '')];
      return prepareIndexSet(record, map, cluster ?? request.clusterMap['*']);
    }),
  ];
  return items.filter(({ candidate: { kind, originId, originIndexSetId, originBusiness } }) => {
    if (business !== undefined && originBusiness !== business) return false;
    if (indexSetIds && !indexSetIds.includes(originIndexSetId)) return false;
    return !(kind === 'collector' && collectorIds && !collectorIds.includes(originId));
  });
}

async function makePlan(
  {
    api,
    records,
    request,
    source,
  }: { api: BkLogApi; records: ResourceMapping; request: MigrateRequest; source: Source },
  candidates: readonly MigrationCandidate[],
): Promise<MigrationPlan> {
  const { environment } = source.map;
  const options = { retryFailed: request.retryFailed, choices: source.choices };
  const rows = await records.rows(environment);
  return planMigration(environment, candidates, rows, await readInventory(api, candidates), options);
}

function refuseOther(plan: MigrationPlan, confirm: string | undefined): void {
  if (confirm === undefined || confirm === plan.hash) return;
  throw new OperationError(
    'OP_CONFIG_INVALID',
    'the documents, the records or the target are not what the plan was made for',
    {
      details: { confirmed: confirm, plan: plan.hash, counts: plan.counts },
      remedy: 'Nothing was created. Look at a new plan and confirm that.',
    },
  );
}

interface ItemOutcome {
  readonly key: string;
  readonly isCreated: boolean;
  /** BK-LOG may have created it or not. */
  readonly isUncertain: boolean;
  readonly finding?: Finding;
}

/** Several items at a time, until all are done or BK-LOG is out of reach. */
async function carryOutPlan(
  run: MigrationRun,
  plan: MigrationPlan,
  items: readonly PreparedItem[],
  signal: AbortSignal,
  onDone: (done: number) => void,
): Promise<ItemOutcome[]> {
  const prepared = new Map(items.map((item) => [itemKey(item.candidate), item]));
  const waiting = plan.items.filter(({ action }) => ['create', 'retry', 'adopt'].includes(action));
  const outcomes: ItemOutcome[] = plan.items
    .filter(({ action }) => ['failed', 'conflict', 'unmapped', 'refused'].includes(action))
    .map((item) => {
      const object = `${item.kind} ${item.originId} (${item.name})`;
      const message = `${object} was not migrated: ${item.reason}`;
      return {
        key: itemKey(item),
        isCreated: false,
        isUncertain: false,
        finding: { code: item.action === 'unmapped' ? 'OP_ID_UNMAPPED' : 'OP_API_REFUSED', object, message },
      };
    });
  const businesses = new Set(waiting.flatMap(({ kind, business }) => (kind === 'collector' ? (business ?? []) : [])));
  for (const business of businesses) await chooseCluster(run, business);
  let isCutOff = false;
  await sideBySide(waiting, run.request.api.concurrency, async (item) => {
    if (isCutOff) return;
    signal.throwIfAborted();
    const key = itemKey(item);
    const object = `${item.kind} ${item.originId} (${item.name})`;
    try {
      await carryOutItem(run, item, prepared.get(key)!);
      outcomes.push({ key, isCreated: item.action !== 'adopt', isUncertain: false });
    } catch (error) {
      signal.throwIfAborted();
      if (!isOperationError(error) || !error.code.startsWith('OP_API_')) throw error;
      const isUncertain = error.code === 'OP_API_UNCERTAIN';
      const finding = { code: error.code, object, message: `${object}: ${error.message}` };
      outcomes.push({ key, isCreated: false, isUncertain, finding });
      isCutOff ||= error.code === 'OP_API_UNREACHABLE';
    }
    onDone(outcomes.length);
  });
  return outcomes;
}
