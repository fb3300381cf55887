import { z } from 'zod';
import { tlsSettingsSchema } from './connection-settings';
import { commonLocation } from './location-common';

const nameSchema = z
  .string()
  .min(1, 'is empty')
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'is no name of BKREPO');

/** What a BKREPO location has besides its kind and name. */
export const bkrepoFields = {
  /** Before /generic and /repository. */
  endpoint: z
    .url({ protocol: /^https?$/, error: 'is not an http or https address' })
    .transform((url) => url.replace(/\/+$/, '').replace(/\/generic$/, '')),
  project: nameSchema,
  repository: nameSchema,
  /** Folder in the repository; empty: its root. */
  folder: z
    .string()
    .default('')
    .transform((folder) => folder.replace(/^\/+|\/+$/g, ''))
    .refine((folder) => !/[\\\0]|(^|\/)\.{0,2}(\/|$)/.test(folder || 'x'), 'holds empty parts, dots or backslashes'),
  authorization: z.discriminatedUnion('kind', [
    /** The password may be a token of the user. */
    z.object({
      kind: z.literal('basic'),
      user: z.string().min(1, 'is empty'),
      password: z.string().min(1, 'is empty'),
    }),
    z.object({
      kind: z.literal('platform'),
      accessKey: z.string().min(1, 'is empty'),
      secretKey: z.string().min(1, 'is empty'),
      /** Acts; without one BKREPO takes the call as anonymous. */
      user: z.string().min(1, 'is empty'),
    }),
  ]),
  /** Days after which BKREPO removes what was stored; absent: never. */
  expireDays: z.number().int().min(1).max(36_500).optional(),
  tls: tlsSettingsSchema.optional(),
};

/** A generic repository of BKREPO. */
export const bkrepoLocationSchema = z.object({ ...commonLocation, kind: z.literal('bkrepo'), ...bkrepoFields });
export type BkrepoLocation = z.infer<typeof bkrepoLocationSchema>;
