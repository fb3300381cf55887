import { z } from 'zod';
import { runReportSchema } from './run-report';
import { findingSchema, suspicionSchema, VERIFY_LEVELS } from './verification';

export const selectedTableSchema = z.object({
  name: z.string().min(1),
  rowsEstimate: z.number().optional(),
  bytesEstimate: z.number().optional(),
  /** An SQL condition; only rows that meet it are exported. */
  where: z.string().optional(),
});
export type SelectedTable = z.infer<typeof selectedTableSchema>;

export const setSourceSchema = z.object({
  /** Id of the db-connection node (in flows) or the section (on the command line). */
  connection: z.string().min(1),
  name: z.string().min(1),
  server: z.object({ flavour: z.enum(['mariadb', 'mysql']), version: z.string() }).optional(),
  database: z.string().min(1),
  tables: z.array(selectedTableSchema).min(1, 'no table is selected'),
});
export type SetSource = z.infer<typeof setSourceSchema>;

/** The description that travels in `msg.payload`: a backup set in the making. A few kilobytes of plain JSON, never rows. */
export const backupSetSchema = z.object({
  kind: z.literal('backup-set'),
  formatVersion: z.literal(1),
  id: z
    .string()
    .regex(/^\d{14}_[a-z0-9]{10}$/)
    .optional(),
  name: z.string().optional(),
  startedAt: z.string().optional(),
  sources: z.array(setSourceSchema).default([]),
  workDirectory: z.string().optional(),
  files: z
    .array(
      z.object({
        path: z.string(),
        table: z.string().optional(),
        rows: z.number().optional(),
        bytes: z.number(),
        sha256: z.string(),
      }),
    )
    .optional(),
  archive: z
    .object({
      /** Id of the archive-location node, or the URL on the command line. */
      location: z.string(),
      key: z.string(),
      bytes: z.number(),
      sha256: z.string(),
      sealedAt: z.string(),
    })
    .optional(),
  /** Where `fetch` put the archive. */
  archivePath: z.string().optional(),
  verification: z
    .object({
      level: z.enum(VERIFY_LEVELS),
      outcome: z.enum(['passed', 'findings']),
      findings: z.array(findingSchema),
      /** Content that breaks a rule, and that nobody has accepted. */
      suspicions: z.array(suspicionSchema).optional(),
      /** The recovery certificate that this verification wrote: its object in the location. */
      certificate: z.object({ key: z.string(), recoveryMs: z.number() }).optional(),
    })
    .optional(),
  report: runReportSchema.optional(),
});
export type BackupSet = z.infer<typeof backupSetSchema>;
