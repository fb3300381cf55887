import { findSet } from '../catalog/catalog';
import { cleanUpAfter, isOperationError, OperationError } from '../errors/operation-error';
import type { ConnectionSettings } from '../model/connection-settings';
import type { ManifestFile, SealedManifest } from '../model/manifest';
import { type RestoreOptions, restoreOptionsSchema } from '../model/restore-options';
import type { TargetServer } from '../model/target-state';
import type { Finding } from '../model/verification';
import { quoteName, type SourceConnection, withConnection } from '../mysql/connection';
import { type RestoreRecord, readRecord, writeRecord } from '../mysql/restore-record';
import { qualifiedName } from '../mysql/row-packets';
import { scratchPattern, withScratchSchemas } from '../mysql/scratch-schemas';
import type { SetDefinitions } from '../mysql/set-definitions';
import { readTargetServer } from '../mysql/target-state';
import { type RestorePlan, whatMoved } from '../plan/plan-restore';
import { type SelectedDatabase, selectFromSet } from '../plan/select-from-set';
import type { ObjectStore } from '../store/object-store';
import { durableStep } from '../support/durable-step';
import type { ProgressListener } from '../support/progress';
import { SetAdapter } from './adapt-set';
import type { RestoreSetRequest, RestoreSetResult } from './contract';
import { type FilledTable, fillTables } from './fill-tables';
import { createSequences, type Definitions, finishMove, moveTables, takeBack } from './move-into-place';
import { openLocation } from './open-location';
import { previewRows } from './preview-rows';
import { readSetFiles } from './read-set-files';
import { readWholeSet, refuseDamage } from './read-whole-set';
import { type SetLoader, withSetLoader } from './set-loader';
import { buildRecord, type Situation, surveyTarget } from './survey-target';
import { watchStatements } from './watch-statements';

/** Name of the lock that lets one restore at a time change a server; it ends with its connection. */
const SERVER_LOCK = 'bklog_restore';

/**
 * Restores a set, or a part of it, into a server.
 * 1. read the whole archive: a damaged set is refused before the first write
 * 2. plan: what happens to each object, what the server knows under another name, and what forbids it
 * 3. load beside the target, in scratch schemas; add keys; read back and compare with the manifest
 * 4. write a record of what will be replaced; move all tables by one RENAME TABLE
 * 5. create views, routines, triggers and events; what the server refuses of these is a finding
 * Until step 4 the target is untouched, and whatever ends the run drops the scratch schemas. A run that died in step 5
 * is finished by the next one. Errors: OP_ARCHIVE_*, OP_RESTORE_REFUSED with the blockers or with what moved since the
 * plan, OP_RESTORE_DIFFERS, OP_BUSY, OP_SOURCE_*, OP_CONFIG_INVALID.
 */
export async function restoreSet(
  request: RestoreSetRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<RestoreSetResult> {
  const store = openLocation(request.location);
  await store.check({ write: false });
  const sealed = await findSet(store, request.set);
  const options = restoreOptionsSchema.parse(request.options);
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
    const pending = await readRecord(keeper, sealed.setId);
    const isInterrupted = pending !== undefined && pending.finishedAt === undefined;
    if (isInterrupted && pending.isMoved) return await resume(keeper, run, pending, request);
    if (isInterrupted && !request.dryRun) await takeBack(keeper, pending);
    const situation = await surveyTarget(keeper, run, isInterrupted ? {} : { pending });
    const { plan } = situation;
    if (request.dryRun) {
      const differences =
        request.diff && plan.blockers.length === 0 ? await preview(keeper, run, situation) : undefined;
      return { ...nothingDone(plan), ...(differences ? { differences } : {}) };
    }
    refuseOtherPlan(plan, request);
    refuseBlockers(plan);
    const { findings, filled } = await carryOutPlan(keeper, run, situation);
    const moved = plan.targets.flatMap(({ tables }) => tables.filter(({ action }) => action !== 'fill'));
    const rows =
      moved.reduce((sum, table) => sum + table.rows, 0) + filled.reduce((sum, { inserted }) => sum + inserted, 0);
    return { plan, dryRun: false, findings, filled, rows, tables: moved.length + filled.length, resumed: false };
  });
}

/** What every step of one restore needs. */
export interface Run {
  readonly sealed: SealedManifest;
  readonly options: RestoreOptions;
  readonly selection: readonly SelectedDatabase[];
  readonly server: TargetServer;
  readonly adapter: SetAdapter;
  /** As the target shall have them. */
  readonly definitions: Definitions;
  readonly settings: ConnectionSettings;
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

function definitionOptions(selection: readonly SelectedDatabase[], { keepDefiners }: RestoreOptions, database: string) {
  const { tables, whole } = selection.find((item) => item.database === database)!;
  return { keepDefiners, wanted: { database, whole, tables: new Set(tables.map(({ table = '' }) => table)) } };
}

function nothingDone(plan: RestorePlan): RestoreSetResult {
  return { plan, dryRun: true, findings: [], filled: [], rows: 0, tables: 0, resumed: false };
}

export async function lockServer(keeper: SourceConnection): Promise<void> {
  const [lock] = await keeper.query('SELECT GET_LOCK(?, 0) AS held', [SERVER_LOCK]);
  if (lock?.held === '1') return;
  throw new OperationError('OP_BUSY', `another restore is changing ${keeper.settings.host}:${keeper.settings.port}`, {
    details: { host: keeper.settings.host, port: keeper.settings.port },
  });
}

/** A run that died after the move left tables without views, routines, triggers and events. */
async function resume(
  keeper: SourceConnection,
  run: Run,
  record: RestoreRecord,
  { dryRun }: RestoreSetRequest,
): Promise<RestoreSetResult> {
  const { plan } = await surveyTarget(keeper, run, {});
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
  if (dryRun) return { ...nothingDone(plan), resumed: true };
  // The scratch schemas of the run that died go with it.
  const findings = await withScratchSchemas(keeper, record.setId, [], () => finish(keeper, record, run.definitions));
  const tables = run.selection.flatMap((item) => item.tables);
  const rows = tables.reduce((sum, file) => sum + (file.rows ?? 0), 0);
  return { plan, dryRun, findings, filled: [], rows, tables: tables.length, resumed: true };
}

function refuseBlockers({ blockers, archiveKey }: RestorePlan): void {
  if (blockers.length === 0) return;
  const shown = blockers.slice(0, 5).map(({ object, reason }) => `${object} ${reason}`);
  const more = blockers.length > 5 ? `; and ${blockers.length - 5} more` : '';
  throw new OperationError('OP_RESTORE_REFUSED', `${archiveKey} cannot be restored: ${shown.join('; ')}${more}`, {
    details: { blockers: blockers.slice(0, 100), count: blockers.length },
    remedy: 'Nothing was changed. Remove what the blockers name, or choose another policy, server or database name.',
  });
}

/** A plan is carried out only where everything still is as somebody saw it. */
function refuseOtherPlan(plan: RestorePlan, { confirm, seen }: RestoreSetRequest): void {
  const wanted = confirm ?? seen?.hash;
  if (wanted === undefined || wanted === plan.hash) return;
  const moved = seen ? whatMoved(seen, plan, { withRows: true }) : [];
  const what = moved.length > 0 ? `: ${moved.slice(0, 5).join('; ')}` : '';
  throw new OperationError('OP_RESTORE_REFUSED', `the target is not what the plan was made for${what}`, {
    details: { confirmed: wanted, plan: plan.hash, setId: plan.setId, moved: moved.slice(0, 100) },
    remedy: 'Nothing was changed. Look at a new plan: the newest set, the options or the target changed since.',
  });
}

/** Lends the set loaded into scratch schemas, with keys, compared with the manifest, and filtered. */
async function withStaged<T>(
  keeper: SourceConnection,
  run: Run,
  { targets }: RestorePlan,
  use: (scratch: ReadonlyMap<string, string>) => Promise<T>,
): Promise<T> {
  const { sealed, selection, settings, adapter, signal, onProgress } = run;
  const names = new Map(selection.map(({ database, target }) => [database, target]));
  const tables = selection.flatMap((item) => item.tables);
  return await withScratchSchemas(keeper, sealed.setId, [...names.keys()], async (scratch) => {
    const inAnyOrder = (file: ManifestFile) => adapter.isReordered(file);
    // Rows that go into a table that stays meet its own foreign keys there.
    const staysBehind = (database: string, table: string) =>
      targets
        .find((target) => target.database === database)
        ?.tables.some(({ name, action }) => name === table && action === 'fill') === true;
    const staging = { schemas: scratch, names, withSequences: false, inAnyOrder, staysBehind, signal, onProgress };
    const definitions = (database: string) => ({
      ...definitionOptions(selection, run.options, database),
      stagedIn: scratch,
      adapt: (held: SetDefinitions) => adapter.adapt(database, held),
    });
    await withSetLoader(settings, tables, { ...staging, definitions }, async (loader) => {
      await load(loader, run);
      await loader.settle();
      await durableStep('restore.add-keys', () => loader.addForeignKeys());
      refuseDamage(sealed.archive.key, loader.findings, { staging: [...scratch.values()] });
    });
    await filterRows(keeper, run, scratch);
    return await use(scratch);
  });
}

async function load(loader: SetLoader, { sealed, store, signal }: Run): Promise<void> {
  const take = (file: ManifestFile) => (file.kind === 'schema' ? loader.takeSchema(file) : loader.takeTable(file));
  const findings = await readSetFiles(store, sealed, take, signal);
  if (findings.length > 0 || loader.failure) await loader.stop();
  refuseDamage(sealed.archive.key, findings);
}

/** After the comparison, so that the whole table is proven first. */
async function filterRows(keeper: SourceConnection, { options, selection }: Run, scratch: ReadonlyMap<string, string>) {
  if (!options.where) return;
  const { column, value } = options.where;
  for (const { database, tables } of selection) {
    for (const { table = '' } of tables) {
      const place = qualifiedName(scratch.get(database)!, table);
      await keeper.query(`DELETE FROM ${place} WHERE NOT (${quoteName(column)} <=> ?)`, [value]);
    }
  }
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
  let isFilled = false;
  try {
    if (situation.hasSequences) {
      const record = await buildRecord(keeper, run, situation);
      await writeRecord(keeper, record);
      await createSequences(keeper, record, run.definitions);
    }
    return await withStaged(keeper, run, situation.plan, async (scratch) => {
      run.signal.throwIfAborted();
      const { plan, live } = await surveyTarget(keeper, run, { before: situation });
      refuseChanged(situation.plan, plan);
      const filled = await fillTables(run.settings, run.signal, plan.targets, live, scratch);
      isFilled = filled.some(({ inserted }) => inserted > 0);
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
    if (isFilled && isOperationError(error)) throw afterFilling(error);
    throw isOperationError(error, 'OP_SOURCE_DENIED') ? withGrant(error, situation.plan) : error;
  }
}

/** Rows may have come and gone while the set was loaded; a table or view that did stops the move. */
function refuseChanged(before: RestorePlan, now: RestorePlan): void {
  const moved = whatMoved(before, now, { withRows: false });
  if (moved.length === 0) return;
  throw new OperationError('OP_RESTORE_REFUSED', `the target changed while the set was loaded: ${moved[0]}`, {
    details: { moved: moved.slice(0, 100) },
    remedy: 'Nothing was changed. Run again when no other schema change is under way.',
  });
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
function afterFilling(error: OperationError): OperationError {
  return new OperationError(error.code, `rows were inserted, but absent tables were not created: ${error.message}`, {
    cause: error,
    details: error.details,
    retry: error.retry,
    remedy: 'Remove what the message names and run the same restore again: rows that are there by now are skipped.',
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
