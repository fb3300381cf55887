import type { z } from 'zod';

/** Something of the source that the target will not have. `field` is where it stands in the source; no values of secrets. */
export interface Loss {
  readonly field: string;
  readonly reason: string;
}

/** Why a collector cannot be created from what is known of it. */
export const REFUSAL_REASONS = [
  /** There is no subscription step, or nothing to collect in it. */
  'no_source_definition',
  /** The step is there and not of the shape that BK-LOG writes. */
  'malformed_definition',
  /** Well formed, and the target cannot collect the same lines with it. */
  'value_unsupported',
  /** The target has no call that creates a collector of this scenario. */
  'scenario_unsupported',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface Refusal {
  readonly reason: RefusalReason;
  /** Where it stands in the source. */
  readonly field: string;
  readonly text: string;
}
export interface Refused {
  readonly refusal: Refusal;
}

export function refuse(reason: RefusalReason, field: string, text: string): Refused {
  return { refusal: { reason, field, text: `${field}: ${text}` } };
}

export function isRefused(result: object): result is Refused {
  return 'refusal' in result;
}

/** What one scenario makes of its step. */
export interface ScenarioParams {
  readonly params: Readonly<Record<string, unknown>>;
  readonly losses: readonly Loss[];
}

/** Parses one object of the source, or refuses it by its first wrong field; `at` is the field of the object itself. */
export function parseShape<T>(schema: z.ZodType<T>, value: unknown, at: string): { readonly value: T } | Refused {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  const issue = result.error.issues[0];
  const params: Readonly<Record<string, unknown>> = (issue?.code === 'custom' && issue.params) || {};
  const reason = REFUSAL_REASONS.find((known) => known === params.reason) ?? 'malformed_definition';
  const path = (issue?.path ?? []).map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const isMissing = reason === 'malformed_definition' && valueAt(value, issue?.path ?? []) === undefined;
  return refuse(reason, `${at}${path}`, isMissing ? 'is missing' : (issue?.message ?? 'is not what BK-LOG writes'));
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner === null ? null : Object(inner)[key]), value);
}
