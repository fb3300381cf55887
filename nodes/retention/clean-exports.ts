import type { Request } from 'express';
import type { NodeAPI } from 'node-red';
import { type CleanExportsResult, runInWorker } from '../../src/index';
import { findConnection } from '../shared/config-nodes';
import type { RunContext, RunOutcome } from '../shared/define-node';
import { formatBytes } from '../shared/node-status';
import { surroundingsOf } from '../shared/surroundings';
import { DEFAULTS, toCleaning } from './config';

/** Tasks and findings that a message or a form carries; the totals count all. */
const LISTED = 1_000;

/** Carries out one message of a node that cleans exports. */
export async function cleanExports(
  RED: NodeAPI,
  saved: typeof DEFAULTS,
  name: string,
  { set, around, signal, onProgress }: RunContext,
): Promise<RunOutcome> {
  const settings = await findConnection(RED, saved.connection, name).settings();
  const request = { ...around, settings, cleaning: toCleaning(saved), dryRun: saved.dryRun };
  const result = shorten(await runInWorker('cleanExports', request, { signal, onProgress }));
  const { findings, ...exports } = result;
  return { set: { ...set, exports }, report: { findings: [...findings] }, badge: badgeOf(result) };
}

/** −files size, ✓ marked as clean, ✗ marked as failed; a question mark says that nothing has happened. */
function badgeOf({ totals, dryRun }: CleanExportsResult): string {
  const { files, bytes, markedClean, markedFailed } = totals;
  return `−${files}${dryRun ? '?' : ''} ${formatBytes(bytes)} · ✓${markedClean} ✗${markedFailed}`;
}

function shorten(result: CleanExportsResult): CleanExportsResult {
  return { ...result, tasks: result.tasks.slice(0, LISTED) };
}

/** The plan for the form that asks. */
export async function answerExportsPlan(
  RED: NodeAPI,
  { params, query }: Request,
  signal: AbortSignal,
): Promise<CleanExportsResult> {
  const settings = await findConnection(RED, String(params.id), 'the form').settings();
  const cleaning = toCleaning({ ...DEFAULTS, ...query });
  const request = { ...surroundingsOf(RED), settings, cleaning, dryRun: true };
  return shorten(await runInWorker('cleanExports', request, { signal }));
}
