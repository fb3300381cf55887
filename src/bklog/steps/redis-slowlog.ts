import { z } from 'zod';
import { commonFields } from './common-fields';
import { isRefused, parseShape, type Refused, type ScenarioParams } from './step-result';
import { names, spelledOut, text, trimmedLosses } from './values';

const redisSlowlog = z.object({
  hosts: spelledOut(names, []).prefault([]),
  password: text.default(''),
  password_file: text.default(''),
});

/** Slow logs of Redis (`collector_scenario/redis_slowlog.py`, which leaves the password and its file behind). */
export function parseRedisSlowlog(local: Readonly<Record<string, unknown>>, at: string): ScenarioParams | Refused {
  const parsed = parseShape(redisSlowlog, local, at);
  if (isRefused(parsed)) return parsed;
  const { hosts, password, password_file } = parsed.value;
  const common = commonFields(local, Object.keys(redisSlowlog.shape), at);
  return {
    params: { redis_hosts: hosts, redis_password: password, redis_password_file: password_file, ...common.params },
    losses: [
      ...trimmedLosses({ [`${at}.password`]: password, [`${at}.password_file`]: password_file }),
      ...common.losses,
    ],
  };
}
