import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import type { ExportSource, StoreSetResult } from '../../src/operations/contract';
import type { Workplace } from './database';

const never = new AbortController().signal;

/** Exports and stores one set. */
export async function backUp(
  workplace: Workplace,
  sources: readonly ExportSource[],
  options: { readonly parallel?: number; readonly signal?: AbortSignal } = {},
): Promise<StoreSetResult> {
  const { workRoot, journalPath, location } = workplace;
  const around = { runId: newRunId(), workRoot, journalPath };
  const { setId, workDirectory } = await carryOut(
    'exportTables',
    { ...around, app: 'app', name: 'test', timeZone: 'UTC', sources, parallel: options.parallel ?? 2 },
    options.signal ?? never,
    () => {},
  );
  return await carryOut('storeSet', { ...around, location, workDirectory, setId }, options.signal ?? never, () => {});
}
