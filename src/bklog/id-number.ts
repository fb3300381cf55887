import { z } from 'zod';

/** What a column of type INT or BIGINT holds at most; ids of BK-LOG and of CMDB are signed. */
export const INT_MAX = 2n ** 31n - 1n;
export const BIGINT_MAX = 2n ** 63n - 1n;

const CANONICAL = /^(?:0|-?[1-9]\d*)$/;

/** An id as a record holds it: a whole number, or one written as text. Undefined for everything else, also for a rounded number. */
export function readId(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && CANONICAL.test(value) ? BigInt(value) : undefined;
}

/** `id` in the form that `like` has. Undefined when a JSON number cannot hold it exactly. */
export function writeId(id: bigint, like: unknown): bigint | number | string | undefined {
  if (typeof like === 'bigint') return id;
  if (typeof like === 'string') return String(id);
  return Number.isSafeInteger(Number(id)) ? Number(id) : undefined;
}

/** An id as somebody writes it into an id map: 2, "2" or 2n. */
export const idSchema = z
  .union([z.number(), z.string(), z.bigint()], {
    error: ({ input }) => (input == null ? 'is missing' : 'is no whole number'),
  })
  .transform((value, context) => {
    const problem = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return problem('is too large for a JSON number: write it as text');
    }
    const id = readId(typeof value === 'string' ? value.trim() : value);
    if (id === undefined) return problem('is no whole number');
    return id > BIGINT_MAX || id < -BIGINT_MAX ? problem('is beyond BIGINT') : id;
  });

/** An id that CMDB or BK-LOG counts up from 1. */
export const positiveIdSchema = idSchema.refine((id) => id > 0n, 'has to be above 0');
