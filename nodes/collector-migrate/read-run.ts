import type { Node, NodeAPI } from 'node-red';
import { OperationError } from '../../src/index';
import type { BackupMessage } from '../shared/backup-message';
import { nameOf } from '../shared/define-node';
import { evaluateText } from '../shared/evaluate-text';
import type { DEFAULTS } from './config';

const REMEDIES = {
  environment: 'Type the environment that was migrated, or send it in the message.',
  run: 'Give the id of a run or "latest".',
};

/** The run of a migration that is undone. Errors: OP_CONFIG_INVALID when the form names none for this message. */
export async function readRun(
  RED: NodeAPI,
  node: Node,
  saved: typeof DEFAULTS,
  msg: BackupMessage,
): Promise<{ readonly environment: string; readonly run: string }> {
  const say = async (field: 'environment' | 'run') => {
    const [value, type] = [saved[field], saved[`${field}Type`]];
    const said = await evaluateText(RED, node, value, type, msg);
    if (said !== undefined) return said;
    throw new OperationError('OP_CONFIG_INVALID', `${nameOf(node)}: ${type} ${value} names no ${field}`, {
      details: { field, type, value },
      remedy: REMEDIES[field],
    });
  };
  return { environment: await say('environment'), run: await say('run') };
}
