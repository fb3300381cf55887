import type { NodeAPI } from 'node-red';
import { runInWorker } from '../../src/index';
import { answerEditor } from '../shared/answer-editor';
import { findApi, findConnection } from '../shared/config-nodes';
import { defineNode, nameOf } from '../shared/define-node';
import { type CollectorMigrateConfig, DEFAULTS, toMigrateOptions } from './config';
import { type KnownPlan, knownMigration, knownUndo } from './known-plan';
import { migrationMessage, undoMessage } from './plan-message';
import { findPrepared, readConfirmation, readPrepared } from './read-message';
import { readRun } from './read-run';

/** Plans a migration or the undo of one, and carries out the plan that somebody confirmed. */
export = function (RED: NodeAPI) {
  /** The last one of each node, by its id; a deploy keeps it, so what is chosen stands beside its item. */
  const plans = new Map<string, KnownPlan>();

  defineNode<CollectorMigrateConfig>(RED, 'collector-migrate', {
    operation: 'migrate',
    outputs: 3,
    progressPort: 2,
    onRemoved: ({ id }) => plans.delete(id),
    async run(node, config, { msg, around, signal, onProgress }) {
      const saved = { ...DEFAULTS, ...config };
      const name = nameOf(node);
      const confirm = saved.unattended ? undefined : readConfirmation(msg.confirm, name);
      const common = {
        ...around,
        api: findApi(RED, saved.api, name).settings(),
        mapping: { settings: await findConnection(RED, saved.connection, name).settings(), table: saved.table },
        dryRun: !saved.unattended && confirm === undefined,
        ...(confirm === undefined ? {} : { confirm }),
      };
      if (saved.action === 'undo') {
        const [prepared, wanted] = [findPrepared(msg.payload), await readRun(RED, node, saved, msg)];
        onProgress({ phase: 'read' });
        const result = await runInWorker('undoMigration', { ...common, ...wanted }, { signal, onProgress });
        plans.set(node.id, knownUndo(result));
        return undoMessage(result, prepared);
      }
      const prepared = readPrepared(msg.payload, name);
      const request = { ...common, ...toMigrateOptions(saved, name), documents: { directory: prepared.directory } };
      onProgress({ phase: 'read' });
      const result = await runInWorker('migrate', request, { signal, onProgress });
      plans.set(node.id, knownMigration(result));
      return migrationMessage(result, prepared, around.runId);
    },
  });

  /** The last plan of a node, for its form; absent when there is none. */
  RED.httpAdmin.get(
    '/bklog-backup/collector-migrate/:id/plan',
    RED.auth.needsPermission('bklog-backup.read'),
    answerEditor(async (request) => ({ plan: plans.get(String(request.params.id)) })),
  );
};
