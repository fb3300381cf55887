import type { NodeAPI } from 'node-red';
import {
  OperationError,
  parseRowFilter,
  type RestoreOptions,
  readIdMapFile,
  restoreOptionsSchema,
  runInWorker,
} from '../../src/index';
import { findConnection, findLocation } from '../shared/config-nodes';
import { defineNode, nameOf, type RunContext, type RunOutcome } from '../shared/define-node';
import { evaluateSet } from '../shared/evaluate-set';
import { DEFAULTS, type TableRestoreConfig } from './config';

const PREVIEW_PORT = 1;

/** Plans a restore, carries out the plan that somebody confirmed, undoes a restore, or discards what it replaced. */
export = function (RED: NodeAPI) {
  defineNode<TableRestoreConfig>(RED, 'table-restore', {
    operation: 'restore',
    outputs: 3,
    progressPort: 2,
    async run(node, config, context) {
      const saved = { ...DEFAULTS, ...config };
      const name = nameOf(node);
      const settings = await findConnection(RED, saved.connection, name).settings();
      const set = await evaluateSet(RED, node, saved.set, saved.setType, context.msg);
      if (saved.action === 'undo' || saved.action === 'discard') {
        const confirmed = saved.unattended || readConfirmation(context.msg, name, /^\d{14}_[a-z0-9]{10}$/);
        return await takeBack({ ...context, settings, action: saved.action, wanted: set, confirmed });
      }
      const hash = saved.unattended ? undefined : readConfirmation(context.msg, name, /^[0-9a-f]{64}$/);
      const isPreview = saved.action === 'plan' || (!saved.unattended && hash === undefined);
      const location = await findLocation(RED, saved.location, name).settings();
      const result = await runInWorker(
        'restoreSet',
        {
          ...context.around,
          ...{
            location,
            set,
            settings,
            options: await readOptions(saved, name, context.signal),
            dryRun: isPreview,
            diff: isPreview && saved.rows,
          },
          ...(isPreview || hash === undefined ? {} : { confirm: hash }),
        },
        { signal: context.signal, onProgress: context.onProgress },
      );
      const { plan, findings, tables, rows } = result;
      const blocked = plan.blockers.length;
      return {
        set: { ...context.set, restore: result },
        report: { setId: plan.setId, tables, rows, findings: [...findings] },
        port: isPreview ? PREVIEW_PORT : 0,
        badge: isPreview ? `${plan.targets.length}${blocked > 0 ? ` ✗ ${blocked}` : ' ✓'}?` : `${tables} · ${rows}`,
      };
    },
  });
};

async function readOptions(saved: typeof DEFAULTS, name: string, signal: AbortSignal): Promise<RestoreOptions> {
  const list = (text: string) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
  const where = saved.where.trim() ? parseRowFilter(saved.where) : undefined;
  const parsed = restoreOptionsSchema.safeParse({
    policy: saved.policy,
    keepDefiners: saved.keepDefiners,
    ...(list(saved.databases).length > 0 ? { databases: list(saved.databases) } : {}),
    ...(list(saved.tables).length > 0 ? { tables: list(saved.tables) } : {}),
    ...(where ? { where } : {}),
    ...(saved.database ? { database: saved.database } : {}),
    ...(saved.idMap.trim() ? { idMap: await readIdMapFile(saved.idMap.trim(), signal) } : {}),
  });
  const field = parsed.success ? 'where' : String(parsed.error.issues[0]?.path[0]);
  if (parsed.success && (where || !saved.where.trim())) return parsed.data;
  throw new OperationError('OP_CONFIG_INVALID', `${name}: ${field} is not understood`, {
    details: { field, accepted: field === 'where' ? 'column = value' : undefined },
  });
}

type TakeBack = RunContext & {
  readonly settings: Awaited<ReturnType<ReturnType<typeof findConnection>['settings']>>;
  readonly action: 'undo' | 'discard';
  readonly wanted: string;
  /** The set that somebody named, or that nobody has to. */
  readonly confirmed: string | boolean | undefined;
};

/** Undo drops what was restored, discard what was before: without a confirmation the steps are told, not done. */
async function takeBack({
  set,
  around,
  settings,
  action,
  wanted,
  confirmed,
  signal,
  onProgress,
}: TakeBack): Promise<RunOutcome> {
  const isPreview = confirmed === undefined;
  const request = {
    ...around,
    settings,
    set: typeof confirmed === 'string' ? confirmed : wanted,
    action,
    dryRun: isPreview,
  };
  const result = await runInWorker('undoRestore', request, { signal, onProgress });
  return {
    set: { ...set, undo: result },
    report: { operation: 'undo', setId: result.setId, tables: result.tables, findings: [...result.findings] },
    port: isPreview ? PREVIEW_PORT : 0,
    badge: `${result.tables}${isPreview ? '?' : ''}`,
  };
}

/** The plan or set that somebody has seen. Undefined: nobody has; what would happen is told instead. */
function readConfirmation(msg: RunContext['msg'], name: string, form: RegExp): string | undefined {
  const { confirm } = msg;
  if (confirm === undefined) return undefined;
  if (typeof confirm === 'string' && form.test(confirm)) return confirm;
  throw new OperationError('OP_CONFIG_INVALID', `${name} does not understand msg.confirm`, {
    details: { field: 'msg.confirm' },
    remedy:
      'To restore, send payload.restore.plan.hash of the preview as msg.confirm; to undo or discard, payload.undo.setId.',
  });
}
