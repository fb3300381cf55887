import { isAbsolute } from 'node:path';
import type { NodeDef } from 'node-red';
import { z } from 'zod';
import {
  type ExportCleaning,
  exportCleaningSchema,
  parseOrRefuse,
  type RetentionPolicy,
  retentionPolicySchema,
} from '../../src/index';
import { timeZoneOr } from '../shared/surroundings';

/** What the form saves, with the form's defaults. An empty rule keeps nothing. */
export const DEFAULTS = {
  name: '',
  /** `sets`: the sets of a location; `exports`: the files that BK-LOG's own exports leave behind. */
  what: 'sets',
  /** For `sets`: id of an archive-location. */
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
  /** For `exports`: id of a db-connection to the database of BK-LOG's application. */
  connection: '',
  /** For `exports`: the folder where BK-LOG keeps the files, and whether it has to be a mount point. */
  folder: '',
  requireMount: true,
  /** For `exports`: days that a file stays after its task was created. */
  exportDays: '2',
  /** For `exports`: files that are not there have gone, although nothing says that this is their folder. */
  acceptMissing: false,
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

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')]);
const exportsSchema = z.object({
  folder: z.string().trim().min(1, 'is empty').refine(isAbsolute, 'is no absolute path'),
  requireMount: flag,
  exportDays: optionalNumber,
  acceptMissing: flag,
});

/** Takes what a form saved or sent; empty days are the default. Errors: OP_CONFIG_INVALID. */
export function toCleaning(form: unknown): ExportCleaning {
  const { exportDays, ...rest } = parseOrRefuse(exportsSchema, form, 'the cleaning of exports');
  const days = exportDays === undefined ? {} : { keepDays: exportDays };
  return parseOrRefuse(exportCleaningSchema, { ...rest, ...days }, 'the cleaning of exports');
}
