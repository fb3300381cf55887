import { OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import type { Finding } from '../model/verification';
import { quoteName, type SourceConnection, withConnection } from '../mysql/connection';
import { listRecords, type RecordedDatabase, type RestoreRecord } from '../mysql/restore-record';
import { qualifiedName } from '../mysql/row-packets';
import { withScratchSchemas } from '../mysql/scratch-schemas';
import { readSetDefinitions } from '../mysql/set-definitions';
import { databaseExists, readObjects } from '../mysql/target-state';
import { durableStep } from '../support/durable-step';
import type { ProgressListener } from '../support/progress';
import type { UndoRestoreRequest, UndoRestoreResult } from './contract';
import { createObjects, dropObjects } from './create-objects';
import { describeUndo } from './describe-undo';
import { discard, hasTable, putAway, takeBack } from './move-into-place';
import { refusePointingIn } from './refuse-pointing-in';
import { lockServer, refuseWhileRead } from './target-guards';

/**
 * Undoes a restore: the tables, views, routines, triggers and events that it replaced come back as they were, and what
 * it restored is dropped with all that was written to it since. Or discards what was replaced, after which nothing can
 * be undone. An undo that died is finished by the next one. Needs no location: the server itself remembers.
 * Errors: OP_RESTORE_REFUSED when there is nothing to undo, a later restore comes first, or another table points to a
 * restored one by now; OP_BUSY, OP_SOURCE_*.
 */
export async function undoRestore(
  { settings, set, action, dryRun }: UndoRestoreRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<UndoRestoreResult> {
  return await withConnection({ ...settings, database: 'information_schema' }, undefined, async (keeper) => {
    await lockServer(keeper);
    const record = await findRecord(keeper, set, action);
    if (action === 'undo' && record.isMoved) await refusePointingIn(keeper, record);
    const { setId, databases } = record;
    const replaced = databases.flatMap(({ tables }) => tables.filter(({ replaces }) => replaces !== undefined));
    const result = {
      setId,
      action,
      dryRun,
      tables: replaced.length,
      steps: await describeUndo(keeper, record, action),
    };
    if (dryRun) return { ...result, findings: [] };
    signal.throwIfAborted();
    for (const { target } of databases) await refuseWhileRead(keeper, target);
    onProgress({ phase: 'undo' });
    try {
      return { ...result, findings: await carryOut(keeper, record, action) };
    } catch (error) {
      throw brokenOff(error, record, action);
    }
  });
}

async function carryOut(keeper: SourceConnection, record: RestoreRecord, action: 'undo' | 'discard') {
  if (action === 'undo' && record.isMoved) return await undo(keeper, record);
  if (action === 'undo') await takeBack(keeper, record);
  else await discard(keeper, record);
  return [];
}

async function findRecord(keeper: SourceConnection, set: string, action: string): Promise<RestoreRecord> {
  const records = await listRecords(keeper);
  const record = set === 'latest' ? records.at(-1) : records.find(({ setId }) => setId === set);
  const known = records.map(({ setId }) => setId);
  if (!record) {
    const { host, port } = keeper.settings;
    const what = set === 'latest' ? 'no restore' : `no restore of "${set}"`;
    throw new OperationError('OP_RESTORE_REFUSED', `${what} is kept on ${host}:${port} to ${action}`, {
      details: { set, undoable: known },
      remedy:
        known.length > 0
          ? `Nothing was changed. Name one of ${known.join(', ')}.`
          : 'Nothing was changed. Name the server of the restore and an account that may see its schemas _before_…; a restore that replaced nothing, or was undone or discarded, is not kept.',
    });
  }
  if (action === 'discard' && record.finishedAt === undefined && record.isMoved) {
    throw new OperationError('OP_RESTORE_REFUSED', `the restore of ${record.setId} died before it was finished`, {
      details: { setId: record.setId },
      remedy: 'Run the restore again, which finishes it, or undo it.',
    });
  }
  const targets = new Set(record.databases.map(({ target }) => target));
  const later = records.find(
    (other) => other.startedAt > record.startedAt && other.databases.some(({ target }) => targets.has(target)),
  );
  if (action === 'undo' && later) {
    throw new OperationError('OP_RESTORE_REFUSED', `set ${later.setId} was restored over set ${record.setId}`, {
      details: { setId: record.setId, later: later.setId },
      remedy: `Undo or discard the restore of ${later.setId} first.`,
    });
  }
  return record;
}

const REMEDY = {
  undo: 'Some objects may be back and others not; what was replaced is still kept. Mend what the message names and run restore --undo SET again, which finishes it.',
  discard:
    'What the restore brought is untouched; of what it replaced, some may be dropped. Mend what the message names and run restore --discard SET again, which finishes it.',
};

/** Both can be repeated; until then the target is neither as it was nor as it shall be. */
function brokenOff(error: unknown, { setId }: RestoreRecord, action: 'undo' | 'discard'): OperationError {
  const { code, message, details, retry } = toOperationError(error, `to ${action} a restore`);
  return new OperationError(code, `${action} of the restore of ${setId} was broken off: ${message}`, {
    cause: error,
    details: { ...details, setId, action },
    retry,
    remedy: REMEDY[action].replace('SET', setId),
  });
}

async function undo(keeper: SourceConnection, record: RestoreRecord): Promise<Finding[]> {
  const { setId, databases } = record;
  await keeper.query('SET SESSION foreign_key_checks = 0');
  for (const item of databases) {
    await putAway(keeper, item);
    await durableStep('undo.drop-objects', () => dropRestoredObjects(keeper, item));
  }
  const targets = databases.map(({ target }) => target);
  await withScratchSchemas(keeper, setId, targets, async (scratch) => {
    const out: string[] = [];
    const back: string[] = [];
    for (const item of databases) {
      const moves = await movesBack(keeper, item, scratch.get(item.target)!);
      out.push(...moves.out);
      back.push(...moves.back);
    }
    const moves = [...out, ...back];
    if (moves.length > 0) await durableStep('undo.move', () => keeper.query(`RENAME TABLE ${moves.join(', ')}`));
  });
  const findings: Finding[] = [];
  for (const { target, script, objects, tables, sequences, isNew } of databases) {
    for (const name of sequences) await keeper.query(`DROP SEQUENCE IF EXISTS ${qualifiedName(target, name)}`);
    const wasReplaced = new Set(objects.map(({ kind, name }) => `${kind} ${name}`));
    const cameBack = new Set(tables.map(({ replaces }) => replaces));
    await durableStep('undo.create-objects', async () => {
      const before = readSetDefinitions(script, new Map(), { keepDefiners: true }).objects;
      const isChosen = ({ kind, name, table }: (typeof before)[number]) => {
        if (kind === 'trigger') return cameBack.has(table);
        // A package that makes place takes its body along, also one that the set does not have.
        const owner = kind === 'package body' ? 'package' : kind;
        return kind === 'other' || wasReplaced.has(`${owner} ${name}`);
      };
      if (script) findings.push(...(await createObjects(keeper, target, before, { isChosen, replace: true })));
      const isEmpty =
        isNew && (await databaseExists(keeper, target)) && (await readObjects(keeper, target)).length === 0;
      if (isEmpty) await keeper.query(`DROP DATABASE ${quoteName(target)}`);
    });
  }
  // What the server refused to create again is still in the record: it stays for another try.
  if (findings.length === 0) await durableStep('undo.remove-record', () => discard(keeper, record));
  return findings;
}

/** Tables cannot leave their database with triggers; views and routines of the restore make place for the old ones. */
async function dropRestoredObjects(
  keeper: SourceConnection,
  { target, tables, objects }: RecordedDatabase,
): Promise<void> {
  if (!(await databaseExists(keeper, target))) return;
  const restored = new Set(tables.map(({ name }) => name));
  const triggers = (await readObjects(keeper, target)).filter(
    ({ kind, table }) => kind === 'trigger' && table !== undefined && restored.has(table),
  );
  await dropObjects(keeper, target, [...triggers, ...objects]);
}

/** The restored tables go out before those from before come in. Nothing for a table that is back already. */
async function movesBack(
  keeper: SourceConnection,
  { target, before, tables }: RecordedDatabase,
  scratch: string,
): Promise<{ out: string[]; back: string[] }> {
  const out: string[] = [];
  const back: string[] = [];
  for (const { name, replaces } of tables) {
    const isKept = replaces !== undefined && (await hasTable(keeper, before, replaces));
    const isRestored = (replaces === undefined || isKept) && (await hasTable(keeper, target, name));
    if (isRestored) out.push(`${qualifiedName(target, name)} TO ${qualifiedName(scratch, name)}`);
    if (isKept) back.push(`${qualifiedName(before, replaces)} TO ${qualifiedName(target, replaces)}`);
  }
  return { out, back };
}
