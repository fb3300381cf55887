import { z } from 'zod';
import type { Loss } from './step-result';

/** A refinement that refuses a value because the target does not take it, not because it is malformed. */
export const unsupported = (message: string) => ({ message, params: { reason: 'value_unsupported' } });
/** A refinement that refuses a step in which there is nothing to collect. */
export const nothingToCollect = (message: string) => ({ message, params: { reason: 'no_source_definition' } });

/** Longest text that BK-LOG takes for a path, a host or a filter (`PluginParamSerializer` in `apps/log_databus/serializers.py`). */
const MAX_TEXT = 255;

/** Text, or a number that somebody wrote without quotes. */
export const text = z.union([z.string(), z.number().transform(String)], 'is not text');
const NOT_WHOLE = 'is not a whole number';
const digits = z.string().regex(/^-?\d{1,15}$/);
/** A number, or its digits. */
export const wholeNumber = z.union([z.int(NOT_WHOLE), digits.transform(Number)], NOT_WHOLE);
/** Text that may be null or missing: empty. */
export const textOrNone = text.nullish().transform((value) => value ?? '');
/** Longer than the target takes; it takes the blanks off before it counts. */
export const isTooLong = (value: string) => [...value.trim()].length > MAX_TEXT;
export const TOO_LONG = `is longer than the ${MAX_TEXT} characters that the target takes`;
export const shortText = text.refine((value) => !isTooLong(value), unsupported(TOO_LONG));

export const isBlank = (value: string) => value.trim() === '';
export const texts = z.array(shortText, 'is not a list of texts');
/** At least one of them says something. */
export const filledTexts = texts.refine((list) => !list.every(isBlank), nothingToCollect('is empty'));
/** Addresses and names of which the target takes none that is blank. */
export const names = z
  .array(
    shortText.refine((name) => !isBlank(name), 'is blank'),
    'is not a list of texts',
  )
  .refine((list) => list.length > 0, nothingToCollect('is empty'));

/** JSON text stands for what it spells: newer templates of the log agent want lists and objects as text. */
export function spelledOut<T>(schema: z.ZodType<T>, empty: unknown): z.ZodType<T> {
  return z.preprocess((value, context) => {
    if (typeof value !== 'string') return value;
    if (value.trim() === '') return empty;
    try {
      return JSON.parse(value);
    } catch {
      context.addIssue({ code: 'custom', message: 'is text and not JSON' });
      return z.NEVER;
    }
  }, schema) as z.ZodType<T>;
}

/** A JSON object as it came, keys in their order. */
export const jsonObject = z.custom<Readonly<Record<string, unknown>>>(isObject, 'is not an object');

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without the keys that are null: to BK-LOG they are absent. */
export function withoutNulls(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined));
}

/** Django takes the blanks off both ends of a text. */
export function trimmedLosses(fields: Readonly<Record<string, string | undefined>>): Loss[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== value.trim())
    .map(([field]) => ({ field, reason: 'begins or ends with blanks, which the target takes off' }));
}

/** Everything of an object that nobody has read: it comes from an overlay, or from a release that is not known here. */
export function unreadLosses(object: Readonly<Record<string, unknown>>, read: readonly string[], at: string): Loss[] {
  return Object.entries(object)
    .filter(([field, value]) => !read.includes(field) && value !== null && value !== undefined)
    .map(([field]) => ({ field: `${at}.${field}`, reason: 'the target has no parameter for it' }));
}
