import { randomUUID } from 'node:crypto';
import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { cleanUpAfter, isOperationError, OperationError } from '../errors/operation-error';
import type { ObjectKey } from '../model/ids';
import { describeLocation } from '../model/location-settings';
import type { S3Location } from '../model/s3-location';
import { durableStep } from '../support/durable-step';
import { counted } from './counted';
import { assertFlat } from './flat-key';
import type { ObjectInfo, ObjectStore, PutResult } from './object-store';
import { createS3Client, loadPackage } from './s3-client';
import { toStoreError } from './s3-error';
import { openS3Listing } from './s3-listing';
import { abandon, PUT_ID, type UploadTarget, upload } from './s3-upload';
import { readKey } from './store-keys';

/**
 * A bucket. Objects are written once: on the condition that the key is free, and looked at again afterwards. Errors:
 * OP_CONFIG_INVALID when the client is not installed; those of every store.
 */
export async function openS3Store(settings: S3Location): Promise<ObjectStore> {
  const sdk = await loadPackage('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'));
  const client = await createS3Client(sdk, settings);
  const { bucket: Bucket, prefix } = settings;
  const place = describeLocation(settings);
  const nameOf = (key: string) => (prefix ? `${prefix}/${key}` : key);
  const listing = openS3Listing({ sdk, client, Bucket, beginning: prefix ? `${prefix}/` : '' });
  const targetOf = (key: string): UploadTarget => ({ sdk, client, Bucket, Key: nameOf(key) });

  const translated = async <T>(step: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw toStoreError(error, step, place);
    }
  };

  async function lookAt(key: string): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await client.send(new sdk.HeadObjectCommand({ Bucket, Key: nameOf(key) }));
    } catch (error) {
      if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404) return undefined;
      throw error;
    }
  }

  const isOurs = (found: HeadObjectCommandOutput | undefined, putId: string) => found?.Metadata?.[PUT_ID] === putId;
  const existsAlready = (key: string) =>
    new OperationError('OP_OBJECT_EXISTS', `${key} is in ${place} already`, { details: { key, location: place } });

  /** What the server holds is what was sent: it may have been written although the answer was lost, or been replaced. */
  async function assertStored(key: ObjectKey, putId: string, { bytes }: PutResult): Promise<void> {
    const found = await lookAt(key);
    if (isOurs(found, putId) && found?.ContentLength === bytes) return;
    if (found && !isOurs(found, putId)) throw existsAlready(key);
    throw new OperationError('OP_STORE_UNREACHABLE', `${key} was written to ${place} and is not there as it was sent`, {
      details: { key, location: place, bytes, found: found?.ContentLength ?? 0 },
      retry: 'now',
    });
  }

  /** Whoever called is told that there is no such object: then there must be none of ours. */
  async function removeOurs(key: ObjectKey, putId: string): Promise<void> {
    if (isOurs(await lookAt(key), putId)) await client.send(new sdk.DeleteObjectCommand({ Bucket, Key: nameOf(key) }));
  }

  async function heldUntil(key: ObjectKey): Promise<string | undefined> {
    const found = await lookAt(key);
    if (found?.ObjectLockLegalHoldStatus === 'ON') return 'forever';
    const until = found?.ObjectLockRetainUntilDate;
    return until && until.getTime() > Date.now() ? until.toISOString() : undefined;
  }

  return {
    place,

    check: () => translated('looking for the bucket', () => listing.probe()),

    put: (key, content, signal) =>
      translated(`writing ${key}`, async () => {
        assertFlat(key);
        const putId = randomUUID();
        try {
          if (await lookAt(key)) throw existsAlready(key);
          const result = await putOrRecognise(key, putId, content, signal);
          signal?.throwIfAborted();
          await assertStored(key, putId, result);
          return result;
        } catch (error) {
          const reason = toStoreError(error, `writing ${key}`, place);
          await cleanUpAfter(reason, () => removeOurs(key, putId));
          throw reason;
        }
      }),

    async *get(key, signal, part) {
      assertFlat(key);
      if (part?.bytes === 0) return;
      try {
        yield* bytesOf(await request(key, signal, part));
      } catch (error) {
        const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
        if ($metadata?.httpStatusCode === 416) return; // begins behind the end
        if (name === 'NoSuchKey') {
          throw new OperationError('OP_ARCHIVE_MISSING', `no ${key} in ${place}`, {
            details: { key, location: place },
          });
        }
        throw toStoreError(error, `reading ${key}`, place);
      }
    },

    head: (key) =>
      translated(`looking at ${key}`, async () => {
        assertFlat(key);
        const found = await lookAt(key);
        return found && toInfo(key, found);
      }),

    list: () => translated('listing', () => listing.objects()),

    touch: (key) =>
      translated(`renewing ${key}`, async () => {
        assertFlat(key);
        const found = await lookAt(key);
        if (!found) throw new OperationError('OP_ARCHIVE_MISSING', `no ${key} in ${place}`, { details: { key } });
        const Key = nameOf(key);
        const source = `${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
        // The only way to a new time: a copy onto itself, of exactly what was seen.
        const copy = { Bucket, Key, CopySource: source, CopySourceIfMatch: found.ETag, Metadata: found.Metadata };
        const input = { ...copy, MetadataDirective: 'REPLACE' as const };
        await durableStep('run-lock.renew', () => client.send(new sdk.CopyObjectCommand(input)));
      }),

    delete: (key) =>
      translated(`removing ${key}`, async () => {
        const unfinished = listing.readUploadKey(key);
        if (unfinished) return await abandon({ ...targetOf(''), Key: unfinished.Key }, unfinished.UploadId);
        assertFlat(key);
        // A lock on the whole bucket is meant for sets; the run lock has to go, and its old version stays unseen.
        const until = readKey(key).kind === 'foreign' ? undefined : await heldUntil(key);
        if (until) throw held(key, place, until);
        await durableStep('store.delete', () => client.send(new sdk.DeleteObjectCommand({ Bucket, Key: nameOf(key) })));
      }),

    listRemains: () => translated('listing', () => listing.unfinishedUploads()),

    heldUntil: (key) => translated(`looking at ${key}`, () => heldUntil(key)),

    downloadUrl: (key, expiresIn) =>
      translated(`signing an address of ${key}`, async () => {
        assertFlat(key);
        const load = () => import('@aws-sdk/s3-request-presigner');
        const { getSignedUrl } = await loadPackage('@aws-sdk/s3-request-presigner', load);
        return await getSignedUrl(client, new sdk.GetObjectCommand({ Bucket, Key: nameOf(key) }), { expiresIn });
      }),
  };

  /** The SDK repeats requests: a condition that fails may be our own object, whose first answer was lost. */
  async function putOrRecognise(
    key: ObjectKey,
    putId: string,
    content: AsyncIterable<Buffer>,
    signal?: AbortSignal,
  ): Promise<PutResult> {
    const sent = counted(content);
    try {
      await upload(targetOf(key), putId, sent.content, signal);
      return sent.result()!;
    } catch (error) {
      const reason = toStoreError(error, `writing ${key}`, place);
      const isUnclear =
        isOperationError(reason, 'OP_OBJECT_EXISTS') || isOperationError(reason, 'OP_STORE_UNREACHABLE');
      const result = sent.result();
      if (!isUnclear || !result) throw reason;
      const found = await lookAt(key).catch(() => undefined);
      if (isOurs(found, putId) && found?.ContentLength === result.bytes) return result;
      throw reason;
    }
  }

  async function request(
    key: string,
    signal: AbortSignal | undefined,
    part: { at: number; bytes: number } | undefined,
  ) {
    const Range = part ? `bytes=${part.at}-${part.at + part.bytes - 1}` : undefined;
    const command = new sdk.GetObjectCommand({ Bucket, Key: nameOf(key), ...(Range ? { Range } : {}) });
    return await client.send(command, signal ? { abortSignal: signal } : {});
  }
}

async function* bytesOf({ Body, ContentLength }: GetObjectCommandOutput): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of Body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    yield chunk;
  }
  if (ContentLength === undefined || bytes === ContentLength) return;
  throw Object.assign(new Error(`${bytes} of ${ContentLength} bytes`), { code: 'IncompleteBody' });
}

function toInfo(key: ObjectKey, { ContentLength, LastModified }: HeadObjectCommandOutput): ObjectInfo {
  return { key, bytes: ContentLength ?? 0, modifiedAt: (LastModified ?? new Date(0)).toISOString() };
}

function held(key: string, place: string, until: string): OperationError {
  return new OperationError(
    'OP_OBJECT_HELD',
    `${place} holds ${key} ${until === 'forever' ? until : `until ${until}`}`,
    {
      details: { key, location: place, until },
    },
  );
}
