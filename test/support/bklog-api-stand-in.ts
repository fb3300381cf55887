import type { Node, NodeAPI } from 'node-red';
import { apiSettingsSchema } from '../../src/index';

/** A configuration node bklog-api that holds what it is given. */
export function bklogApiStandIn(RED: NodeAPI): void {
  RED.nodes.registerType(
    'bklog-api',
    function (this: Node<{ appSecret: string }> & { settings(): unknown }, config: object) {
      RED.nodes.createNode(this, config as never);
      this.settings = () => apiSettingsSchema.parse({ ...config, ...this.credentials, timeoutMs: 3_000 });
    } as never,
    { credentials: { appSecret: { type: 'password' } } } as never,
  );
}
