import type { Chance } from './chance';

/** Texts that trip whoever reads SQL too simply. All in the Basic Multilingual Plane: definitions hold no more. */
export const ODD_TEXTS = [
  '',
  "it's",
  'say "x"',
  'a;b',
  ';;',
  '$$ //',
  '-- no comment',
  '# nor this',
  '/* nor this */',
  '/*! nor that */',
  'back\\slash',
  '\\',
  "\\'; DROP",
  'line\nfeed',
  'carriage\r\nreturn\t',
  'DELIMITER ;;',
  '\nDELIMITER $$\n',
  '中文 日志',
  'é ß Ж',
  '`tick`',
  '%s ? :x @y',
  '),(',
  'NULL',
  '\\N',
  '0',
  ' leading',
  'CREATE TABLE `x` (',
  'USE `mysql`;',
  'FOREIGN KEY (`a`)',
  'AUTO_INCREMENT',
];

export const quoteText = (text: string) =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\0', '\\0').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;

export type Family =
  | 'integer'
  | 'decimal'
  | 'float'
  | 'bit'
  | 'text'
  | 'long-text'
  | 'bytes'
  | 'member'
  | 'time'
  | 'json'
  | 'object'
  | 'geometry';

/** A column's type with what may be done with it. */
export interface ColumnType {
  readonly family: Family;
  /** Type and character set as CREATE TABLE takes them. */
  readonly sql: string;
  /** Whether a key may have it whole, or its beginning only. */
  readonly key: 'whole' | 'prefix' | 'none';
  /** Literals that a DEFAULT may have; expressions in brackets. */
  readonly defaults: readonly string[];
  readonly hasWords: boolean;
  /** A value as SQL, never NULL. */
  readonly value: (chance: Chance) => string;
}

/** All character sets of MariaDB that a column may have, each with a few collations. */
const CHARSETS: Readonly<Record<string, readonly string[]>> = {
  utf8mb4: ['general_ci', 'bin', 'unicode_ci', 'unicode_520_ci', 'uca1400_ai_ci', 'nopad_bin', 'german2_ci'],
  utf8mb3: ['general_ci', 'bin', 'unicode_ci'],
  latin1: ['swedish_ci', 'bin', 'german2_ci', 'general_cs'],
  gbk: ['chinese_ci', 'bin'],
  ascii: ['general_ci', 'bin'],
  binary: [''],
  ucs2: ['general_ci', 'bin'],
  utf16: ['general_ci', 'bin'],
  utf16le: ['general_ci'],
  utf32: ['general_ci'],
};
const OTHER_CHARSETS =
  'big5 cp932 sjis ujis eucjpms euckr gb2312 koi8r koi8u cp1251 cp866 cp850 cp852 cp1250 cp1256 cp1257 latin2 latin5 latin7 greek hebrew tis620 hp8 dec8 swe7 armscii8 geostd8 keybcs2 macce macroman'.split(
    ' ',
  );
const WORDS = [
  'plain',
  'Mixed Case',
  'trailing  ',
  '𠮷 🚀',
  'nul\0byte',
  'sub\x1astitute',
  'ÄÖÜäöüß€',
  '許功蓋',
  'Привет',
  'ｱｲｳ',
  '한글',
  'שלום',
  'x'.repeat(50),
];
const WIDE = new Set(['ucs2', 'utf16', 'utf16le', 'utf32', 'binary']);
const ANY_MEMBER = new Set(['utf8mb4', 'utf8mb3', 'ucs2', 'utf16', 'utf16le', 'utf32']);

export function randomCharset(chance: Chance): { charset: string; sql: string } {
  const charset = chance.is(0.8) ? chance.pick(Object.keys(CHARSETS)) : chance.pick(OTHER_CHARSETS);
  const collation = CHARSETS[charset] ? chance.pick(CHARSETS[charset]) : '';
  return { charset, sql: `CHARACTER SET ${charset}${collation ? ` COLLATE ${charset}_${collation}` : ''}` };
}

const randomHex = (chance: Chance, bytes: number) =>
  Array.from({ length: bytes }, () => chance.int(0, 255).toString(16).padStart(2, '0')).join('');

const randomBytes = (chance: Chance, atMost: number) =>
  chance.is(0.1) ? "''" : `x'${randomHex(chance, chance.int(1, atMost))}'`;

function randomText(chance: Chance, charset: string, atMost: number): string {
  if (charset === 'binary') return randomBytes(chance, atMost);
  // Bytes as they come. Where the bytes are to be UTF-8 an export refuses what is none.
  if (chance.is(0.15) && !/^(utf8|ascii)/.test(charset))
    return `CONVERT(${randomBytes(chance, Math.min(atMost, 40))} USING ${charset})`;
  return quoteText(chance.pick(chance.is(0.5) ? ODD_TEXTS : WORDS));
}

const INTEGERS = { TINYINT: 8, SMALLINT: 16, MEDIUMINT: 24, INT: 32, BIGINT: 64 } as const;

export function integerType(chance: Chance, options: { readonly plain?: boolean } = {}): ColumnType {
  const name = chance.pick(Object.keys(INTEGERS) as (keyof typeof INTEGERS)[]);
  const bits = BigInt(INTEGERS[name]);
  const kind = chance.pick(options.plain ? ['', ' UNSIGNED'] : ['', '', ' UNSIGNED', ' UNSIGNED', '(5) ZEROFILL']);
  const [least, most] = kind.length > 0 ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
  return {
    family: 'integer',
    sql: `${name}${kind}`,
    key: 'whole',
    defaults: ['0', '7', '(1 + 2)'],
    hasWords: false,
    value: (by) => by.pick([`${least}`, `${most}`, `${most - 1n}`, '0', '1', `${by.int(2, 100)}`, `${by.int(2, 100)}`]),
  };
}

function decimalType(chance: Chance): ColumnType {
  const digits = chance.int(1, 65);
  const scale = chance.int(0, Math.min(digits, 30));
  const sign = chance.pick(['', '', ' UNSIGNED', ' ZEROFILL']);
  return {
    family: 'decimal',
    sql: `DECIMAL(${digits},${scale})${sign}`,
    key: 'whole',
    defaults: ['0', '0.5', '(1 / 3)'],
    hasWords: false,
    value: (by) => by.pick(['0', '-0.1', '1e-30', `${by.int(-999, 999)}.${by.int(0, 999)}`, '1e40', '-9.999999999999']),
  };
}

function floatType(chance: Chance): ColumnType {
  return {
    family: 'float',
    sql: chance.pick(['FLOAT', 'FLOAT', 'DOUBLE', 'DOUBLE', 'FLOAT(10,3)', 'DOUBLE(20,10)', 'DOUBLE UNSIGNED']),
    key: 'whole',
    defaults: ['0', '1.5e-7', '(SQRT(2))'],
    hasWords: false,
    value: (by) =>
      by.pick([
        '0',
        '-1e-60',
        '1e0/3',
        '0.1',
        '16777217',
        '1.4e-45',
        '3.4028234e38',
        '-2e-308',
        `${by.next() * 1e6}e0`,
      ]),
  };
}

function bitType(chance: Chance): ColumnType {
  const bits = chance.pick([1, 7, 8, 9, 31, 63, 64]);
  return {
    family: 'bit',
    sql: `BIT(${bits})`,
    key: 'whole',
    defaults: ["b'1'", "b'0'"],
    hasWords: false,
    value: (by) => `b'${Array.from({ length: by.int(1, bits) }, () => by.int(0, 1)).join('')}'`,
  };
}

/** Others are taken, and the table cannot be opened again where its own character set does not have them. */
const DEFAULT_TEXTS = ODD_TEXTS.filter((text) => /^[\0-\x7e]*$/.test(text));

function textType(chance: Chance): ColumnType {
  const { charset, sql } = randomCharset(chance);
  const length = chance.pick([1, 10, 40, 60, 255, 1000]);
  const type = length <= 255 && chance.is(0.3) ? 'CHAR' : 'VARCHAR';
  const isPacked = type === 'VARCHAR' && chance.is(0.05);
  return {
    family: charset === 'binary' ? 'bytes' : 'text',
    sql: `${type}(${length})${isPacked ? ' COMPRESSED' : ''} ${sql}`,
    key: isPacked ? 'none' : length <= 60 ? 'whole' : 'prefix',
    defaults: [
      quoteText(chance.pick(DEFAULT_TEXTS).slice(0, length)),
      "''",
      ...(length > 3 ? ["(CONCAT('a', ';', 'b'))"] : []),
    ],
    hasWords: !WIDE.has(charset) && !isPacked && charset !== 'swe7',
    value: (by) => randomText(by, charset, length),
  };
}

function longTextType(chance: Chance): ColumnType {
  const { charset, sql } = randomCharset(chance);
  const type = chance.pick(['TINYTEXT', 'TEXT', 'MEDIUMTEXT', 'LONGTEXT']);
  const isPacked = chance.is(0.05);
  return {
    family: charset === 'binary' ? 'bytes' : 'long-text',
    sql: `${type}${isPacked ? ' COMPRESSED' : ''} ${sql}`,
    key: isPacked ? 'none' : 'prefix',
    defaults: [quoteText(chance.pick(DEFAULT_TEXTS)), "(REPEAT('x;', 3))"],
    hasWords: !WIDE.has(charset) && !isPacked && charset !== 'swe7',
    value: (by) =>
      type !== 'TINYTEXT' && by.is(0.1) ? `REPEAT(${randomText(by, charset, 20)}, 500)` : randomText(by, charset, 200),
  };
}

function bytesType(chance: Chance): ColumnType {
  const length = chance.pick([1, 16, 40, 200]);
  const sql = chance.pick([
    `BINARY(${length})`,
    `VARBINARY(${length})`,
    `VARBINARY(${length})`,
    'TINYBLOB',
    'BLOB',
    'MEDIUMBLOB',
    'LONGBLOB',
  ]);
  return {
    family: 'bytes',
    sql,
    key: sql.includes('BLOB') || length > 40 ? 'prefix' : 'whole',
    defaults: ["''", "'\\0;'", "'a''b\\\\'"],
    hasWords: false,
    value: (by) => (by.is(0.2) ? quoteText(by.pick(WORDS)) : randomBytes(by, Math.min(length, 80))),
  };
}

function memberType(chance: Chance): ColumnType {
  const { charset, sql } = randomCharset(chance);
  const type = chance.pick(['ENUM', 'SET']);
  const isFitting = (text: string) =>
    (ANY_MEMBER.has(charset) || /^[\x20-\x7e]*$/.test(text)) && !(type === 'SET' && text.includes(','));
  const candidates = ['small', 'Large', 'a,b', '1', '2', '10', ...ODD_TEXTS, ...ODD_TEXTS].filter(isFitting);
  const members = [...new Set(chance.some(candidates, chance.int(1, 9)))];
  if (charset === 'binary') return bytesType(chance);
  const list = members.map(quoteText).join(', ');
  return {
    family: 'member',
    sql: `${type}(${list}) ${sql}`,
    key: 'whole',
    defaults: [quoteText(members[0]!)],
    hasWords: false,
    value: (by) => by.pick([`${by.int(1, members.length)}`, quoteText(by.pick(members)), "'no member'", '0']),
  };
}

const DAYS = ['2024-02-29', '1000-01-01', '9999-12-31', '0000-00-00', '2024-00-00', '2024-05-00', '0001-01-01'];
function timeType(chance: Chance): ColumnType {
  const fraction = chance.pick(['', '', '(3)', '(6)', '(1)']);
  const type = chance.pick(['DATE', 'DATETIME', 'DATETIME', 'TIMESTAMP', 'TIMESTAMP', 'TIME', 'YEAR']);
  const clock = (by: Chance) => `${by.int(0, 23)}:${by.int(0, 59)}:${by.int(0, 59)}.${by.int(0, 999_999)}`;
  const values: Record<string, (by: Chance) => string> = {
    DATE: (by) => `'${by.pick(DAYS)}'`,
    DATETIME: (by) => `'${by.pick(DAYS)} ${clock(by)}'`,
    TIMESTAMP: (by) =>
      `'${by.pick(['0000-00-00 00:00:00', '1970-01-01 00:00:01', '2038-01-19 03:14:07.999999', `2024-10-27 ${clock(by)}`])}'`,
    TIME: (by) => `'${by.pick(['-838:59:59.999999', '838:59:59', '00:00:00', `-${clock(by)}`, clock(by)])}'`,
    YEAR: (by) => by.pick(["'0000'", '1901', '2155', '2024', '0']),
  };
  const defaults: Record<string, readonly string[]> = {
    DATE: ["'0000-00-00'", '(CURRENT_DATE + INTERVAL 1 DAY)'],
    DATETIME: [`CURRENT_TIMESTAMP${fraction}`, `CURRENT_TIMESTAMP${fraction} ON UPDATE CURRENT_TIMESTAMP${fraction}`],
    TIMESTAMP: ["'0000-00-00 00:00:00'", `CURRENT_TIMESTAMP${fraction} ON UPDATE CURRENT_TIMESTAMP${fraction}`],
    TIME: ["'-00:00:01'"],
    YEAR: ['2024'],
  };
  return {
    family: 'time',
    // Without NULL a first TIMESTAMP gets a default of its own.
    sql: `${type}${type === 'DATE' || type === 'YEAR' ? '' : fraction}`,
    key: 'whole',
    defaults: defaults[type]!,
    hasWords: false,
    value: values[type]!,
  };
}

function jsonType(): ColumnType {
  return {
    family: 'json',
    sql: 'JSON',
    key: 'none',
    defaults: ["'{}'", "(JSON_OBJECT('a', ';'))"],
    hasWords: false,
    value: (by) =>
      by.pick([
        `'{"a": ${by.int(-9, 9)}, "b": [1e400, "it''s", null], "a": 2}'`,
        '\'  [ 18446744073709551616 , "\\\\u4e2d 中 🚀" ]\'',
        "'null'",
        `'"${by.int(0, 99)}"'`,
      ]),
  };
}

function objectType(chance: Chance): ColumnType {
  const type = chance.pick(['UUID', 'INET6', 'INET4']);
  const values: Record<string, (by: Chance) => string> = {
    UUID: (by) => quoteText(randomHex(by, 16).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')),
    INET6: (by) => by.pick(["'::'", "'::ffff:192.0.2.1'", `'2001:db8::${by.int(1, 99)}'`]),
    INET4: (by) => `'10.${by.int(0, 255)}.${by.int(0, 255)}.1'`,
  };
  const defaults: Record<string, readonly string[]> = { UUID: ['(UUID())'], INET6: ["'::1'"], INET4: ["'127.0.0.1'"] };
  return {
    family: 'object',
    sql: type,
    key: 'whole',
    defaults: defaults[type]!,
    hasWords: false,
    value: values[type]!,
  };
}

const SHAPES: Readonly<Record<string, (by: Chance) => string>> = {
  POINT: (by) => `POINT(${by.int(-180, 180)} ${by.next()})`,
  LINESTRING: (by) => `LINESTRING(0 0, ${by.int(1, 9)} 1e-300, -1 -1)`,
  POLYGON: (by) => `POLYGON((0 0, ${by.int(1, 9)} 0, 1 1, 0 0))`,
  MULTIPOINT: (by) => `MULTIPOINT(0 0, ${by.int(1, 9)} 1)`,
  GEOMETRYCOLLECTION: (by) => `GEOMETRYCOLLECTION(POINT(${by.int(0, 9)} 1), LINESTRING(0 0, 1 1))`,
};
export function geometryType(chance: Chance): ColumnType {
  const type = chance.pick(['GEOMETRY', 'POINT', ...Object.keys(SHAPES)]);
  const referenceSystem = chance.pick([0, 0, 4326]);
  return {
    family: 'geometry',
    sql: `${type}${referenceSystem ? ` REF_SYSTEM_ID = ${referenceSystem}` : ''}`,
    key: 'none',
    defaults: [],
    hasWords: false,
    value: (by) =>
      `ST_GeomFromText('${(SHAPES[type] ?? SHAPES[by.pick(Object.keys(SHAPES))]!)(by)}', ${referenceSystem})`,
  };
}

const MAKERS: readonly ((chance: Chance) => ColumnType)[] = [
  integerType,
  integerType,
  decimalType,
  floatType,
  bitType,
  textType,
  textType,
  textType,
  longTextType,
  bytesType,
  memberType,
  memberType,
  timeType,
  timeType,
  jsonType,
  objectType,
  geometryType,
];

export const randomType = (chance: Chance): ColumnType => chance.pick(MAKERS)(chance);
