// `npm run bench:migrate`: collectors through a stand-in of BK-LOG's API, beside a client that makes the very same calls
// and nothing else, as many at a time. The figure is the ratio of both, as whole processes.
//   --collectors N (2000)   --latency MS of every call (50)   --concurrency N (4)   --runs N (3)   --json
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import mysql from 'mysql2/promise';
import { startMariaDb } from '../scripts/mariadb.mjs';

const { values } = parseArgs({
  options: {
    collectors: { type: 'string', default: '2000' },
    latency: { type: 'string', default: '50' },
    concurrency: { type: 'string', default: '4' },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    replay: { type: 'string' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

if (values.replay) await replay(JSON.parse(readFileSync(values.replay, 'utf8')));
else await bench();

/** The same calls again, in their order, as many at a time as allowed, each awaited to its last byte. */
async function replay({ url, calls }) {
  const agent = new Agent({ keepAlive: true });
  const once = ({ method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const call = request(url + path, { method, agent, headers }, (answer) => {
        answer.resume().once('end', resolve);
      });
      call.once('error', reject);
      call.end(body);
    });
  const waiting = [...calls];
  const lane = async () => {
    for (let call = waiting.shift(); call; call = waiting.shift()) await once(call);
  };
  await Promise.all(Array.from({ length: Number(values.concurrency) }, lane));
  agent.destroy();
}

async function bench() {
  const { authorization, BkLogGateway, DEFAULT_APP } = await import('../.test-build/test/support/bklog-gateway.js');
  const { collector } = await import('../.test-build/test/support/migration.js');
  const folder = mkdtempSync(join(tmpdir(), 'bklog-bench-migrate-'));
  const server = await startMariaDb();
  const ratios = [];
  const rounds = [];
  try {
    const documents = Array.from({ length: Number(values.collectors) }, (_, at) => collector(at + 1));
    writeFileSync(join(folder, 'collectors.json'), JSON.stringify(documents));
    writeFileSync(
      join(folder, 'map.json'),
      JSON.stringify({ environment: 'ee', offset: 2_000_000, businesses: [{ from: 2, to: 7 }] }),
    );
    for (let round = 0; round < Number(values.runs); round += 1) {
      const connection = await mysql.createConnection(server.url);
      await connection.query('CREATE OR REPLACE DATABASE bench_migration');
      await connection.end();
      const first = await BkLogGateway.open({ latencyMs: Number(values.latency) });
      const { host, port, user, password } = server;
      const ours = await run(
        [
          ...[join(root, 'dist/src/cli.js'), 'migrate', '-e', 'ee', '-c', join(folder, 'collectors.json')],
          ...['--map', join(folder, 'map.json'), '--api', first.url, '--concurrency', values.concurrency],
          ...['--mysql_host', host, '--mysql_port', String(port), '--mysql_user', user],
          ...['--mysql_db', 'bench_migration', '--work', folder],
        ],
        {
          BKLOG_APP_CODE: DEFAULT_APP.bk_app_code,
          BKLOG_APP_SECRET: DEFAULT_APP.bk_app_secret,
          MYSQL_PWD: password,
        },
      );
      const created = first.collectors().length;
      if (created !== documents.length) throw new Error(`${created} of ${documents.length} were created`);
      const calls = first.requests().map(({ method, path, query, body, user }) => ({
        ...{ method, path: `${path}?${new URLSearchParams(query)}` },
        headers: { ...authorization(user), 'Content-Type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      }));
      await first.close();
      const second = await BkLogGateway.open({ latencyMs: Number(values.latency) });
      writeFileSync(join(folder, 'replay.json'), JSON.stringify({ url: second.url, calls }));
      const alone = await run([
        ...[fileURLToPath(import.meta.url), '--replay', join(folder, 'replay.json')],
        ...['--concurrency', values.concurrency],
      ]);
      await second.close();
      ratios.push(ours.seconds / alone.seconds);
      rounds.push({ calls: calls.length, ours: ours.seconds, alone: alone.seconds, peakMiB: ours.peakMiB });
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const peakMiB = Math.max(...rounds.map((round) => round.peakMiB));
  if (values.json) return console.log(JSON.stringify({ ratio: median(ratios), peakMiB, rounds }));
  for (const { calls, ours, alone } of rounds) {
    console.log(
      `${calls} calls: migrate ${ours.toFixed(1)} s, the calls alone ${alone.toFixed(1)} s, ${(ours / alone).toFixed(2)}`,
    );
  }
  console.log(`migrate / its calls alone, median: ${median(ratios).toFixed(2)}; peak memory ${peakMiB.toFixed(0)} MiB`);
}

/** A whole Node process: seconds, and its peak memory in MiB. */
async function run(args, env = {}) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, peak] = ['', 0];
  const poll = setInterval(() => {
    try {
      peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peak);
    } catch {
      // gone, or a system without /proc
    }
  }, 20);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const status = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(poll);
  if (status !== 0) throw new Error(`ended with ${status}: ${output.slice(0, 2000)}`);
  return { seconds: (performance.now() - startedAt) / 1000, peakMiB: peak / 1024 };
}
