import { z } from 'zod';
import { filters, onlyCondition } from './conditions';
import { toLabels } from './labels';
import { isRefused, type Loss, parseShape, type Refused, refuse, type ScenarioParams } from './step-result';
import { unreadFields } from './unread-fields';
import { isBlank, MAX_TEXT, nothingToCollect, shortText, text, texts, trimmedLosses, unsupported } from './values';

const tooLong = unsupported(`has an item longer than the ${MAX_TEXT} characters that the target takes`);
/** A list, or its items with commas between; empty and null: everything. */
const commaList = z
  .union([text.transform((value) => value.split(',')), z.array(text), z.null().transform((): string[] => [])], {
    message: 'is neither text nor a list of texts',
  })
  .transform((items) => items.map((item) => item.trim()).filter((item) => item !== ''))
  .refine((items) => items.every((item) => item.length <= MAX_TEXT), tooLong)
  .default([]);
const eventLog = z.object(
  { name: shortText.refine((name) => !isBlank(name), 'is blank'), level: commaList, event_id: commaList },
  'is not an event log',
);
const wineventlog = z.object({
  event_logs: z
    .array(eventLog, 'is not a list of event logs')
    .prefault([])
    .refine((logs) => logs.length > 0, nothingToCollect('names no event log')),
  /** A blank one is an input left empty. */
  provider_name: texts.transform((names) => names.filter((name) => !isBlank(name))).default([]),
  filters: filters.default([]),
});
/** Whole lines are matched, so nothing is separated. */
const READ = [...Object.keys(wineventlog.shape), 'delimiter'];

/** Windows events (`collector_scenario/wineventlog.py`; its `winlog_match_op` is a list, which the target refuses). */
export function parseWineventlog(local: Readonly<Record<string, unknown>>, at: string): ScenarioParams | Refused {
  const parsed = parseShape(wineventlog, local, at);
  if (isRefused(parsed)) return parsed;
  const { event_logs, provider_name, filters: groups } = parsed.value;
  const differing = findDiffering(event_logs, `${at}.event_logs`);
  if (differing) return differing;
  const condition = onlyCondition(groups, at);
  if (condition && isRefused(condition)) return condition;
  const field = `${at}.filters[0].conditions[0].key`;
  if (condition && condition.content.length > MAX_TEXT) {
    return refuse('value_unsupported', field, `is longer than the ${MAX_TEXT} characters that the target takes`);
  }
  const isFiltered = condition !== undefined && !isBlank(condition.content);
  const losses: Loss[] = condition && !isFiltered ? [{ field, reason: 'is blank, so it filters nothing' }] : [];
  const labels = toLabels(local, at);
  return {
    params: {
      winlog_name: event_logs.map(({ name }) => name),
      winlog_level: event_logs[0]?.level ?? [],
      winlog_event_id: event_logs[0]?.event_id ?? [],
      winlog_source: provider_name,
      winlog_content: isFiltered ? [condition.content] : [],
      winlog_match_op: isFiltered ? condition.op : '',
      ...labels.params,
    },
    losses: [
      ...losses,
      ...(isFiltered ? trimmedLosses({ [field]: condition.content }) : []),
      ...labels.losses,
      ...unreadFields(local, READ, at),
    ],
  };
}

/** The target has one list of levels and one of ids for all event logs. */
function findDiffering(logs: readonly z.infer<typeof eventLog>[], at: string): Refused | undefined {
  for (const field of ['level', 'event_id'] as const) {
    const first = logs[0]?.[field].join();
    const differs = logs.findIndex((log) => log[field].join() !== first);
    if (differs !== -1) {
      return refuse('value_unsupported', `${at}[${differs}].${field}`, 'differs from that of the first event log');
    }
  }
  return undefined;
}
