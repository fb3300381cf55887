import { z } from 'zod';
import { findingSchema } from './verification';

export const OPERATIONS = [
  'select',
  'export',
  'map',
  'migrate',
  'store',
  'backup',
  'list',
  'fetch',
  'verify',
  'restore',
  'undo',
  'prune',
  'clean-exports',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The result of a run, of one shape on success and on failure. Times are ISO 8601 in UTC. */
export const runReportSchema = z.object({
  runId: z.string(),
  operation: z.enum(OPERATIONS),
  outcome: z.enum(['completed', 'completed-with-findings', 'failed']),
  startedAt: z.string(),
  finishedAt: z.string(),
  setId: z.string().optional(),
  tables: z.number().optional(),
  rows: z.number().optional(),
  /** Bytes of the table files before compression. */
  bytes: z.number().optional(),
  findings: z.array(findingSchema).optional(),
  failure: z
    .object({
      code: z.string(),
      message: z.string(),
      remedy: z.string(),
      retry: z.enum(['now', 'later', 'never']),
      details: z.record(z.string(), z.unknown()),
    })
    .optional(),
});
export type RunReport = z.infer<typeof runReportSchema>;
