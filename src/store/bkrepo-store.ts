import type { IncomingMessage } from 'node:http';
import { cleanUpAfter, isOperationError, OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import type { BkrepoLocation } from '../model/bkrepo-location';
import type { ObjectKey } from '../model/ids';
import { describeLocation } from '../model/location-settings';
import { durableStep } from '../support/durable-step';
import {
  addressesSchema,
  type BkrepoNode,
  dataOf,
  nodeSchema,
  notBkrepo,
  pageSchema,
  repositorySchema,
} from './bkrepo-answer';
import { ServerClock, toUtc, zoneOffsetMs } from './bkrepo-clock';
import { readFromBkrepo } from './bkrepo-read';
import { uploadToBkrepo } from './bkrepo-upload';
import { openBkrepoWire } from './bkrepo-wire';
import { counted } from './counted';
import { assertFlat } from './flat-key';
import type { ObjectInfo, ObjectStore, PutResult } from './object-store';
import { readKey } from './store-keys';

const PAGE_RECORDS = 1000;
/** Metadata in which the heartbeat of the run lock is written; BKREPO keeps the time of the last upload otherwise. */
const TOUCHED = 'bklogtouched';

/** A generic repository of BKREPO (docs/apidoc of bk-repo: generic, node, metadata). Errors: those of every store. */
export async function openBkrepoStore(settings: BkrepoLocation): Promise<ObjectStore> {
  const { project, repository, folder, expireDays } = settings;
  const place = describeLocation(settings);
  const wire = await openBkrepoWire(settings, place);
  const clock = new ServerClock();
  const root = `/${[project, repository, ...folder.split('/').filter(Boolean)].map(encodeURIComponent).join('/')}`;
  const pathOf = (key: string) => `${root}/${encodeURIComponent(key)}`;
  let offsetMs: number | undefined;

  /** The headers of an object; `undefined` when it is not there. */
  async function lookAt(key: string): Promise<IncomingMessage['headers'] | undefined> {
    const request = { method: 'HEAD', path: `/generic${pathOf(key)}`, step: `looking at ${key}` } as const;
    const answer = await orMissing(() => wire.open(request));
    if (!answer) return undefined;
    answer.resume();
    clock.learn(answer);
    // Anything may answer 200 to a HEAD; only BKREPO knows the hash.
    if (!answer.headers['x-checksum-sha256']) throw notBkrepo(request.step, place);
    return answer.headers;
  }

  async function infoOf(node: BkrepoNode): Promise<ObjectInfo> {
    if (offsetMs === undefined) {
      const headers = await lookAt(node.name);
      if (headers?.['last-modified']) offsetMs = zoneOffsetMs(node.lastModifiedDate, headers['last-modified']);
    }
    const written = toUtc(node.lastModifiedDate, offsetMs ?? 0);
    const touched = node.metadata?.[TOUCHED];
    const modifiedAt = typeof touched === 'string' && touched > written ? touched : written;
    return { key: node.name as ObjectKey, bytes: node.size, modifiedAt };
  }

  /** The set goes before its archive does: a seal must not promise what the server has removed. */
  function daysOf(key: ObjectKey): number | undefined {
    const { kind } = readKey(key);
    if (expireDays === undefined || kind === 'foreign') return undefined;
    return kind === 'archive' ? expireDays + 1 : expireDays;
  }

  async function isStored(key: string, { bytes, sha256 }: PutResult): Promise<boolean> {
    const headers = await lookAt(key);
    return headers?.['x-checksum-sha256'] === sha256 && headers['content-length'] === String(bytes);
  }

  const existsAlready = (key: string) =>
    new OperationError('OP_OBJECT_EXISTS', `${key} is in ${place} already`, { details: { key, location: place } });

  async function remove(key: string): Promise<void> {
    const request = { method: 'DELETE', path: `/generic${pathOf(key)}`, step: `removing ${key}` } as const;
    await orMissing(() => durableStep('store.delete', () => wire.call(request)));
  }

  return {
    place,

    async check({ write, bytesNeeded = 0 }) {
      const step = 'looking for the repository';
      const path = `/repository/api/repo/info/${encodeURIComponent(project)}/${encodeURIComponent(repository)}/GENERIC`;
      const envelope = await orMissing(() => wire.call({ method: 'GET', path, step }));
      if (!envelope?.data) {
        throw new OperationError('OP_STORE_UNREACHABLE', `there is no generic repository ${project}/${repository}`, {
          details: { location: place },
          remedy: 'Correct project and repository, or create the repository as GENERIC.',
        });
      }
      const { quota, used } = dataOf(repositorySchema, envelope, step, place);
      const bytesFree = typeof quota === 'number' && quota > 0 ? quota - (used ?? 0) : Number.POSITIVE_INFINITY;
      if (!write || bytesFree >= bytesNeeded) return;
      const message = `${place} has ${bytesFree} bytes free, about ${bytesNeeded} are needed`;
      throw new OperationError('OP_STORE_FULL', message, { details: { location: place, bytesFree, bytesNeeded } });
    },

    async put(key, content, signal) {
      assertFlat(key);
      const step = `writing ${key}`;
      if (await lookAt(key)) throw existsAlready(key);
      const sent = counted(content);
      const target = { wire, place, path: pathOf(key), expireDays: daysOf(key), step };
      let isWritten = false;
      try {
        await uploadToBkrepo(target, sent.content, signal).catch(async (error: unknown) => {
          // Its own first attempt may be what stands there, or what got no answer.
          const result = sent.result();
          if (!isUnclear(error) || !result || !(await isStored(key, result))) throw error;
        });
        isWritten = true;
        const result = sent.result()!;
        signal?.throwIfAborted();
        if (await isStored(key, result)) return result;
        throw new OperationError(
          'OP_STORE_UNREACHABLE',
          `${key} was written to ${place} and is not there as it was sent`,
          {
            details: { key, location: place, bytes: result.bytes },
            retry: 'now',
          },
        );
      } catch (error) {
        const reason = toOperationError(error, `${step} in ${place}`);
        const result = sent.result();
        // Whoever called is told that there is no such object: then there must be none of ours.
        await cleanUpAfter(reason, async () => {
          if (result && (isWritten || (await isStored(key, result)))) await remove(key);
        });
        throw reason;
      }
    },

    async *get(key, signal, part) {
      assertFlat(key);
      if (part?.bytes !== 0) yield* readFromBkrepo({ wire, place, path: pathOf(key), key }, signal, part);
    },

    async head(key) {
      assertFlat(key);
      const step = `looking at ${key}`;
      const path = `/repository/api/node/detail${pathOf(key)}`;
      const envelope = await orMissing(() => wire.call({ method: 'GET', path, step }));
      if (!envelope?.data) return undefined;
      const node = dataOf(nodeSchema, envelope, step, place);
      return node.folder ? undefined : await infoOf(node);
    },

    async list() {
      const step = 'listing';
      const found = new Map<string, ObjectInfo>();
      for (let page = 1, pages = 1; page <= pages; page += 1) {
        const query = `pageNumber=${page}&pageSize=${PAGE_RECORDS}&includeFolder=false&includeMetadata=true&deep=false&sort=true`;
        const path = `/repository/api/node/page${root}?${query}`;
        const envelope = await orMissing(() => wire.call({ method: 'GET', path, step }));
        if (!envelope) return []; // the folder appears with its first object
        const { totalPages, records } = dataOf(pageSchema, envelope, step, place);
        for (const node of records.filter(({ folder: isFolder }) => !isFolder))
          found.set(node.name, await infoOf(node));
        pages = totalPages;
      }
      return [...found.values()];
    },

    async touch(key) {
      assertFlat(key);
      await lookAt(key);
      const nodeMetadata = [{ key: TOUCHED, value: clock.now().toISOString() }];
      const body = Buffer.from(JSON.stringify({ nodeMetadata }));
      const request = {
        method: 'POST',
        path: `/repository/api/metadata${pathOf(key)}`,
        body,
        step: `renewing ${key}`,
        headers: { 'Content-Type': 'application/json' },
      } as const;
      await durableStep('run-lock.renew', () => wire.call(request));
    },

    async delete(key) {
      assertFlat(key);
      await remove(key);
    },

    // Unfinished uploads cannot be listed; BKREPO removes them by itself after twelve hours.
    listRemains: async () => [],

    async downloadUrl(key, expireSeconds) {
      assertFlat(key);
      const fullPath = `/${[...folder.split('/').filter(Boolean), key].join('/')}`;
      const wanted = {
        projectId: project,
        repoName: repository,
        fullPathSet: [fullPath],
        expireSeconds,
        type: 'DOWNLOAD',
      };
      const request = {
        method: 'POST',
        path: '/generic/temporary/url/create',
        step: `asking for an address of ${key}`,
        headers: { 'Content-Type': 'application/json' },
        body: Buffer.from(JSON.stringify(wanted)),
      } as const;
      const [address] = dataOf(addressesSchema, await wire.call(request), request.step, place);
      // An address without its token is one that nobody can use.
      if (!address || !URL.canParse(address.url) || !new URL(address.url).searchParams.get('token')) {
        throw notBkrepo(request.step, place);
      }
      return address.url;
    },
  };
}

/** The object may be there although the request failed. */
function isUnclear(error: unknown): boolean {
  return isOperationError(error, 'OP_OBJECT_EXISTS') || isOperationError(error, 'OP_STORE_UNREACHABLE');
}

async function orMissing<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (isOperationError(error, 'OP_ARCHIVE_MISSING')) return undefined;
    throw error;
  }
}
