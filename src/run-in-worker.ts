import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { deserializeError, OperationError } from './errors/operation-error';
import type { OperationName, RequestOf, ResultOf, WorkerMessage } from './operations/contract';
import type { ProgressListener } from './support/progress';

/** After an abort the worker has this long to clean up; then it is ended and retention finds what is left. */
const ABORT_PATIENCE_MS = 8_000;

/**
 * Runs one operation in a thread of its own, so that the caller's event loop stays free. Settles when the thread has
 * cleaned up. Errors: those of the operation; OP_ABORTED; OP_BUG when the thread ended without an answer.
 */
export function runInWorker<Name extends OperationName>(
  name: Name,
  request: RequestOf<Name>,
  options: { readonly signal: AbortSignal; readonly onProgress?: ProgressListener },
): Promise<ResultOf<Name>> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    if (signal.aborted) {
      reject(new OperationError('OP_ABORTED', 'the run was stopped before it began', { cause: signal.reason }));
      return;
    }
    const worker = new Worker(join(__dirname, 'worker.js'), {
      workerData: { name, request },
      name: `bklog-backup ${name}`,
    });
    let patience: NodeJS.Timeout | undefined;
    let isSettled = false;
    const settle = (act: () => void) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(patience);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const onAbort = () => {
      worker.postMessage('abort');
      patience = setTimeout(() => {
        settle(() => reject(new OperationError('OP_ABORTED', 'the run was stopped and did not end in time')));
        void worker.terminate();
      }, ABORT_PATIENCE_MS);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    worker.on('message', (message: WorkerMessage<Name>) => {
      if (message.kind === 'progress') options.onProgress?.(message.progress);
      else if (message.kind === 'result') settle(() => resolve(message.result));
      else settle(() => reject(deserializeError(message.failure)));
    });
    worker.on('error', (error) =>
      settle(() => reject(new OperationError('OP_BUG', `the worker broke: ${error.message}`, { cause: error }))),
    );
    worker.on('exit', (code) =>
      settle(() => reject(new OperationError('OP_BUG', `the worker ended with status ${code} and no answer`))),
    );
  });
}
