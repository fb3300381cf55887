import { z } from 'zod';

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

/** The result of verifying one set, written beside its archive; `archiveSha256` binds it to those very bytes. */
export const verificationSchema = z.object({
  kind: z.literal('verification'),
  formatVersion: z.literal(1),
  setId: z.string(),
  archiveSha256: z.string(),
  level: z.enum(VERIFY_LEVELS),
  outcome: z.enum(['passed', 'findings']),
  findings: z.array(findingSchema),
  verifiedAt: z.string(),
  toolVersion: z.string(),
});
export type Verification = z.infer<typeof verificationSchema>;
