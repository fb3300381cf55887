import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { type RunReport, runReportSchema } from '../model/run-report';
import { durableStep } from '../support/durable-step';

const recordSchema = z.object({
  at: z.string(),
  event: z.enum(['started', 'finished']),
  runId: z.string(),
  operation: z.string(),
  report: runReportSchema.optional(),
  archiveKey: z.string().optional(),
});
export type JournalRecord = z.infer<typeof recordSchema>;

/** Appends one line and syncs it: after a crash the journal still tells which runs never finished. */
export async function appendToJournal(path: string, record: JournalRecord): Promise<void> {
  await durableStep('journal.append', async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'a', 0o600);
    try {
      // The line break comes first: a line that a crash cut off then ends there and spoils no other.
      await file.write(`\n${JSON.stringify(record)}`);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** All readable records, oldest first; a cut line is skipped. */
export async function readJournal(path: string): Promise<JournalRecord[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = recordSchema.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return []; // an empty or cut line
    }
  });
}

/** Keeps the record of a run: started before `act`, its report afterwards. */
export async function withJournal(
  path: string,
  run: { readonly runId: string; readonly operation: RunReport['operation'] },
): Promise<(report: RunReport, archiveKey?: string) => Promise<void>> {
  await appendToJournal(path, { at: new Date().toISOString(), event: 'started', ...run });
  return async (report, archiveKey) =>
    await appendToJournal(path, {
      at: report.finishedAt,
      event: 'finished',
      ...run,
      report,
      ...(archiveKey ? { archiveKey } : {}),
    });
}
