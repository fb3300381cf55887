import type { S3Client } from '@aws-sdk/client-s3';
import type { ObjectKey } from '../model/ids';
import type { ObjectInfo } from './object-store';
import type { S3Sdk } from './s3-client';

/** Keys of unfinished uploads: a slash, which no object of ours has, between the upload and the name. */
const UPLOAD_PREFIX = '.upload-';

export interface S3Listing {
  /** Refuses what cannot be listed. */
  probe(): Promise<void>;
  objects(): Promise<ObjectInfo[]>;
  unfinishedUploads(): Promise<ObjectInfo[]>;
  /** What a key of `unfinishedUploads` stands for. */
  readUploadKey(key: string): { readonly Key: string; readonly UploadId: string } | undefined;
}

/** Lists a bucket below a prefix, page by page; what lies deeper belongs to somebody else. */
export function openS3Listing(of: {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
  readonly Bucket: string;
  /** Empty, or ends in a slash. */
  readonly beginning: string;
}): S3Listing {
  const { sdk, client, Bucket, beginning } = of;
  const isFlat = (name: string) => name.length > beginning.length && !name.slice(beginning.length).includes('/');

  return {
    async probe() {
      await client.send(new sdk.ListObjectsV2Command({ Bucket, Prefix: beginning, MaxKeys: 1 }));
    },

    async objects() {
      const found: ObjectInfo[] = [];
      for await (const { Contents = [] } of sdk.paginateListObjectsV2(
        { client },
        { Bucket, Prefix: beginning, Delimiter: '/' },
      )) {
        for (const { Key = '', Size = 0, LastModified } of Contents) {
          if (!isFlat(Key)) continue;
          const modifiedAt = (LastModified ?? new Date(0)).toISOString();
          found.push({ key: Key.slice(beginning.length) as ObjectKey, bytes: Size, modifiedAt });
        }
      }
      return found;
    },

    async unfinishedUploads() {
      const found: ObjectInfo[] = [];
      let after: { KeyMarker?: string; UploadIdMarker?: string } = {};
      for (;;) {
        const page = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: beginning, ...after }));
        for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
          if (!isFlat(Key)) continue;
          const key = `${UPLOAD_PREFIX}${encodeURIComponent(UploadId)}/${Key.slice(beginning.length)}` as ObjectKey;
          found.push({ key, bytes: 0, modifiedAt: (Initiated ?? new Date(0)).toISOString() });
        }
        const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
        if (!IsTruncated || !NextKeyMarker) return found;
        after = { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker ? { UploadIdMarker: NextUploadIdMarker } : {}) };
      }
    },

    readUploadKey(key) {
      const [, id, name] = /^\.upload-([^/]+)\/([^/]+)$/.exec(key) ?? [];
      return id && name ? { Key: `${beginning}${name}`, UploadId: decodeURIComponent(id) } : undefined;
    },
  };
}
