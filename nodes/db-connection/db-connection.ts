import type { Node, NodeAPI } from 'node-red';
import { z } from 'zod';
import { OperationError, parseOrRefuse, runInWorker } from '../../src/index';
import { answerEditor } from '../shared/answer-editor';
import { type DbConnectionNode, findConnection } from '../shared/config-nodes';
import { type DbConnectionConfig, type DbConnectionCredentials, DEFAULTS, toConnectionSettings } from './config';

/** What the editor sends instead of a password that is stored and was not typed again. */
const STORED_PASSWORD = '__PWRD__';

const formSchema = z.object({
  id: z.string(),
  name: z.string().default(''),
  mode: z.enum(['direct', 'file']),
  host: z.string().default(''),
  port: z.string().default(''),
  database: z.string().default(''),
  tls: z.boolean().default(false),
  tlsRejectUnauthorized: z.boolean().default(true),
  tlsCa: z.string().default(''),
  configFile: z.string().default(''),
  section: z.string().default(''),
  user: z.string().default(''),
  password: z.string().default(''),
});

interface DeployedNode extends Node<DbConnectionCredentials> {
  config: DbConnectionConfig;
  settings: DbConnectionNode['settings'];
}

export = function (RED: NodeAPI) {
  RED.nodes.registerType<DeployedNode, DbConnectionConfig, Record<never, never>, DbConnectionCredentials>(
    'db-connection',
    function (this: DeployedNode, config: DbConnectionConfig) {
      RED.nodes.createNode(this, config);
      const saved = { ...DEFAULTS, ...config };
      this.config = saved;
      this.settings = () => toConnectionSettings(saved, this.credentials ?? {});
    },
    { credentials: { user: { type: 'text' }, password: { type: 'password' } } },
  );

  /** Tries what stands in the form, before it is deployed. */
  RED.httpAdmin.post(
    '/bklog-backup/db-connection/test',
    RED.auth.needsPermission('bklog-backup.write'),
    answerEditor(async (request, signal) => {
      const { id, user, password, ...form } = parseOrRefuse(formSchema, request.body, 'the form');
      const credentials = { user, password: password === STORED_PASSWORD ? storedPassword(id, form, user) : password };
      const settings = await toConnectionSettings({ ...DEFAULTS, ...form }, credentials);
      return await runInWorker('describeConnection', { settings }, { signal });
    }),
  );

  /** Databases and tables of a deployed connection; `?database=` looks into another one of the same server. */
  RED.httpAdmin.get(
    '/bklog-backup/db-connection/:id/tables',
    RED.auth.needsPermission('bklog-backup.read'),
    answerEditor(async (request, signal) => {
      const connection = findConnection(RED, String(request.params.id), 'the form');
      const settings = await connection.settings();
      const { database } = request.query;
      if (typeof database === 'string' && database) settings.database = database;
      return await runInWorker('describeConnection', { settings }, { signal });
    }),
  );

  /** A stored password goes only to the server it was stored for: a changed host must not receive it. */
  function storedPassword(id: string, form: { host: string; port: string }, user: string): string {
    const deployed = RED.nodes.getNode(id) as DeployedNode | null;
    const isSame =
      deployed?.type === 'db-connection' &&
      deployed.config.host === form.host &&
      String(deployed.config.port) === form.port &&
      deployed.credentials?.user === user;
    if (isSame) return deployed.credentials.password ?? '';
    throw new OperationError('OP_CONFIG_INVALID', 'the stored password belongs to another host, port or user', {
      remedy: 'Type the password again, then test.',
    });
  }
};
