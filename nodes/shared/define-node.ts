import type { Node, NodeAPI, NodeDef } from 'node-red';
import {
  type BackupSet,
  newRunId,
  type Operation,
  OperationError,
  type Progress,
  type ProgressListener,
  type RunReport,
  type RunSurroundings,
  toOperationError,
} from '../../src/index';
import { type BackupMessage, emptySet, readSet } from './backup-message';
import { showCompleted, showFailed, showIdle, showProgress } from './node-status';
import { surroundingsOf } from './surroundings';

/** What one message's run gets. */
export interface RunContext {
  readonly msg: BackupMessage;
  /** The set in the making that the message carries, or an empty one. */
  readonly set: BackupSet;
  readonly around: RunSurroundings;
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
  /**
   * Sends a copy of the message with another payload, at once, by an output that never carries a result. What a run tells
   * has left also when it fails afterwards.
   */
  readonly tell: (port: number, payload: object) => void;
}

/** What one message's run gives. */
export interface RunOutcome {
  /** The next `msg.payload`; its report is added here. */
  readonly set: BackupSet | Readonly<Record<string, unknown>>;
  readonly report?: Partial<RunReport>;
  /** Language-free text behind the time on the badge. */
  readonly badge: string;
  /** Output the message leaves by; default the first. */
  readonly port?: number;
}

export interface NodeDefinition<Config extends NodeDef> {
  /** What a run is called in reports; where it depends on the node's settings, a function of them. */
  readonly operation: Operation | ((config: Config) => Operation);
  /** Number of outputs; default 1. */
  readonly outputs?: number;
  /** Output for progress messages. */
  readonly progressPort?: number;
  readonly run: (node: Node, config: Config, context: RunContext) => Promise<RunOutcome>;
  /** The node was deleted or disabled; a deploy that changes it is neither. */
  readonly onRemoved?: (node: Node) => void;
}

/** Less than the 10 s a deploy may take, itself less than the host's patience of 15 s. */
const CLOSE_PATIENCE_MS = 9_500;
const PROGRESS_INTERVAL_MS = 500;

/**
 * The life of every flow node, written once.
 *
 *   idle ──message──▶ running ──settled──▶ completed | findings | failed ──message──▶ running …
 *                       │ second message: refused with OP_BUSY; `msg.cancel`, deploy: the run is aborted
 *
 * One message, one `done`. A failed run sends nothing by an output for results: it reaches Catch nodes with `msg.failure`
 * and the report in `msg.payload`. Before that, progress and what the run had to tell may have left by other outputs.
 */
export function defineNode<Config extends NodeDef>(
  RED: NodeAPI,
  type: string,
  definition: NodeDefinition<Config>,
): void {
  RED.nodes.registerType(type, function (this: Node, config: Config) {
    RED.nodes.createNode(this, config);
    const operation = operationOf(definition, config);
    let running: { readonly abort: AbortController; readonly settled: Promise<void> } | undefined;
    showIdle(this);

    this.on('input', (msg: BackupMessage, send, done) => {
      if (msg.cancel === true) {
        running?.abort.abort(new OperationError('OP_ABORTED', `${nameOf(this)} was stopped by msg.cancel`));
        done();
        return;
      }
      if (running) {
        const busy = new OperationError('OP_BUSY', `${nameOf(this)} is still running`, {
          remedy: 'Send messages further apart, or stop the run with msg.cancel = true.',
        });
        failMessage(msg, operation, busy, { runId: newRunId(), startedAt: new Date() });
        done(busy);
        return;
      }
      const abort = new AbortController();
      const settled = runMessage(RED, this, config, definition, { msg, send, done, signal: abort.signal });
      running = { abort, settled };
      void settled.then(() => {
        running = undefined;
      });
    });

    this.on('close', (removed: boolean, done: () => void) => {
      if (removed) definition.onRemoved?.(this);
      if (!running) {
        done();
        return;
      }
      running.abort.abort(new OperationError('OP_ABORTED', `${nameOf(this)} was stopped by a deploy`));
      const patience = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_PATIENCE_MS).unref());
      void Promise.race([running.settled, patience]).then(done);
    });
  });
}

function operationOf<Config extends NodeDef>({ operation }: NodeDefinition<Config>, config: Config): Operation {
  return typeof operation === 'function' ? operation(config) : operation;
}

interface Delivery {
  readonly msg: BackupMessage;
  readonly send: (msg: BackupMessage[] | (BackupMessage | null)[]) => void;
  readonly done: (error?: Error) => void;
  readonly signal: AbortSignal;
}

/** Never rejects. */
async function runMessage<Config extends NodeDef>(
  RED: NodeAPI,
  node: Node,
  config: Config,
  definition: NodeDefinition<Config>,
  { msg, send, done, signal }: Delivery,
): Promise<void> {
  const startedAt = new Date();
  const { outputs = 1, progressPort } = definition;
  const operation = operationOf(definition, config);
  const atPort = (port: number, message: BackupMessage) =>
    Array.from({ length: outputs }, (_, index) => (index === port ? message : null));
  const tell = (port: number, payload: object) => {
    if (port === 0) throw new OperationError('OP_BUG', `${node.type} tells something by its first output`);
    send(atPort(port, { ...RED.util.cloneMessage(msg), payload }));
  };
  let runId: string = newRunId();
  let shownAt = 0;
  const onProgress = (progress: Progress) => {
    const now = performance.now();
    if (now - shownAt < PROGRESS_INTERVAL_MS || signal.aborted) return;
    shownAt = now;
    showProgress(node, progress);
    if (progressPort !== undefined) tell(progressPort, { runId, operation, ...progress });
  };
  try {
    const set = readSet(msg.payload);
    // The nodes of one flow share the run id, so the journal tells one story.
    if (set.report?.outcome !== 'failed') runId = set.report?.runId ?? runId;
    const around = surroundingsOf(RED, runId);
    const outcome = await definition.run(node, config, { msg, set, around, signal, onProgress, tell });
    const findings = outcome.report?.findings ?? [];
    const report: RunReport = {
      runId,
      operation,
      outcome: findings.length > 0 ? 'completed-with-findings' : 'completed',
      startedAt: startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      ...outcome.report,
    };
    msg.payload = { ...outcome.set, report };
    showCompleted(node, outcome.badge, findings.length > 0);
    send(atPort(outcome.port ?? 0, msg));
    done();
  } catch (thrown) {
    const error = toOperationError(thrown, `running ${nameOf(node)}`);
    failMessage(msg, operation, error, { runId, startedAt });
    showFailed(node, error);
    done(error);
  }
}

/** A Catch node copies nothing but message, code, stack and cause of an error: the rest has to be on the message. */
function failMessage(
  msg: BackupMessage,
  operation: Operation,
  { code, message, remedy, retry, details }: OperationError,
  { runId, startedAt }: { readonly runId: string; readonly startedAt: Date },
): void {
  const report: RunReport = {
    runId,
    operation,
    outcome: 'failed',
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    failure: { code, message, remedy, retry, details },
  };
  const before = typeof msg.payload === 'object' && msg.payload !== null ? msg.payload : emptySet();
  msg.payload = { ...before, report };
  msg.failure = { code, message, remedy, retry, details };
}

export function nameOf(node: Node): string {
  return node.name || node.type;
}
