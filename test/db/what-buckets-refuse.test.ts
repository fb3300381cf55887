import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import dns from 'node:dns';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { ObjectKey } from '../../src/model/ids';
import { cosEndpoint, type S3Location, s3LocationSchema } from '../../src/model/s3-location';
import { openS3Store } from '../../src/store/s3-store';
import { newBucket, s3Server } from '../support/s3';

const key = 'app_test_20261124030000_abcdefghij.tar.gz' as ObjectKey;

interface Refused {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly retry: string;
}
async function refusedBy(location: S3Location): Promise<Refused> {
  const store = await openS3Store(location);
  try {
    await store.check({ write: true });
  } catch (error) {
    const { code, message, remedy, retry, cause } = error as Refused & { cause?: Error };
    const text = `${message} ${remedy} ${cause?.message} ${JSON.stringify(error)}`;
    for (const secret of [location.secretAccessKey, location.accessKeyId]) assert.ok(!text.includes(secret), text);
    return { code, message, remedy, retry };
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
}

test('wrong keys, a bucket that is not there and a port where nobody listens are told apart by a real server', async () => {
  const location = await newBucket();
  const unknown = await refusedBy({ ...location, accessKeyId: 'UNKNOWNCANARY' });
  assert.deepEqual([unknown.code, /access key/.test(unknown.remedy)], ['OP_STORE_DENIED', true]);
  const wrong = await refusedBy({ ...location, secretAccessKey: 'wrong-canary' });
  assert.deepEqual([wrong.code, /secret key/.test(wrong.remedy)], ['OP_STORE_DENIED', true]);
  const missing = await refusedBy({ ...location, bucket: 'bklog-nobody' });
  assert.deepEqual([missing.code, /Create the bucket/.test(missing.remedy)], ['OP_STORE_UNREACHABLE', true]);
  const closed = await refusedBy({ ...location, endpoint: 'http://127.0.0.1:1' });
  assert.deepEqual(
    [closed.code, /firewall/.test(closed.remedy), closed.retry],
    ['OP_STORE_UNREACHABLE', true, 'later'],
  );
  const plain = await refusedBy({ ...location, endpoint: s3Server().endpoint.replace('http:', 'https:') });
  assert.deepEqual([plain.code, /CA|address/.test(plain.remedy)], ['OP_STORE_UNREACHABLE', true]);
});

/** A server that answers everything alike, and keeps what it was asked. */
async function withAnswer<T>(
  answer: { readonly status: number; readonly body: string; readonly headers?: Record<string, string> },
  use: (url: string, requests: IncomingMessage[]) => Promise<T>,
): Promise<T> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume();
    response.writeHead(answer.status, { 'Content-Type': 'application/xml', ...answer.headers }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`127.0.0.1:${(server.address() as AddressInfo).port}`, requests);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const location = (endpoint: string): S3Location =>
  s3LocationSchema.parse({
    ...{ kind: 's3', name: 'test', endpoint, bucket: 'bucket', addressing: 'path' },
    ...{ accessKeyId: 'AKcanary', secretAccessKey: 'SKcanary' },
  });

test('what a server can answer becomes a typed error with a remedy that fits', async () => {
  const table: readonly (readonly [number, string, string, RegExp])[] = [
    [400, 'AuthorizationHeaderMalformed', 'OP_STORE_DENIED', /region/],
    [301, 'PermanentRedirect', 'OP_STORE_UNREACHABLE', /region/],
    [400, 'ExpiredToken', 'OP_STORE_DENIED', /session token/],
    [403, 'AccessDenied', 'OP_STORE_DENIED', /rights/],
    [403, 'QuotaExceeded', 'OP_STORE_FULL', /space/i],
    [400, 'SomethingNew', 'OP_STORE_DENIED', /does not take this request/],
  ];
  for (const [status, code, wanted, remedy] of table) {
    const body = `<Error><Code>${code}</Code><Message>AKcanary did it</Message></Error>`;
    await withAnswer({ status, body }, async (host) => {
      const refused = await refusedBy(location(`http://${host}`));
      assert.equal(refused.code, wanted, code);
      assert.match(refused.remedy, remedy, code);
    });
  }
});

test('a clock that is off by an hour is told with both times', async () => {
  const there = new Date(Date.now() + 3_600_000).toUTCString();
  const body = '<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>';
  await withAnswer({ status: 403, body, headers: { Date: there } }, async (host) => {
    const { code, message, remedy } = await refusedBy(location(`http://${host}`));
    assert.equal(code, 'OP_STORE_DENIED');
    assert.match(`${message} ${remedy}`, /clock/);
    assert.ok(message.includes(there), message);
  });
});

const hmac = (secret: string | Buffer, text: string) => createHmac('sha256', secret).update(text).digest();
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Signature Version 4, computed from what arrived (the S3 reference, "Authenticating Requests"). */
function signatureOf({ method, url, headers }: IncomingMessage, secret: string): string {
  const [, credential = '', signed = ''] =
    /Credential=([^,]+), ?SignedHeaders=([^,]+)/.exec(headers.authorization ?? '') ?? [];
  const [, day = '', region = '', service = ''] = credential.split('/');
  const { pathname, searchParams } = new URL(url ?? '/', 'http://x');
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const query = [...searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const lines = signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, pathname, query, lines.join(''), signed, headers['x-amz-content-sha256']].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = [region, service, 'aws4_request'].reduce<Buffer>(
    (from, part) => hmac(from, part),
    hmac(`AWS4${secret}`, day),
  );
  return hmac(key, text).toString('hex');
}

test('requests to Tencent COS go to the host of the bucket, signed for its region', async () => {
  const region = 'ap-guangzhou';
  const keys = { accessKeyId: 'AKIDcanary', secretAccessKey: 'cos-canary' };
  const cos = {
    kind: 's3',
    name: 'cos',
    region,
    bucket: 'bklog-1250000000',
    prefix: 'sets',
    addressing: 'virtual',
    ...keys,
  };
  const settings = s3LocationSchema.parse({ ...cos, endpoint: cosEndpoint(region) });
  const host = 'bklog-1250000000.cos.ap-guangzhou.myqcloud.com';
  const address = new URL((await (await openS3Store(settings)).downloadUrl!(key, 86_400)) ?? '');
  assert.deepEqual([address.protocol, address.host, address.pathname], ['https:', host, `/sets/${key}`]);
  assert.equal(address.searchParams.get('X-Amz-Expires'), '86400');
  assert.match(
    address.searchParams.get('X-Amz-Credential') ?? '',
    /^AKIDcanary\/\d{8}\/ap-guangzhou\/s3\/aws4_request$/,
  );

  // The real requests, with COS's names led to a server of ours.
  const { lookup } = dns;
  const asked: string[] = [];
  const here = (name: string, options: unknown, last?: unknown) => {
    asked.push(name);
    const done = (last ?? options) as (...found: unknown[]) => void;
    if ((options as { all?: boolean }).all) done(null, [{ address: '127.0.0.1', family: 4 }]);
    else done(null, '127.0.0.1', 4);
  };
  Object.assign(dns, { lookup: here });
  try {
    await withAnswer({ status: 200, body: '<ListBucketResult></ListBucketResult>' }, async (local, requests) => {
      const endpoint = `${cosEndpoint(region).replace('https:', 'http:')}:${local.split(':')[1]}`;
      const store = await openS3Store({ ...settings, endpoint });
      await store.list();
      await store.heldUntil!(key);
      assert.deepEqual([...new Set(asked.filter((name) => name !== '127.0.0.1'))], [host]);
      assert.deepEqual(
        requests.map(({ method, url }) => `${method} ${url?.split('?')[0]}`),
        ['GET /', `HEAD /sets/${key}`],
      );
      assert.match(requests[0]?.url ?? '', /prefix=sets%2F/);
      for (const request of requests) {
        assert.equal(request.headers.host, `${host}:${local.split(':')[1]}`);
        const given = /Signature=([0-9a-f]{64})/.exec(request.headers.authorization ?? '')?.[1];
        assert.equal(given, signatureOf(request, keys.secretAccessKey));
      }
    });
  } finally {
    Object.assign(dns, { lookup });
  }
});
