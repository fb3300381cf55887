import { z } from 'zod';
import { flatConditions, inWords } from './conditions';
import { type CollectorParams, refuse, take, text, texts, unread } from './step-local';

const listed = z
  .union([text.transform((list) => list.split(',').filter(Boolean)), texts])
  .nullish()
  .transform((list) => list ?? []);
const eventsSchema = z.array(z.looseObject({ name: text, level: listed, event_id: listed }));

/** Events of Windows (bklog `collector_scenario/wineventlog.py`): one level and id list for all names. */
export function wineventlogParams(local: Readonly<Record<string, unknown>>): CollectorParams {
  const events = take(eventsSchema, local.event_logs ?? [], 'event_logs');
  const [first] = events;
  if (!first) return refuse('its step names no event log');
  const asText = ({ level, event_id }: (typeof events)[number]) => JSON.stringify([level, event_id]);
  if (events.some((event) => asText(event) !== asText(first))) {
    refuse('its event logs have different levels or ids, and the API takes one list for all');
  }
  const conditions = flatConditions(local.filters);
  const ops = new Set(conditions.map(({ op }) => inWords(op)));
  if (ops.size > 1) refuse('its filters have different operators, and the API takes one for all');
  if (conditions.some(({ logic }, at) => at > 0 && logic === 'and')) {
    refuse('several of its filters have to hold at once, and the API takes any of them');
  }
  return {
    params: {
      winlog_name: events.map(({ name }) => name),
      winlog_level: first.level,
      winlog_event_id: first.event_id,
      winlog_source: take(texts, local.provider_name ?? [], 'provider_name'),
      winlog_content: conditions.map(({ key }) => key),
      winlog_match_op: [...ops][0] ?? '',
    },
    losses: unread(local, ['event_logs', 'provider_name']),
  };
}
