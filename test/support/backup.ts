import { newRunId } from '../../src/model/ids';
import { type RestoreOptions, restoreOptionsSchema } from '../../src/model/restore-options';
import { carryOut } from '../../src/operations/carry-out';
import type {
  ExportSource,
  RestoreSetRequest,
  RestoreSetResult,
  StoreSetResult,
  UndoRestoreRequest,
  UndoRestoreResult,
} from '../../src/operations/contract';
import type { ProgressListener } from '../../src/support/progress';
import { settingsFor, type Workplace } from './database';

/** Exports and stores one set. */
export async function backUp(
  workplace: Workplace,
  sources: readonly ExportSource[],
  options: { readonly parallel?: number; readonly signal?: AbortSignal } = {},
): Promise<StoreSetResult> {
  const { signal = new AbortController().signal } = options;
  const { workRoot, journalPath, location } = workplace;
  const around = { runId: newRunId(), workRoot, journalPath };
  const { setId, workDirectory } = await carryOut(
    'exportTables',
    { ...around, app: 'app', name: 'test', timeZone: 'UTC', sources, parallel: options.parallel ?? 2 },
    signal,
    () => {},
  );
  return await carryOut('storeSet', { ...around, location, workDirectory, setId }, signal, () => {});
}

export type RestoreChange = Partial<Omit<RestoreSetRequest, 'options'>> & {
  readonly options?: Partial<RestoreOptions>;
  readonly onProgress?: ProgressListener;
};

/** Restores the newest set of a workplace into the server of the tests. */
export async function restore(
  workplace: Workplace,
  change: RestoreChange = {},
  signal = new AbortController().signal,
): Promise<RestoreSetResult> {
  const { options, onProgress = () => {}, ...rest } = change;
  const request = {
    ...{ workRoot: workplace.workRoot, journalPath: workplace.journalPath, location: workplace.location },
    ...{ runId: newRunId(), set: 'latest', settings: settingsFor('mysql'), dryRun: false },
    ...rest,
    options: restoreOptionsSchema.parse(options ?? {}),
  };
  return await carryOut('restoreSet', request, signal, onProgress);
}

/** Undoes, or discards what was replaced by, the newest restore on the server of the tests. */
export async function undo(
  { workRoot, journalPath }: Workplace,
  change: Partial<UndoRestoreRequest> = {},
): Promise<UndoRestoreResult> {
  const request = {
    ...{ workRoot, journalPath, runId: newRunId(), settings: settingsFor('mysql') },
    ...{ set: 'latest', action: 'undo' as const, dryRun: false },
    ...change,
  };
  return await carryOut('undoRestore', request, new AbortController().signal, () => {});
}
