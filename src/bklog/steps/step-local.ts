import { z } from 'zod';
import { COLLECTING_STEP } from '../../model/collector-columns';

/** Parameters that `fast_create` takes, and what of the source they cannot say. */
export interface CollectorParams {
  readonly params: Readonly<Record<string, unknown>>;
  /** `data_encoding` of the body; absent: the target's default. */
  readonly encoding?: string;
  readonly losses: readonly string[];
}

/** Why a collector cannot be created as it was. */
export class StepRefusal extends Error {}

/** A step's parameters are texts and numbers of many years: "3", 3 and true are all met. */
export const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
export const texts = z.union([
  z.array(text),
  z.null().transform(() => []),
  text.transform((one) => (one === '' ? [] : [one])),
]);
/** A number of seconds or bytes, also as "86400" or "86400s". */
export const amount = z
  .union([z.number(), z.string().regex(/^\d+s?$/)])
  .transform((value) => (typeof value === 'number' ? value : Number.parseInt(value, 10)))
  .pipe(z.number().int().nonnegative());

export function refuse(why: string): never {
  throw new StepRefusal(why);
}

/** Parses a part of a step. Errors: StepRefusal that names the field. */
export function take<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  return refuse(`${[what, ...path].join('.')} of its step is not usable: ${message}`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * `params.context.local[0]` of the step that collects, or of the first (bklog `collector_scenario/base.py`); rows of long
 * ago have an object there instead of a list. Errors: StepRefusal: without it nothing says what is collected.
 */
export function localOf(steps: unknown): Record<string, unknown> {
  const list = Array.isArray(steps) ? steps.filter(isObject) : [];
  const step = list.find(({ id }) => id === COLLECTING_STEP) ?? list[0];
  if (!step || Object.keys(step).length === 0) return refuse('it has no subscription step: nothing says what it reads');
  if (!isObject(step.params)) {
    const why = typeof step.error === 'string' ? ` (${step.error})` : '';
    return refuse(`the params of its step were not readable${why}`);
  }
  const { context } = step.params;
  const local = isObject(context) ? context.local : undefined;
  const first = Array.isArray(local) ? local[0] : local;
  if (!isObject(first)) return refuse('its step has no params.context.local: nothing says what it reads');
  return first;
}

/** Keys that hold something and that neither were read nor belong to the platform itself. */
export function unread(local: Readonly<Record<string, unknown>>, known: readonly string[]): string[] {
  const own = new Set([...known, ...PLATFORM_KEYS]);
  return Object.entries(local)
    .filter(([key, value]) => !own.has(key) && !isEmpty(value))
    .map(([key]) => `${key} of its step has no place in the API`);
}

/** Set by the target for itself. */
const PLATFORM_KEYS = ['package_count', 'dataid', 'output', 'ext_meta', 'encoding', 'delimiter', 'filters'];

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
