import type { Demand } from '../model/definition-demand';
import type { TargetObject } from '../model/target-state';
import { quoteName } from './connection';
import { quoteRulesOf, type RenamedText, renameInBody } from './database-names';
import { demandsOfDatabase, demandsOfObject, demandsOfTable } from './definition-demands';
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
  /** What of them not every server knows, by the names in the set. */
  readonly demands: readonly Demand[];
}

export interface ObjectStatement {
  readonly statement: string;
  /** Absent for a setting. */
  readonly kind?: Exclude<TargetObject['kind'], 'table' | 'sequence'> | 'other';
  readonly name?: string;
  /** The table that a trigger belongs to. */
  readonly table?: string;
  /** Databases under whose old name it may still reach: see renameInBody. */
  readonly unsure?: readonly string[];
}

/** What of a schema file is wanted; absent: all of it. */
export interface WantedDefinitions {
  readonly database: string;
  readonly tables: ReadonlySet<string>;
  /** Views, routines, events and sequences too. Triggers come with their tables. */
  readonly whole: boolean;
}

export interface DefinitionOptions {
  /** Without it objects belong to the account that creates them. */
  readonly keepDefiners: boolean;
  /** Where the tables of each database are built before they get their new names; absent: under these names. */
  readonly stagedIn?: ReadonlyMap<string, string>;
  readonly wanted?: WantedDefinitions;
  /** Fits them to the server they go to; absent: as they are. */
  readonly adapt?: (definitions: SetDefinitions) => SetDefinitions;
}

const DATABASE = /^CREATE DATABASE (?:IF NOT EXISTS )?`((?:[^`]|``)+)`/;
const TABLE = /^CREATE TABLE `((?:[^`]|``)+)`/;
const SEQUENCE = /^(CREATE SEQUENCE |DO SETVAL\()/;
const SQL_MODE = /^SET SQL_MODE='([^']*)'/;
const SETTING = /^(SET |\/\*!\d+ SET |USE )/;
/** A name as SHOW CREATE gives it: quoted by the sql_mode of its object, and for triggers as it was typed. */
const NAME = '(?:`(?:[^`]|``)+`|"(?:[^"]|"")+"|[^\\s`"(.@]+)';
const GAP = '(?:\\s|/\\*.*?\\*/)+';
const BEFORE_DEFINER = '^CREATE (?:OR REPLACE )?(?:ALGORITHM=\\w+ )?';
const DEFINER_CLAUSE = '(?:DEFINER=(?:``|""|NAME)(?:@(?:``|""|NAME))? )?'.replaceAll('NAME', NAME);
const OBJECT = new RegExp(
  `${BEFORE_DEFINER}${DEFINER_CLAUSE}(?:SQL SECURITY \\w+ )?(?:AGGREGATE )?(VIEW|TRIGGER|PROCEDURE|FUNCTION|PACKAGE\\s+BODY|PACKAGE|EVENT)${GAP}` +
    `(?:IF${GAP}NOT${GAP}EXISTS${GAP})?(?:${NAME}\\s*\\.\\s*)?(${NAME})`,
  'is',
);
/** The whole head of a trigger, with the databases it may name. */
const TRIGGER = new RegExp(
  `(${BEFORE_DEFINER}${DEFINER_CLAUSE})TRIGGER${GAP}(?:IF${GAP}NOT${GAP}EXISTS${GAP})?(?:(${NAME})\\s*\\.\\s*)?(${NAME})${GAP}` +
    `((?:BEFORE|AFTER)${GAP}(?:INSERT|UPDATE|DELETE))${GAP}ON${GAP}(?:(${NAME})\\s*\\.\\s*)?(${NAME})${GAP}FOR${GAP}EACH${GAP}ROW\\b`,
  'is',
);
const REFERENCES =
  /( FOREIGN KEY \((?:[^`)]|`(?:[^`]|``)+`)+\) REFERENCES )(?:(`(?:[^`]|``)+`)\.)?(`(?:[^`]|``)+`)(?= \()/;
const DROPPED_STAND_IN = /^DROP VIEW IF EXISTS `((?:[^`]|``)+)`/;
const DEFINER = new RegExp(`(${BEFORE_DEFINER})${DEFINER_CLAUSE}`);

const withoutMarks = (name = '') =>
  /^[`"]/.test(name) ? name.slice(1, -1).replaceAll(name[0]!.repeat(2), name[0]!) : name;
const unquote = (name: string | undefined) => (name ?? '').replaceAll('``', '`');

/**
 * Reads a schema file as `exportSchema` wrote it. `names` gives the databases their new names, wherever a statement
 * spells them out.
 */
export function readSetDefinitions(
  script: string,
  names: ReadonlyMap<string, string>,
  options: DefinitionOptions,
): SetDefinitions {
  let database = '';
  let own = '';
  let settings = '';
  const demands: Demand[] = [];
  const sequences: string[] = [];
  const tables = new Map<string, StagedTable>();
  const objects: ObjectStatement[] = [];
  const { wanted } = options;
  const statements = splitStatements(script);
  const packages = packagesOf(statements);
  let sqlMode = '';
  for (const original of statements) {
    const table = TABLE.exec(original)?.[1];
    if (table !== undefined) {
      if (wanted && !wanted.tables.has(unquote(table))) continue;
      const staged = stageTable(original);
      demands.push(...demandsOfTable(original, `${own}.${unquote(table)}`, unquote(table)));
      tables.set(unquote(table), {
        hasCounter: staged.hasCounter,
        create: renameDatabases(staged.create, names),
        addKeys: staged.addKeys.map((clause) => renameDatabases(clause, names)),
        addForeignKeys: staged.addForeignKeys.map((clause) => renameReference(clause, names, options)),
      });
      continue;
    }
    sqlMode = SQL_MODE.exec(original)?.[1] ?? sqlMode;
    const named = DATABASE.exec(original)?.[1];
    if (named !== undefined) {
      database = renamedDatabase(original, names);
      own = unquote(named);
      demands.push(...demandsOfDatabase(original, own));
    } else if (SEQUENCE.test(original)) {
      if (wanted?.whole === false) continue;
      if (sequences.length === 0) demands.push({ kind: 'feature', object: own, feature: 'a sequence' });
      sequences.push(renameDatabases(original, names));
    } else if (!isSettingOfFile(original)) {
      const { sql, unsure } = renameObject(original, names, { sqlMode, packages });
      const object = toObject(options.keepDefiners ? sql : sql.replace(DEFINER, '$1'), names);
      if (!isWanted(object, wanted)) continue;
      objects.push(unsure.length > 0 ? { ...object, unsure } : object);
      if (object.kind === undefined) settings = original;
      else demands.push(...demandsOfObject(original, settings, `${own}: ${object.kind} ${object.name}`));
    }
  }
  const definitions = { database, sequences, tables, objects, demands };
  return options.adapt ? options.adapt(definitions) : definitions;
}

function packagesOf(statements: readonly string[]): ReadonlySet<string> {
  const heads = statements.map((statement) => OBJECT.exec(statement) ?? []);
  return new Set(
    heads.flatMap(([, word, name]) => (word?.toUpperCase() === 'PACKAGE' ? [withoutMarks(name).toLowerCase()] : [])),
  );
}

function renameObject(
  statement: string,
  names: ReadonlyMap<string, string>,
  { sqlMode, packages }: { readonly sqlMode: string; readonly packages: ReadonlySet<string> },
): RenamedText {
  const [head = '', kind = ''] = OBJECT.exec(statement) ?? [];
  const isTrigger = kind.toUpperCase() === 'TRIGGER';
  return renameInBody(statement, names, {
    quotes: quoteRulesOf(sqlMode),
    isView: kind.toUpperCase() === 'VIEW',
    others: isTrigger ? new Set([...packages, 'new', 'old']) : packages,
    headLength: (TRIGGER.exec(statement)?.[0] ?? head).length,
  });
}

/**
 * A foreign key follows the table it points to when that table is renamed. One that comes along is named where it is
 * built now; one that does not is named where it is.
 */
function renameReference(
  clause: string,
  names: ReadonlyMap<string, string>,
  { stagedIn, wanted }: DefinitionOptions,
): string {
  return clause.replace(REFERENCES, (_, before: string, qualifier: string | undefined, table: string) => {
    const database = qualifier === undefined ? undefined : unquote(qualifier.slice(1, -1));
    if (database !== undefined) {
      const to = stagedIn?.get(database) ?? names.get(database) ?? database;
      return `${before}${quoteName(to)}.${table}`;
    }
    const stays = wanted !== undefined && !wanted.tables.has(unquote(table.slice(1, -1)));
    return `${before}${stays ? `${quoteName(names.get(wanted.database) ?? wanted.database)}.` : ''}${table}`;
  });
}

function isWanted({ kind, table }: ObjectStatement, wanted: WantedDefinitions | undefined): boolean {
  if (!wanted || kind === undefined || kind === 'other') return true;
  return kind === 'trigger' ? table === undefined || wanted.tables.has(table) : wanted.whole;
}

function renamedDatabase(statement: string, names: ReadonlyMap<string, string>): string {
  return statement.replace(/`((?:[^`]|``)+)`/, (quoted, name: string) => {
    const to = names.get(unquote(name));
    return to === undefined ? quoted : quoteName(to);
  });
}

/** Settings of the whole file are the restore's own affair; those of one object come with it. */
function isSettingOfFile(statement: string): boolean {
  return SETTING.test(statement) && (!statement.startsWith('SET SQL_MODE=') || statement.includes('@OLD_'));
}

function toObject(statement: string, names: ReadonlyMap<string, string>): ObjectStatement {
  if (SETTING.test(statement)) return { statement };
  const [, word, typed] = OBJECT.exec(statement) ?? [];
  const name = withoutMarks(typed);
  if (word?.toLowerCase() === 'trigger') return toTrigger(statement, name, names);
  if (word) return { statement, kind: word.toLowerCase().replace(/\s+/, ' ') as 'view', name };
  const standIn = DROPPED_STAND_IN.exec(statement)?.[1];
  return standIn ? { statement, kind: 'view', name: unquote(standIn) } : { statement, kind: 'other', name: '' };
}

/** Kept as it was typed, unless it says a database that has another name by now, not in backticks, which are done. */
function toTrigger(statement: string, name: string, names: ReadonlyMap<string, string>): ObjectStatement {
  const [head, create, ofDatabase, , moment, onDatabase, typedTable] = TRIGGER.exec(statement) ?? [];
  if (head === undefined) return { statement, kind: 'trigger', name };
  const table = withoutMarks(typedTable);
  const isStale = (typed: string | undefined) => {
    const database = withoutMarks(typed);
    return typed !== undefined && !typed.startsWith('`') && (names.get(database) ?? database) !== database;
  };
  if (!isStale(ofDatabase) && !isStale(onDatabase)) return { statement, kind: 'trigger', name, table };
  const begin = `${create}TRIGGER ${quoteName(name)} ${moment} ON ${quoteName(table)} FOR EACH ROW`;
  return { statement: begin + statement.slice(head.length), kind: 'trigger', name, table };
}
