import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, PutObjectLockConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import { type S3Location, s3LocationSchema } from '../../src/model/s3-location';

interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The real server that scripts/test.mjs started (scripts/ceph.mjs). */
export function s3Server(): S3Server {
  const { BKLOG_TEST_S3 } = process.env;
  if (!BKLOG_TEST_S3)
    throw new Error('set BKLOG_TEST_S3: node scripts/ceph.mjs prints it and keeps the server running');
  return JSON.parse(BKLOG_TEST_S3);
}

/** A client of our own, to look at what the store did. */
export function s3Client(): S3Client {
  const { endpoint, accessKeyId, secretAccessKey } = s3Server();
  return new S3Client({
    ...{ endpoint, region: 'us-east-1', forcePathStyle: true },
    credentials: { accessKeyId, secretAccessKey },
  });
}

/** A new bucket as a location. It stays: the server goes with the tests. `days`: objects are locked for so long. */
export async function newBucket({ prefix = '', days = 0 } = {}): Promise<S3Location> {
  const client = s3Client();
  const bucket = `bklog-${randomBytes(6).toString('hex')}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: days > 0 }));
  if (days > 0) {
    const DefaultRetention = { Mode: 'COMPLIANCE' as const, Days: days };
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const, Rule: { DefaultRetention } };
    await client.send(new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration }));
  }
  client.destroy();
  return s3LocationSchema.parse({
    ...{ name: bucket, kind: 's3', bucket, prefix, addressing: 'path' },
    ...s3Server(),
  });
}
