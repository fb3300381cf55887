// One process: export, pack, store and seal, without the verification that the command line adds. For bench.mjs and s3.mjs.
// The location is a folder, or settings as JSON.
import { createRequire } from 'node:module';

const { carryOut, newRunId, readConnectionSection } = createRequire(import.meta.url)('../dist/src/index.js');
const [config, path, work] = process.argv.slice(2);
const never = new AbortController().signal;
const settings = await readConnectionSection(config, 'bench');
const around = { runId: newRunId(), workRoot: `${work}/work`, journalPath: `${work}/runs.jsonl` };
const location = path.startsWith('{') ? JSON.parse(path) : { name: 'bench', kind: 'folder', path, requireMount: false };
const tables = [{ name: 'wide' }, { name: 'narrow' }];
const sources = [{ connection: 'bench', name: 'bench', database: 'bench', tables, settings }];
const request = { ...around, app: 'bench', name: 'only', timeZone: 'UTC', sources };
const { setId, workDirectory } = await carryOut('exportTables', request, never, () => {});
await carryOut('storeSet', { ...around, location, workDirectory, setId }, never, () => {});
