import { z } from 'zod';

/** TLS of one connection. Absent: no TLS, as export.py. */
export const tlsSettingsSchema = z.strictObject({
  /** PEM text or a path to it. */
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  /** Default true: the server's certificate must be signed by a known CA and carry its name. */
  rejectUnauthorized: z.boolean().default(true),
});
export type TlsSettings = z.infer<typeof tlsSettingsSchema>;

/** One MySQL/MariaDB server and one database on it: the shape of a section of export.py's config.yaml. */
export const connectionSettingsSchema = z.object({
  /** Name shown in messages, manifests and errors: the section, or the config node's name. */
  name: z.string().min(1),
  host: z.string().min(1, 'is empty'),
  port: z.number().int().min(1).max(65535).default(3306),
  user: z.string().min(1, 'is empty').default('root'),
  password: z.string().default(''),
  database: z.string().min(1, 'is empty'),
  /** Kept for export.py's files; reading is always utf8mb4. */
  charset: z.string().default('utf8mb4'),
  tls: tlsSettingsSchema.optional(),
  connectTimeoutMs: z.number().int().positive().default(10_000),
});
export type ConnectionSettings = z.infer<typeof connectionSettingsSchema>;
