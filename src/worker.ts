import { parentPort, workerData } from 'node:worker_threads';
import { OperationError, serializeError } from './errors/operation-error';
import { toOperationError } from './errors/to-operation-error';
import { carryOut } from './operations/carry-out';
import type { OperationName, RequestOf, WorkerMessage } from './operations/contract';
import type { Progress } from './support/progress';

/** The thread in which operations run: a request in, progress and one result or failure out, 'abort' at any time. */
interface WorkerTask {
  readonly name: OperationName;
  readonly request: RequestOf<OperationName>;
}

const PROGRESS_INTERVAL_MS = 500;

const port = parentPort;
if (port) {
  const { name, request } = workerData as WorkerTask;
  const abort = new AbortController();
  port.on('message', () => abort.abort(new OperationError('OP_ABORTED', 'the run was stopped')));
  const send = (message: WorkerMessage) => port.postMessage(message);
  let lastProgressAt = 0;
  let lastPhase: Progress['phase'] | undefined;
  const onProgress = (progress: Progress) => {
    const now = performance.now();
    if (progress.phase === lastPhase && now - lastProgressAt < PROGRESS_INTERVAL_MS) return;
    lastProgressAt = now;
    lastPhase = progress.phase;
    send({ kind: 'progress', progress });
  };
  carryOut(name, request, abort.signal, onProgress)
    .then((result) => send({ kind: 'result', result }))
    .catch((error: unknown) => send({ kind: 'failure', failure: serializeError(toOperationError(error, name)) }))
    .finally(() => port.close());
}
