import { BkLogApi } from '../bklog/api/bklog-api';
import { BkLogClient } from '../bklog/api/bklog-client';
import { isOperationError, OperationError } from '../errors/operation-error';
import type { Finding } from '../model/verification';
import { withConnection } from '../mysql/connection';
import { ResourceMapping } from '../mysql/resource-mapping';
import { chooseRun, type MigrationUndoPlan, type PlannedRemoval, planMigrationUndo } from '../plan/plan-migration-undo';
import { durableStep } from '../support/durable-step';
import type { ProgressListener } from '../support/progress';
import { sideBySide } from '../support/side-by-side';
import type { UndoMigrationRequest, UndoMigrationResult } from './contract';
import { readInventory } from './target-inventory';

/**
 * Removes what one run of a migration created, through BK-LOG's API; its records then say `removed`. What somebody has
 * renamed since is kept and told. Run again after whatever stopped it, it goes on. Errors: OP_CONFIG_INVALID for an
 * unknown run or another plan than the confirmed one, OP_BUSY, OP_SOURCE_*, OP_API_*, OP_ABORTED.
 */
export async function undoMigration(
  request: UndoMigrationRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<UndoMigrationResult> {
  const { mapping, environment, dryRun, confirm } = request;
  const client = await BkLogClient.open(request.api, signal);
  try {
    const api = new BkLogApi(client);
    return await withConnection(mapping.settings, signal, async (connection) => {
      const records = await ResourceMapping.open(connection, mapping.table, environment, { isReadOnly: dryRun });
      const plan = await makePlan(api, records, request);
      if (dryRun) return { plan, dryRun, removed: 0, findings: [] };
      if (confirm !== undefined && confirm !== plan.hash) throw otherPlan(plan, confirm);
      const findings: Finding[] = plan.items.filter(({ action }) => action === 'kept').map(keptFinding);
      let removed = 0;
      const items = plan.items.filter(({ action }) => action !== 'kept');
      await sideBySide(items, request.api.concurrency, async (item) => {
        signal.throwIfAborted();
        try {
          await takeBack(api, records, item);
          if (item.action === 'remove') removed += 1;
        } catch (error) {
          signal.throwIfAborted();
          if (!isOperationError(error) || !error.code.startsWith('OP_API_')) throw error;
          findings.push({ code: error.code, object: nameOf(item), message: `${nameOf(item)}: ${error.message}` });
        }
        onProgress({ phase: 'undo', tables: items.length, tablesDone: removed + findings.length });
      });
      return { plan, dryRun, removed, findings };
    });
  } finally {
    client.close();
  }
}

const nameOf = ({ kind, originId, name, targetId }: PlannedRemoval) =>
  `${kind} ${originId} (${name}${targetId ? `, ${targetId} in the target` : ''})`;

async function makePlan(
  api: BkLogApi,
  records: ResourceMapping,
  { environment, run }: UndoMigrationRequest,
): Promise<MigrationUndoPlan> {
  const rows = await records.rows(environment);
  const runId = chooseRun(environment, run, rows);
  const own = rows.filter((row) => row.environment === environment && row.runId === runId);
  return planMigrationUndo(environment, runId, own, await readInventory(api, own));
}

async function takeBack(api: BkLogApi, records: ResourceMapping, item: PlannedRemoval): Promise<void> {
  const { kind, targetId, action, row } = item;
  if (action === 'remove') {
    await durableStep('migrate.remove', () =>
      kind === 'collector' ? api.deleteCollector(targetId) : api.deleteIndexSet(targetId),
    );
  } else if (targetId > 0 && (await api.isThere(kind, targetId))) {
    throw new OperationError('OP_API_REFUSED', 'it is there, but not among what this user of the API may see', {
      details: { kind, targetId },
      remedy: 'Give the user the right to search and to view it, and undo again.',
    });
  }
  await durableStep('migrate.forget', () => records.finish(row, { status: 'removed', targetId }));
}

function keptFinding(item: PlannedRemoval): Finding {
  return { code: 'OP_API_REFUSED', object: nameOf(item), message: `${nameOf(item)} was not removed: ${item.reason}` };
}

function otherPlan(plan: MigrationUndoPlan, confirmed: string): OperationError {
  return new OperationError('OP_CONFIG_INVALID', 'the records or the target are not what the plan was made for', {
    details: { confirmed, plan: plan.hash },
    remedy: 'Nothing was removed. Look at a new plan and confirm that.',
  });
}
