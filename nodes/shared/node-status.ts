import type { Node, NodeStatus } from 'node-red';
import type { OperationError, Progress } from '../../src/index';

/**
 * Badge texts: a fixed word is a key of the node's own catalogue, which the editor translates; anything with numbers
 * begins with a digit and is free of language.
 */
export function showIdle(node: Node): void {
  node.status({ fill: 'grey', shape: 'ring', text: `${node.type}.status.idle` });
}

/** Blue dot: the phase, or `tables done/tables · bytes` once there is something to count; yellow while nothing moves. */
export function showProgress(node: Node, progress: Progress): void {
  const { phase, tables, tablesDone, bytes, statement, seconds } = progress;
  if (phase === 'waiting') {
    node.status({ fill: 'yellow', shape: 'dot', text: `${seconds} s · ${statement?.slice(0, 60)}` });
    return;
  }
  const counts = [
    tables === undefined || tablesDone === undefined ? '' : `${tablesDone}/${tables}`,
    bytes ? formatBytes(bytes) : '',
  ].filter(Boolean);
  const text = counts.length > 0 ? counts.join(' · ') : `${node.type}.status.${phase}`;
  node.status({ fill: 'blue', shape: 'dot', text });
}

/** Green dot, or yellow when the run worked and found bad news. */
export function showCompleted(node: Node, what: string, hasFindings: boolean): void {
  const status: NodeStatus = { fill: hasFindings ? 'yellow' : 'green', shape: 'dot', text: `${timeOfDay()} · ${what}` };
  node.status(status);
}

/** Red ring with the code; grey when the operator stopped the run. */
export function showFailed(node: Node, error: OperationError): void {
  const fill = error.code === 'OP_ABORTED' ? 'grey' : 'red';
  node.status({ fill, shape: 'ring', text: error.code });
}

function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 5);
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
