import { mkdirSync, readdirSync } from 'node:fs';
import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { openBkrepoStore } from '../../src/store/bkrepo-store';
import { openLocalStore } from '../../src/store/local-store';
import { openS3Store } from '../../src/store/s3-store';
import { tuneStores } from '../../src/store/store-tuning';
import { basic, platform, withBkrepo } from '../support/bkrepo/server';
import { withWorkplace } from '../support/database';
import { objectStoreContract } from '../support/object-store-contract';
import { newBucket, s3Client } from '../support/s3';

objectStoreContract(
  'a folder',
  async (use) =>
    await withWorkplace(async ({ location }) => {
      mkdirSync(location.path);
      await use({ store: openLocalStore(location), names: async () => readdirSync(location.path).sort() });
    }),
  { large: 3_000_000, objects: 40 },
);

tuneStores({ partBytes: 64 * 1024, blockBytes: 64 * 1024 });

for (const prefix of ['', 'deep/er']) {
  objectStoreContract(
    `a bucket${prefix ? ' below a prefix' : ''}`,
    async (use) => {
      const location = await newBucket({ prefix });
      const client = s3Client();
      const Bucket = location.bucket;
      await use({
        store: await openS3Store(location),
        async names() {
          const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
          const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
          return [...Contents, ...Uploads].map(({ Key = '' }) => Key).sort();
        },
      });
      client.destroy();
    },
    // A page of the server holds 1,000.
    { large: 300_000, objects: prefix ? 30 : 1_050 },
  );
}

for (const authorization of [basic, platform]) {
  objectStoreContract(
    `a repository of BKREPO, ${authorization.kind}`,
    async (use) =>
      await withBkrepo(async ({ location, nodes, uploads }) => {
        const store = await openBkrepoStore({ ...location, authorization });
        await use({ store, names: async () => [...nodes.keys(), ...uploads.keys()].sort() });
      }),
    // A page holds 1,000.
    { large: 300_000, objects: authorization.kind === 'basic' ? 1_050 : 30 },
  );
}
