import { z } from 'zod';
import { tlsSettingsSchema } from './connection-settings';
import { commonLocation } from './location-common';

/** Bucket and prefix become part of URLs and of messages. */
const prefixSchema = z
  .string()
  .default('')
  .transform((prefix) => prefix.replace(/^\/+|\/+$/g, ''))
  .refine((prefix) => !/[\\\0]|(^|\/)\.{0,2}(\/|$)/.test(`${prefix || 'x'}`), 'holds empty parts, dots or backslashes');

/** A bucket that speaks S3: AWS, MinIO, Ceph, Tencent COS and others. */
export const s3LocationSchema = z.object({
  ...commonLocation,
  kind: z.literal('s3'),
  /** Absent: that of AWS for the region. */
  endpoint: z
    .url({ protocol: /^https?$/, error: 'is not an http or https address' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  region: z.string().min(1, 'is empty').default('us-east-1'),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is no name of a bucket'),
  /** Before the names of objects, with a slash between. */
  prefix: prefixSchema,
  accessKeyId: z.string().min(1, 'is empty'),
  secretAccessKey: z.string().min(1, 'is empty'),
  sessionToken: z.string().optional(),
  /** Where the bucket's name stands in the URL: in the path or before the host name. */
  addressing: z.enum(['path', 'virtual']).default('virtual'),
  tls: tlsSettingsSchema.optional(),
});
export type S3Location = z.infer<typeof s3LocationSchema>;

/** Tencent COS speaks S3 at this address, with the bucket before the host name (bucket names end in the app id). */
export function cosEndpoint(region: string): string {
  return `https://cos.${region}.myqcloud.com`;
}
