import { appendToJournal } from '../catalog/run-journal';
import { isOperationError, type OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import type { Operation, RunReport } from '../model/run-report';
import type { ProgressListener } from '../support/progress';
import { checkApi } from './check-api';
import { cleanExports } from './clean-exports';
import type { OperationName, RequestOf, ResultOf, RunSurroundings } from './contract';
import { describeConnection } from './describe-connection';
import { exportCollectors } from './export-collectors';
import { describeExportStorage } from './export-storage';
import { exportTables } from './export-tables';
import { fetchSet } from './fetch-set';
import { listEnvironments } from './list-environments';
import { listSets } from './list-sets';
import { migrate } from './migrate';
import { checkLocation } from './open-location';
import { prepareMigration } from './prepare-migration';
import { prune } from './prune';
import { restoreSet } from './restore-set';
import { storeSet } from './store-set';
import { testLocation } from './test-location';
import { undoMigration } from './undo-migration';
import { undoRestore } from './undo-restore';
import { stoppedByUnmapped, unmappedFindings } from './unmapped-verdict';
import { verifySet } from './verify';
import { verifyFile } from './verify-file';

type Carrier<Name extends OperationName> = (
  request: RequestOf<Name>,
  signal: AbortSignal,
  onProgress: ProgressListener,
) => Promise<ResultOf<Name>>;

const CARRIERS: { readonly [Name in OperationName]: Carrier<Name> } = {
  describeConnection,
  checkApi,
  checkLocation,
  testLocation,
  describeExportStorage,
  exportTables,
  exportCollectors,
  listEnvironments,
  prepareMigration,
  migrate,
  undoMigration,
  storeSet,
  listSets,
  fetchSet,
  verifySet,
  verifyFile,
  restoreSet,
  undoRestore,
  prune,
  cleanExports,
};

/** Operations that leave a record in the journal, and the word it uses. */
const RECORDED: Partial<Record<OperationName, Operation>> = {
  exportTables: 'export',
  exportCollectors: 'export',
  prepareMigration: 'map',
  migrate: 'migrate',
  undoMigration: 'undo',
  storeSet: 'store',
  fetchSet: 'fetch',
  verifySet: 'verify',
  restoreSet: 'restore',
  undoRestore: 'undo',
  prune: 'prune',
  cleanExports: 'clean-exports',
};

const DOING: Record<OperationName, string> = {
  describeConnection: 'looking at a connection',
  checkApi: 'looking at BK-LOG',
  checkLocation: 'checking a location',
  testLocation: 'trying a location',
  describeExportStorage: 'reading where exports go',
  exportTables: 'exporting tables',
  exportCollectors: 'exporting collectors',
  listEnvironments: 'listing environments',
  prepareMigration: 'preparing a migration',
  migrate: 'migrating collectors',
  undoMigration: 'undoing a migration',
  storeSet: 'storing a set',
  listSets: 'listing sets',
  fetchSet: 'fetching a set',
  verifySet: 'verifying a set',
  verifyFile: 'verifying a file',
  restoreSet: 'restoring a set',
  undoRestore: 'undoing a restore',
  prune: 'pruning',
  cleanExports: 'cleaning exports',
};

/** Carries out one operation by name, with its record in the journal. Throws OperationErrors only. */
export async function carryOut<Name extends OperationName>(
  name: Name,
  request: RequestOf<Name>,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<ResultOf<Name>> {
  const carrier: Carrier<Name> = CARRIERS[name];
  const operation = isDryRun(request) ? undefined : RECORDED[name];
  const startedAt = new Date().toISOString();
  const surroundings = request as RunSurroundings;
  try {
    if (operation) {
      await appendToJournal(surroundings.journalPath, {
        at: startedAt,
        event: 'started',
        runId: surroundings.runId,
        operation,
      });
    }
    const result = await carrier(request, signal, onProgress);
    if (operation) {
      await record(surroundings, {
        runId: surroundings.runId,
        operation,
        startedAt,
        finishedAt: new Date().toISOString(),
        ...verdictOf(result),
      });
    }
    return result;
  } catch (thrown) {
    // Whatever an abort breaks is the abort; one that says how far it came is kept.
    const isAbort = signal.aborted && !isOperationError(thrown, 'OP_ABORTED');
    const error = toOperationError(isAbort ? signal.reason : thrown, DOING[name]);
    if (operation) {
      await record(surroundings, {
        runId: surroundings.runId,
        operation,
        startedAt,
        finishedAt: new Date().toISOString(),
        ...failedWith(error),
      }).catch((failure: unknown) => error.suppressed.push(failure));
    }
    throw error;
  }
}

function isDryRun(request: object): boolean {
  return 'dryRun' in request && request.dryRun === true;
}

type Verdict = Pick<RunReport, 'outcome' | 'findings' | 'failure'>;

function failedWith({ code, message, remedy, retry, details }: OperationError): Verdict {
  return { outcome: 'failed', failure: { code, message, remedy, retry, details } };
}

/** A preparation that was told to stop has worked, and the run has failed all the same. */
function verdictOf(result: ResultOf<OperationName>): Verdict {
  const stopped = 'isStopped' in result ? stoppedByUnmapped(result) : undefined;
  if (stopped) return failedWith(stopped);
  const findings = findingsOf(result);
  return findings.length > 0 ? { outcome: 'completed-with-findings', findings } : { outcome: 'completed' };
}

function findingsOf(result: ResultOf<OperationName>): NonNullable<RunReport['findings']> {
  if ('isStopped' in result) return unmappedFindings(result);
  if ('verification' in result) return [...result.verification.findings, ...result.openSuspicions];
  return 'dryRun' in result && 'findings' in result ? [...result.findings] : [];
}

async function record({ journalPath }: RunSurroundings, report: RunReport): Promise<void> {
  const { finishedAt: at, runId, operation } = report;
  await appendToJournal(journalPath, { at, event: 'finished', runId, operation, report });
}
