import type { NodeAPI } from 'node-red';
import { runInWorker } from '../../src/index';
import { answerEditor } from '../shared/answer-editor';
import { findLocation } from '../shared/config-nodes';
import { defineNode, nameOf } from '../shared/define-node';
import { formatBytes } from '../shared/node-status';
import { surroundingsOf } from '../shared/surroundings';
import { answerExportsPlan, cleanExports } from './clean-exports';
import { DEFAULTS, type RetentionConfig, toPolicy } from './config';

/** Plans what a location keeps, or which files of BK-LOG's exports go, and, unless it is a dry run, removes the rest. */
export = function (RED: NodeAPI) {
  defineNode<RetentionConfig>(RED, 'retention', {
    operation: ({ what }) => (what === 'exports' ? 'clean-exports' : 'prune'),
    async run(node, config, context) {
      const saved = { ...DEFAULTS, ...config };
      if (saved.what === 'exports') return await cleanExports(RED, saved, nameOf(node), context);
      const { set, around, signal, onProgress } = context;
      const location = await findLocation(RED, saved.location, nameOf(node)).settings();
      const policy = toPolicy(saved, saved.timeZone);
      const { plan, dryRun, removed, freedBytes } = await runInWorker(
        'prune',
        { ...around, location, policy, dryRun: saved.dryRun },
        { signal, onProgress },
      );
      const kept = plan.sets.filter(({ action }) => action === 'keep').length;
      const removes = dryRun ? plan.removeCount : removed.length;
      const bytes = dryRun ? plan.freedBytes : freedBytes;
      return {
        set: { ...set, retention: { dryRun, kept, removed, freedBytes, plan } },
        // A dry run carries a question mark: nothing has happened.
        badge: `+${kept} −${removes}${dryRun ? '?' : ''} ${formatBytes(bytes)}`,
      };
    },
  });

  /** What a policy would keep and remove right now; the query holds the policy as it stands in the form. */
  RED.httpAdmin.get(
    '/bklog-backup/archive-location/:id/retention-plan',
    RED.auth.needsPermission('bklog-backup.read'),
    answerEditor(async (request, signal) => {
      const location = await findLocation(RED, String(request.params.id), 'the form').settings();
      const policy = toPolicy({ ...DEFAULTS, ...request.query }, String(request.query.timeZone ?? ''));
      const wanted = { ...surroundingsOf(RED), location, policy, dryRun: true };
      return (await runInWorker('prune', wanted, { signal })).plan;
    }),
  );

  /** What a cleaning of exports would do right now, as it stands in the form. */
  RED.httpAdmin.get(
    '/bklog-backup/db-connection/:id/exports-plan',
    RED.auth.needsPermission('bklog-backup.read'),
    answerEditor((request, signal) => answerExportsPlan(RED, request, signal)),
  );
};
