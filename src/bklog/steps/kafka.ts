import { z } from 'zod';
import { commonFields } from './common-fields';
import { filters, toConditions } from './conditions';
import { isRefused, parseShape, type Refused, type ScenarioParams } from './step-result';
import { jsonObject, names, spelledOut, text, trimmedLosses, unsupported } from './values';

const OFFSETS = ['oldest', 'newest', ''];
const kafka = z.object({
  hosts: spelledOut(names, []).prefault([]),
  topics: spelledOut(names, []).prefault([]),
  username: text.default(''),
  password: text.default(''),
  /** The data id of the source where nobody chose one. */
  group_id: text.default(''),
  initial_offset: z
    .string('is not text')
    .refine((value) => OFFSETS.includes(value), unsupported('is neither oldest nor newest'))
    .default(''),
  ssl: spelledOut(jsonObject, {}).prefault({}),
  filters: filters.default([]),
  delimiter: text.optional(),
});

/** Messages of Kafka (`collector_scenario/kafka.py`, which hands hosts, topics and TLS on as text: always refused). */
export function parseKafka(local: Readonly<Record<string, unknown>>, at: string): ScenarioParams | Refused {
  const parsed = parseShape(kafka, local, at);
  if (isRefused(parsed)) return parsed;
  const { hosts, topics, username, password, group_id, initial_offset, ssl, delimiter } = parsed.value;
  const filtered = toConditions(parsed.value.filters, delimiter, at);
  if (isRefused(filtered)) return filtered;
  const common = commonFields(local, Object.keys(kafka.shape), at);
  return {
    params: {
      conditions: filtered.conditions,
      kafka_hosts: hosts,
      kafka_topics: topics,
      kafka_username: username,
      kafka_password: password,
      kafka_group_id: group_id,
      kafka_initial_offset: initial_offset,
      kafka_ssl_params: ssl,
      ...common.params,
    },
    losses: [
      ...filtered.losses,
      ...trimmedLosses({ [`${at}.username`]: username, [`${at}.password`]: password, [`${at}.group_id`]: group_id }),
      ...common.losses,
    ],
  };
}
