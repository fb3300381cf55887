import { z } from 'zod';
import { commonFields } from './common-fields';
import { filters, toConditions } from './conditions';
import { isRefused, parseShape, type Refused, type ScenarioParams } from './step-result';
import { filledTexts, isBlank, text, texts, trimmedLosses, unsupported, wholeNumber } from './values';

/** How files are read, with the least value of `PluginParamSerializer`; `absent` is what the target takes without it. */
const TUNING: Readonly<Record<string, { readonly min: number; readonly absent?: number }>> = {
  ignore_older: { min: 0, absent: 86_400 },
  max_bytes: { min: 0, absent: 204_800 },
  scan_frequency: { min: 1 },
  close_inactive: { min: 1 },
  harvester_limit: { min: 1 },
  clean_inactive: { min: 1 },
};

const flag = z.union([z.boolean(), z.literal([0, 1]).transform((value) => value === 1)], 'is neither true nor false');
/** Entries would be cut elsewhere than in the source, so more than the target takes is refused. */
const upTo = (most: number) =>
  wholeNumber
    .refine((value) => value >= 0, 'is less than 0')
    .refine((value) => value <= most, unsupported(`is more than the ${most} that the target takes`));

const row = z.object({
  paths: filledTexts.prefault([]),
  exclude_files: texts.default([]),
  filters: filters.default([]),
  delimiter: text.optional(),
  encoding: text.optional(),
  tail_files: flag.default(true),
});
const multiline = z.object({
  multiline_pattern: text.refine((value) => !isBlank(value), 'is blank'),
  multiline_max_lines: upTo(5000),
  /** Seconds until an entry is complete. */
  multiline_timeout: upTo(10),
});
const section = row.extend(multiline.shape);
const READ = [...Object.keys(section.shape), ...Object.keys(TUNING)];

/** Files read line by line (`collector_scenario/row.py`). */
export function parseRow(local: Readonly<Record<string, unknown>>, at: string): ScenarioParams | Refused {
  const parsed = parseShape(row, local, at);
  if (isRefused(parsed)) return parsed;
  const result = readFiles(parsed.value, local, at);
  if (isRefused(result)) return result;
  // A row collector made of a section collector may have kept these; they mean nothing to it.
  const unused = Object.keys(multiline.shape).filter((field) => Object.hasOwn(local, field));
  const losses = unused.map((field) => ({ field: `${at}.${field}`, reason: 'lines are not joined in this scenario' }));
  return { params: result.params, losses: [...result.losses, ...losses] };
}

/** Files of which several lines are one entry (`collector_scenario/section.py`). */
export function parseSection(local: Readonly<Record<string, unknown>>, at: string): ScenarioParams | Refused {
  const parsed = parseShape(section, local, at);
  if (isRefused(parsed)) return parsed;
  const result = readFiles(parsed.value, local, at);
  if (isRefused(result)) return result;
  const { multiline_pattern, multiline_max_lines, multiline_timeout } = parsed.value;
  return {
    params: { ...result.params, multiline_pattern, multiline_max_lines, multiline_timeout },
    losses: [...result.losses, ...trimmedLosses({ [`${at}.multiline_pattern`]: multiline_pattern })],
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
  const common = commonFields(local, READ, at);
  return {
    params: {
      paths,
      exclude_files,
      conditions: filtered.conditions,
      ...(encoding ? { encoding } : {}),
      tail_files,
      ...Object.assign({}, ...tuning.map(({ params }) => params)),
      ...common.params,
    },
    losses: [
      ...filtered.losses,
      ...tuning.flatMap(({ losses }) => losses),
      ...trimmedLosses(Object.fromEntries(paths.map((path, i) => [`${at}.paths[${i}]`, path]))),
      ...trimmedLosses(Object.fromEntries(exclude_files.map((path, i) => [`${at}.exclude_files[${i}]`, path]))),
      ...common.losses,
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
