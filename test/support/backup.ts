import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import type { ExportSource, RestoreSetRequest, RestoreSetResult, StoreSetResult } from '../../src/operations/contract';
import { settingsFor, type Workplace } from './database';

/** Exports and stores one set. */
export async function backUp(
  workplace: Workplace,
  sources: readonly ExportSource[],
  options: { readonly parallel?: number; readonly signal?: AbortSignal } = {},
): Promise<StoreSetResult> {
  const { workRoot, journalPath, location } = workplace;
  const signal = options.signal ?? new AbortController().signal;
  const around = { runId: newRunId(), workRoot, journalPath };
  const { setId, workDirectory } = await carryOut(
    'exportTables',
    { ...around, app: 'app', name: 'test', timeZone: 'UTC', sources, parallel: options.parallel ?? 2 },
    signal,
    () => {},
  );
  return await carryOut('storeSet', { ...around, location, workDirectory, setId }, signal, () => {});
}

/** Restores the newest set, definers kept, unless `change` says otherwise. */
export async function restore(
  workplace: Workplace,
  change: Partial<RestoreSetRequest> = {},
  signal = new AbortController().signal,
): Promise<RestoreSetResult> {
  const settings = settingsFor('mysql');
  const request = {
    ...workplace,
    runId: newRunId(),
    set: 'latest',
    settings,
    keepDefiners: true,
    dryRun: false,
    ...change,
  };
  return await carryOut('restoreSet', request, signal, () => {});
}
