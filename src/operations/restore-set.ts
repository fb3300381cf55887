import { toIdMap } from '../bklog/id-map';
import { findSet } from '../catalog/catalog';
import { cleanUpAfter, isOperationError, OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { restoreOptionsSchema } from '../model/restore-options';
import type { Finding } from '../model/verification';
import { type SourceConnection, withConnection } from '../mysql/connection';
import { listRecords, type RestoreRecord, readRecord, writeRecord } from '../mysql/restore-record';
import { scratchPattern, withScratchSchemas } from '../mysql/scratch-schemas';
import { readTargetServer } from '../mysql/target-state';
import { planOfRest } from '../plan/plan-restore';
import type { RestorePlan } from '../plan/restore-plan';
import { selectFromSet } from '../plan/select-from-set';
import { durableStep } from '../support/durable-step';
import type { ProgressListener } from '../support/progress';
import { SetAdapter } from './adapt-set';
import { ambiguousNames } from './ambiguous-names';
import type { RestoreSetRequest, RestoreSetResult } from './contract';
import { type FilledTable, fillTables } from './fill-tables';
import { createSequences, type Definitions, finishMove, moveTables, takeBack } from './move-into-place';
import { openLocation } from './open-location';
import { previewRows } from './preview-rows';
import { readWholeSet } from './read-whole-set';
import { restoreRows } from './restore-rows';
import { definitionOptions, type Run, withStaged } from './staged-set';
import { buildRecord, type Situation, surveyTarget } from './survey-target';
import { lockServer, refuseBlockers, refuseChanged, refuseOtherPlan, refuseWhileRead } from './target-guards';
import { watchStatements } from './watch-statements';

/**
 * Restores a set, or a part of it, into a server.
 * 1. read the whole archive: a damaged set is refused before the first write
 * 2. plan: what happens to each object, what the server knows under another name, and what forbids it
 * 3. load beside the target, in scratch schemas; add keys; read back and compare with the manifest
 * 4. write a record of what will be replaced; move all tables by one RENAME TABLE
 * 5. create views, routines, triggers and events; what the server refuses of these is a finding
 * Until step 4 the target is untouched, and whatever ends the run drops the scratch schemas. A run that died in step 5
 * is finished by the next one. Errors: OP_ARCHIVE_*, OP_RESTORE_REFUSED with the blockers or with what moved since the
 * plan, OP_RESTORE_DIFFERS, OP_BUSY, OP_SOURCE_*, OP_CONFIG_INVALID. With an id map see `restoreRows`.
 */
export async function restoreSet(
  request: RestoreSetRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<RestoreSetResult> {
  const store = await openLocation(request.location);
  await store.check({ write: false });
  const sealed = await findSet(store, request.set);
  const options = restoreOptionsSchema.parse(request.options);
  if (options.idMap) toIdMap(options.idMap);
  const selection = selectFromSet(sealed, options);
  const names = new Map(selection.map(({ database, target }) => [database, target]));
  const read = (database: string) => definitionOptions(selection, options, database);
  const asSet = await readWholeSet(store, sealed, names, read, signal, onProgress);
  const settings = { ...request.settings, database: 'information_schema' };
  const watch = { settings, schemas: scratchPattern(sealed.setId), patience: request.patience, onProgress };
  return await watchStatements(watch, (watched) =>
    restoreInto(request, { sealed, options, selection, settings, store, signal, onProgress: watched }, asSet),
  );
}

async function restoreInto(
  request: RestoreSetRequest,
  known: Omit<Run, 'server' | 'adapter' | 'definitions'>,
  asSet: Definitions,
): Promise<RestoreSetResult> {
  const { sealed, selection, settings } = known;
  // The keeper is not cut by an abort: it has to clean up.
  return await withConnection(settings, undefined, async (keeper) => {
    await lockServer(keeper);
    const server = await readTargetServer(keeper);
    const adapter = new SetAdapter(
      server,
      selection.flatMap(({ tables }) => tables),
    );
    const definitions = new Map([...asSet].map(([database, held]) => [database, adapter.adapt(database, held)]));
    const run: Run = { ...known, server, adapter, definitions };
    const records = await listRecords(keeper);
    const pending = records.find(({ setId, isMoved }) => setId === sealed.setId && isMoved);
    if (pending && pending.finishedAt === undefined) return await resume(keeper, run, pending, request);
    // Restores that died before their move, of any set: what they created makes place.
    const begun = records.filter(({ isMoved }) => !isMoved);
    if (!request.dryRun) for (const record of begun) await takeBack(keeper, record);
    if (run.options.idMap) return await restoreRows(keeper, run, await surveyTarget(keeper, run, { begun }), request);
    const situation = await surveyTarget(keeper, run, { pending, begun });
    const { plan } = situation;
    if (request.dryRun) {
      const differences =
        request.diff && plan.blockers.length === 0 ? await preview(keeper, run, situation) : undefined;
      return { ...nothingDone(run, plan), ...(differences ? { differences } : {}) };
    }
    refuseOtherPlan(plan, request);
    refuseBlockers(plan);
    for (const { target } of plan.targets) await refuseWhileRead(keeper, target);
    const { findings: refused, filled } = await carryOutPlan(keeper, run, situation);
    const findings = [...refused, ...ambiguousNames(plan, definitions)];
    const moved = plan.targets.flatMap(({ tables }) => tables.filter(({ action }) => action !== 'fill'));
    const rows =
      moved.reduce((sum, table) => sum + table.rows, 0) + filled.reduce((sum, { inserted }) => sum + inserted, 0);
    return { plan, dryRun: false, findings, filled, rows, tables: moved.length + filled.length, resumed: false };
  });
}

function nothingDone({ definitions }: Run, plan: RestorePlan): RestoreSetResult {
  return {
    plan,
    dryRun: true,
    findings: ambiguousNames(plan, definitions),
    filled: [],
    rows: 0,
    tables: 0,
    resumed: false,
  };
}

/** A run that died after the move left tables without views, routines, triggers and events. */
async function resume(
  keeper: SourceConnection,
  run: Run,
  record: RestoreRecord,
  { dryRun }: RestoreSetRequest,
): Promise<RestoreSetResult> {
  const plan = planOfRest((await surveyTarget(keeper, run, {})).plan);
  if (JSON.stringify(record.options) !== JSON.stringify(run.options)) {
    throw new OperationError(
      'OP_RESTORE_REFUSED',
      `an earlier restore of ${record.setId} died after its tables moved`,
      {
        details: { setId: record.setId, options: record.options },
        remedy: 'Run it again with the options of that restore, which finishes it, or undo it.',
      },
    );
  }
  if (dryRun) return { ...nothingDone(run, plan), resumed: true };
  // The scratch schemas of the run that died go with it.
  const refused = await withScratchSchemas(keeper, record.setId, [], () => finish(keeper, record, run.definitions));
  const findings = [...refused, ...ambiguousNames(plan, run.definitions)];
  const tables = run.selection.flatMap((item) => item.tables);
  const rows = tables.reduce((sum, file) => sum + (file.rows ?? 0), 0);
  return { plan, dryRun, findings, filled: [], rows, tables: tables.length, resumed: true };
}

async function preview(keeper: SourceConnection, run: Run, { plan, hasSequences }: Situation) {
  if (hasSequences) {
    throw new OperationError('OP_CONFIG_INVALID', 'rows of a set with sequences cannot be previewed', {
      remedy: 'Its tables need the sequences in the target. Restore it into another database name, and compare there.',
    });
  }
  return await withStaged(keeper, run, plan, (scratch) =>
    withConnection(run.settings, run.signal, (reader) => previewRows(reader, plan, scratch)),
  );
}

async function carryOutPlan(
  keeper: SourceConnection,
  run: Run,
  situation: Situation,
): Promise<{ findings: Finding[]; filled: FilledTable[] }> {
  let isMoved = false;
  let filled: FilledTable[] = [];
  try {
    if (situation.hasSequences) {
      const record = await buildRecord(keeper, run, situation);
      await durableStep('restore.write-record', () => writeRecord(keeper, record));
      await createSequences(keeper, record, run.definitions);
    }
    return await withStaged(keeper, run, situation.plan, async (scratch) => {
      run.signal.throwIfAborted();
      const { plan, live } = await surveyTarget(keeper, run, { before: situation });
      refuseChanged(situation.plan, plan);
      filled = await fillTables(run.settings, run.signal, plan.targets, live, scratch);
      run.signal.throwIfAborted();
      const record = await buildRecord(keeper, run, situation);
      run.onProgress({ phase: 'move' });
      await durableStep('restore.write-record', () => writeRecord(keeper, record));
      await moveTables(keeper, record, scratch, run.definitions);
      isMoved = true;
      return { findings: await finish(keeper, { ...record, isMoved }, run.definitions), filled };
    });
  } catch (error) {
    if (isMoved) throw error;
    await cleanUpAfter(error, async () => {
      const begun = await readRecord(keeper, run.sealed.setId);
      if (begun && !begun.isMoved) await takeBack(keeper, begun);
    });
    if (filled.some(({ inserted }) => inserted > 0)) {
      throw afterFilling(toOperationError(run.signal.aborted ? run.signal.reason : error, 'restoring a set'), filled);
    }
    throw isOperationError(error, 'OP_SOURCE_DENIED') ? withGrant(error, situation.plan) : error;
  }
}

/** The tables are in place by now: a failure here must say so. */
async function finish(keeper: SourceConnection, record: RestoreRecord, definitions: Definitions): Promise<Finding[]> {
  try {
    return await finishMove(keeper, record, definitions);
  } catch (error) {
    if (!isOperationError(error)) throw error;
    throw new OperationError(
      error.code,
      `all tables are restored, but not all views, routines, triggers and events: ${error.message}`,
      {
        cause: error,
        details: error.details,
        retry: 'now',
        remedy: `Run the same restore again, which finishes it, or undo set ${record.setId}.`,
      },
    );
  }
}

/** Rows were inserted by a transaction of its own: no remedy may say that nothing was changed. */
function afterFilling(error: OperationError, filled: readonly FilledTable[]): OperationError {
  const rows = filled.reduce((sum, { inserted }) => sum + inserted, 0);
  return new OperationError(error.code, `the restore stopped after ${rows} rows were inserted: ${error.message}`, {
    cause: error,
    details: { ...error.details, filled },
    retry: error.retry,
    remedy:
      'The inserted rows stay. Mend what the message names and run the same restore again: rows that are there by now are skipped.',
  });
}

function withGrant(error: OperationError, { targets }: RestorePlan): OperationError {
  const databases = targets.map(({ target }) => `${target}.*`).join(', ');
  return new OperationError(error.code, error.message, {
    cause: error,
    details: error.details,
    remedy: `Nothing was changed. Grant CREATE, INSERT, SELECT, ALTER, DROP, REFERENCES and TRIGGER on ${databases} and ALL on \`\\_before\\_%\`.*, and run again.`,
  });
}
