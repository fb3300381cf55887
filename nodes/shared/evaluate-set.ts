import type { Node, NodeAPI } from 'node-red';
import { OperationError } from '../../src/index';
import type { BackupMessage } from './backup-message';
import { nameOf } from './define-node';
import { evaluateText } from './evaluate-text';

/** The set a form names, as `evaluateText` finds it. Errors: OP_CONFIG_INVALID. */
export async function evaluateSet(
  RED: NodeAPI,
  node: Node,
  value: string,
  type: string,
  msg: BackupMessage,
): Promise<string> {
  const found = await evaluateText(RED, node, value, type, msg);
  if (found !== undefined) return found;
  throw new OperationError('OP_CONFIG_INVALID', `${nameOf(node)}: ${type} ${value} names no set`, {
    details: { field: 'set', type, value },
    remedy: 'Give a set id, an archive name or "latest".',
  });
}
