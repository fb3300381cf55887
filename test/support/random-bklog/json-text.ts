import type { Chance } from '../chance';

/** A number by its digits, where a double would change them. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Json = null | boolean | number | string | NumberText | readonly Json[] | { readonly [key: string]: Json };

export const ODD_NUMBERS = ['1.0', '-0', '-0.0', '1e5', '1E-7', '0.10', '9007199254740993', '123456789012345678901']
  .concat(['-9223372036854775808', '1.7976931348623157e308', '5e-324', '3.141592653589793238'])
  .map((text) => new NumberText(text));

export interface JsonStyle {
  readonly comma: string;
  readonly colon: string;
  /** json.dumps with its defaults writes \uXXXX; a slash is escaped by PHP and by nobody else here. */
  readonly escapesNonAscii: boolean;
}

const PYTHON: JsonStyle = { comma: ', ', colon: ': ', escapesNonAscii: false };
/** What LONGTEXT columns hold (2, text encodings). */
export const PYTHON_ESCAPED: JsonStyle = { ...PYTHON, escapesNonAscii: true };

export function randomStyle(chance: Chance): JsonStyle {
  return chance.pick([
    PYTHON,
    PYTHON_ESCAPED,
    { comma: ',', colon: ':', escapesNonAscii: false },
    { comma: ' ,\n\t', colon: ' :\r\n', escapesNonAscii: true },
  ]);
}

export function toJsonText(value: Json, style: JsonStyle = PYTHON): string {
  if (value instanceof NumberText) return value.text;
  if (typeof value === 'string') return quoted(value, style);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => toJsonText(item, style)).join(style.comma)}]`;
  const members = Object.entries(value).map(
    ([key, member]) => `${quoted(key, style)}${style.colon}${toJsonText(member, style)}`,
  );
  return `{${members.join(style.comma)}}`;
}

function quoted(text: string, { escapesNonAscii }: JsonStyle): string {
  const written = JSON.stringify(text);
  if (!escapesNonAscii) return written;
  return written.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Texts that a JSON reader refuses, in Python and in JavaScript. */
export const NOT_JSON = [
  '',
  ' ',
  '{',
  '{"context": }',
  "{'context': {}}",
  '{"context": {}} x',
  'None',
  '\ufeff{}',
  '{,}',
];
