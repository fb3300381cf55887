import { z } from 'zod';
import { tlsSettingsSchema } from './connection-settings';

/**
 * BK-LOG behind the API gateway. Who calls is told by an application (code and secret) with a user name, or by an access
 * token, which carries both.
 */
export const apiSettingsSchema = z
  .object({
    /** With gateway name and stage: https://bkapi.example.com/api/bk-log-search/prod */
    url: z
      .url({ protocol: /^https?$/, error: 'is not an http or https address' })
      .transform((url) => url.replace(/\/+$/, '')),
    appCode: z.string().default(''),
    appSecret: z.string().default(''),
    accessToken: z.string().default(''),
    /** What is created belongs to the user that creates it. */
    user: z.string().default('admin'),
    tenant: z.string().optional(),
    tls: tlsSettingsSchema.optional(),
    /** Milliseconds one call may take; the gateway itself gives up after 60 s. */
    timeoutMs: z.number().int().positive().default(75_000),
    /** Calls at a time. */
    concurrency: z.number().int().min(1).max(64).default(4),
    /** Calls that begin in a second, all kinds together; absent: as many as there are. */
    callsPerSecond: z.number().positive().max(1000).optional(),
  })
  .refine(({ appCode, appSecret, accessToken }) => accessToken !== '' || (appCode !== '' && appSecret !== ''), {
    path: ['appCode'],
    message: 'needs an app code and secret, or an access token',
  });
export type ApiSettings = z.infer<typeof apiSettingsSchema>;
