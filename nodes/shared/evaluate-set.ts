import type { Node, NodeAPI } from 'node-red';
import { OperationError } from '../../src/index';
import type { BackupMessage } from './backup-message';
import { nameOf } from './define-node';

/** The set a form names: a text, or where to find it (msg, flow, global, environment, JSONata). */
export async function evaluateSet(
  RED: NodeAPI,
  node: Node,
  value: string,
  type: string,
  msg: BackupMessage,
): Promise<string> {
  const found = await new Promise<unknown>((resolve) => {
    const answer = (_error: Error | null, result: unknown) => resolve(result);
    try {
      RED.util.evaluateNodeProperty(value, type, node, msg, answer);
    } catch {
      resolve(undefined); // a path through something that is not there
    }
  });
  if (typeof found === 'string' && found) return found;
  throw new OperationError('OP_CONFIG_INVALID', `${nameOf(node)}: ${type} ${value} names no set`, {
    details: { field: 'set', type, value },
    remedy: 'Give a set id, an archive name or "latest".',
  });
}
