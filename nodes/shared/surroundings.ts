import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { newRunId, type RunSurroundings } from '../../src/index';

/** Work directories and the run journal lie in Node-RED's user directory, the only folder a node may count on. */
export function surroundingsOf(RED: NodeAPI, runId: string = newRunId()): RunSurroundings {
  const folder = join(RED.settings.userDir ?? process.cwd(), 'bklog-backup');
  return { runId, workRoot: join(folder, 'work'), journalPath: join(folder, 'runs.jsonl') };
}

/** An empty setting means the zone of this host. */
export function timeZoneOr(setting: string): string {
  return setting || Intl.DateTimeFormat().resolvedOptions().timeZone;
}
