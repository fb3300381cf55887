import { readConnectionSection } from '../mysql/config-file';
import { carryOut } from '../operations/carry-out';
import type { CleanExportsResult, CleanedExport } from '../operations/cleaned-exports';
import { type CommandOf, type CommandResult, type CommandRun, formatBytes, surroundings } from './command-run';

export async function cleanExports(command: CommandOf<'clean-exports'>, run: CommandRun): Promise<CommandResult> {
  const around = surroundings(command);
  const [section = ''] = command.section;
  const settings = await readConnectionSection(command.config, section);
  const { folder, keepDays, requireMount, acceptMissing, apply } = command;
  const cleaning = { folder, keepDays, requireMount, acceptMissing };
  const request = { ...around, settings, cleaning, dryRun: !apply };
  const result = await carryOut('cleanExports', request, run.signal, run.onProgress);
  const { tasks, totals, findings, findingCount } = result;
  const hasFindings = findingCount > 0;
  const outcome = hasFindings ? 'completed-with-findings' : 'completed';
  return {
    hasFindings,
    report: { runId: around.runId, operation: 'clean-exports', outcome, ...result },
    text: [
      ...tasks.map(lineOf),
      ...(totals.tasks > tasks.length ? [`and ${totals.tasks - tasks.length} more tasks`] : []),
      ...findings.map(({ code, message }) => `  ${code}: ${message}`),
      summaryOf(result),
    ].join('\n'),
  };
}

const FILE_WORDS = { remove: 'remove', gone: 'gone', none: 'no file', leave: 'leave' } as const;

function lineOf({ id, state, file, fileName, bytes, marks, reasons, outcome }: CleanedExport): string {
  const name = fileName ? ` ${fileName}` : '';
  return [
    `${FILE_WORDS[file].padEnd(7)} task ${id} ${state ?? 'created'}${name}`,
    ...(file === 'remove' ? [formatBytes(bytes)] : []),
    ...marks.map((mark) => `mark as ${mark}`),
    ...(outcome === 'changed' ? ['CHANGED MEANWHILE: the rest is left to the next run'] : []),
    ...(outcome === 'refused' ? ['REFUSED'] : []),
    `(${reasons.join('; ')})`,
  ].join('  ');
}

function summaryOf({ dryRun, totals, folder, table, now }: CleanExportsResult): string {
  const { files, bytes, markedClean, markedFailed, gone, withoutFile, left, refused, changed } = totals;
  return [
    `${dryRun ? 'would remove' : 'removed'} ${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}, from ${folder}`,
    `  ${dryRun ? 'would mark' : 'marked'} ${markedClean} of ${table} as clean (${gone} with a file that has gone, ${withoutFile} without one), ${markedFailed} as failed`,
    `  ${left} left, ${refused} refused${dryRun ? '' : `, ${changed} changed meanwhile`}; server time ${now} UTC`,
  ].join('\n');
}
