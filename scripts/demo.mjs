// `npm start`: a private MariaDB with sample data, Node-RED with the example flow, and the first backup.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadDemoData } from './demo-data/load-demo-data.mjs';
import { startMariaDb } from './mariadb.mjs';
import { deployFlows, pressInject, startNodeRed } from './node-red.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const demo = join(root, '.demo');
const userDir = join(demo, 'node-red');
const archive = join(demo, 'archive');
const FIRST_BACKUP_PATIENCE_MS = 120_000;

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** The examples, filled in for this demo: its own database, its own folder, which is not a mount. */
function exampleFlow(database) {
  const names = ['01 - Nightly full backup', '02 - Restore the latest backup', '03 - Monthly restore test'];
  const nodes = names.flatMap((name) => JSON.parse(readFileSync(join(root, `examples/${name}.json`), 'utf8')));
  // Each example brings a location; here all of them use the first.
  const location = nodes.find(({ type }) => type === 'archive-location');
  Object.assign(location, { path: archive, requireMount: false });
  for (const node of nodes) {
    if (node.location) node.location = location.id;
    if (node.type === 'db-connection') {
      node.host = database.host;
      node.port = String(database.port);
      node.credentials = { user: database.user, password: database.password };
    }
  }
  return nodes.filter((node) => node.type !== 'archive-location' || node === location);
}

const isSeal = (name) => name.endsWith('.manifest.json');
const isVerification = (name) => name.includes('.verification-');

async function firstBackup(url, flow, before) {
  await pressInject(url, flow.find(({ type }) => type === 'inject').id);
  const until = Date.now() + FIRST_BACKUP_PATIENCE_MS;
  while (Date.now() < until) {
    await sleep(250);
    const files = readdirSync(archive).filter((name) => !before.includes(name));
    const seal = files.find(isSeal);
    const note = files.find(isVerification);
    if (!seal || !note) continue;
    const { outcome } = JSON.parse(readFileSync(join(archive, note), 'utf8'));
    return { seal: JSON.parse(readFileSync(join(archive, seal), 'utf8')), outcome };
  }
  throw new Error('the first backup did not end in time; look at the red badge in the editor');
}

mkdirSync(userDir, { recursive: true });
mkdirSync(archive, { recursive: true });
const stops = [];
async function stopAll() {
  for (const stop of stops.splice(0).reverse()) await stop();
}
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    if (isStopping) return;
    isStopping = true;
    await stopAll();
    process.exit(0);
  });
}

try {
  console.log('Starting a private MariaDB …');
  const database = await startMariaDb({ dataDir: join(demo, 'mariadb'), label: 'demo' });
  stops.push(() => database.stop());
  console.log('Loading sample data into bk_nodeman and bk_log_search …');
  await loadDemoData(database.url);
  console.log('Starting Node-RED …');
  const wanted = Number(process.env.PORT ?? 1880);
  const nodeRed = await startNodeRed({ userDir, port: (await isFree(wanted)) ? wanted : 0 });
  stops.push(() => nodeRed.stop());
  const flow = exampleFlow(database);
  await deployFlows(nodeRed.url, flow);
  console.log('Running the first backup …');
  const { seal, outcome } = await firstBackup(nodeRed.url, flow, readdirSync(archive));
  const tables = seal.files.filter(({ kind }) => kind === 'table');
  console.log(`
  First set   ${seal.archive.key}
              ${tables.length} tables, ${tables.reduce((sum, { rows }) => sum + rows, 0)} rows, verified: intact ${outcome}
  Archive     ${archive}
  Editor      ${nodeRed.url}
  Try next    the button of "Monthly restore test": one click restores the set into scratch schemas and compares it;
              "Restore the latest backup" previews, restores and undoes
  Database    mysql --host=127.0.0.1 --port=${database.port} --user=${database.user} --password=${database.password}

Press Ctrl-C to stop. Everything of this demo lies in ${demo}.`);
  if (process.env.BKLOG_BACKUP_DEMO_ONCE) {
    await stopAll();
    process.exit(outcome === 'passed' ? 0 : 1);
  }
} catch (error) {
  console.error(error.message);
  await stopAll();
  process.exit(1);
}
