import { toIdMap } from '../bklog/id-map';
import { FAVORITE_TABLE, GROUP_COLUMN, GROUP_TABLE } from '../bklog/row-tables';
import { isOperationError, OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { type SourceConnection, withConnection } from '../mysql/connection';
import { insertGroups, insertRows } from '../mysql/insert-mapped';
import { raiseNextId } from '../mysql/row-floors';
import { planRows } from '../plan/plan-rows';
import { durableStep } from '../support/durable-step';
import type { RestoreSetRequest, RestoreSetResult } from './contract';
import { type DecidedRows, decideRows } from './decide-rows';
import type { FilledTable } from './fill-tables';
import { previewMapped } from './preview-rows';
import { type Run, withStaged } from './staged-set';
import { type Situation, surveyTarget } from './survey-target';
import { refuseBlockers, refuseChanged, refuseOtherPlan, refuseWhileRead } from './target-guards';

/**
 * Restores rows of BK-LOG into the tables of another BK-LOG, their ids mapped.
 * 1. load the set beside the target and compare it with the manifest, as any restore does
 * 2. map the rows beside the target, decide what becomes of each, plan
 * 3. raise AUTO_INCREMENT where ids of the target would meet those that come
 * 4. insert all rows in one transaction
 * Until step 3 the target is only read; a failure in step 4 leaves no row. Errors: as `restoreSet`.
 */
export async function restoreRows(
  keeper: SourceConnection,
  run: Run,
  situation: Situation,
  request: RestoreSetRequest,
): Promise<RestoreSetResult> {
  const { plan: structure, live } = situation;
  const map = toIdMap(run.options.idMap);
  const nothing = { dryRun: request.dryRun, findings: [], filled: [], rows: 0, tables: 0, resumed: false };
  if (structure.blockers.length > 0) {
    if (!request.dryRun) refuseBlockers(structure);
    return { ...nothing, plan: structure };
  }
  const [planned] = structure.targets;
  return await withStaged(keeper, run, structure, async (scratch) => {
    const schema = scratch.get(planned!.database)!;
    // MariaDB looks for the alias of a DELETE in the database of the connection.
    return await withConnection({ ...run.settings, database: schema }, run.signal, async (connection) => {
      await connection.query("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'");
      run.onProgress({ phase: 'compare' });
      const decided = await decideRows(connection, planned!, schema, live[0]!, map);
      const plan = planRows(structure, decided.mapping);
      const { findings } = decided;
      if (request.dryRun) {
        const differences = request.diff ? await previewMapped(connection, decided) : undefined;
        return { ...nothing, plan, findings, ...(differences ? { differences } : {}) };
      }
      refuseOtherPlan(plan, request);
      refuseBlockers(plan);
      await refuseWhileRead(keeper, planned!.target);
      refuseChanged(structure, (await surveyTarget(keeper, run, {})).plan);
      run.onProgress({ phase: 'move' });
      const filled = await insertDecided(connection, decided, run.signal);
      const rows = filled.reduce((sum, { inserted }) => sum + inserted, 0);
      return { ...nothing, plan, findings, filled, rows, tables: filled.filter(({ inserted }) => inserted > 0).length };
    });
  });
}

async function insertDecided(
  connection: SourceConnection,
  { mapping, tables }: DecidedRows,
  signal: AbortSignal,
): Promise<FilledTable[]> {
  const { target, floors, tables: counts } = mapping;
  let isCommitting = false;
  try {
    for (const { table, to } of floors) {
      await durableStep('restore.raise-ids', () => raiseNextId(connection, { database: target, table }, to));
    }
    await connection.query('START TRANSACTION');
    const filled: FilledTable[] = [];
    for (const { about, table, inserted: expected } of tables) {
      const inserted = await insertTable(connection, tables, about.name);
      if (inserted !== expected) {
        throw new OperationError('OP_RESTORE_DIFFERS', `${inserted} of ${expected} rows went into ${about.name}`, {
          details: { table: about.name, inserted, expected },
        });
      }
      const { same } = counts.find((count) => count.table === about.name)!;
      filled.push({ database: target, table: table.live.table, inserted, skipped: same });
    }
    isCommitting = true;
    await durableStep('restore.fill', () => connection.query('COMMIT'));
    return filled;
  } catch (error) {
    const reason = signal.aborted ? signal.reason : error;
    throw afterInserting(toOperationError(reason, 'inserting mapped rows'), isCommitting);
  }
}

async function insertTable(connection: SourceConnection, tables: DecidedRows['tables'], name: string): Promise<number> {
  const of = (wanted: string) => tables.find(({ about }) => about.name === wanted);
  const { about, table, inserted } = of(name)!;
  if (inserted === 0) return 0;
  if (name === GROUP_TABLE) return await insertGroups(connection, table, of(FAVORITE_TABLE)?.table, GROUP_COLUMN);
  return await insertRows(connection, table, { withNewIds: about.matchedBy !== undefined });
}

/** A row that somebody wrote since the comparison ends the transaction; what was begun is taken back by the server. */
function afterInserting(error: OperationError, isCommitting: boolean): OperationError {
  const isTaken = error.details.serverCode === 'ER_DUP_ENTRY';
  const what = isTaken ? 'the target got a row of the same key while the set was compared' : error.message;
  const state = isCommitting
    ? 'Either all rows are in the target or none'
    : 'No row was inserted; AUTO_INCREMENT may have been raised';
  return new OperationError(isTaken ? 'OP_RESTORE_REFUSED' : error.code, what, {
    cause: error,
    details: error.details,
    retry: isOperationError(error, 'OP_ABORTED') ? error.retry : 'now',
    remedy: `${state}. Run the same restore again: rows that are there are found and skipped.`,
  });
}
