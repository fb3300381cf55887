#!/usr/bin/env node
import { type Command, parseCommandLine, UsageError } from './command-line/arguments';
import { runCommand } from './command-line/commands';
import { USAGE } from './command-line/usage';
import { OperationError } from './errors/operation-error';
import { toOperationError } from './errors/to-operation-error';
import type { Progress, ProgressListener } from './support/progress';
import { TOOL_VERSION } from './support/release';

const STATUS = { completed: 0, failed: 1, findings: 2, usage: 64 } as const;

/** Carries out one command line and returns the exit status. Reports go to `out`, everything else to `err`. */
export async function main(argv: readonly string[]): Promise<number> {
  let command: Command | 'help' | 'version';
  try {
    command = parseCommandLine(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`bklog-backup: ${error.message}\nTry: bklog-backup --help\n`);
    return STATUS.usage;
  }
  if (command === 'help' || command === 'version') {
    process.stdout.write(command === 'help' ? USAGE : `${TOOL_VERSION}\n`);
    return STATUS.completed;
  }
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals) => stop.abort(new OperationError('OP_ABORTED', `stopped by ${name}`));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const result = await runCommand(command, { signal: stop.signal, onProgress: showProgress() });
    process.stdout.write(command.json ? `${JSON.stringify(result.report)}\n` : `${result.text}\n`);
    return result.hasFindings ? STATUS.findings : STATUS.completed;
  } catch (thrown) {
    const error = toOperationError(thrown, `carrying out ${command.command}`);
    const { code, message, remedy, retry, details } = error;
    if (command.json) {
      const failure = { code, message, remedy, retry, details };
      process.stdout.write(`${JSON.stringify({ operation: command.command, outcome: 'failed', failure })}\n`);
    }
    process.stderr.write(`bklog-backup: ${code}: ${message}\n  ${remedy}\n`);
    if (code === 'OP_BUG') process.stderr.write(`${error.stack}\n`);
    return STATUS.failed;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** One line on a terminal, at most twice a second; into a pipe only what the run waits for. */
function showProgress(): ProgressListener {
  let shownAt = 0;
  return ({ phase, table, tables, tablesDone, rows, bytes, statement, seconds }: Progress) => {
    if (phase === 'waiting') process.stderr.write(`bklog-backup: for ${seconds} s the server is at: ${statement}\n`);
    if (phase === 'waiting' || !process.stderr.isTTY) return;
    const now = performance.now();
    if (now - shownAt < 500) return;
    shownAt = now;
    const parts = [
      phase,
      tables === undefined ? '' : `${tablesDone ?? 0}/${tables}`,
      table ?? '',
      rows === undefined ? '' : `${rows} rows`,
      bytes === undefined ? '' : `${Math.round(bytes / 1024 / 1024)} MiB`,
    ];
    process.stderr.write(`\r\x1b[K${parts.filter(Boolean).join('  ')}\r`);
  };
}

if (require.main === module) {
  void main(process.argv.slice(2)).then((status) => {
    process.exitCode = status;
  });
}
