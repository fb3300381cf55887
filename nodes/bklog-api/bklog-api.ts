import type { Node, NodeAPI } from 'node-red';
import { z } from 'zod';
import { OperationError, parseOrRefuse, runInWorker } from '../../src/index';
import { answerEditor } from '../shared/answer-editor';
import type { BkLogApiNode } from '../shared/config-nodes';
import { type BkLogApiConfig, type BkLogApiCredentials, DEFAULTS, toApiSettings } from './config';

/** What the editor sends instead of a secret that is stored and was not typed again. */
const STORED_SECRET = '__PWRD__';

const formSchema = z.object({
  id: z.string(),
  /** The business that is looked at; it is not saved. */
  business: z.coerce.number().int(),
  name: z.string(),
  url: z.string(),
  appCode: z.string(),
  appSecret: z.string(),
  accessToken: z.string(),
  user: z.string(),
  tenant: z.string(),
  tlsRejectUnauthorized: z.boolean(),
  tlsCa: z.string(),
  concurrency: z.string(),
  callsPerSecond: z.string(),
  timeout: z.string(),
});

interface DeployedNode extends Node<BkLogApiCredentials> {
  config: typeof DEFAULTS;
  settings: BkLogApiNode['settings'];
}

export = function (RED: NodeAPI) {
  RED.nodes.registerType<DeployedNode, BkLogApiConfig, Record<never, never>, BkLogApiCredentials>(
    'bklog-api',
    function (this: DeployedNode, config: BkLogApiConfig) {
      RED.nodes.createNode(this, config);
      this.config = { ...DEFAULTS, ...config };
      this.settings = () => toApiSettings(this.config, this.credentials ?? {});
    },
    { credentials: { appSecret: { type: 'password' }, accessToken: { type: 'password' } } },
  );

  /** Tries what stands in the form, before it is deployed. */
  RED.httpAdmin.post(
    '/bklog-backup/bklog-api/test',
    RED.auth.needsPermission('bklog-backup.write'),
    answerEditor(async (request, signal) => {
      const { id, business, appSecret, accessToken, ...form } = parseOrRefuse(formSchema, request.body, 'the form');
      const secret = (typed: string, field: keyof BkLogApiCredentials) =>
        typed === STORED_SECRET ? storedSecret(id, form, field) : typed;
      const credentials = {
        appSecret: secret(appSecret, 'appSecret'),
        accessToken: secret(accessToken, 'accessToken'),
      };
      const api = toApiSettings({ ...DEFAULTS, ...form }, credentials);
      return await runInWorker('checkApi', { api, business }, { signal });
    }),
  );

  /** A stored secret goes only to the gateway it was stored for: a changed address must not receive it. */
  function storedSecret(
    id: string,
    { url, appCode }: { readonly url: string; readonly appCode: string },
    field: keyof BkLogApiCredentials,
  ): string {
    const deployed = RED.nodes.getNode(id) as DeployedNode | null;
    const isSame = deployed?.type === 'bklog-api' && deployed.config.url === url && deployed.config.appCode === appCode;
    if (isSame) return deployed.credentials[field] ?? '';
    throw new OperationError('OP_CONFIG_INVALID', 'the stored secret belongs to another address or app', {
      remedy: 'Type the secret again, then test.',
    });
  }
};
