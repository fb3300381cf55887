import type { Node, NodeAPI } from 'node-red';
import { z } from 'zod';
import { OperationError, parseOrRefuse, runInWorker } from '../../src/index';
import { answerEditor } from '../shared/answer-editor';
import { type ArchiveLocationNode, findConnection, findLocation } from '../shared/config-nodes';
import {
  type ArchiveLocationConfig,
  type ArchiveLocationCredentials,
  CREDENTIALS,
  DEFAULTS,
  toLocationSettings,
} from './config';

/** What the editor sends instead of a secret that is stored and was not typed again. */
const STORED_SECRET = '__PWRD__';
/** A store that does not answer takes this long to say so. */
const TEST_PATIENCE_MS = 40_000;

const fields = <Of extends object>(of: Of) => Object.keys(of) as (keyof Of & string)[];
const formSchema = z.object({
  id: z.string(),
  ...Object.fromEntries(fields(DEFAULTS).map((field) => [field, z.union([z.string(), z.boolean()])])),
  ...Object.fromEntries(fields(CREDENTIALS).map((field) => [field, z.string()])),
});

interface DeployedNode extends Node<ArchiveLocationCredentials> {
  config: typeof DEFAULTS;
  settings: ArchiveLocationNode['settings'];
}

export = function (RED: NodeAPI) {
  const findSettings = (connection: string) => findConnection(RED, connection, 'archive-location').settings();

  RED.nodes.registerType<DeployedNode, ArchiveLocationConfig, Record<never, never>, ArchiveLocationCredentials>(
    'archive-location',
    function (this: DeployedNode, config: ArchiveLocationConfig) {
      RED.nodes.createNode(this, config);
      this.config = { ...DEFAULTS, ...config };
      this.settings = () => toLocationSettings(this.config, this.credentials ?? {}, findSettings);
    },
    { credentials: CREDENTIALS },
  );

  /** The sealed sets of a deployed location, for forms that pick one. */
  RED.httpAdmin.get(
    '/bklog-backup/archive-location/:id/sets',
    RED.auth.needsPermission('bklog-backup.read'),
    answerEditor(async (request, signal) => {
      const location = await findLocation(RED, String(request.params.id), 'the form').settings();
      return await runInWorker('listSets', { location }, { signal });
    }),
  );

  /** Tries what stands in the form, before it is deployed. */
  RED.httpAdmin.post(
    '/bklog-backup/archive-location/test',
    RED.auth.needsPermission('bklog-backup.write'),
    answerEditor(async (request, signal) => {
      const form = parseOrRefuse(formSchema, request.body, 'the form') as { id: string } & typeof DEFAULTS;
      const typed = form as unknown as Record<string, string>;
      const secrets = fields(CREDENTIALS).map((field) => [field, typed[field] ?? ''] as const);
      const credentials = Object.fromEntries(
        secrets.map(([field, text]) => [field, text === STORED_SECRET ? storedSecret(form, field) : text]),
      );
      const saved = { ...DEFAULTS, ...form, version: DEFAULTS.version };
      const location = await toLocationSettings(saved, credentials, findSettings);
      return await runInWorker('testLocation', { location }, { signal });
    }, TEST_PATIENCE_MS),
  );

  /** What BK-LOG says now about the store of its exports; never its keys. */
  RED.httpAdmin.get(
    '/bklog-backup/archive-location/:connection/export-storage/:toggle',
    RED.auth.needsPermission('bklog-backup.read'),
    answerEditor(async ({ params }, signal) => {
      const settings = await findSettings(String(params.connection));
      return await runInWorker('describeExportStorage', { settings, toggle: String(params.toggle) }, { signal });
    }),
  );

  /** A stored secret goes only to the store it was stored for: a changed address must not receive it. */
  function storedSecret(
    form: { readonly id: string } & typeof DEFAULTS,
    field: keyof ArchiveLocationCredentials,
  ): string {
    const deployed = RED.nodes.getNode(form.id) as DeployedNode | null;
    const isSame =
      deployed?.type === 'archive-location' &&
      (['kind', 'endpoint', 'region', 'connection', 'toggle'] as const).every(
        (one) => deployed.config[one] === form[one],
      );
    if (isSame) return deployed.credentials?.[field] ?? '';
    throw new OperationError('OP_CONFIG_INVALID', 'the stored secret belongs to another store', {
      remedy: 'Type the secrets again, then test.',
    });
  }
};
