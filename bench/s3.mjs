// `npm run bench:s3`: throughput of storing an archive in a real S3 server on loopback, in ratio to the local store, and
// the peak memory of a process that does nothing else. Options: --mib N (default 512), --rounds N (default 3).
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '3' },
    child: { type: 'string' },
  },
});
const bytes = Number(values.mib) * 1024 ** 2;

if (values.child) await store(JSON.parse(values.child));
else await compare();

/** One process: stores one object and prints seconds and the peak of its memory. */
async function store(settings) {
  const { openLocalStore } = await import('../dist/src/store/local-store.js');
  const { openS3Store } = await import('../dist/src/store/s3-store.js');
  const opened = settings.kind === 's3' ? await openS3Store(settings) : openLocalStore(settings);
  const block = randomBytes(1024 ** 2);
  async function* content() {
    for (let sent = 0; sent < bytes; sent += block.length) yield block;
  }
  const key = `bench-${randomBytes(6).toString('hex')}`;
  await opened.check({ write: true });
  const began = performance.now();
  await opened.put(key, content());
  const seconds = (performance.now() - began) / 1000;
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
  await opened.delete(key);
  console.log(JSON.stringify({ seconds, peak }));
  process.exit(0);
}

function inChild(settings) {
  return new Promise((resolve, reject) => {
    const args = [fileURLToPath(import.meta.url), '--mib', values.mib, '--child', JSON.stringify(settings)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.once('exit', (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`the child ended with ${code}`)),
    );
  });
}

/** A server that takes S3's requests and forgets the bytes: what remains is the cost on our side and of loopback. */
async function startSink() {
  const heads = new Map();
  const server = createServer((request, response) => {
    let length = 0;
    request.on('data', (chunk) => {
      length += chunk.length;
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

async function compare() {
  const folder = mkdtempSync(join(tmpdir(), 'bklog-bench-'));
  const sink = await startSink();
  const gateway = await startGateway();
  try {
    const places = {
      local: { kind: 'folder', name: 'local', path: join(folder, 'location'), requireMount: false },
      'S3, a server that forgets': sink.settings,
      'S3, Ceph Object Gateway in memory': gateway.settings,
    };
    for (let round = 1; round <= Number(values.rounds); round += 1) {
      let local = 0;
      for (const [name, settings] of Object.entries(places)) {
        const { seconds, peak } = await inChild(settings);
        if (settings.kind === 'folder') local = seconds;
        const speed = `${(bytes / 1024 ** 2 / seconds).toFixed(0)} MiB/s`;
        console.log(
          `round ${round}  ${name.padEnd(34)} ${seconds.toFixed(2)} s  ${speed.padStart(10)}  × local ${(local / seconds).toFixed(2)}  peak ${(peak / 1024 ** 2).toFixed(0)} MiB`,
        );
      }
    }
  } finally {
    sink.stop();
    await gateway.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
