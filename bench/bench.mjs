// `npm run bench`: our backup beside mysqldump and mydumper, in one run on data made here. Figures of different runs
// or machines mean nothing beside each other; the ratios of one run do.
//   --wide N  --narrow N  rows (600000, 2000000)   --runs N  rounds, taken in turn (3)   --json
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import mysql from 'mysql2/promise';
import { startMariaDb } from '../scripts/mariadb.mjs';
import { ensureProgram } from '../scripts/programs.mjs';
import { makeBenchData } from './data.mjs';

const { values } = parseArgs({
  options: {
    wide: { type: 'string', default: '600000' },
    narrow: { type: 'string', default: '2000000' },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bklog-bench-'));
const POLL_MS = 20;

/** Runs a command to its end: seconds, and the peak memory of its first process in MiB. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let peak = 0;
    const poll = setInterval(() => {
      try {
        peak = Math.max(
          peak,
          Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0),
        );
      } catch {
        // gone, or a system without /proc
      }
    }, POLL_MS);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.once('close', (status) => {
      clearInterval(poll);
      const seconds = (performance.now() - startedAt) / 1000;
      if (status === 0) resolve({ seconds, peakMiB: peak / 1024, output });
      else reject(new Error(`${command} ended with ${status}: ${output}`));
    });
  });
}

function emptyFolder(name) {
  const path = join(folder, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}
const bytesOf = (path) => readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

async function measure(server) {
  const config = join(folder, 'config.yaml');
  const { host, port, user, password } = server;
  writeFileSync(config, JSON.stringify({ bench: { db: 'bench', host, port, user, password } }));
  writeFileSync(join(folder, 'my.cnf'), `[client]\nhost=${host}\nport=${port}\nuser=${user}\npassword=${password}\n`, {
    mode: 0o600,
  });
  const cli = join(root, 'dist/src/cli.js');
  const node = process.execPath;
  const ours = () => emptyFolder('ours');
  const archiveOf = (path) =>
    join(
      path,
      readdirSync(path).find((name) => name.endsWith('.tar.gz')),
    );
  let verified = '';
  const commands = {
    'mysqldump | gzip': () =>
      run('bash', [
        '-c',
        'set -o pipefail; mysqldump --defaults-extra-file=my.cnf --single-transaction bench | gzip > dump.sql.gz',
      ]),
    'mydumper -t 2, gzip': () =>
      run('mydumper', [
        '--defaults-file',
        'my.cnf',
        '-B',
        'bench',
        '-t',
        '2',
        '--compress=GZIP',
        '-o',
        emptyFolder('mydumper'),
      ]),
    'backup, sealed': () => run(node, [join(root, 'bench/backup-only.mjs'), config, ours(), join(folder, 'work')]),
    'backup, sealed and verified': () =>
      run(node, [
        cli,
        'backup',
        '--config',
        config,
        '--location',
        ours(),
        '--all-tables',
        '--work',
        join(folder, 'work'),
      ]),
    'gzip -t + sha256sum': () => {
      verified = archiveOf(join(folder, 'ours'));
      return run('bash', ['-c', 'gzip -t "$0" && sha256sum "$0"', verified]);
    },
    'verify --level intact': () =>
      run(node, [
        cli,
        'verify',
        'latest',
        '--location',
        join(folder, 'ours'),
        '--level',
        'intact',
        '--work',
        join(folder, 'work'),
      ]),
  };
  const results = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round < Number(values.runs); round += 1) {
    for (const [name, act] of Object.entries(commands)) results[name].push(await act());
  }
  // Restores go into names of their own, each dropped again.
  const sql = (text) => run('mysql', ['--defaults-extra-file=my.cnf', '-e', text]);
  const restores = {
    'restore, compared': () =>
      run(node, [
        ...[cli, 'restore', 'latest', '--location', join(folder, 'ours'), '--config', config],
        ...['--database', 'bench_ours', '--work', join(folder, 'work')],
      ]),
    'zcat | mysql': async () => {
      await sql('CREATE DATABASE bench_mysql');
      const pipe = 'set -o pipefail; zcat dump.sql.gz | mysql --defaults-extra-file=my.cnf bench_mysql';
      return await run('bash', ['-c', pipe]);
    },
    'myloader -t 2': () =>
      run('myloader', [
        ...['--defaults-file', 'my.cnf', '-B', 'bench_loader', '-t', '2', '-d', join(folder, 'mydumper')],
        '--enable-binlog', // as the other two do it
      ]),
  };
  for (const name of Object.keys(restores)) results[name] = [];
  for (let round = 0; round < Number(values.runs); round += 1) {
    for (const [name, act] of Object.entries(restores)) {
      results[name].push(await act());
      for (const database of ['bench_ours', 'bench_mysql', 'bench_loader'])
        await sql(`DROP DATABASE IF EXISTS ${database}`);
    }
  }
  const archiveBytes = statSync(verified).size;
  const loop = await run(node, [join(root, 'bench/event-loop.mjs'), config, ours(), join(folder, 'work')]);
  const seconds = Object.fromEntries(
    Object.entries(results).map(([name, list]) => [name, median(list.map((r) => r.seconds))]),
  );
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`,
    rows: { wide: Number(values.wide), narrow: Number(values.narrow) },
    seconds,
    ratios: {
      'backup / mysqldump | gzip': seconds['backup, sealed'] / seconds['mysqldump | gzip'],
      'backup / mydumper': seconds['backup, sealed'] / seconds['mydumper -t 2, gzip'],
      'backup with verify / mysqldump | gzip': seconds['backup, sealed and verified'] / seconds['mysqldump | gzip'],
      'restore / zcat | mysql': seconds['restore, compared'] / seconds['zcat | mysql'],
      'restore / myloader': seconds['restore, compared'] / seconds['myloader -t 2'],
      'verify intact / gzip -t + sha256sum': seconds['verify --level intact'] / seconds['gzip -t + sha256sum'],
    },
    archiveMiB: archiveBytes / 2 ** 20,
    dumpMiB: statSync(join(folder, 'dump.sql.gz')).size / 2 ** 20,
    mydumperMiB: bytesOf(join(folder, 'mydumper')) / 2 ** 20,
    peakMiB: Math.max(...results['backup, sealed and verified'].map((r) => r.peakMiB)),
    restorePeakMiB: Math.max(...results['restore, compared'].map((r) => r.peakMiB)),
    eventLoopDelayMs: JSON.parse(loop.output),
  };
}

function print(report) {
  console.log(`${report.machine}; ${report.rows.wide} wide and ${report.rows.narrow} narrow rows\n`);
  for (const [name, value] of Object.entries(report.seconds))
    console.log(`${name.padEnd(40)} ${value.toFixed(1).padStart(7)} s`);
  console.log();
  for (const [name, value] of Object.entries(report.ratios))
    console.log(`${name.padEnd(40)} ${value.toFixed(2).padStart(7)}`);
  console.log(`
archive ${report.archiveMiB.toFixed(0)} MiB, mysqldump | gzip ${report.dumpMiB.toFixed(0)} MiB, mydumper ${report.mydumperMiB.toFixed(0)} MiB
peak memory of the whole process ${report.peakMiB.toFixed(0)} MiB, of a restore ${report.restorePeakMiB.toFixed(0)} MiB
event-loop delay of the host: p50 ${report.eventLoopDelayMs.p50} ms, p99 ${report.eventLoopDelayMs.p99} ms, max ${report.eventLoopDelayMs.max} ms`);
}

ensureProgram(['mydumper'], ['mydumper']);
const server = await startMariaDb({ label: 'bench', serverOptions: ['--innodb-buffer-pool-size=2G'] });
try {
  const connection = await mysql.createConnection({ uri: server.url, multipleStatements: true });
  await makeBenchData(connection, { wide: Number(values.wide), narrow: Number(values.narrow) });
  await connection.end();
  const report = await measure(server);
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else print(report);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
