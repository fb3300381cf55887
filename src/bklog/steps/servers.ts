import { z } from 'zod';
import { conditionsOf } from './conditions';
import { type CollectorParams, refuse, take, text, texts, unread } from './step-local';

/** A list, also as the JSON text of one. */
const listOrText = z.preprocess((value) => {
  if (typeof value !== 'string' || !value.trim().startsWith('[')) return value ?? [];
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}, texts);

/** An object, also as the JSON text of one; empty where there is none. */
const objectOrText = z.preprocess(
  (value) => {
    if (value === null || value === undefined || value === '') return {};
    if (typeof value !== 'string') return value;
    try {
      return JSON.parse(value);
    } catch {
      return value;
    }
  },
  z.record(z.string(), z.unknown()),
);

type Local = Readonly<Record<string, unknown>>;
const has = (value: unknown) => value !== undefined && value !== null && value !== '';

/** Slow commands of Redis (bklog `collector_scenario/redis_slowlog.py`). */
export function redisParams(local: Local): CollectorParams {
  const hosts = take(listOrText, local.hosts, 'hosts');
  if (hosts.length === 0) refuse('its step names no hosts');
  const secrets = (['password', 'password_file'] as const).filter((key) => has(local[key]));
  return {
    params: {
      redis_hosts: hosts,
      ...Object.fromEntries(secrets.map((key) => [`redis_${key}`, take(text, local[key], key)])),
    },
    losses: unread(local, ['hosts', 'password', 'password_file']),
  };
}

const syslogSchema = z
  .array(
    z.looseObject({
      conditions: z.array(z.looseObject({ key: text, op: text.default('='), value: text.default('') })).default([]),
    }),
  )
  .or(
    z
      .array(z.looseObject({ key: text, op: text.default('='), value: text.default('') }))
      .transform((all) => [{ conditions: all }]),
  )
  .nullish()
  .transform((filters) => filters ?? []);

/** Syslog (bklog `collector_scenario/syslog.py`): `host` is an address, or an expression, and the port behind the last colon. */
export function syslogParams(local: Local): CollectorParams {
  const protocol = take(text, local.protocol, 'protocol').toLowerCase();
  if (!['tcp', 'udp'].includes(protocol)) refuse(`its protocol ${JSON.stringify(protocol)} is neither tcp nor udp`);
  const host = take(text, local.host, 'host');
  const [, address = '', port] = /^(.*):(\d+)$/s.exec(host) ?? [];
  if (port === undefined) return refuse('its host has no port');
  const filters = take(syslogSchema, local.syslog_filters, 'syslog_filters');
  const conditions = filters.flatMap(({ conditions: all }, filter) =>
    all.map(({ key, op, value }, place) => ({
      ...{ syslog_content: value, syslog_op: op, syslog_field: key },
      syslog_logic_op: filter > 0 && place === 0 ? 'or' : 'and',
    })),
  );
  // An expression in braces stands for the address of the host itself.
  const monitor = address && !address.includes('{') ? { syslog_monitor_host: address } : {};
  return {
    params: { syslog_protocol: protocol, syslog_port: port, syslog_conditions: conditions, ...monitor },
    losses: unread(local, ['protocol', 'host', 'syslog_filters']),
  };
}

/** Kafka (bklog `collector_scenario/kafka.py`); lists and TLS may stand as JSON text. */
export function kafkaParams(local: Local): CollectorParams {
  const hosts = take(listOrText, local.hosts, 'hosts');
  const topics = take(listOrText, local.topics, 'topics');
  if (hosts.length === 0 || topics.length === 0) refuse(`its step names no ${hosts.length === 0 ? 'hosts' : 'topics'}`);
  const offset = has(local.initial_offset) ? take(text, local.initial_offset, 'initial_offset') : undefined;
  if (offset !== undefined && !['oldest', 'newest'].includes(offset)) {
    refuse(`its initial_offset ${JSON.stringify(offset)} is neither oldest nor newest`);
  }
  const named = (['username', 'password', 'group_id'] as const).filter((key) => has(local[key]));
  return {
    params: {
      ...{ kafka_hosts: hosts, kafka_topics: topics },
      ...Object.fromEntries(named.map((key) => [`kafka_${key}`, take(text, local[key], key)])),
      ...(offset === undefined ? {} : { kafka_initial_offset: offset }),
      kafka_ssl_params: take(objectOrText, local.ssl, 'ssl'),
      conditions: conditionsOf(local),
    },
    losses: unread(local, ['hosts', 'topics', 'username', 'password', 'group_id', 'initial_offset', 'ssl']),
  };
}
