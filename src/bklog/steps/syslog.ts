import { z } from 'zod';
import { otherLosses } from './common-fields';
import { operator } from './conditions';
import { isRefused, type Loss, parseShape, type Refused, refuse, type ScenarioParams } from './step-result';
import {
  isBlank,
  nothingToCollect,
  shortText,
  text,
  textOrNone,
  trimmedLosses,
  unreadLosses,
  unsupported,
} from './values';

const PROTOCOLS = ['tcp', 'udp'];
/** What BK-LOG writes where nobody chose an address: each host listens on its own. */
const OWN_ADDRESS = /^\{\{\s*cmdb_instance\.host\.bk_host_innerip\s*\}\}$/;
/** The port stands after the last colon: an IPv6 address has more of them. */
const HOST = /^(.*):\s*(\d{1,5})\s*$/s;
const isPort = (port: number) => port > 0 && port <= 65_535;

const groupsOf = <T>(condition: z.ZodType<T>) => {
  const conditions = z.array(condition, 'is not a list of conditions');
  return z.array(z.looseObject({ conditions }, 'is not a group of conditions'), 'is not a list of groups').default([]);
};
const op = operator.nullish().transform((value) => value ?? 'include');
const content = shortText.nullish().transform((value) => value ?? '');
const condition = z
  .looseObject({ key: textOrNone, op, value: content }, 'is not a condition')
  .transform(({ key: field, op, value, ...rest }): SyslogCondition => ({ field, op, content: value, rest }));
/** Before groups: the content under `key`, the name of a field beside it, and always the index of the whole line. */
const oldCondition = z
  .looseObject({ index: z.unknown(), key: content, op, field: textOrNone }, 'is not a condition')
  .transform(({ index: _, key, op, field, ...rest }): SyslogCondition => ({ field, op, content: key, rest }));
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
  const { conditions, losses } = isOld
    ? toSyslogConditions(filters, `${at}.filters`)
    : toSyslogConditions(syslog_filters, `${at}.syslog_filters`);
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
    losses: [...losses, ...otherLosses(local, READ, at)],
  };
}

/** Of any release: without a field the whole message is meant. */
interface SyslogCondition {
  readonly field: string;
  readonly op: string;
  readonly content: string;
  readonly rest: Readonly<Record<string, unknown>>;
}
type SyslogGroup = { readonly conditions: readonly SyslogCondition[] } & Readonly<Record<string, unknown>>;

function toSyslogConditions(groups: readonly SyslogGroup[], at: string) {
  const losses: Loss[] = [];
  const kept = groups.map(({ conditions, ...rest }, i) => {
    losses.push(...unreadLosses(rest, [], `${at}[${i}]`));
    if (conditions.length === 0) losses.push({ field: `${at}[${i}]`, reason: 'has no conditions' });
    return conditions.filter(({ content, rest }, j) => {
      const field = `${at}[${i}].conditions[${j}]`;
      const isFilled = !isBlank(content);
      if (!isFilled) losses.push({ field, reason: 'has no content; the target takes no such condition' });
      else losses.push(...trimmedLosses({ [field]: content }));
      losses.push(...unreadLosses(rest, [], field));
      return isFilled;
    });
  });
  const conditions = kept
    .filter((group) => group.length > 0)
    .flatMap((group, i) =>
      group.map(({ field, op, content }, j) => ({
        syslog_field: field,
        syslog_content: content,
        // Of a whole message `=` has always meant that it includes the content.
        syslog_op: op === '=' ? (field === '' ? 'include' : 'eq') : op,
        syslog_logic_op: i > 0 && j === 0 ? 'or' : 'and',
      })),
    );
  return { conditions, losses };
}
