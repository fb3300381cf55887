import { z } from 'zod';
import { suspicionSchema } from './verification';

/** Somebody looked at what is suspicious about a set and found it right; written beside its archive. */
export const acceptanceSchema = z.object({
  kind: z.literal('acceptance'),
  formatVersion: z.literal(1),
  setId: z.string(),
  archiveSha256: z.string(),
  acceptedAt: z.string(),
  toolVersion: z.string(),
  suspicions: z.array(suspicionSchema),
});
export type Acceptance = z.infer<typeof acceptanceSchema>;
