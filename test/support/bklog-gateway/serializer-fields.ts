import { z } from 'zod';
import { failure, refuse } from './envelope';

/** Fields as BK-LOG's serializers read them: numbers may come as text, text is trimmed, unknown keys are dropped. */

type Problem = { readonly problem: string };
const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 1 && 'problem' in value;

function field<T>(read: (value: unknown) => T | Problem) {
  return z.unknown().transform((value, context): T => {
    const result = value === undefined ? { problem: 'This field is required.' } : read(value);
    if (!isProblem(result)) return result as T;
    context.issues.push({ code: 'custom', message: result.problem, input: value });
    return z.NEVER;
  });
}

export function integer({ min = -Infinity, max = Infinity }: { min?: number; max?: number } = {}) {
  return field<number>((value) => {
    const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\s*-?\d+\s*$/.test(value));
    const read = Number(value);
    if (!isNumber || !Number.isInteger(read)) return { problem: 'A valid integer is required.' };
    if (read > max) return { problem: `Ensure this value is less than or equal to ${max}.` };
    if (read < min) return { problem: `Ensure this value is greater than or equal to ${min}.` };
    return read;
  });
}

interface TextRules {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly blank?: boolean;
  readonly keepBlanks?: boolean;
}

export function text({ min = 0, max = Infinity, pattern, blank = false, keepBlanks = false }: TextRules = {}) {
  return field<string>((value) => {
    if (typeof value !== 'string' && typeof value !== 'number') return { problem: 'Not a valid string.' };
    const read = keepBlanks ? String(value) : String(value).trim();
    if (read === '') return blank ? read : { problem: 'This field may not be blank.' };
    const { length } = [...read];
    if (length > max) return { problem: `Ensure this field has no more than ${max} characters.` };
    if (length < min) return { problem: `Ensure this field has at least ${min} characters.` };
    return pattern && !pattern.test(read) ? { problem: 'This value does not match the required pattern.' } : read;
  });
}

export function choice<const T extends readonly string[]>(choices: T) {
  return field<T[number]>((value) =>
    typeof value === 'string' && choices.includes(value)
      ? value
      : { problem: `${JSON.stringify(value)} is not a valid choice.` },
  );
}

export function flag() {
  return field<boolean>((value) => {
    if ([true, 1, '1', 'true', 'True'].some((truth) => truth === value)) return true;
    if ([false, 0, '0', 'false', 'False'].some((lie) => lie === value)) return false;
    return { problem: 'Must be a valid boolean.' };
  });
}

export function list<T extends z.ZodType>(item: T) {
  return z.array(item, { error: 'Expected a list of items.' });
}

/** 4.2: 3600400 names the fields, one a line. */
export function validated<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const read = schema.safeParse(input);
  if (read.success) return read.data;
  const lines = read.error.issues.map(({ path, message }) => `(${path.join('.')}) ${message}`);
  return refuse(failure('3600400', lines.join('\n'), { errors: Object.fromEntries(read.error.issues.map(toError)) }));
}

const toError = ({ path, message }: z.core.$ZodIssue): [string, string[]] => [path.join('.'), [message]];

/** 4.2: BK-LOG's own validation: what a field alone cannot tell. */
export function invalid(problem: string): never {
  return refuse(failure('3600001', problem));
}
