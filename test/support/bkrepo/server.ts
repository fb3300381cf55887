import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BkrepoLocation, bkrepoLocationSchema } from '../../../src/model/bkrepo-location';
import { describeNode, newNode, type StoredNode, sumOf } from './nodes';

/**
 * BKREPO's generic repository, as far as reference pages describe it: authentication, envelope, codes, checksums, block
 * upload, pages, metadata, temporary addresses. It misbehaves behind a fault proxy.
 */
export interface Bkrepo {
  readonly location: BkrepoLocation;
  readonly nodes: Map<string, StoredNode>;
  /** Unfinished block uploads. */
  readonly uploads: Map<string, Upload>;
  /** Bytes; absent: no limit. */
  quota: number | undefined;
}
interface Upload {
  readonly fullPath: string;
  readonly blocks: Map<number, Buffer>;
}

const PROJECT = 'bklog';
const REPOSITORY = 'backup';
const USER = 'admin';
const PASSWORD = 'bkrepo-secret';
const KEYS = { accessKey: 'access-key', secretKey: 'platform-secret' };

class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
  ) {
    super(`code ${code}`);
  }
}

export const basic = { kind: 'basic', user: USER, password: PASSWORD } as const;
export const platform = { kind: 'platform', ...KEYS, user: USER } as const;

/** Lends an empty repository. */
export async function withBkrepo<T>(use: (bkrepo: Bkrepo) => Promise<T>): Promise<T> {
  const nodes = new Map<string, StoredNode>();
  const uploads = new Map<string, Upload>();
  const server = createServer((request, response) => {
    void answer(bkrepo, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const location = bkrepoLocationSchema.parse({
    ...{ kind: 'bkrepo', name: 'the repository', endpoint: `http://127.0.0.1:${port}`, project: PROJECT },
    ...{ repository: REPOSITORY, folder: 'sets/bklog', authorization: basic },
  });
  const bkrepo: Bkrepo = { location, nodes, uploads, quota: undefined };
  try {
    return await use(bkrepo);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function answer(bkrepo: Bkrepo, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://bkrepo');
    if (!url.searchParams.has('token')) authenticate(request);
    const call = { bkrepo, request, response, url, body: Buffer.concat(chunks) };
    const route = ROUTES.find(([method, path]) => method === request.method && path.test(url.pathname));
    if (!route) throw new Refused(400, 250103);
    const fullPath = decodeURIComponent(route[1].exec(url.pathname)?.[1] ?? '');
    const data = route[2](call, fullPath);
    if (data !== STREAMED) send(response, 200, { code: 0, message: null, data: data ?? null, traceId: null });
  } catch (error) {
    if (!(error instanceof Refused)) {
      response.destroy();
      return;
    }
    // A HEAD has no body.
    if (request.method === 'HEAD') response.writeHead(error.status).end();
    else send(response, error.status, { code: error.code, message: error.message, data: null, traceId: null });
  }
}

function send(response: ServerResponse, status: number, envelope: object): void {
  const text = JSON.stringify(envelope);
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
    .end(text);
}

function authenticate({ headers }: IncomingMessage): void {
  const [kind, encoded = ''] = (headers.authorization ?? '').split(' ');
  const given = Buffer.from(encoded, 'base64').toString();
  if (kind === 'Basic' && given === `${USER}:${PASSWORD}`) return;
  if (kind === 'Platform' && given === `${KEYS.accessKey}:${KEYS.secretKey}`) {
    if (headers['x-bkrepo-uid']) return;
    throw new Refused(403, 250113); // anonymous
  }
  throw new Refused(401, 250114);
}

interface Call {
  readonly bkrepo: Bkrepo;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: Buffer;
}
const STREAMED = Symbol('answered');
const header = ({ request }: Call, name: string) => request.headers[name]?.toString();
const days = (call: Call) => Number(header(call, 'x-bkrepo-expires') ?? 0);

function findNode({ bkrepo }: Call, fullPath: string): StoredNode {
  const node = bkrepo.nodes.get(fullPath);
  if (!node) throw new Refused(404, 251010);
  return node;
}

function refuseTaken(call: Call, fullPath: string): void {
  const mayOverwrite = /^true$/i.test(header(call, 'x-bkrepo-overwrite') ?? '');
  if (call.bkrepo.nodes.has(fullPath) && !mayOverwrite) throw new Refused(400, 251012);
}

function compareSums(call: Call, body: Buffer): void {
  for (const algorithm of ['sha256', 'md5']) {
    const announced = header(call, `x-bkrepo-${algorithm}`);
    if (announced && announced !== sumOf(algorithm, body)) throw new Refused(400, 251003);
  }
}

function refuseOverQuota({ bkrepo: { quota, nodes } }: Call, more: number): void {
  const used = [...nodes.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (quota !== undefined && used + more > quota) throw new Refused(400, 251025);
}

function keep(call: Call, fullPath: string, bytes: Buffer): object {
  refuseTaken(call, fullPath);
  refuseOverQuota(call, bytes.length);
  const node = newNode(fullPath, bytes, days(call));
  call.bkrepo.nodes.set(fullPath, node);
  return describeNode(node, PROJECT, REPOSITORY);
}

function uploadOf(call: Call, fullPath: string): [string, Upload] {
  const id = header(call, 'x-bkrepo-upload-id') ?? '';
  const upload = call.bkrepo.uploads.get(id);
  if (upload?.fullPath !== fullPath) throw new Refused(404, 251201);
  return [id, upload];
}

function put(call: Call, fullPath: string): unknown {
  compareSums(call, call.body);
  if (!header(call, 'x-bkrepo-upload-id')) return keep(call, fullPath, call.body);
  const [, { blocks }] = uploadOf(call, fullPath);
  const sequence = Number(header(call, 'x-bkrepo-sequence'));
  if (!Number.isInteger(sequence) || sequence < 1) throw new Refused(400, 250118);
  blocks.set(sequence, call.body);
  return { size: call.body.length, sha256: sumOf('sha256', call.body), sequence };
}

function beginBlocks(call: Call, fullPath: string): object {
  refuseTaken(call, fullPath);
  const uploadId = randomBytes(16).toString('hex');
  call.bkrepo.uploads.set(uploadId, { fullPath, blocks: new Map() });
  return { uploadId, expireSeconds: 43_200 };
}

function completeBlocks(call: Call, fullPath: string): object {
  const [id, { blocks }] = uploadOf(call, fullPath);
  const numbers = [...blocks.keys()].sort((a, b) => a - b);
  if (numbers.some((number, at) => number !== at + 1)) throw new Refused(400, 251212);
  const node = keep(call, fullPath, Buffer.concat(numbers.map((number) => blocks.get(number)!)));
  call.bkrepo.uploads.delete(id);
  return node;
}

function download(call: Call, fullPath: string): typeof STREAMED {
  const { bytes, sha256, md5, modifiedAt } = findNode(call, fullPath);
  const [, from, to] = /^bytes=(\d+)-(\d+)?$/.exec(header(call, 'range') ?? '') ?? [];
  const at = Number(from ?? 0);
  if (from !== undefined && at >= bytes.length) throw new Refused(416, 250120);
  const part = from === undefined ? bytes : bytes.subarray(at, to === undefined ? undefined : Number(to) + 1);
  const headers = {
    ...{ 'Content-Length': part.length, 'Accept-Ranges': 'bytes', ETag: sha256 },
    ...{ 'Last-Modified': new Date(modifiedAt).toUTCString(), 'X-Checksum-Sha256': sha256, 'X-Checksum-Md5': md5 },
    ...(from === undefined ? {} : { 'Content-Range': `bytes ${at}-${at + part.length - 1}/${bytes.length}` }),
  };
  call.response.writeHead(from === undefined ? 200 : 206, headers);
  call.response.end(call.request.method === 'HEAD' ? undefined : part);
  return STREAMED;
}

function page(call: Call, folder: string): object {
  const { searchParams } = call.url;
  const [pageNumber, pageSize] = [Number(searchParams.get('pageNumber')), Number(searchParams.get('pageSize'))];
  if (!(pageNumber >= 1 && pageSize >= 1)) throw new Refused(400, 250103);
  const inside = [...call.bkrepo.nodes.values()]
    .filter(({ fullPath }) => fullPath.startsWith(`${folder}/`) && !fullPath.slice(folder.length + 1).includes('/'))
    .sort((a, b) => a.fullPath.localeCompare(b.fullPath));
  if (inside.length === 0) throw new Refused(404, 251010);
  const records = inside
    .slice((pageNumber - 1) * pageSize, pageNumber * pageSize)
    .map((node) => describeNode(node, PROJECT, REPOSITORY));
  const totalPages = Math.ceil(inside.length / pageSize);
  return { pageNumber, pageSize, totalRecords: inside.length, totalPages, records };
}

function addMetadata(call: Call, fullPath: string): null {
  const { metadata } = findNode(call, fullPath);
  const { nodeMetadata } = JSON.parse(call.body.toString()) as { nodeMetadata: { key: string; value: unknown }[] };
  for (const { key, value } of nodeMetadata) metadata.set(key.toLowerCase(), value);
  return null;
}

function createAddress(call: Call): object {
  const wanted = JSON.parse(call.body.toString()) as { fullPathSet: string[]; expireSeconds: number; type: string };
  if (wanted.type !== 'DOWNLOAD') throw new Refused(400, 250103);
  return wanted.fullPathSet.map((fullPath) => {
    findNode(call, fullPath);
    const token = randomBytes(8).toString('hex');
    const path = `/generic/temporary/download/${PROJECT}/${REPOSITORY}${fullPath}`;
    return {
      projectId: PROJECT,
      repoName: REPOSITORY,
      fullPath,
      url: `${call.bkrepo.location.endpoint}${path}?token=${token}`,
    };
  });
}

const inRepository = (before: string) => new RegExp(`^${before}/${PROJECT}/${REPOSITORY}(/.*)?$`);
const anywhere = (before: string) => new RegExp(`^${before}/[^/]+/[^/]+()(?:/.*)?$`);
const missingRepository = () => {
  throw new Refused(404, 251006);
};

const ROUTES: readonly (readonly [string, RegExp, (call: Call, fullPath: string) => unknown])[] = [
  [
    'GET',
    new RegExp(`^/repository/api/repo/info/${PROJECT}/${REPOSITORY}/GENERIC$`),
    ({ bkrepo: { quota, nodes } }) => ({
      ...{ name: REPOSITORY, type: 'GENERIC', quota: quota ?? null },
      used: [...nodes.values()].reduce((sum, { bytes }) => sum + bytes.length, 0),
    }),
  ],
  ['GET', /^\/repository\/api\/repo\/info\//, () => null],
  ['POST', /^\/generic\/temporary\/url\/create$/, createAddress],
  ['GET', inRepository('/generic/temporary/download'), download],
  ['POST', inRepository('/generic/block'), beginBlocks],
  ['PUT', inRepository('/generic/block'), completeBlocks],
  [
    'DELETE',
    inRepository('/generic/block'),
    (call, fullPath) => void call.bkrepo.uploads.delete(uploadOf(call, fullPath)[0]),
  ],
  ['PUT', inRepository('/generic'), put],
  ['GET', inRepository('/generic'), download],
  ['HEAD', inRepository('/generic'), download],
  [
    'DELETE',
    inRepository('/generic'),
    (call, fullPath) => {
      call.bkrepo.nodes.delete(findNode(call, fullPath).fullPath);
    },
  ],
  [
    'GET',
    inRepository('/repository/api/node/detail'),
    (call, fullPath) => describeNode(findNode(call, fullPath), PROJECT, REPOSITORY),
  ],
  ['GET', inRepository('/repository/api/node/page'), page],
  ['POST', inRepository('/repository/api/metadata'), addMetadata],
  ...['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].map(
    (method) => [method, anywhere('/(?:generic|repository)(?:/api)?(?:/\\w+)*'), missingRepository] as const,
  ),
];
