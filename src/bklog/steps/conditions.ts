import { z } from 'zod';
import { type Loss, type Refused, refuse } from './step-result';
import { isBlank, isTooLong, TOO_LONG, text, trimmedLosses, unreadLosses, unsupported } from './values';

/** What the target compares with (`deal_collector_scenario_param` in `collector_scenario/utils.py`). */
const OPERATORS = ['eq', 'neq', 'include', 'exclude', 'regex', 'nregex'] as const;
/** Index of a condition on the whole line. */
const WHOLE_LINE = '-1';
/** What the target itself separates by where whole lines are matched. */
const ANY_SEPARATOR = '|';

/** The target makes `eq` of every operator it does not know, `!=` included, so an unknown one must not get there. */
export const operator = z
  .string('is not text')
  .transform((op) => (op === '!=' ? 'neq' : op))
  .refine(
    (op) => op === '=' || OPERATORS.some((known) => known === op),
    unsupported('is no operator that the target knows'),
  );

const index = text.transform((value) => value.trim()).refine((value) => value !== '', 'is blank');
const condition = z.looseObject({ index, key: text, op: operator }, 'is not a condition');
const CONDITION_READ = ['index', 'key', 'op'];
const group = z.looseObject(
  { conditions: z.array(condition, 'is not a list of conditions') },
  'is not a group of conditions',
);
/** Any group may hold, and in it every condition. */
export const filters = z.array(group, 'is not a list of groups');
type Filters = z.infer<typeof filters>;

interface SeparatorFilter {
  readonly fieldindex: string;
  readonly word: string;
  readonly op: string;
  readonly logic_op: 'and' | 'or';
}
type Conditions =
  | { readonly type: 'none' }
  | {
      readonly type: 'match' | 'separator';
      readonly match_type: string;
      readonly match_content: string;
      readonly separator: string;
      readonly separator_filters: readonly SeparatorFilter[];
    };

/**
 * The filters of a step as the API takes them (`RowCollectorScenario.parse_steps` in `collector_scenario/row.py`).
 * Other than there, `match` stands for one condition on the whole line only: of a match the target keeps nothing but the
 * content, so several conditions go as `separator`, which takes whole lines as well.
 */
export function toConditions(
  groups: Filters,
  delimiter: string | undefined,
  at: string,
): { readonly conditions: Conditions; readonly losses: readonly Loss[] } | Refused {
  const { kept, losses } = withoutBlanks(groups, `${at}.filters`);
  const list = kept.flatMap(({ conditions }, i) =>
    conditions.map(
      ({ index, key, op }, j): SeparatorFilter => ({
        fieldindex: index,
        word: key,
        op: scalarOperator(index, op),
        logic_op: i > 0 && j === 0 ? 'or' : 'and',
      }),
    ),
  );
  const [first] = list;
  // Without filters nothing is separated, so a delimiter is no loss.
  if (!first) return { conditions: { type: 'none' }, losses };
  const isWhole = list.every(({ fieldindex }) => fieldindex === WHOLE_LINE);
  const separator = delimiter || (isWhole ? ANY_SEPARATOR : '');
  if (separator === '') {
    return refuse('malformed_definition', `${at}.delimiter`, 'is missing, and fields are filtered by their number');
  }
  const isMatch = isWhole && list.length === 1 && !isTooLong(first.word);
  const conditions: Conditions = {
    type: isMatch ? 'match' : 'separator',
    match_type: isMatch ? first.op : 'include',
    match_content: isMatch ? first.word : '',
    separator,
    separator_filters: list,
  };
  return { conditions, losses };
}

/** `=` on a whole line has always meant that the line includes the word; on a field it is equality, to the target too. */
function scalarOperator(index: string, op: string): string {
  return index === WHOLE_LINE && op === '=' ? 'include' : op;
}

/** The condition of filters that can hold one alone, on the whole line, such as those of Windows events. */
export function toOnlyCondition(
  groups: Filters,
  at: string,
): { readonly content?: string; readonly op?: string; readonly losses: readonly Loss[] } | Refused {
  const { kept, losses } = withoutBlanks(groups, `${at}.filters`);
  const [first, ...others] = kept.flatMap(({ conditions }) => conditions);
  if (!first) return { losses };
  if (others.length > 0) return refuse('value_unsupported', `${at}.filters`, 'has conditions where the target has one');
  if (first.index !== WHOLE_LINE) return refuse('value_unsupported', `${at}.filters`, 'is not about the whole line');
  if (isTooLong(first.key)) return refuse('value_unsupported', `${at}.filters`, TOO_LONG);
  return { content: first.key, op: scalarOperator(first.index, first.op), losses };
}

/** The target refuses a condition without a word, and leaves out groups without conditions. */
function withoutBlanks(groups: Filters, at: string): { readonly kept: Filters; readonly losses: readonly Loss[] } {
  const losses: Loss[] = [];
  const kept = groups.flatMap(({ conditions, ...rest }, i) => {
    losses.push(...unreadLosses(rest, [], `${at}[${i}]`));
    if (conditions.length === 0) losses.push({ field: `${at}[${i}]`, reason: 'has no conditions' });
    const filled = conditions.filter((condition, j) => {
      const field = `${at}[${i}].conditions[${j}]`;
      const isFilled = !isBlank(condition.key);
      if (!isFilled) losses.push({ field, reason: 'has no word; the target takes no such condition' });
      else losses.push(...trimmedLosses({ [`${field}.key`]: condition.key }));
      losses.push(...unreadLosses(condition, CONDITION_READ, field));
      return isFilled;
    });
    return filled.length > 0 ? [{ conditions: filled }] : [];
  });
  return { kept, losses };
}
