import type { Node, NodeAPI } from 'node-red';
import { type ApiSettings, type ConnectionSettings, type LocationSettings, OperationError } from '../../src/index';

/** What a deployed db-connection offers to the nodes that use it. */
export interface DbConnectionNode extends Node<object> {
  settings(): Promise<ConnectionSettings>;
}

/** What a deployed archive-location offers to the nodes that use it. */
export interface ArchiveLocationNode extends Node {
  settings(): Promise<LocationSettings>;
}

/** What a deployed bklog-api offers to the nodes that use it. */
export interface BkLogApiNode extends Node {
  settings(): ApiSettings;
}

function findNode<T extends Node>(RED: NodeAPI, id: string, type: string, user: string): T {
  const found = id ? RED.nodes.getNode(id) : null;
  if (found?.type === type) return found as T;
  throw new OperationError('OP_CONFIG_INVALID', `${user} has no ${type}`, {
    details: { node: user, wanted: type, id },
    remedy: `Open ${user}, choose or add a ${type}, and deploy.`,
  });
}

export function findConnection(RED: NodeAPI, id: string, user: string): DbConnectionNode {
  return findNode<DbConnectionNode>(RED, id, 'db-connection', user);
}

export function findLocation(RED: NodeAPI, id: string, user: string): ArchiveLocationNode {
  return findNode<ArchiveLocationNode>(RED, id, 'archive-location', user);
}

export function findApi(RED: NodeAPI, id: string, user: string): BkLogApiNode {
  return findNode<BkLogApiNode>(RED, id, 'bklog-api', user);
}
