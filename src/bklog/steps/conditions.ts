import { z } from 'zod';
import { refuse, take, text } from './step-local';

const conditionSchema = z.looseObject({ index: text.optional(), key: text, op: text.default('=') });
const filtersSchema = z
  .array(z.looseObject({ conditions: z.array(conditionSchema).default([]) }))
  .nullish()
  .transform((filters) => filters ?? []);

export interface FlatCondition {
  readonly index: string | undefined;
  readonly key: string;
  readonly op: string;
  /** How it follows the one before it: conditions of one filter all hold, one of the filters is enough. */
  readonly logic: 'and' | 'or';
}

/** `filters[i].conditions[j]` in their order. */
export function flatConditions(filters: unknown): FlatCondition[] {
  return take(filtersSchema, filters, 'filters').flatMap(({ conditions }, filter) =>
    conditions.map(({ index, key, op }, place) => ({
      ...{ index, key, op },
      logic: filter > 0 && place === 0 ? ('or' as const) : ('and' as const),
    })),
  );
}

const MATCH_TYPES = new Set(['include', 'exclude', 'eq', 'neq', 'regex', 'nregex']);
/** BK-LOG's limit of `match_content`. */
const LONGEST_MATCH = 255;
/** The index of a condition on the whole line. */
const WHOLE_LINE = '-1';

/**
 * `conditions` of row, section and kafka (bklog `collector_scenario/utils.py`). By the whole line where the first
 * condition says so: then the API takes one condition only. Errors: StepRefusal for what the target would not take, or
 * would filter otherwise.
 */
export function conditionsOf(local: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const flat = flatConditions(local.filters);
  const [first] = flat;
  if (!first) return { type: 'none' };
  const changed = flat.find(({ key, index = '' }) => key === '' || key !== key.trim() || index !== index.trim());
  if (changed)
    refuse(`its filter on ${JSON.stringify(changed.key)} is empty or has blanks around it, which the API drops`);
  const separator = take(text.default(''), local.delimiter ?? '', 'delimiter');
  const filters = flat.map(({ index, key, op, logic }) => ({
    fieldindex: index ?? refuse('a filter of its step has no field'),
    ...{ word: key, op, logic_op: logic },
  }));
  if (first.index !== WHOLE_LINE) {
    const odd = flat.find(({ index }) => index === WHOLE_LINE);
    if (odd) refuse('its filters ask for fields and for the whole line at once');
    if (separator === '') refuse('its filters are by fields, and it names no delimiter');
    return { type: 'separator', match_type: 'include', match_content: '', separator, separator_filters: filters };
  }
  if (flat.length > 1) refuse(`it has ${flat.length} filters on the whole line, and the API takes one`);
  const type = first.op === '=' ? 'include' : first.op === '!=' ? 'neq' : first.op;
  if (!MATCH_TYPES.has(type))
    refuse(`its filter has the operator ${JSON.stringify(first.op)}, which the API does not know`);
  if (first.key.length > LONGEST_MATCH)
    refuse(`its filter has ${first.key.length} characters, the API takes ${LONGEST_MATCH}`);
  return { type: 'match', match_type: type, match_content: first.key, separator, separator_filters: filters };
}

/** An operator where the API has words for `=` and `!=`. */
export function inWords(op: string): string {
  if (op === '=') return 'eq';
  if (op === '!=') return 'neq';
  return MATCH_TYPES.has(op)
    ? op
    : refuse(`its filter has the operator ${JSON.stringify(op)}, which the API does not know`);
}
