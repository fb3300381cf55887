/**
 * JSON as Python reads and writes it: a number keeps its kind (1.0 stays 1.0, an integer all its digits), keys keep their
 * order, `NaN` and `Infinity` are numbers. So that a document equals the one export.py would have written.
 */
export type PythonValue = null | boolean | string | PythonNumber | readonly PythonValue[] | PythonDict;
export type PythonDict = ReadonlyMap<string, PythonValue>;

/** A number as Python prints it. */
export class PythonNumber {
  constructor(readonly text: string) {}
}

/** Text that Python's `json.loads` refuses, or whose value its `json.dump` could not write. `reason` says why. */
export class PythonJsonError extends Error {
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** Python gives up on text that is nested about this deep (its recursion limit), and on longer integers. */
const MOST_LEVELS = 900;
const MOST_DIGITS = 4300;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const WORDS: ReadonlyMap<string, PythonValue> = new Map<string, PythonValue>([
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', new PythonNumber('NaN')],
  ['Infinity', new PythonNumber('Infinity')],
  ['-Infinity', new PythonNumber('-Infinity')],
]);

/** Reads one document. Errors: PythonJsonError. */
export function parsePython(text: string): PythonValue {
  const scanner = new Scanner(text);
  const value = scanner.value(0);
  scanner.end();
  return value;
}

class Scanner {
  #at = 0;
  constructor(private readonly text: string) {}

  value(level: number): PythonValue {
    if (level > MOST_LEVELS) throw new PythonJsonError(`is nested more than ${MOST_LEVELS} levels deep`);
    this.#skip(SPACE);
    const first = this.text[this.#at];
    if (first === '"') return this.#string();
    if (first === '[') return this.#list(level);
    if (first === '{') return this.#dict(level);
    for (const [word, value] of WORDS) {
      if (!this.text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#number();
  }

  end(): void {
    this.#skip(SPACE);
    if (this.#at < this.text.length) throw this.#unexpected();
  }

  #skip(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match) this.#at += match[0].length;
    return match;
  }

  #unexpected(): PythonJsonError {
    const what = this.#at < this.text.length ? 'is not JSON' : 'ends in the middle';
    return new PythonJsonError(`${what} at character ${this.#at}`);
  }

  #number(): PythonNumber {
    const match = this.#skip(NUMBER);
    if (!match) throw this.#unexpected();
    const [all, whole = '', fraction, exponent] = match;
    if (fraction !== undefined || exponent !== undefined) return new PythonNumber(pythonFloat(Number(all)));
    if (whole.length > MOST_DIGITS) throw new PythonJsonError(`has an integer of ${whole.length} digits`);
    return new PythonNumber(whole === '-0' ? '0' : whole);
  }

  #string(): string {
    const start = this.#at;
    for (this.#at += 1; this.text[this.#at] !== '"'; this.#at += 1) {
      if (this.#at >= this.text.length) throw this.#unexpected();
      if (this.text[this.#at] === '\\') this.#at += 1;
    }
    this.#at += 1;
    let value: string;
    try {
      value = JSON.parse(this.text.slice(start, this.#at)) as string; // the same grammar and escapes
    } catch {
      throw new PythonJsonError(`has a string that is not JSON at character ${start}`);
    }
    if (/\p{Surrogate}/u.test(value)) throw new PythonJsonError(`has half a character at character ${start}`);
    return value;
  }

  #list(level: number): PythonValue[] {
    const values: PythonValue[] = [];
    this.#items(']', () => values.push(this.value(level + 1)));
    return values;
  }

  #dict(level: number): PythonDict {
    const dict = new Map<string, PythonValue>();
    this.#items('}', () => {
      this.#skip(SPACE);
      if (this.text[this.#at] !== '"') throw this.#unexpected();
      const key = this.#string();
      this.#skip(SPACE);
      if (this.text[this.#at] !== ':') throw this.#unexpected();
      this.#at += 1;
      dict.set(key, this.value(level + 1)); // a key that comes twice keeps its first place and its last value
    });
    return dict;
  }

  #items(close: string, item: () => void): void {
    this.#at += 1;
    this.#skip(SPACE);
    if (this.text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      this.#skip(SPACE);
      const mark = this.text[this.#at];
      if (mark !== ',' && mark !== close) throw this.#unexpected();
      this.#at += 1;
      if (mark === close) return;
    }
  }
}

/** `repr` of a float: the shortest digits that give it back, with an exponent from 1e16 and below 1e-4. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${rest}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** The text of `json.dump(…, indent=4, ensure_ascii=False)`, whose first line is indented already. */
export function formatPython(value: PythonValue, indent = ''): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof PythonNumber) return value.text;
  const inner = `${indent}    `;
  if (value instanceof Map) {
    if (value.size === 0) return '{}';
    const items = [...value].map(([key, item]) => `${inner}${JSON.stringify(key)}: ${formatPython(item, inner)}`);
    return `{\n${items.join(',\n')}\n${indent}}`;
  }
  const list = value as readonly PythonValue[];
  if (list.length === 0) return '[]';
  return `[\n${list.map((item) => `${inner}${formatPython(item, inner)}`).join(',\n')}\n${indent}]`;
}
