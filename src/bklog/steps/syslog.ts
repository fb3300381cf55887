import { z } from 'zod';
import { operator } from './conditions';
import { isRefused, type Loss, parseShape, type Refused, refuse, type ScenarioParams } from './step-result';
import { unreadFields } from './unread-fields';
import { isBlank, nothingToCollect, shortText, text, textOrNone, trimmedLosses, unsupported } from './values';

const PROTOCOLS = ['tcp', 'udp'];
/** What BK-LOG writes where nobody chose an address: each host listens on its own. */
const OWN_ADDRESS = /^\{\{\s*cmdb_instance\.host\.bk_host_innerip\s*\}\}$/;
/** The port stands after the last colon: an IPv6 address has more of them. */
const HOST = /^(.*):\s*(\d{1,5})\s*$/s;
const isPort = (port: number) => port > 0 && port <= 65_535;

const groupsOf = <T>(condition: z.ZodType<T>) =>
  z
    .array(
      z.object({ conditions: z.array(condition, 'is not a list of conditions') }, 'is not a group of conditions'),
      'is not a list of groups',
    )
    .default([]);
const op = operator.nullish().transform((value) => value ?? 'include');
const condition = z.object({ key: textOrNone, op, value: shortText.default('') }, 'is not a condition');
/** Before groups: the content under `key`, the name of a field beside it. */
const oldCondition = z.object({ key: shortText.default(''), op, field: textOrNone }, 'is not a condition');
const syslog = z.object({
  protocol: text
    .prefault('')
    .transform((value) => value.trim().toLowerCase())
    .refine((value) => value !== '', nothingToCollect('is empty'))
    .refine((value) => PROTOCOLS.includes(value), unsupported('is neither tcp nor udp')),
  host: text
    .prefault('')
    .refine((value) => !isBlank(value), nothingToCollect('is empty'))
    .refine((value) => isPort(Number(HOST.exec(value)?.[2])), 'has no port'),
  syslog_filters: groupsOf(condition),
  filters: groupsOf(oldCondition),
});
/** Whole messages are matched, so nothing is separated. */
const READ = [...Object.keys(syslog.shape), 'delimiter'];

/** Messages that hosts receive (`collector_scenario/syslog.py`, which loses the address that they listen on). */
export function parseSyslog(local: Readonly<Record<string, unknown>>, at: string): ScenarioParams | Refused {
  const parsed = parseShape(syslog, local, at);
  if (isRefused(parsed)) return parsed;
  const { protocol, host, syslog_filters, filters } = parsed.value;
  const isOld = syslog_filters.length === 0;
  if (!isOld && filters.length > 0) {
    return refuse('malformed_definition', `${at}.filters`, 'stands beside syslog_filters');
  }
  const groups = isOld
    ? filters.map(({ conditions }) => conditions.map((old) => ({ key: old.field, op: old.op, value: old.key })))
    : syslog_filters.map(({ conditions }) => conditions);
  const { conditions, losses } = toSyslogConditions(groups, `${at}.${isOld ? 'filters' : 'syslog_filters'}`);
  const [, address = '', port = ''] = HOST.exec(host) ?? [];
  const isOwn = isBlank(address) || OWN_ADDRESS.test(address.trim());
  return {
    params: {
      syslog_protocol: protocol,
      syslog_port: Number(port),
      ...(isOwn ? {} : { syslog_monitor_host: address.trim() }),
      syslog_conditions: conditions,
    },
    // Labels are not among what the target sends to the agents of this scenario.
    losses: [...losses, ...['labels', 'ext_meta'].flatMap(lostLabels(local, at)), ...unreadFields(local, READ, at)],
  };
}

interface SyslogCondition {
  readonly key: string;
  readonly op: string;
  readonly value: string;
}

function toSyslogConditions(groups: readonly (readonly SyslogCondition[])[], at: string) {
  const losses: Loss[] = [];
  const kept = groups.map((group, i) =>
    group.filter(({ value }, j) => {
      const field = `${at}[${i}].conditions[${j}]`;
      if (isBlank(value)) losses.push({ field, reason: 'has no content; the target takes no such condition' });
      else losses.push(...trimmedLosses({ [field]: value }));
      return !isBlank(value);
    }),
  );
  for (const [i, group] of groups.entries()) {
    if (group.length === 0) losses.push({ field: `${at}[${i}]`, reason: 'has no conditions' });
  }
  const conditions = kept
    .filter((group) => group.length > 0)
    .flatMap((group, i) =>
      group.map(({ key, op, value }, j) => ({
        syslog_field: key,
        syslog_content: value,
        // Without a field the whole message is searched, where `=` has always meant that it includes the content.
        syslog_op: op === '=' ? (key === '' ? 'include' : 'eq') : op,
        syslog_logic_op: i > 0 && j === 0 ? 'or' : 'and',
      })),
    );
  return { conditions, losses };
}

const lostLabels = (local: Readonly<Record<string, unknown>>, at: string) => (field: string) =>
  Object.hasOwn(local, field) ? [{ field: `${at}.${field}`, reason: 'the target has no labels for syslog' }] : [];
