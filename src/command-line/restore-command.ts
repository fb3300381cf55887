import { readFile } from 'node:fs/promises';
import { toOperationError } from '../errors/to-operation-error';
import { restoreOptionsSchema } from '../model/restore-options';
import { carryOut } from '../operations/carry-out';
import type { RestoreSetResult } from '../operations/contract';
import { readIdMapFile } from '../operations/id-map-source';
import { describeAdaptation } from '../plan/plan-adaptation';
import { parsePlan } from '../plan/plan-restore';
import type { RestorePlan } from '../plan/restore-plan';
import type { MappedRowCounts } from '../plan/row-mapping';
import { type CommandOf, type CommandResult, type CommandRun, surroundings, targetServer } from './command-run';

export async function restore(command: CommandOf<'restore'>, run: CommandRun): Promise<CommandResult> {
  const { undo, discard } = command;
  if (undo !== undefined) return await undoRestore(command, undo, 'undo', run);
  if (discard !== undefined) return await undoRestore(command, discard, 'discard', run);
  const around = surroundings(command);
  const settings = (await targetServer(command))!;
  const seen = command.plan === undefined ? undefined : await readPlan(command.plan);
  const idMap = command.map === undefined ? {} : { idMap: await readIdMapFile(command.map, run.signal) };
  const request = {
    ...around,
    location: command.location!,
    set: seen?.archiveKey ?? command.subject!,
    settings,
    options: seen?.options ?? restoreOptionsSchema.parse({ ...command, ...idMap, keepDefiners: !command.dropDefiners }),
    dryRun: command.dryRun,
    diff: command.diff,
    patience: command.patience,
    ...(seen ? { seen } : {}),
  };
  const result = await carryOut('restoreSet', request, run.signal, run.onProgress);
  const { plan, dryRun, findings, tables, rows, filled, resumed, differences } = result;
  const hasFindings = (dryRun && plan.blockers.length > 0) || findings.length > 0;
  return {
    hasFindings,
    report: {
      ...{ runId: around.runId, operation: 'restore', outcome: hasFindings ? 'completed-with-findings' : 'completed' },
      ...{ dryRun, setId: plan.setId, archive: plan.archiveKey, tables, rows, filled, resumed },
      ...(differences ? { differences } : {}),
      ...{ plan, findings },
    },
    text: toText(result).join('\n'),
  };
}

async function readPlan(path: string): Promise<RestorePlan> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw toOperationError(error, `reading ${path}`);
  });
  return parsePlan(text, path);
}

function toText({
  plan,
  dryRun,
  findings,
  tables,
  rows,
  filled,
  resumed,
  differences = [],
}: RestoreSetResult): string[] {
  const isBlocked = plan.blockers.length > 0;
  const lines = [
    `${plan.archiveKey}, data of ${plan.snapshotAt}`,
    ...(resumed ? ['  an earlier run died after the tables had moved: what was missing is created'] : []),
    ...plan.steps.map(({ text }) => `  ${text}`),
    ...describeAdaptation({ mapped: plan.mapped ?? [], notes: plan.notes ?? [] }).map((text) => `  note: ${text}`),
    ...(plan.rows?.tables ?? []).filter(({ rows: all }) => all > 0).map(mappedLine),
    ...plan.blockers.map(({ object, reason }) => `  blocked: ${object} ${reason}`),
    ...differences.flatMap(differenceLines),
    ...(plan.rows ? [] : filled).map(
      ({ table, inserted, skipped }) => `  ${table}: ${inserted} rows inserted, ${skipped} skipped`,
    ),
    ...findings.map(({ code, message }) => `  ${code}: ${message}`),
  ];
  if (dryRun) {
    const answer = isBlocked
      ? 'nothing: see what blocks it'
      : `all of it; nothing was changed (plan ${plan.hash.slice(0, 12)})`;
    return [...lines, `would restore ${answer}`];
  }
  if (plan.rows)
    return [...lines, `inserted ${rows} rows into ${tables} tables, ids mapped from ${plan.rows.environment}`];
  const replaced = plan.targets.some((target) => target.tables.some(({ action }) => action === 'replace'));
  const undoable = replaced && (plan.options.policy === 'swap' || findings.length > 0);
  return [
    ...lines,
    `restored ${tables} tables, ${rows} rows, compared with the set before they were moved into place`,
    ...(undoable
      ? [`what they replaced is kept: --undo ${plan.setId} brings it back, --discard ${plan.setId} drops it`]
      : []),
  ];
}

function mappedLine({ table, rows, inserted, same, deleted, leftOut }: MappedRowCounts): string {
  const others = leftOut.map(({ reason, rows: count }) => `, ${count} left out (${reason})`).join('');
  return `  ${table}: ${rows} rows: ${inserted} to insert, ${same} there${deleted ? `, ${deleted} deleted` : ''}${others}`;
}

function differenceLines(difference: NonNullable<RestoreSetResult['differences']>[number]): string[] {
  const { database, table, inserted, changed, deleted, skipped, samples, byContent } = difference;
  const key = (row: { readonly key: object }) => JSON.stringify(row.key);
  return [
    `  ${database}.${table}: +${inserted} ~${changed} -${deleted}${skipped ? ` skipped ${skipped}` : ''}${byContent ? ' (by content)' : ''}`,
    ...difference.columnsAdded.map((name) => `    + column ${name}`),
    ...difference.columnsRemoved.map((name) => `    - column ${name}`),
    ...samples.inserted.map((row) => `    + ${key(row)}`),
    ...samples.changed.map((row) => `    ~ ${key(row)} ${JSON.stringify(row.fields)}`),
    ...samples.deleted.map((row) => `    - ${key(row)}`),
  ];
}

async function undoRestore(
  command: CommandOf<'restore'>,
  set: string,
  action: 'undo' | 'discard',
  run: CommandRun,
): Promise<CommandResult> {
  const around = surroundings(command);
  const settings = (await targetServer(command))!;
  const request = { ...around, settings, set, action, dryRun: command.dryRun };
  const { setId, steps, findings, tables } = await carryOut('undoRestore', request, run.signal, run.onProgress);
  const hasFindings = findings.length > 0;
  const done = action === 'undo' ? `${tables} tables are back` : `${tables} replaced tables are dropped`;
  return {
    hasFindings,
    report: {
      ...{ runId: around.runId, operation: 'undo', outcome: hasFindings ? 'completed-with-findings' : 'completed' },
      ...{ action, dryRun: command.dryRun, setId, tables, steps, findings },
    },
    text: [
      ...steps.map((step) => `  ${step}`),
      ...findings.map(({ code, message }) => `  ${code}: ${message}`),
      ...(hasFindings
        ? [`  its definition is kept in _before_${setId}: mend what is named and run --undo ${setId} again`]
        : []),
      command.dryRun
        ? `would ${action} the restore of ${setId}; nothing was changed`
        : `${action} of ${setId}: ${done}`,
    ].join('\n'),
  };
}
