// `npm run bench:s3`: a whole backup (export, pack, store, seal) into S3 servers on loopback, in ratio to the same into a
// folder, and the peak memory of each process. Options: --wide N, --narrow N rows (600000, 2000000), --rounds N (3).
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import mysql from 'mysql2/promise';
import { startMariaDb } from '../scripts/mariadb.mjs';
import { makeBenchData } from './data.mjs';

const { values } = parseArgs({
  options: {
    wide: { type: 'string', default: '600000' },
    narrow: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
  },
});
const script = fileURLToPath(new URL('backup-only.mjs', import.meta.url));

/** One backup in a process of its own: seconds, and the peak of its memory in MiB. */
function backUp(config, settings, work) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [script, config, JSON.stringify(settings), work], { stdio: 'inherit' });
    let peak = 0;
    const poll = setInterval(() => {
      try {
        peak = Math.max(
          peak,
          Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0),
        );
      } catch {
        // gone
      }
    }, 20);
    child.once('exit', (code) => {
      clearInterval(poll);
      if (code === 0) resolve({ seconds: (performance.now() - startedAt) / 1000, peak: peak / 1024 });
      else reject(new Error(`the backup ended with ${code}`));
    });
  });
}

/** A server that takes S3's requests and forgets the bytes: what remains is the cost on our side and of loopback. */
async function startSink() {
  const heads = new Map();
  const server = createServer((request, response) => {
    let length = 0;
    const body = [];
    request.on('data', (chunk) => {
      length += chunk.length;
      if (length < 1_000_000) body.push(chunk);
    });
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url, 'http://sink');
      const known = heads.get(pathname);
      if (request.method === 'HEAD') {
        if (known?.isDone)
          response.writeHead(200, {
            'Content-Length': known.length,
            'x-amz-meta-bklog-put': known.putId,
            'Last-Modified': new Date().toUTCString(),
          });
        else response.writeHead(404);
        return response.end();
      }
      const xml = (text) => response.writeHead(200, { 'Content-Type': 'application/xml', ETag: '"x"' }).end(text);
      if (request.method === 'POST' && searchParams.has('uploads')) {
        heads.set(pathname, { length: 0, putId: request.headers['x-amz-meta-bklog-put'], isDone: false });
        return xml('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>');
      }
      if (request.method === 'PUT' && searchParams.has('partNumber')) known.length += length;
      // The run lock and the seal go up in one request, and are read again.
      if (request.method === 'PUT' && !searchParams.has('partNumber')) {
        heads.set(pathname, {
          length,
          putId: request.headers['x-amz-meta-bklog-put'],
          isDone: true,
          body: Buffer.concat(body),
        });
      }
      if (request.method === 'GET' && known?.body)
        return response.writeHead(200, { 'Content-Length': known.length }).end(known.body);
      if (request.method === 'POST') {
        known.isDone = true;
        return xml('<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>');
      }
      if (request.method === 'DELETE') heads.delete(pathname);
      xml(request.method === 'GET' ? '<ListBucketResult></ListBucketResult>' : '');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const settings = {
    kind: 's3',
    name: 'sink',
    endpoint: `http://127.0.0.1:${server.address().port}`,
    region: 'us-east-1',
    bucket: 'bench',
    prefix: '',
    addressing: 'path',
    accessKeyId: 'a',
    secretAccessKey: 'b',
  };
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { settings, stop };
}

async function startGateway() {
  const { startCeph } = await import('../scripts/ceph.mjs');
  const ceph = await startCeph();
  const { S3Client, CreateBucketCommand } = await import('@aws-sdk/client-s3');
  const { endpoint, accessKeyId, secretAccessKey, stop } = ceph;
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: 'bench' }));
  client.destroy();
  const settings = {
    kind: 's3',
    name: 'gateway',
    endpoint,
    region: 'us-east-1',
    bucket: 'bench',
    prefix: '',
    addressing: 'path',
    accessKeyId,
    secretAccessKey,
  };
  return { settings, stop };
}

const folder = mkdtempSync(join(tmpdir(), 'bklog-bench-'));
const server = await startMariaDb();
const sink = await startSink();
const gateway = await startGateway();
try {
  const connection = await mysql.createConnection({ uri: server.url, multipleStatements: true });
  await makeBenchData(connection, { wide: Number(values.wide), narrow: Number(values.narrow) });
  await connection.end();
  const { hostname: host, port, username: user, password } = new URL(server.url);
  const config = join(folder, 'config.yaml');
  const section = { db: 'bench', host, port: Number(port), user, password: decodeURIComponent(password) };
  writeFileSync(config, `bench: ${JSON.stringify(section)}\n`, { mode: 0o600 });
  const local = { kind: 'folder', name: 'local', path: join(folder, 'location'), requireMount: false };
  const places = { 'a folder': local, 'S3 that forgets': sink.settings, 'Ceph in memory': gateway.settings };
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    let first = 0;
    for (const [name, settings] of Object.entries(places)) {
      const { seconds, peak } = await backUp(config, settings, join(folder, 'work'));
      if (settings === local) first = seconds;
      const ratio = `${(first / seconds).toFixed(2)} × local`;
      console.log(`round ${round}  ${name.padEnd(16)} ${seconds.toFixed(2)} s  ${ratio}  peak ${peak.toFixed(0)} MiB`);
    }
  }
} finally {
  sink.stop();
  await gateway.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
