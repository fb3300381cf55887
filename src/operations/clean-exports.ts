import { isOperationError, type OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { type ExportTask, isPlainName } from '../model/export-task';
import { withConnection } from '../mysql/connection';
import { ExportTasks } from '../mysql/export-tasks';
import { type CleaningMoment, type ExportVerdict, planExportTask } from '../plan/plan-export-cleaning';
import { type ExportFolder, openExportFolder } from '../store/export-folder';
import type { ProgressListener } from '../support/progress';
import type { CleanExportsResult, CleaningStep } from './cleaned-exports';
import { type CleaningEnding, CleaningRecord } from './cleaning-record';
import type { CleanExportsRequest } from './contract';
import { assertExportFolder } from './export-folder-evidence';

/**
 * Removes the files of exports past their time and says so in their rows, as the platform's job of 03:00 is meant to.
 * 1. open the folder and the table; read the server's clock and where files without a link are
 * 2. page by page: look what stands under each name, plan; a dry run ends here
 * 3. mark what is stuck as failed
 * 4. remove the file, then mark the row: after a crash the file has gone and the next run marks the row
 * Every change is made to the row as it was read. What somebody changes meanwhile is left to the next run.
 */
export async function cleanExports(
  request: CleanExportsRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<CleanExportsResult> {
  const write = !request.dryRun;
  const folder = await openExportFolder(request.cleaning, { write });
  return await withConnection(request.settings, signal, async (connection) => {
    const tasks = await ExportTasks.open(connection, { write });
    const [now, defaultStore] = [await tasks.now(), await tasks.defaultStore()];
    const { keepDays } = request.cleaning;
    const moment: CleaningMoment = { now, keepDays, ...(defaultStore ? { defaultStore } : {}) };
    const record = new CleaningRecord(tasks.place);
    try {
      await cleanPages(request, { folder, tasks, moment, record }, signal, onProgress);
    } catch (thrown) {
      const error = toOperationError(signal.aborted ? signal.reason : thrown, 'cleaning exports');
      throw write ? record.interrupted(error) : error;
    }
    return { dryRun: request.dryRun, now, folder: folder.place, table: tasks.place, keepDays, ...record.result() };
  });
}

interface Cleaning {
  readonly folder: ExportFolder;
  readonly tasks: ExportTasks;
  readonly moment: CleaningMoment;
  readonly record: CleaningRecord;
}

async function cleanPages(
  { cleaning, dryRun, runId }: CleanExportsRequest,
  { folder, tasks, moment, record }: Cleaning,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<void> {
  let isKnown = cleaning.acceptMissing;
  for await (const page of tasks.pages(moment.now, moment.keepDays)) {
    const plans: { readonly task: ExportTask; readonly verdict: ExportVerdict }[] = [];
    for (const task of page) {
      signal.throwIfAborted();
      plans.push({ task, verdict: await planOne(folder, task, moment) });
    }
    isKnown ||= plans.some(({ verdict }) => verdict.file === 'remove');
    const gone = plans.filter(({ verdict }) => verdict.file === 'gone').length;
    if (gone > 0 && !isKnown) {
      await assertExportFolder(folder, tasks, cleaning, gone);
      isKnown = true;
    }
    for (const { task, verdict } of plans) {
      signal.throwIfAborted();
      record.add(verdict, dryRun ? undefined : await carryOutOne(folder, tasks, task, verdict, runId));
      onProgress({ phase: dryRun ? 'read' : 'prune', rows: record.size });
    }
  }
}

async function planOne(folder: ExportFolder, task: ExportTask, moment: CleaningMoment): Promise<ExportVerdict> {
  const { fileName } = task;
  const found = fileName && isPlainName(fileName) ? await folder.look(fileName) : undefined;
  return planExportTask(task, found, moment);
}

/** Carries out the steps of one task until the row is not what was read of it, or its file stays. */
async function carryOutOne(
  folder: ExportFolder,
  tasks: ExportTasks,
  read: ExportTask,
  { marks, file, reasons }: ExportVerdict,
  runId: string,
): Promise<CleaningEnding> {
  let task = read;
  const did: CleaningStep[] = [];
  if (marks.includes('failed')) {
    const reason = `${reasons[0]} (${task.state ?? 'created'}): marked as failed by bklog-backup, run ${runId}`;
    if (!(await tasks.markFailed(task, reason))) return { did };
    did.push('marked-failed');
    task = { ...task, state: 'failed' };
  }
  if (!marks.includes('clean')) return { did };
  if (file === 'remove' && task.fileName) {
    if (!(await tasks.isUnchanged(task))) return { did };
    try {
      if (await folder.remove(task.fileName)) did.push('removed');
    } catch (error) {
      if (!isOperationError(error) || isOfTheFolder(error)) throw error;
      return { did, problem: { code: error.code, message: error.message } };
    }
  }
  if (await tasks.markClean(task)) did.push('marked-clean');
  return { did };
}

/** The folder itself is the trouble: every other file would meet it too. */
function isOfTheFolder(error: OperationError): boolean {
  return !['OP_STORE_DENIED', 'OP_EXPORT_UNSAFE'].includes(error.code);
}
