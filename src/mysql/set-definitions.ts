import { renameDatabases, type StagedTable, splitStatements, stageTable } from './sql-text';

/** What a schema file of a set defines, in the order in which it has to be created. */
export interface SetDefinitions {
  /** `CREATE DATABASE IF NOT EXISTS …`, with its character set. */
  readonly database: string;
  /** Sequences, which defaults of columns use. */
  readonly sequences: readonly string[];
  readonly tables: ReadonlyMap<string, StagedTable>;
  /** Views, routines, triggers and events, each after the settings it was created under. */
  readonly objects: readonly ObjectStatement[];
}

export interface ObjectStatement {
  readonly statement: string;
  /** Absent for a setting. */
  readonly kind?: 'view' | 'trigger' | 'procedure' | 'function' | 'event' | 'other';
  readonly name?: string;
}

const DATABASE = /^CREATE DATABASE /;
const TABLE = /^CREATE TABLE `((?:[^`]|``)+)`/;
const SEQUENCE = /^(CREATE SEQUENCE |DO SETVAL\()/;
const SETTING = /^(SET |\/\*!\d+ SET |USE )/;
/** A name as SHOW CREATE gives it: quoted by the sql_mode of its object, and for triggers as it was typed. */
const NAME = '(?:`(?:[^`]|``)+`|"(?:[^"]|"")+"|[^\\s`"(.@]+)';
const GAP = '(?:\\s|/\\*.*?\\*/)+';
const BEFORE_DEFINER = '^CREATE (?:OR REPLACE )?(?:ALGORITHM=\\w+ )?';
const DEFINER_CLAUSE = '(?:DEFINER=(?:``|""|NAME)(?:@(?:``|""|NAME))? )?'.replaceAll('NAME', NAME);
const OBJECT = new RegExp(
  `${BEFORE_DEFINER}${DEFINER_CLAUSE}(?:SQL SECURITY \\w+ )?(?:AGGREGATE )?(VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT)${GAP}` +
    `(?:IF${GAP}NOT${GAP}EXISTS${GAP})?(?:${NAME}\\s*\\.\\s*)?(${NAME})`,
  'is',
);
const DROPPED_STAND_IN = /^DROP VIEW IF EXISTS `((?:[^`]|``)+)`/;
const DEFINER = new RegExp(`(${BEFORE_DEFINER})${DEFINER_CLAUSE}`);

const unquote = (name: string | undefined) => (name ?? '').replaceAll('``', '`');
const withoutMarks = (name = '') =>
  /^[`"]/.test(name) ? name.slice(1, -1).replaceAll(name[0]!.repeat(2), name[0]!) : name;

/**
 * Reads a schema file as `exportSchema` wrote it. `names` gives the databases their new names, wherever a statement
 * spells them out. Without `keepDefiners` objects belong to the account that creates them.
 */
export function readSetDefinitions(
  script: string,
  names: ReadonlyMap<string, string>,
  options: { readonly keepDefiners: boolean },
): SetDefinitions {
  let database = '';
  const sequences: string[] = [];
  const tables = new Map<string, StagedTable>();
  const objects: ObjectStatement[] = [];
  for (const original of splitStatements(script)) {
    const statement = renameDatabases(original, names);
    const table = TABLE.exec(statement)?.[1];
    if (table !== undefined) tables.set(unquote(table), stageTable(statement));
    else if (DATABASE.test(statement)) database = renamedDatabase(statement, names);
    else if (SEQUENCE.test(statement)) sequences.push(statement);
    else if (!isSettingOfFile(statement)) {
      objects.push(toObject(options.keepDefiners ? statement : statement.replace(DEFINER, '$1')));
    }
  }
  return { database, sequences, tables: withForeignParents(tables, database), objects };
}

const DATABASE_NAME = /`(?:[^`]|``)+`/;
const PARENT = /( FOREIGN KEY \((?:[^`)]|`(?:[^`]|``)+`)+\) REFERENCES )(`((?:[^`]|``)+)`)(?= \()/;

/**
 * Foreign keys to tables that the set does not have name the database: rows are loaded elsewhere, and a name without
 * one would go on pointing there.
 */
function withForeignParents(tables: ReadonlyMap<string, StagedTable>, database: string): Map<string, StagedTable> {
  const home = DATABASE_NAME.exec(database)?.[0];
  const qualified = (clause: string) =>
    clause.replace(PARENT, (found, before: string, quoted: string, name: string) =>
      home === undefined || tables.has(unquote(name)) ? found : `${before}${home}.${quoted}`,
    );
  return new Map(
    [...tables].map(([name, table]) => [name, { ...table, addForeignKeys: table.addForeignKeys.map(qualified) }]),
  );
}

function renamedDatabase(statement: string, names: ReadonlyMap<string, string>): string {
  return statement.replace(/`((?:[^`]|``)+)`/, (quoted, name: string) => {
    const to = names.get(unquote(name));
    return to === undefined ? quoted : `\`${to.replaceAll('`', '``')}\``;
  });
}

/** Settings of the whole file are the restore's own affair; those of one object come with it. */
function isSettingOfFile(statement: string): boolean {
  return SETTING.test(statement) && (!statement.startsWith('SET SQL_MODE=') || statement.includes('@OLD_'));
}

function toObject(statement: string): ObjectStatement {
  if (SETTING.test(statement)) return { statement };
  const [, word, name] = OBJECT.exec(statement) ?? [];
  if (word) return { statement, kind: word.toLowerCase() as 'view', name: withoutMarks(name) };
  const standIn = DROPPED_STAND_IN.exec(statement)?.[1];
  return standIn ? { statement, kind: 'view', name: unquote(standIn) } : { statement, kind: 'other', name: '' };
}
