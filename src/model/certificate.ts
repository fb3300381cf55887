import { z } from 'zod';

const count = z.number().int().nonnegative();

/**
 * What a restore does. Reading, loading, keys and comparing go side by side and share their time: `compare` is what was
 * left of it when all rows were in, `keys` the foreign keys.
 */
export const RECOVERY_STEPS = ['read', 'load', 'compare', 'keys', 'objects'] as const;
export type RecoveryStep = (typeof RECOVERY_STEPS)[number];

/** A server took this very archive and gave every table back unchanged: when, which server, and how long it took. */
export const certificateSchema = z.object({
  kind: z.literal('recovery-certificate'),
  formatVersion: z.literal(1),
  setId: z.string(),
  archiveSha256: z.string(),
  /** The moment the data is of. */
  snapshotAt: z.string(),
  verifiedAt: z.string(),
  server: z.object({ flavour: z.enum(['mariadb', 'mysql']), version: z.string(), host: z.string() }),
  tables: z.array(z.object({ database: z.string(), table: z.string(), rows: count, sha256: z.string() })),
  steps: z.array(z.object({ step: z.enum(RECOVERY_STEPS), ms: count })),
  /** From the start of the trial until every table was compared: the sum of the steps. */
  recoveryMs: count,
  /** What the server has under another name than the set, or does without. Absent: nothing. */
  notes: z.array(z.string()).optional(),
  toolVersion: z.string(),
  runId: z.string(),
});
export type RecoveryCertificate = z.infer<typeof certificateSchema>;
