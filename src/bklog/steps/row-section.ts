import { z } from 'zod';
import { filters, toConditions } from './conditions';
import { toLabels } from './labels';
import { isRefused, type Loss, parseShape, type Refused, type ScenarioParams } from './step-result';
import { unreadFields } from './unread-fields';
import { filledTexts, text, texts, trimmedLosses, wholeNumber } from './values';

/** How files are read, with the least value of `PluginParamSerializer`; `absent` is what the target takes without it. */
const TUNING: Readonly<Record<string, { readonly min: number; readonly absent?: number }>> = {
  ignore_older: { min: 0, absent: 86_400 },
  max_bytes: { min: 0, absent: 204_800 },
  scan_frequency: { min: 1 },
  close_inactive: { min: 1 },
  harvester_limit: { min: 1 },
  clean_inactive: { min: 1 },
};
/** The most that the target takes: lines of one entry, seconds until it is complete. */
const MULTILINE = { multiline_max_lines: 5000, multiline_timeout: 10 } as const;

const flag = z.union([z.boolean(), z.literal([0, 1]).transform((value) => value === 1)], 'is neither true nor false');
const notNegative = wholeNumber.refine((value) => value >= 0, 'is less than 0');

const row = z.object({
  paths: filledTexts.prefault([]),
  exclude_files: texts.default([]),
  filters: filters.default([]),
  delimiter: text.optional(),
  encoding: text.optional(),
  tail_files: flag.default(true),
});
const section = row.extend({
  multiline_pattern: text,
  multiline_max_lines: notNegative,
  multiline_timeout: notNegative,
});
const READ = [...Object.keys(section.shape), ...Object.keys(TUNING)];

/** Files read line by line (`collector_scenario/row.py`). */
export function parseRow(local: Readonly<Record<string, unknown>>, at: string): ScenarioParams | Refused {
  const parsed = parseShape(row, local, at);
  if (isRefused(parsed)) return parsed;
  const result = readFiles(parsed.value, local, at);
  if (isRefused(result)) return result;
  // A row collector made of a section collector may have kept these; they mean nothing to it.
  const unused = [...Object.keys(MULTILINE), 'multiline_pattern'].filter((field) => Object.hasOwn(local, field));
  const losses = unused.map((field) => ({ field: `${at}.${field}`, reason: 'lines are not joined in this scenario' }));
  return { params: result.params, losses: [...result.losses, ...losses] };
}

/** Files of which several lines are one entry (`collector_scenario/section.py`). */
export function parseSection(local: Readonly<Record<string, unknown>>, at: string): ScenarioParams | Refused {
  const parsed = parseShape(section, local, at);
  if (isRefused(parsed)) return parsed;
  const result = readFiles(parsed.value, local, at);
  if (isRefused(result)) return result;
  const { multiline_pattern } = parsed.value;
  const numbers = Object.entries(MULTILINE).map(([field, max]) =>
    atMost(parsed.value[field as keyof typeof MULTILINE], max, `${at}.${field}`, field),
  );
  return {
    params: { ...result.params, multiline_pattern, ...Object.assign({}, ...numbers.map(({ params }) => params)) },
    losses: [
      ...result.losses,
      ...numbers.flatMap(({ losses }) => losses),
      ...trimmedLosses({ [`${at}.multiline_pattern`]: multiline_pattern }),
    ],
  };
}

function readFiles(
  files: z.infer<typeof row>,
  local: Readonly<Record<string, unknown>>,
  at: string,
): ScenarioParams | Refused {
  const filtered = toConditions(files.filters, files.delimiter, at);
  if (isRefused(filtered)) return filtered;
  const { paths, exclude_files, tail_files } = files;
  const encoding = files.encoding?.trim();
  const tuning = Object.entries(TUNING).map(([field, rule]) => tune(local[field], rule, `${at}.${field}`, field));
  const labels = toLabels(local, at);
  return {
    params: {
      paths,
      exclude_files,
      conditions: filtered.conditions,
      ...(encoding ? { encoding } : {}),
      tail_files,
      ...Object.assign({}, ...tuning.map(({ params }) => params)),
      ...labels.params,
    },
    losses: [
      ...filtered.losses,
      ...tuning.flatMap(({ losses }) => losses),
      ...labels.losses,
      ...trimmedLosses(Object.fromEntries(paths.map((path, i) => [`${at}.paths[${i}]`, path]))),
      ...trimmedLosses(Object.fromEntries(exclude_files.map((path, i) => [`${at}.exclude_files[${i}]`, path]))),
      ...unreadFields(local, READ, at),
    ],
  };
}

type Tuning = (typeof TUNING)[string];

/** A number that decides how files are read and not which lines: where it cannot be kept, the target's own goes. */
function tune(value: unknown, { min, absent }: Tuning, at: string, field: string) {
  const goes = absent === undefined ? 'the target takes its own' : `the target takes ${absent}`;
  const lost = (what: string) => ({ params: {}, losses: [{ field: at, reason: `${what}; ${goes}` }] });
  if (value === undefined) return absent === undefined ? { params: {}, losses: [] } : lost('is not known');
  const parsed = wholeNumber.safeParse(value);
  if (!parsed.success) return lost('is not a whole number');
  return parsed.data < min ? lost(`is less than ${min}`) : { params: { [field]: parsed.data }, losses: [] };
}

function atMost(value: number, max: number, at: string, field: string) {
  const kept = Math.min(value, max);
  const losses: Loss[] = kept === value ? [] : [{ field: at, reason: `is ${value}; the target takes ${max} at most` }];
  return { params: { [field]: kept }, losses };
}
