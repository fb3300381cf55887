import type { NodeAPI } from 'node-red';
import { OperationError, runInWorker } from '../../src/index';
import { findConnection, findLocation } from '../shared/config-nodes';
import { defineNode, nameOf, type RunContext } from '../shared/define-node';
import { evaluateSet } from '../shared/evaluate-set';
import { DEFAULTS, type TableRestoreConfig } from './config';

/** Plans the restore of a set into a server that has none of its objects, or carries it out. */
export = function (RED: NodeAPI) {
  defineNode<TableRestoreConfig>(RED, 'table-restore', {
    operation: 'restore',
    outputs: 2,
    progressPort: 1,
    async run(node, config, { msg, set, around, signal, onProgress }) {
      const saved = { ...DEFAULTS, ...config };
      const dryRun = saved.action !== 'restore';
      const confirm = dryRun || saved.unattended ? undefined : readConfirmation(msg, nameOf(node));
      const location = findLocation(RED, saved.location, nameOf(node)).settings();
      const settings = await findConnection(RED, saved.connection, nameOf(node)).settings();
      const wanted = await evaluateSet(RED, node, saved.set, saved.setType, msg);
      const { plan, findings, tables, rows } = await runInWorker(
        'restoreSet',
        {
          ...around,
          location,
          set: wanted,
          settings,
          options: {
            policy: 'swap',
            keepDefiners: saved.keepDefiners,
            ...(saved.database ? { database: saved.database } : {}),
          },
          dryRun,
          ...(confirm === undefined ? {} : { confirm }),
        },
        { signal, onProgress },
      );
      const blocked = plan.blockers.length;
      return {
        set: { ...set, restore: { dryRun, plan, tables, rows } },
        report: { setId: plan.setId, tables, rows, findings: [...findings] },
        badge: dryRun ? `${plan.targets.length}${blocked > 0 ? ` ✗ ${blocked}` : ' ✓'}?` : `${tables} · ${rows}`,
      };
    },
  });
};

/** A restore changes a server: somebody has to have seen this very plan, unless the node says that nobody needs to. */
function readConfirmation(msg: RunContext['msg'], name: string): string {
  const { confirm } = msg;
  if (typeof confirm === 'string' && /^[0-9a-f]{64}$/.test(confirm)) return confirm;
  throw new OperationError('OP_CONFIG_INVALID', `${name} needs msg.confirm, the hash of the plan it shall carry out`, {
    details: { field: 'msg.confirm' },
    remedy:
      'Run the plan first, look at it, and send its payload.restore.plan.hash as msg.confirm; or tick unattended.',
  });
}
