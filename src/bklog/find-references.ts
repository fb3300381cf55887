import type { Pointer } from './json-text';
import type { Condition, Reference } from './reference';

/** A row or a document of BK-LOG. */
export type BkLogRecord = Readonly<Record<string, unknown>>;

/** A reference where it stands in one record. `isUnreadable`: the way to it is blocked; nothing is there to map. */
export interface FoundReference {
  readonly reference: Reference;
  readonly pointer: Pointer;
  readonly value: unknown;
  /** What stands around the value: the record, or the object within it. */
  readonly around: unknown;
  readonly isUnreadable?: boolean;
}

/** All that `references` declare and `record` has. Null and absent ones are left out, unless they are expected. */
export function findReferences(record: BkLogRecord, references: readonly Reference[]): FoundReference[] {
  const parsed = new Map<string, unknown>();
  /** A column that is entered: JSON text like JSON. Undefined for text that is none. */
  const enter = (column: string): unknown => {
    if (!parsed.has(column)) parsed.set(column, parseText(own(record, column)));
    return parsed.get(column);
  };
  return references.flatMap((reference) => {
    const holds = (reference.where ?? []).every(({ key, ...condition }) => {
      const [column = '', ...keys] = key.split('.');
      const value = keys.length === 0 ? own(record, column) : keys.reduce(own, enter(column));
      return fits(value, condition);
    });
    if (!holds) return [];
    const [column = '', ...keys] = reference.path;
    const value = own(record, column);
    if (value === null || value === undefined) {
      return reference.isExpected ? [{ reference, pointer: [column], value: null, around: record }] : [];
    }
    if (keys.length === 0) return [{ reference, pointer: [column], value, around: record }];
    if (value === '') return [];
    const content = enter(column);
    if (content === undefined) return [{ reference, pointer: [column], value, around: record, isUnreadable: true }];
    return walk(content, keys, [column], reference, record);
  });
}

function walk(
  value: unknown,
  keys: readonly string[],
  pointer: Pointer,
  reference: Reference,
  around: unknown,
): FoundReference[] {
  if (value === null || value === undefined) return [];
  const [key, ...rest] = keys;
  if (key === undefined) return [{ reference, pointer, value, around }];
  const isList = Array.isArray(value);
  if (typeof value !== 'object' || isList !== (key === '*')) {
    return [{ reference, pointer, value, around, isUnreadable: true }];
  }
  if (isList) return value.flatMap((element, at) => walk(element, rest, [...pointer, at], reference, value));
  const isMeant = rest.length > 0 || (reference.beside ?? []).every(({ key, ...is }) => fits(own(value, key), is));
  return isMeant ? walk(own(value, key), rest, [...pointer, key], reference, value) : [];
}

function fits(value: unknown, { is, not }: Omit<Condition, 'key'>): boolean {
  const text = value === null || value === undefined ? '' : String(value);
  return (is?.includes(text) ?? true) && !not?.includes(text);
}

/** The value of a key that the object has itself. */
export function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as BkLogRecord)[key];
}

function parseText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
