import { createHash } from 'node:crypto';
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';
import { cleanUpAfter, OperationError } from '../errors/operation-error';
import { durableStep } from '../support/durable-step';
import type { S3Sdk } from './s3-client';
import { storeTuning } from './store-tuning';

/** Metadata by which an upload recognises its own object after an answer was lost. */
export const PUT_ID = 'bklog-put';
/** An upload has at most 10,000 parts. */
const PARTS_OF_ONE_SIZE = 1000;
const DOUBLINGS = 3;
/** Parts on their way at a time; each is in memory. */
const PARTS_AT_ONCE = 3;

export interface UploadTarget {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
  readonly Bucket: string;
  readonly Key: string;
}

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('base64');

function partBytes(number: number): number {
  return storeTuning().partBytes * 2 ** Math.min(DOUBLINGS, Math.floor((number - 1) / PARTS_OF_ONE_SIZE));
}

/** Cuts a stream into parts. The last one may be empty when it is the only one. */
async function* partsOf(content: AsyncIterable<Buffer>, signal?: AbortSignal) {
  let waiting: Buffer[] = [];
  let bytes = 0;
  let number = 1;
  for await (const chunk of content) {
    signal?.throwIfAborted();
    let rest = chunk;
    while (bytes + rest.length > partBytes(number)) {
      const fits = partBytes(number) - bytes;
      yield { number, body: Buffer.concat([...waiting, rest.subarray(0, fits)]), isLast: false };
      rest = rest.subarray(fits);
      [waiting, bytes, number] = [[], 0, number + 1];
    }
    // A copy: the source may use its buffer again.
    waiting.push(Buffer.from(rest));
    bytes += rest.length;
  }
  yield { number, body: Buffer.concat(waiting), isLast: true };
}

/**
 * Writes one object, whole or not at all: in one request, or as parts that appear with the last request. `putId` is in
 * its metadata. Nothing is left on failure but what `suppressed` of the error says.
 */
export async function upload(
  target: UploadTarget,
  putId: string,
  content: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): Promise<void> {
  const parts = partsOf(content, signal);
  const first = (await parts.next()).value!;
  if (first.isLast) await putWhole(target, putId, first.body, signal);
  else await putParts(target, putId, first, parts, signal);
}

async function putWhole({ sdk, client, Bucket, Key }: UploadTarget, putId: string, Body: Buffer, signal?: AbortSignal) {
  const input = { Bucket, Key, Body, ContentMD5: md5(Body), IfNoneMatch: '*', Metadata: { [PUT_ID]: putId } };
  await durableStep('store.publish', () => client.send(new sdk.PutObjectCommand(input), optionsOf(signal)));
}

interface Part {
  readonly number: number;
  readonly body: Buffer;
}

async function putParts(
  { sdk, client, Bucket, Key }: UploadTarget,
  putId: string,
  first: Part,
  rest: AsyncGenerator<Part>,
  signal?: AbortSignal,
): Promise<void> {
  const create = new sdk.CreateMultipartUploadCommand({ Bucket, Key, Metadata: { [PUT_ID]: putId } });
  const { UploadId } = await durableStep('store.create-temporary', () => client.send(create, optionsOf(signal)));
  if (!UploadId) throw new OperationError('OP_STORE_UNREACHABLE', 'the server began an upload without naming it');
  const done: CompletedPart[] = [];
  const failed = new AbortController();
  const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const send = async ({ number, body }: Part) => {
    const input = { Bucket, Key, UploadId, PartNumber: number, Body: body, ContentMD5: md5(body) };
    const { ETag } = await durableStep('store.write', () =>
      client.send(new sdk.UploadPartCommand(input), optionsOf(stop)),
    );
    if (!ETag) throw new OperationError('OP_STORE_UNREACHABLE', `the server took part ${number} without a tag`);
    done.push({ PartNumber: number, ETag });
  };
  try {
    await sendAll(first, rest, send, failed);
    const Parts = done.sort((a, b) => a.PartNumber! - b.PartNumber!);
    const input = { Bucket, Key, UploadId, MultipartUpload: { Parts }, IfNoneMatch: '*' };
    signal?.throwIfAborted();
    // Not every server looks at the condition here; each looks at the key.
    if (await isTaken({ sdk, client, Bucket, Key }))
      throw new OperationError('OP_OBJECT_EXISTS', `${Key} is in ${Bucket} already`);
    await durableStep('store.publish', () =>
      client.send(new sdk.CompleteMultipartUploadCommand(input), optionsOf(signal)),
    );
  } catch (error) {
    // Also where the answer to the last request was lost: an upload that was completed is not there any more.
    await cleanUpAfter(error, () => abandon({ sdk, client, Bucket, Key }, UploadId));
    throw error;
  }
}

/** Some parts at a time; the first failure stops the others and is the one that is thrown. */
async function sendAll(
  first: Part,
  rest: AsyncGenerator<Part>,
  send: (part: Part) => Promise<void>,
  failed: AbortController,
): Promise<void> {
  const sending = new Set<Promise<void>>();
  let failure: { readonly reason: unknown } | undefined;
  const begin = (part: Part) => {
    const one: Promise<void> = send(part).then(
      () => void sending.delete(one),
      (reason: unknown) => {
        sending.delete(one);
        failure ??= { reason };
        failed.abort();
      },
    );
    sending.add(one);
  };
  try {
    begin(first);
    for await (const part of rest) {
      begin(part);
      if (sending.size >= PARTS_AT_ONCE) await Promise.race(sending);
      if (failure) break;
    }
  } catch (reason) {
    failure ??= { reason };
    failed.abort();
  }
  await Promise.all(sending);
  if (failure) throw failure.reason;
}

async function isTaken({ sdk, client, Bucket, Key }: UploadTarget): Promise<boolean> {
  return await client.send(new sdk.HeadObjectCommand({ Bucket, Key })).then(
    () => true,
    (error: { $metadata?: { httpStatusCode?: number } }) => {
      if (error.$metadata?.httpStatusCode === 404) return false;
      throw error;
    },
  );
}

/** Removes the parts of an upload. Idempotent. */
export async function abandon({ sdk, client, Bucket, Key }: UploadTarget, UploadId: string): Promise<void> {
  try {
    await durableStep('store.drop-temporary', () =>
      client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
    );
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    if (name !== 'NoSuchUpload' && $metadata?.httpStatusCode !== 404) throw error;
  }
}

const optionsOf = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});
