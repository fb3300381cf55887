import { createHash } from 'node:crypto';
import { cleanUpAfter } from '../errors/operation-error';
import { withBackOff } from '../support/back-off';
import { durableStep } from '../support/durable-step';
import { blockUploadSchema, dataOf } from './bkrepo-answer';
import type { BkrepoRequest, BkrepoWire } from './bkrepo-wire';
import { storeTuning } from './store-tuning';

export interface BkrepoTarget {
  readonly wire: BkrepoWire;
  readonly place: string;
  /** `/{project}/{repository}/{folder}/{key}`, encoded. */
  readonly path: string;
  /** Days; absent: for ever. */
  readonly expireDays?: number | undefined;
  readonly step: string;
}

/** Cuts a stream into blocks. The last one may be empty when it is the only one. */
async function* blocksOf(content: AsyncIterable<Buffer>, blockBytes: number, signal?: AbortSignal) {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    signal?.throwIfAborted();
    let rest = chunk;
    while (bytes + rest.length > blockBytes) {
      yield { body: Buffer.concat([...waiting, rest.subarray(0, blockBytes - bytes)]), isLast: false };
      rest = rest.subarray(blockBytes - bytes);
      [waiting, bytes] = [[], 0];
    }
    waiting.push(Buffer.from(rest));
    bytes += rest.length;
  }
  yield { body: Buffer.concat(waiting), isLast: true };
}

/**
 * Writes one object: in one request, or in blocks that become an object with the last one. BKREPO compares the hash of
 * each request, and refuses a name that is taken: X-BKREPO-OVERWRITE is never sent. Requests are repeated: when the
 * answer to the one that made the object was lost, the next finds the name taken (OP_OBJECT_EXISTS).
 */
export async function uploadToBkrepo(
  target: BkrepoTarget,
  content: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): Promise<void> {
  const blocks = blocksOf(content, storeTuning().blockBytes, signal);
  const first = (await blocks.next()).value!;
  if (first.isLast) {
    const headers = { ...sumsOf(first.body), ...expiryOf(target) };
    await publish(target, { method: 'PUT', path: `/generic${target.path}`, headers, body: first.body }, signal);
    return;
  }
  await uploadBlocks(target, first.body, blocks, signal);
}

async function uploadBlocks(
  target: BkrepoTarget,
  first: Buffer,
  rest: AsyncIterable<{ readonly body: Buffer }>,
  signal?: AbortSignal,
): Promise<void> {
  const { wire, place, path, step } = target;
  const { backOff } = storeTuning();
  const begin = { method: 'POST', path: `/generic/block${path}`, step, signal } as const;
  const begun = await withBackOff(() => durableStep('store.create-temporary', () => wire.call(begin)), backOff, signal);
  const upload = { 'X-BKREPO-UPLOAD-ID': dataOf(blockUploadSchema, begun, step, place).uploadId };
  let sequence = 0;
  const send = async (body: Buffer) => {
    sequence += 1;
    const headers = { ...upload, 'X-BKREPO-SEQUENCE': String(sequence), ...sumsOf(body) };
    const request = { method: 'PUT', path: `/generic${path}`, headers, body, step, signal } as const;
    await withBackOff(() => durableStep('store.write', () => wire.call(request)), backOff, signal);
  };
  try {
    await send(first);
    for await (const { body } of rest) await send(body);
    signal?.throwIfAborted();
    const headers = { ...upload, ...expiryOf(target) };
    await publish(target, { method: 'PUT', path: `/generic/block${path}`, headers }, signal);
  } catch (error) {
    const drop = { method: 'DELETE', path: `/generic/block${path}`, headers: upload, step } as const;
    await cleanUpAfter(error, () => durableStep('store.drop-temporary', () => wire.call(drop)));
    throw error;
  }
}

async function publish(
  { wire, step }: BkrepoTarget,
  request: Omit<BkrepoRequest, 'step'>,
  signal?: AbortSignal,
): Promise<void> {
  const act = () => durableStep('store.publish', () => wire.call({ ...request, step, signal }));
  await withBackOff(act, storeTuning().backOff, signal);
}

function sumsOf(body: Buffer): Record<string, string> {
  const sum = (algorithm: string) => createHash(algorithm).update(body).digest('hex');
  return { 'X-BKREPO-SHA256': sum('sha256'), 'X-BKREPO-MD5': sum('md5') };
}

function expiryOf({ expireDays }: BkrepoTarget): Record<string, string> {
  return expireDays === undefined ? {} : { 'X-BKREPO-EXPIRES': String(expireDays) };
}
