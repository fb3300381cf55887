import { z } from 'zod';
import { CONTENT_RULE_KINDS } from './content-rule';

/** How much a verification proves; each level contains the ones before it. */
export const VERIFY_LEVELS = ['present', 'intact', 'readable', 'restorable'] as const;
export type VerifyLevel = (typeof VERIFY_LEVELS)[number];

export function isAtLeast(level: VerifyLevel, wanted: VerifyLevel): boolean {
  return VERIFY_LEVELS.indexOf(level) >= VERIFY_LEVELS.indexOf(wanted);
}

/** Bad news established by a run that worked. `code` is the one the error would have had. */
export const findingSchema = z.object({
  code: z.string(),
  /** What it is about: an archive, a file in it, a table. */
  object: z.string(),
  message: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;

/**
 * Content that is faithfully kept and hard to believe: a rule of `content-rule.ts` it breaks, or a rule that could not
 * be checked. No damage: the source was like that.
 */
export const suspicionSchema = findingSchema.extend({ rule: z.enum(CONTENT_RULE_KINDS) });
export type Suspicion = z.infer<typeof suspicionSchema>;

/** The result of verifying one set, written beside its archive; `archiveSha256` binds it to those very bytes. */
export const verificationSchema = z.object({
  kind: z.literal('verification'),
  formatVersion: z.literal(1),
  setId: z.string(),
  archiveSha256: z.string(),
  level: z.enum(VERIFY_LEVELS),
  outcome: z.enum(['passed', 'findings']),
  findings: z.array(findingSchema),
  /** Absent: none. `outcome` speaks about damage alone. */
  suspicions: z.array(suspicionSchema).optional(),
  verifiedAt: z.string(),
  toolVersion: z.string(),
});
export type Verification = z.infer<typeof verificationSchema>;
