import type { NodeDef } from 'node-red';
import { z } from 'zod';
import { parseOrRefuse, type RetentionPolicy, retentionPolicySchema } from '../../src/index';
import { timeZoneOr } from '../shared/surroundings';

/** What the form saves, with the form's defaults. An empty rule keeps nothing. */
export const DEFAULTS = {
  name: '',
  /** Id of an archive-location. */
  location: '',
  keepDays: '2',
  keepLast: '',
  keepDaily: '',
  keepWeekly: '',
  keepMonthly: '',
  /** Days the remains of failed runs stay. */
  failedDays: '1',
  /** IANA zone that decides where a day ends; empty: the host's. */
  timeZone: '',
  /** Plan only, remove nothing. */
  dryRun: true,
  version: 1,
};
export type RetentionConfig = NodeDef & typeof DEFAULTS;

const optionalNumber = z.union([z.literal('').transform(() => undefined), z.coerce.number()]);
const formSchema = z.object({
  keepDays: optionalNumber,
  keepLast: optionalNumber,
  keepDaily: optionalNumber,
  keepWeekly: optionalNumber,
  keepMonthly: optionalNumber,
  failedDays: optionalNumber,
});

/** Takes what a form saved or sent. An empty number is no rule, except the two with defaults. Errors: OP_CONFIG_INVALID. */
export function toPolicy(form: unknown, timeZone: string): RetentionPolicy {
  const rules = parseOrRefuse(formSchema, form, 'the policy');
  const given = Object.entries(rules).filter(([, value]) => value !== undefined);
  return parseOrRefuse(
    retentionPolicySchema,
    { ...Object.fromEntries(given), timeZone: timeZoneOr(timeZone) },
    'the policy',
  );
}
