import { Chance } from './chance';
import {
  type ColumnType,
  type Family,
  geometryType,
  integerType,
  ODD_TEXTS,
  quoteText,
  randomCharset,
  randomType,
} from './random-column';

/** A database that nobody would design, as statements to run one by one. */
export interface RandomSchema {
  readonly seed: number;
  readonly database: string;
  readonly statements: readonly string[];
}

const NAMES = [
  'order',
  'select',
  'plain',
  'Mixed',
  'a`b',
  '``',
  'two  blanks',
  ' leading',
  'dot.in.name',
  'semi;colon',
  "quo'te",
  'dou"ble',
  'back\\slash',
  '中文表',
  'émile',
  'dash-dash',
  '-- x',
  '/* c */',
  '#hash',
  'DELIMITER',
  '100%',
  '2024',
  '1e5',
  '$x',
  '@at',
  '(bracket',
  ',comma',
  'KEY',
  'line\nfeed',
  '__proto__',
  'a_name_of_sixty_four_characters_which_is_the_longest_one_allowed',
];

const quoteName = (name: string) => `\`${name.replaceAll('`', '``')}\``;

/** Names that no other object of the schema has, also for a server that folds case and accents. */
class NameSource {
  readonly #chance: Chance;
  readonly #taken = new Set<string>();

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  next(): string {
    const base = this.#chance.pick(NAMES);
    for (let number = 0; ; number += 1) {
      const name = number === 0 ? base : `${base.slice(0, 61)}${number}`;
      const folded = name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
      if (this.#taken.has(folded)) continue;
      this.#taken.add(folded);
      return name;
    }
  }
}

interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Everything after the type, but NOT NULL. */
  readonly rest: string;
  readonly isNotNull: boolean;
  readonly isGenerated: boolean;
}

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Set when a foreign key may refer to this table. */
  readonly target?: Column;
  readonly create: string;
  readonly insert: string;
}

interface Draft {
  readonly columns: Column[];
  readonly parts: string[];
  readonly options: string[];
  tail: string;
  target?: Column;
}

const definition = ({ name, type, rest, isNotNull, isGenerated }: Column) =>
  `${quoteName(name)} ${type.sql}${isGenerated ? '' : isNotNull ? ' NOT NULL' : ' NULL'}${rest}`;

const maybeComment = (chance: Chance, probability: number, sign = ' ') =>
  chance.is(probability) ? ` COMMENT${sign}${quoteText(chance.pick(ODD_TEXTS))}` : '';

function randomColumn(chance: Chance, names: NameSource, type = randomType(chance)): Column {
  const name = names.next();
  const isNotNull = chance.is(0.4);
  const hasDefault = type.defaults.length > 0 && chance.is(0.35);
  const rest = [
    hasDefault ? ` DEFAULT ${chance.pick(type.defaults)}` : '',
    chance.is(0.08) && (hasDefault || !isNotNull) ? ' INVISIBLE' : '',
    maybeComment(chance, 0.2),
  ];
  return { name, type, rest: rest.join(''), isNotNull, isGenerated: false };
}

function generatedColumn(chance: Chance, names: NameSource, from: Column): Column {
  const source = quoteName(from.name);
  const [sql, expression, key] = chance.pick([
    ['INT', `LENGTH(${source})`, 'whole'],
    ['VARCHAR(200)', `CONCAT('it''s; ', LEFT(HEX(${source}), 30), ')')`, 'prefix'],
    ['CHAR(32)', `MD5(${source})`, 'whole'],
    ['BIGINT', `IF(${source} IS NULL, 1, 2) + 40`, 'whole'],
    ['VARBINARY(20)', `UNHEX(LEFT(SHA1(${source}), 12))`, 'whole'],
  ] as const);
  const rest = ` AS (${expression}) ${chance.pick(['VIRTUAL', 'STORED'])}${maybeComment(chance, 0.2)}`;
  const type: ColumnType = { family: 'text', sql, key, defaults: [], hasWords: false, value: () => 'DEFAULT' };
  return { name: names.next(), type, rest, isNotNull: false, isGenerated: true };
}

const keyPart = (chance: Chance, column: Column) =>
  `${quoteName(column.name)}${column.type.key === 'prefix' ? '(10)' : ''}${chance.is(0.1) ? ' DESC' : ''}`;

const canBeKey = ({ type }: Column) => type.key !== 'none';

/** Primary key and AUTO_INCREMENT. */
function addIdentity(chance: Chance, names: NameSource, draft: Draft): void {
  const { columns, parts } = draft;
  const counter = (): Column => ({
    name: names.next(),
    type: integerType(chance, { plain: true }),
    rest: ` AUTO_INCREMENT${maybeComment(chance, 0.2)}`,
    isNotNull: true,
    isGenerated: false,
  });
  const solid = columns.filter((column) => canBeKey(column) && !column.rest.includes('INVISIBLE'));
  const place = (column: Column) => columns.splice(chance.int(0, columns.length), 0, column);
  const harden = (column: Column): Column => {
    const hard = { ...column, isNotNull: true };
    columns.splice(columns.indexOf(column), 1, hard);
    return hard;
  };
  const kind = chance.pick(['counter', 'counter', 'counter', 'value', 'composite', 'late', 'unique', 'none', 'none']);
  const [first, second] = chance.some(solid, 2);
  if (kind === 'counter' || (!first && kind !== 'none')) {
    const id = counter();
    place(id);
    parts.push(`PRIMARY KEY (${quoteName(id.name)})`);
    draft.target = id;
    if (chance.is(0.4)) draft.options.push(`AUTO_INCREMENT=${chance.int(2, 100)}`);
  } else if (kind === 'value') {
    const key = harden(first!);
    parts.push(`PRIMARY KEY (${keyPart(chance, key)})`);
    if (key.type.key === 'whole') draft.target = key;
  } else if (kind === 'composite') {
    const keys = [first, second].filter((column) => column !== undefined).map(harden);
    parts.push(`PRIMARY KEY (${keys.map((key) => keyPart(chance, key)).join(', ')})`);
  } else if (kind === 'late') {
    const id = counter();
    place(id);
    parts.push(`PRIMARY KEY (${keyPart(chance, harden(first!))}, ${quoteName(id.name)})`);
    parts.push(`KEY ${quoteName(names.next())} (${quoteName(id.name)})`);
  } else if (kind === 'unique') {
    const id = counter();
    place(id);
    parts.push(`${chance.pick(['UNIQUE KEY', 'KEY'])} ${quoteName(names.next())} (${quoteName(id.name)})`);
  }
}

function addSecondaryKeys(chance: Chance, names: NameSource, draft: Draft): void {
  for (let count = chance.int(0, 3); count > 0; count -= 1) {
    const keyed = chance.some(draft.columns.filter(canBeKey), chance.int(1, 3));
    if (keyed.length === 0) return;
    const unique = chance.is(0.25) ? 'UNIQUE ' : '';
    // A unique key without NULL is the primary key of a table that has none, and cannot be ignored.
    const end = chance.pick(['', '', '', ' USING BTREE', unique ? '' : ' IGNORED', maybeComment(chance, 1)]);
    const list = keyed.map((column) => keyPart(chance, column)).join(', ');
    draft.parts.push(`${unique}KEY ${quoteName(names.next())} (${list})${end}`);
  }
  const words = draft.columns.find(({ type, isGenerated }) => type.hasWords && !isGenerated);
  if (words && chance.is(0.04)) draft.parts.push(`FULLTEXT KEY ${quoteName(names.next())} (${quoteName(words.name)})`);
  const long = draft.columns.find(({ type }) => type.family === 'long-text');
  if (long && chance.is(0.1)) draft.parts.push(`UNIQUE KEY ${quoteName(names.next())} (${quoteName(long.name)})`);
  const place = draft.columns.find(({ type, isNotNull }) => type.family === 'geometry' && isNotNull);
  if (place && chance.is(0.4)) draft.parts.push(`SPATIAL KEY ${quoteName(names.next())} (${quoteName(place.name)})`);
}

/** The server cannot open a table again whose expressions hold what the table's character set does not. */
const ASCII_TEXTS = ODD_TEXTS.filter((text) => /^[\0-\x7e]*$/.test(text));

function addChecks(chance: Chance, names: NameSource, draft: Draft): void {
  const checked = chance.pick(draft.columns);
  if (checked.rest.includes('AUTO_INCREMENT')) return;
  const text = quoteText(chance.pick(ASCII_TEXTS));
  const condition = chance.pick([
    `${quoteName(checked.name)} IS NULL OR LENGTH(${quoteName(checked.name)}) < 100000`,
    `LENGTH(${quoteName(checked.name)}) <> LENGTH(${text}) + 77`,
    `LENGTH(${quoteName(checked.name)}) % 3 = 0`,
  ]);
  draft.parts.push(`${chance.is(0.7) ? `CONSTRAINT ${quoteName(names.next())} ` : ''}CHECK (${condition})`);
}

const PARTITIONS: readonly ((number: string, day: string) => string)[] = [
  (number) => `HASH (${number}) PARTITIONS 3`,
  (number) => `LINEAR HASH (${number} + 1) PARTITIONS 2`,
  (number, day) => `KEY (${number}, ${day}) PARTITIONS 2`,
  (number) =>
    `LIST (${number}) (PARTITION p0 VALUES IN (0, 1, 2, 3, 4), PARTITION \`p;1\` VALUES IN (5, 6, 7, 8, 9) COMMENT = 'a; ), (')`,
  (_, day) =>
    `RANGE (TO_DAYS(${day})) (PARTITION p0 VALUES LESS THAN (738000), PARTITION \`max\` VALUES LESS THAN MAXVALUE)`,
  (number, day) =>
    `RANGE COLUMNS (${day}, ${number}) (PARTITION p0 VALUES LESS THAN ('2020-01-01', 3), PARTITION p1 VALUES LESS THAN (MAXVALUE, MAXVALUE))`,
  (number, day) =>
    `RANGE (YEAR(${day})) SUBPARTITION BY HASH (${number}) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE)`,
];

function partitionedDraft(chance: Chance, names: NameSource, draft: Draft): void {
  const fixed = (sql: string, value: ColumnType['value']): Column => ({
    name: names.next(),
    type: { family: 'integer', sql, key: 'whole', defaults: [], hasWords: false, value },
    rest: '',
    isNotNull: true,
    isGenerated: false,
  });
  const number = fixed('INT', (by) => `${by.int(0, 9)}`);
  const day = fixed('DATE', (by) => `'${by.pick(['2019-12-31', '2020-01-01', '2024-02-29', '0000-00-00'])}'`);
  draft.columns.push(number, day);
  const key = `(${quoteName(number.name)}, ${quoteName(day.name)})`;
  if (chance.is(0.8)) draft.parts.push(`PRIMARY KEY ${key}`);
  else draft.parts.push(`KEY ${quoteName(names.next())} ${key}`);
  draft.tail = ` PARTITION BY ${chance.pick(PARTITIONS)(quoteName(number.name), quoteName(day.name))}`;
}

function addPeriod(chance: Chance, names: NameSource, draft: Draft): void {
  const [from, to] = ["'2020-01-01'", "'2024-01-01'"].map(
    (value): Column => ({
      name: names.next(),
      type: { family: 'time', sql: 'DATE', key: 'whole', defaults: [], hasWords: false, value: () => value },
      rest: '',
      isNotNull: true,
      isGenerated: false,
    }),
  );
  draft.columns.push(from!, to!);
  draft.parts.push(`PERIOD FOR ${quoteName(names.next())} (${quoteName(from!.name)}, ${quoteName(to!.name)})`);
  if (chance.is(0.3)) draft.options.push(`COMMENT=${quoteText('PERIOD FOR; `x`')}`);
}

function randomTable(chance: Chance, names: NameSource): Table {
  const draft: Draft = { columns: [], parts: [], options: [], tail: '' };
  const types = Array.from({ length: chance.int(1, 6) }, () => randomType(chance));
  const isPartitioned = chance.is(0.08);
  const fitting = types.filter(({ family }) => !isPartitioned || family !== 'geometry');
  draft.columns.push(...fitting.map((type) => randomColumn(chance, names, type)));
  if (!isPartitioned && chance.is(0.05)) draft.columns.push(randomColumn(chance, names, geometryType(chance)));
  if (isPartitioned) partitionedDraft(chance, names, draft);
  else {
    addIdentity(chance, names, draft);
    if (chance.is(0.04)) addPeriod(chance, names, draft);
  }
  if (draft.columns.length > 0 && chance.is(0.25)) {
    const source = chance.pick(draft.columns);
    // What CHAR holds depends on the sql_mode.
    if (!source.rest.includes('AUTO_INCREMENT') && !source.type.sql.startsWith('CHAR')) {
      draft.columns.splice(chance.int(0, draft.columns.length), 0, generatedColumn(chance, names, source));
    }
  }
  if (!isPartitioned) addSecondaryKeys(chance, names, draft);
  if (chance.is(0.2)) addChecks(chance, names, draft);
  // A table needs a column that can be seen.
  if (draft.columns.every(({ rest }) => rest.includes('INVISIBLE'))) {
    draft.columns[0] = { ...draft.columns[0]!, rest: draft.columns[0]!.rest.replace(' INVISIBLE', '') };
  }
  const name = names.next();
  const options = [
    'ENGINE=InnoDB',
    ...(chance.is(0.5) ? [`DEFAULT ${randomCharset(chance).sql.replace('swe7', 'dec8')}`] : []),
    ...(chance.is(0.3)
      ? [`ROW_FORMAT=${chance.pick(['DYNAMIC', 'COMPACT', 'REDUNDANT', 'COMPRESSED KEY_BLOCK_SIZE=8', 'FIXED'])}`]
      : []),
    ...(chance.is(0.1) ? [chance.pick(['STATS_PERSISTENT=1', 'PAGE_COMPRESSED=1', 'MIN_ROWS=3', 'PACK_KEYS=0'])] : []),
    ...draft.options,
    maybeComment(chance, 0.2, '='),
  ];
  const lines = [...draft.columns.map(definition), ...draft.parts];
  return {
    name,
    columns: draft.columns,
    ...(draft.target ? { target: draft.target } : {}),
    create: `CREATE TABLE ${quoteName(name)} (\n  ${lines.join(',\n  ')}\n) ${options.join(' ')}${draft.tail}`,
    insert: randomRows(chance, name, draft.columns),
  };
}

/** Rows that break a unique key are left out by the server. */
function randomRows(chance: Chance, table: string, columns: readonly Column[]): string {
  const loaded = columns.filter(({ isGenerated }) => !isGenerated);
  const rows = Array.from({ length: chance.is(0.1) ? 0 : chance.int(1, 9) }, () => {
    const cells = loaded.map(({ type, isNotNull, rest }) => {
      if (rest.includes('AUTO_INCREMENT')) return chance.pick(['NULL', 'NULL', '0', `${chance.int(1, 100)}`]);
      return !isNotNull && chance.is(0.25) ? 'NULL' : type.value(chance);
    });
    return `(${cells.join(', ')})`;
  });
  if (rows.length === 0) return '';
  return `INSERT IGNORE INTO ${quoteName(table)} (${loaded.map(({ name }) => quoteName(name)).join(', ')}) VALUES\n  ${rows.join(',\n  ')}`;
}

/** Foreign keys between any two tables: to itself, to a later one, in circles. */
function foreignKeys(chance: Chance, names: NameSource, tables: readonly Table[]): string[] {
  const targets = tables.filter(({ target }) => target);
  if (targets.length === 0) return [];
  return tables.flatMap((table) => {
    if (!chance.is(0.3) || table.create.includes('PARTITION BY')) return [];
    const parent = chance.pick(targets);
    const type = parent.target!.type;
    const column = quoteName(names.next());
    const at = `ALTER TABLE ${quoteName(table.name)}`;
    const name = chance.is(0.7) ? `CONSTRAINT ${quoteName(names.next())} ` : '';
    const actions = chance.pick([
      '',
      ' ON DELETE CASCADE',
      ' ON DELETE SET NULL ON UPDATE CASCADE',
      ' ON DELETE NO ACTION',
    ]);
    return [
      `${at} ADD COLUMN ${column} ${type.sql} NULL${maybeComment(chance, 0.2)}`,
      `UPDATE IGNORE ${quoteName(table.name)} SET ${column} = ${chance.is(0.2) ? 'NULL' : type.value(chance)}`,
      `${at} ADD ${name}FOREIGN KEY (${column}) REFERENCES ${quoteName(parent.name)} (${quoteName(parent.target!.name)})${actions}`,
    ];
  });
}

function views(chance: Chance, names: NameSource, tables: readonly Table[], functions: readonly string[]): string[] {
  const sources = tables.map(({ name, columns }) => ({
    name,
    column: columns.find(({ rest }) => !rest.includes('INVISIBLE'))!.name,
  }));
  return Array.from({ length: chance.int(0, 3) }, () => {
    const name = names.next();
    const source = chance.pick(sources);
    const column = quoteName(source.column);
    const alias = names.next();
    const from = `FROM ${quoteName(source.name)}`;
    const text = quoteText(chance.pick([...ODD_TEXTS, '🚀']));
    const shapes: [string, boolean][] = [
      [`SELECT ${column} AS ${quoteName(alias)} ${from}`, true],
      [`SELECT ${column} AS ${quoteName(alias)} ${from} WHERE LENGTH(${column}) <> LENGTH(${text}) + 77`, true],
      [`SELECT HEX(${column}) AS ${quoteName(alias)}, ${text} AS ${quoteName(names.next())} ${from} -- the end`, false],
      [`SELECT COUNT(*) AS ${quoteName(alias)} ${from} GROUP BY ${column} HAVING COUNT(*) > 0`, false],
      [`SELECT ${column} AS ${quoteName(alias)} ${from} UNION SELECT ${column} ${from}`, false],
      [
        `SELECT a.${column} AS ${quoteName(alias)} ${from} AS a LEFT JOIN ${quoteName(source.name)} AS b USING (${column})`,
        false,
      ],
      [`WITH c AS (SELECT ${column} AS ${quoteName(alias)} ${from}) SELECT * FROM c`, false],
      ...functions.map((name): [string, boolean] => [
        `SELECT ${quoteName(name)}(1) AS ${quoteName(alias)} ${from}`,
        false,
      ]),
    ];
    const [select, isUpdatable] = chance.pick(shapes);
    const algorithm = chance.pick(['', '', 'ALGORITHM=MERGE ', 'ALGORITHM=TEMPTABLE ']);
    const security = chance.pick(['', '', 'SQL SECURITY INVOKER ']);
    const isChecked = isUpdatable && !algorithm.includes('TEMPTABLE') && chance.is(0.4);
    sources.push({ name, column: alias });
    return `CREATE ${algorithm}${security}VIEW ${quoteName(name)} AS ${select}${isChecked ? ` WITH ${chance.pick(['LOCAL', 'CASCADED'])} CHECK OPTION` : ''}`;
  });
}

/** Modes under which quotes and bars mean something else. */
const MODES = [
  '',
  '',
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES',
  'STRICT_ALL_TABLES',
];

/** Names and bodies as written under a mode. */
interface Dialect {
  readonly name: (name: string) => string;
  readonly text: (text: string) => string;
  readonly comments: readonly string[];
}
function dialectOf(mode: string, chance: Chance): Dialect {
  const isAnsi = mode.includes('ANSI_QUOTES') && chance.is(0.7);
  return {
    name: (name) =>
      isAnsi ? `"${name.replaceAll('"', '""')}"` : /^[a-z]+$/.test(name) && name === 'plain' ? name : quoteName(name),
    text: (text) => (mode.includes('NO_BACKSLASH') ? `'${text.replaceAll("'", "''")}'` : quoteText(text)),
    // SHOW CREATE writes backslashes into comments under NO_BACKSLASH_ESCAPES, which then stay.
    comments: mode.includes('NO_BACKSLASH') ? ODD_TEXTS.filter((text) => /^[^'\\\n\r]*$/.test(text)) : ODD_TEXTS,
  };
}

/** Statements for a compound body, with everything that ends a statement too early for a simple reader. */
function bodyLines(chance: Chance, { text }: Dialect): string[] {
  const say = () => `SET @said = ${text(chance.pick([...ODD_TEXTS, '🚀']))};`;
  return Array.from({ length: chance.int(1, 4) }, () =>
    chance.pick([
      say(),
      say(),
      `${say()} -- it's a comment; with "quotes\n`,
      `/* it's; ${chance.pick(['DELIMITER ;;', '"', '`'])} */ ${say()}`,
      `# don't; stop \\\n ${say()}`,
      `IF @said IS NULL THEN ${say()} ELSE ${say()} END IF;`,
      'DELIMITER: BEGIN SET @x = 1; END;\n',
      '\nSET @y = 5--3;',
      `SELECT /*! 1 + */ 2 INTO @z;`,
      `CASE WHEN @x = ';;' THEN ${say()} ELSE BEGIN END; END CASE;`,
    ]),
  );
}

const compound = (chance: Chance, dialect: Dialect, last = '') =>
  `BEGIN\n${bodyLines(chance, dialect).join('\n')}${last}\nEND${chance.is(0.1) ? ' -- done' : ''}`;

function routines(chance: Chance, names: NameSource): { statements: string[]; functions: string[] } {
  const statements: string[] = [];
  const functions: string[] = [];
  for (let count = chance.int(0, 2); count > 0; count -= 1) {
    const mode = chance.pick(MODES);
    const dialect = dialectOf(mode, chance);
    const name = names.next();
    const comment = chance.is(0.3) ? `COMMENT ${dialect.text(chance.pick(dialect.comments))} ` : '';
    statements.push(`SET sql_mode = '${mode}'`);
    if (chance.is(0.5)) {
      const isForeign = chance.is(0.1);
      if (isForeign) statements.push('SET character_set_client = latin1');
      const parameter = `${chance.pick(['IN', 'OUT', 'INOUT'])} ${dialect.name(names.next())} ${chance.pick(['INT', 'VARCHAR(20) CHARACTER SET gbk', 'TEXT', 'DECIMAL(10,2)', "ENUM('a;','b')"])}`;
      const security = chance.pick(['', 'SQL SECURITY INVOKER ', 'MODIFIES SQL DATA ']);
      statements.push(
        `CREATE PROCEDURE ${dialect.name(name)} (${chance.is(0.7) ? parameter : ''}) ${security}${comment}${compound(chance, dialect)}`,
      );
      if (isForeign) statements.push('SET character_set_client = utf8mb4');
    } else {
      functions.push(name);
      statements.push(
        `CREATE FUNCTION ${dialect.name(name)} (n INT) RETURNS ${chance.pick(['INT', 'VARCHAR(40)', 'VARCHAR(40) CHARSET latin1'])} DETERMINISTIC ${comment}${
          chance.is(0.4) ? `RETURN ${dialect.text(chance.pick(ODD_TEXTS))}` : compound(chance, dialect, '\nRETURN n;')
        }`,
      );
    }
  }
  return { statements: [...statements, "SET sql_mode = ''"], functions };
}

function triggers(chance: Chance, names: NameSource, database: string, tables: readonly Table[]): string[] {
  const statements = Array.from({ length: chance.int(0, 2) }, () => {
    const mode = chance.pick(MODES);
    const dialect = dialectOf(mode, chance);
    const table = chance.pick(tables);
    const inDatabase = chance.is(0.2) ? `${dialect.name(database)}.` : '';
    const moment = `${chance.pick(['BEFORE', 'AFTER'])} ${chance.pick(['INSERT', 'UPDATE', 'DELETE'])}`;
    return [
      `SET sql_mode = '${mode}'`,
      `CREATE TRIGGER ${inDatabase}${dialect.name(names.next())} ${moment} ON ${inDatabase}${dialect.name(table.name)} FOR EACH ROW ${compound(chance, dialect)}`,
    ];
  });
  return [...statements.flat(), "SET sql_mode = ''"];
}

function events(chance: Chance, names: NameSource): string[] {
  if (!chance.is(0.3)) return [];
  const mode = chance.pick(MODES);
  const dialect = dialectOf(mode, chance);
  const schedule = chance.pick([
    "EVERY 1 DAY STARTS '2030-01-01 00:00:00'",
    "EVERY '1:30' HOUR_MINUTE STARTS '2030-01-01 00:00:00' ENDS '2035-01-01 00:00:00'",
    "AT '2035-03-31 02:30:00'",
  ]);
  const keep = chance.pick(['', ' ON COMPLETION PRESERVE']);
  const state = chance.pick(['', ' DISABLE', ' ENABLE']);
  const comment = chance.is(0.3) ? ` COMMENT ${dialect.text(chance.pick(dialect.comments))}` : '';
  return [
    `SET sql_mode = '${mode}', time_zone = '${chance.pick(['+00:00', '+08:00', '-03:30', 'SYSTEM'])}'`,
    `CREATE EVENT ${dialect.name(names.next())} ON SCHEDULE ${schedule}${keep}${state}${comment} DO ${compound(chance, dialect)}`,
    "SET sql_mode = '', time_zone = '+00:00'",
  ];
}

/** The schema of a seed: always the same one. */
export function randomSchema(seed: number): RandomSchema {
  const chance = new Chance(seed);
  const names = new NameSource(chance);
  const decorated = chance.pick(['', '', ' odd;name', '`tick', '-dash', '.dot', '中文', "'quote", '%', '\\', '"']);
  const database = `random_${seed}${decorated}`;
  const tables = Array.from({ length: chance.pick([1, 1, 2, 2, 3]) }, () => randomTable(chance, names));
  const { statements: routineStatements, functions } = routines(chance, names);
  // The server keeps it on one line of a file.
  const databaseComment = maybeComment(chance, 0.2).replace(/\\[nr].*/s, "'");
  const isUnchecked = chance.is(0.15);
  return {
    seed,
    database,
    statements: [
      `CREATE DATABASE ${quoteName(database)} ${randomCharset(chance).sql.replace(/CHARACTER SET (swe7|ucs2|utf\w+e?|binary)\b.*/, 'CHARACTER SET utf8mb4')}${databaseComment}`,
      `USE ${quoteName(database)}`,
      `SET NAMES utf8mb4${chance.is(0.3) ? ` COLLATE utf8mb4_${chance.pick(['bin', 'unicode_ci'])}` : ''}`,
      `SET sql_mode = '', time_zone = '+00:00', foreign_key_checks = 0, innodb_strict_mode = 0, check_constraint_checks = ${isUnchecked ? 0 : 1}`,
      ...tables.map(({ create }) => create),
      ...tables.map(({ insert }) => insert).filter((insert) => insert !== ''),
      ...foreignKeys(chance, names, tables),
      ...routineStatements,
      ...views(chance, names, tables, functions),
      ...triggers(chance, names, database, tables),
      ...events(chance, names),
    ],
  };
}

export type { Family };
