import { z } from 'zod';
import { runReportSchema } from './run-report';

/** What travels in `msg.payload` from id-mapper to collector-migrate: where the documents and the id map lie. */
export const preparedMigrationSchema = z.object({
  kind: z.literal('migration'),
  formatVersion: z.literal(1),
  /** The environment the documents come from, as the id map names it. */
  environment: z.string().min(1),
  directory: z.string().min(1),
  setId: z.string().optional(),
  /** Records in the documents, and those of them that have no counterpart. */
  collectors: z.number(),
  indexSets: z.number(),
  unmapped: z.number(),
  report: runReportSchema.optional(),
});
export type PreparedMigration = z.infer<typeof preparedMigrationSchema>;
