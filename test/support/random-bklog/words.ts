import type { Chance } from '../chance';

/** Texts that a reader may trip over, none longer than 30 characters. */
export const TEXTS = [
  'plain',
  'nginx访问日志',
  'é ß Ж ñ',
  '日志🚀采集',
  '𠮷野家',
  "it's",
  'say "x"',
  'back\\slash',
  'line\nfeed',
  'tab\there',
  '\u2028\u2029',
  '</script>',
  '%s ? :x @y',
  '{"a": 1}',
  'NULL',
  '0',
  ' blanks ',
  '\u0001\u007f',
  'ع ر ب ي',
] as const;

const USERS = ['admin', 'zhangsan', 'lisi', 'wangwu', '张三', 'o.brien-x'] as const;

export const randomUser = (chance: Chance) => chance.pick(USERS);

/** A datetime(6) of the last years. */
export function randomTime(chance: Chance): string {
  const ms = Date.UTC(2021, 0, 1) + chance.int(0, 1400) * 86_400_000 + chance.int(0, 86_399_999);
  return `${new Date(ms).toISOString().slice(0, 23).replace('T', ' ')}${String(chance.int(0, 999)).padStart(3, '0')}`;
}

/** A column value as it is stored. JSON columns are text, so that every digit is kept. */
export type Cell = string | number | null;
export type Row = Readonly<Record<string, Cell>>;

export function audited(chance: Chance, { isDeleted = false }: { isDeleted?: boolean } = {}): Row {
  const user = randomUser(chance);
  const createdAt = randomTime(chance);
  return {
    created_at: createdAt,
    created_by: user,
    updated_at: chance.is(0.1) ? null : createdAt,
    updated_by: chance.is(0.1) ? '' : user,
    is_deleted: isDeleted ? 1 : 0,
    deleted_at: isDeleted ? createdAt : null,
    deleted_by: isDeleted ? user : null,
  };
}
