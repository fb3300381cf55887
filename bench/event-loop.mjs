// One process that stands for Node-RED: measures its event loop while a worker thread of it takes a backup.
import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const { newRunId, readConnectionSection, runInWorker } = createRequire(import.meta.url)('../dist/src/index.js');
const [config, path, work] = process.argv.slice(2);
const { signal } = new AbortController();
const settings = await readConnectionSection(config, 'bench');
const around = { runId: newRunId(), workRoot: `${work}/work`, journalPath: `${work}/runs.jsonl` };
const location = { name: 'bench', kind: 'folder', path, requireMount: false };
const tables = [{ name: 'wide' }, { name: 'narrow' }];
const sources = [{ connection: 'bench', name: 'bench', database: 'bench', tables, settings }];
const RESOLUTION_MS = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
const request = { ...around, app: 'bench', name: 'loop', timeZone: 'UTC', sources };
const { setId, workDirectory } = await runInWorker('exportTables', request, { signal });
await runInWorker('storeSet', { ...around, location, workDirectory, setId }, { signal });
await runInWorker('verifySet', { ...around, location, set: 'latest', level: 'intact' }, { signal });
delay.disable();
// The monitor's own timer is part of what it measures.
const ms = (value) => Math.max(0, value / 1e6 - RESOLUTION_MS).toFixed(1);
console.log(JSON.stringify({ p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) }));
