import type { Node, NodeAPI } from 'node-red';
import type { BackupMessage } from './backup-message';

/** What a form names: a text, or where to find it (msg, flow, global, environment, JSONata). Undefined: there is none. */
export async function evaluateText(
  RED: NodeAPI,
  node: Node,
  value: string,
  type: string,
  msg: BackupMessage,
): Promise<string | undefined> {
  const found = await new Promise<unknown>((resolve) => {
    const answer = (_error: Error | null, result: unknown) => resolve(result);
    try {
      RED.util.evaluateNodeProperty(value, type, node, msg, answer);
    } catch {
      resolve(undefined); // a path through something that is not there
    }
  });
  return typeof found === 'string' && found ? found : undefined;
}
