import { z } from 'zod';
import { commonFields } from './common-fields';
import { filters, toOnlyCondition } from './conditions';
import { isRefused, parseShape, type Refused, refuse, type ScenarioParams } from './step-result';
import {
  isBlank,
  isTooLong,
  nothingToCollect,
  shortText,
  text,
  texts,
  trimmedLosses,
  unreadLosses,
  unsupported,
} from './values';

/** A list, or its items with commas between; empty and null: everything. */
const commaList = z
  .union([text.transform((value) => value.split(',')), z.array(text), z.null().transform((): string[] => [])], {
    message: 'is neither text nor a list of texts',
  })
  .transform((items) => items.map((item) => item.trim()).filter((item) => item !== ''))
  .refine((items) => !items.some(isTooLong), unsupported('has an item longer than the target takes'))
  .default([]);
const eventLog = z.looseObject(
  { name: shortText.refine((name) => !isBlank(name), 'is blank'), level: commaList, event_id: commaList },
  'is not an event log',
);
const EVENT_LOG_READ = ['name', 'level', 'event_id'];
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
  const condition = toOnlyCondition(groups, at);
  if (isRefused(condition)) return condition;
  const common = commonFields(local, READ, at);
  return {
    params: {
      winlog_name: event_logs.map(({ name }) => name),
      winlog_level: event_logs[0]?.level ?? [],
      winlog_event_id: event_logs[0]?.event_id ?? [],
      winlog_source: provider_name,
      winlog_content: condition.content === undefined ? [] : [condition.content],
      winlog_match_op: condition.op ?? '',
      ...common.params,
    },
    losses: [
      ...condition.losses,
      ...trimmedLosses(Object.fromEntries(event_logs.map(({ name }, i) => [`${at}.event_logs[${i}].name`, name]))),
      ...trimmedLosses(Object.fromEntries(provider_name.map((name, i) => [`${at}.provider_name[${i}]`, name]))),
      ...event_logs.flatMap((log, i) => unreadLosses(log, EVENT_LOG_READ, `${at}.event_logs[${i}]`)),
      ...common.losses,
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
