// A throw-away Ceph Object Gateway, a real server that speaks S3: one monitor, one store in memory, one gateway, all on
// 127.0.0.1 with a folder and ports of their own.
import { spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureProgram, lastLines, runToEnd } from './programs.mjs';

const PACKAGES = ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common'];
const PATIENCE_MS = 60_000;
const STORE_BYTES = 3 * 1024 ** 3;

/**
 * A port that nobody has, below those that the system gives to outgoing connections: it is taken only seconds later.
 * @returns {Promise<number>}
 */
function freePort() {
  return new Promise((resolve) => {
    const port = randomInt(20_000, 30_000);
    const server = createServer().once('error', () => resolve(freePort()));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });
}

/**
 * Starts the gateway. Errors: those of a program that cannot be installed or does not start, with its last lines.
 * @returns {Promise<{ endpoint: string; accessKeyId: string; secretAccessKey: string; stop(): Promise<void> }>}
 */
export async function startCeph() {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startCluster();
    } catch (error) {
      // A second cluster that starts on this machine at the same moment can make the store give up.
      if (attempt === 3) throw error;
      console.error(`${error instanceof Error ? error.message : error}\nanother attempt …`);
    }
  }
}

async function startCluster() {
  for (const name of ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool', 'radosgw-admin'])
    ensureProgram([name], PACKAGES);
  const folder = mkdtempSync(join(tmpdir(), 'bklog-ceph-'));
  const [monPort, gatePort] = [await freePort(), await freePort()];
  const fsid = randomUUID();
  const conf = join(folder, 'ceph.conf');
  for (const name of ['mon', 'osd', 'rgw', 'run']) mkdirSync(join(folder, name));
  const settings = {
    fsid,
    'mon host': `v1:127.0.0.1:${monPort}`,
    'mon initial members': 'a',
    'public network': '127.0.0.0/8',
    'ms bind ipv6': 'false',
    'auth cluster required': 'none',
    'auth service required': 'none',
    'auth client required': 'none',
    'osd objectstore': 'memstore',
    'memstore device bytes': STORE_BYTES,
    'osd pool default size': 1,
    'osd pool default min size': 1,
    'osd pool default pg num': 4,
    'osd crush chooseleaf type': 0,
    'osd class load list': '*',
    'osd class default list': '*',
    'mon allow pool size one': 'true',
    'mon max pg per osd': 1000,
    'mon data avail warn': 1,
    'mon data avail crit': 1,
    'mon warn on pool no redundancy': 'false',
    'rgw multipart min part size': 1024,
    'rgw enable usage log': 'false',
    'rgw dns name': 's3.localhost',
    'rgw thread pool size': 32,
    'mon data': join(folder, 'mon'),
    'osd data': join(folder, 'osd'),
    'rgw data': join(folder, 'rgw'),
    'run dir': join(folder, 'run'),
    'admin socket': '',
    'pid file': '',
    'log file': '',
    'log to stderr': 'true',
    'err to stderr': 'true',
    'crash dir': folder,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(conf, `[global]\n${lines.join('\n')}\n`);
  /** @type {import('node:child_process').ChildProcess[]} */
  const running = [];

  async function stop() {
    for (const child of running.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      // What it holds is thrown away: nothing has to be written first.
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    rmSync(folder, { recursive: true, force: true });
  }

  /** @param {string} name @param {readonly string[]} args */
  function start(name, args) {
    const log = openSync(join(folder, `${name}.log`), 'w');
    const child = spawn(ensureProgram([name], PACKAGES), ['-c', conf, '-f', ...args], { stdio: ['ignore', log, log] });
    running.push(child);
    child.once('exit', (code) => {
      if (code)
        console.error(`${name} ended with ${code}:\n${lastLines(readFileSync(join(folder, `${name}.log`), 'utf8'))}`);
    });
  }

  try {
    const monmap = join(folder, 'monmap');
    runToEnd('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', `[v1:127.0.0.1:${monPort}]`, monmap]);
    runToEnd('ceph-mon', ['-c', conf, '--mkfs', '-i', 'a', '--monmap', monmap]);
    start('ceph-mon', ['-i', 'a']);
    const osd = randomUUID();
    // A store in memory gives itself another identity otherwise.
    writeFileSync(join(folder, 'osd', 'fsid'), `${osd}\n`);
    runToEnd('ceph', ['-c', conf, '--connect-timeout', '30', 'osd', 'new', osd]);
    runToEnd('ceph-osd', ['-c', conf, '-i', '0', '--mkfs', '--osd-uuid', osd]);
    start('ceph-osd', ['-i', '0']);
    const accessKeyId = 'BKLOGTESTKEY';
    const secretAccessKey = 'bklog/test+secret';
    const user = [
      '--uid',
      'bklog',
      '--display-name',
      'bklog',
      '--access-key',
      accessKeyId,
      '--secret-key',
      secretAccessKey,
    ];
    // It waits for a store that does not come for ever.
    runToEnd('timeout', ['30', 'radosgw-admin', '-c', conf, 'user', 'create', ...user]);
    start('radosgw', ['-n', 'client.rgw', `--rgw-frontends=beast endpoint=127.0.0.1:${gatePort}`]);
    const endpoint = `http://127.0.0.1:${gatePort}`;
    for (const end = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const isUp = await fetch(endpoint).then(
        (answer) => answer.ok,
        () => false,
      );
      if (isUp) break;
      if (Date.now() > end)
        throw new Error(
          `the gateway does not answer:\n${lastLines(readFileSync(join(folder, 'radosgw.log'), 'utf8'))}`,
        );
    }
    return { endpoint, accessKeyId, secretAccessKey, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const server = await startCeph();
  console.log(
    JSON.stringify({
      endpoint: server.endpoint,
      accessKeyId: server.accessKeyId,
      secretAccessKey: server.secretAccessKey,
    }),
  );
  const keepAlive = setInterval(() => {}, 60_000);
  const stop = async () => {
    clearInterval(keepAlive);
    await server.stop();
    process.exit(0);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
}
