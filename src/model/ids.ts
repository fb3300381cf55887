import { randomInt } from 'node:crypto';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Identity of a set: `{YYYYMMDDHHmmss}_{10 random [a-z0-9]}`; the tail of its archive's name. */
export type BackupSetId = Branded<'BackupSetId'>;
/** Identity of one run of an operation. */
export type RunId = Branded<'RunId'>;
/** Name of an object in a location: no leading slash, `/` between parts. */
export type ObjectKey = Branded<'ObjectKey'>;

const RANDOM_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function randomName(length: number): string {
  return Array.from({ length }, () => RANDOM_ALPHABET[randomInt(RANDOM_ALPHABET.length)]).join('');
}

/** `YYYYMMDDHHmmss` of `at` in `timeZone` (an IANA name). */
export function formatTimestamp(at: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(at);
  const value = (type: Intl.DateTimeFormatPartTypes) => parts.find((part) => part.type === type)?.value ?? '';
  return `${value('year')}${value('month')}${value('day')}${value('hour')}${value('minute')}${value('second')}`;
}

export const BACKUP_SET_ID_PATTERN = /^\d{14}_[a-z0-9]{10}$/;

export function newBackupSetId(at: Date, timeZone: string): BackupSetId {
  return `${formatTimestamp(at, timeZone)}_${randomName(10)}` as BackupSetId;
}

export function newRunId(): RunId {
  return randomName(16) as RunId;
}
