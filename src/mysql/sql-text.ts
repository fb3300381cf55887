/** Reading SQL text as this package and SHOW CREATE write it: quotes, comments, brackets, DELIMITER lines. */

/** How quotes are read: a part of the sql_mode that a text was written under. */
export interface QuoteRules {
  /** "x" is a name. */
  readonly ansiQuotes: boolean;
  /** A backslash in a string is a backslash. */
  readonly noBackslashEscapes: boolean;
}
export const DEFAULT_QUOTES: QuoteRules = { ansiQuotes: false, noBackslashEscapes: false };

/** The position after the quoted text, comment or single character that begins at `at`. */
export function skip(sql: string, at: number, quotes = DEFAULT_QUOTES): number {
  const first = sql[at]!;
  if (first === "'" || first === '"' || first === '`') {
    const isName = first === '`' || (first === '"' && quotes.ansiQuotes);
    let end = at + 1;
    for (; end < sql.length; end += 1) {
      if (sql[end] === '\\' && !isName && !quotes.noBackslashEscapes) end += 1;
      else if (sql[end] === first) {
        if (sql[end + 1] !== first) break;
        end += 1;
      }
    }
    return end + 1;
  }
  if (sql.startsWith('/*', at) && !/^M?!/.test(sql.slice(at + 2, at + 4))) {
    const end = sql.indexOf('*/', at + 2);
    return end < 0 ? sql.length : end + 2;
  }
  if (first === '#' || (first === '-' && sql[at + 1] === '-' && /\s/.test(sql[at + 2] ?? ' '))) {
    const end = sql.indexOf('\n', at);
    return end < 0 ? sql.length : end;
  }
  return at + 1;
}

/**
 * Splits a script into statements, as the `mysql` client does; empty ones and DELIMITER lines are left out. A delimiter
 * other than `;` ends its statement wherever it stands: quotes mean other things under another sql_mode, and whoever
 * chose the delimiter made sure that the statement does not contain it.
 */
export function splitStatements(script: string): string[] {
  const statements: string[] = [];
  let delimiter = ';';
  let start = 0;
  const take = (end: number) => {
    const text = script.slice(start, end).trim();
    if (text) statements.push(text);
  };
  for (let at = 0; at < script.length; ) {
    const isLineStart = at === 0 || script[at - 1] === '\n';
    const command = isLineStart ? /^DELIMITER +(\S+) *(?:\n|$)/.exec(script.slice(at, at + 80)) : null;
    if (command && script.slice(start, at).trim() === '') {
      delimiter = command[1]!;
      at += command[0].length;
      start = at;
    } else if (script.startsWith(delimiter, at)) {
      take(at);
      at += delimiter.length;
      start = at;
    } else at = delimiter === ';' ? skip(script, at) : at + 1;
  }
  take(script.length);
  return statements;
}

/** A CREATE TABLE statement taken apart: `head(` the parts between commas `)tail`. */
export interface TableDefinition {
  readonly head: string;
  readonly parts: readonly string[];
  readonly tail: string;
}

export function parseCreateTable(statement: string): TableDefinition {
  let depth = 0;
  let open = -1;
  let start = 0;
  const parts: string[] = [];
  for (let at = 0; at < statement.length; at = skip(statement, at)) {
    const character = statement[at];
    if (character === '(') {
      depth += 1;
      if (depth === 1) {
        open = at;
        start = at + 1;
      }
    } else if (character === ')' && depth > 0) {
      depth -= 1;
      if (depth === 0) {
        parts.push(statement.slice(start, at).trim());
        return { head: statement.slice(0, open), parts, tail: statement.slice(at + 1) };
      }
    } else if (character === ',' && depth === 1) {
      parts.push(statement.slice(start, at).trim());
      start = at + 1;
    }
  }
  return { head: statement, parts: [], tail: '' };
}

const LONG_UNIQUE_KEY = /^UNIQUE KEY .*\bUSING HASH\b/s;
const FULLTEXT_CLAUSE = /^ADD FULLTEXT /;
const SECONDARY_KEY = /^(UNIQUE |FULLTEXT |SPATIAL |VECTOR )?(KEY|INDEX)\b/;
const FOREIGN_KEY = /^CONSTRAINT (`(?:[^`]|``)+`) FOREIGN KEY\b/;

/** A table in two steps: what rows are loaded into, and the keys that are built faster afterwards. */
export interface StagedTable {
  readonly create: string;
  /** ALTER TABLE clauses, in an order that works. */
  readonly addKeys: readonly string[];
  readonly addForeignKeys: readonly string[];
  /** It has an AUTO_INCREMENT column. */
  readonly hasCounter: boolean;
}

/**
 * Takes secondary keys and foreign keys out of a definition. A table whose AUTO_INCREMENT column needs one of them keeps
 * all of its keys, and one with a unique key over long text, because every key added to that copies the table.
 */
export function stageTable(createStatement: string): StagedTable {
  const { head, parts, tail } = parseCreateTable(createStatement);
  const isForeign = (part: string) => FOREIGN_KEY.test(part);
  const counter = parts.find((part) => part.startsWith('`') && /\bAUTO_INCREMENT\b/i.test(withoutQuotes(part)));
  const counterName = counter && /^`(?:[^`]|``)+`/.exec(counter)?.[0];
  const primary = parts.find((part) => part.startsWith('PRIMARY KEY'));
  const isKeyedElsewhere = counterName !== undefined && !primary?.startsWith(`PRIMARY KEY (${counterName}`);
  const needsKeys = isKeyedElsewhere || parts.some((part) => LONG_UNIQUE_KEY.test(withoutQuotes(part)));
  const isKey = (part: string) => !needsKeys && SECONDARY_KEY.test(part);
  const kept = parts.filter((part) => !isForeign(part) && !isKey(part));
  return {
    create: `${head}(\n  ${kept.join(',\n  ')}\n)${tail}`,
    addKeys: parts.filter(isKey).map((part) => `ADD ${part}`),
    addForeignKeys: parts.filter(isForeign).map((part) => `ADD ${part}`),
    hasCounter: counter !== undefined,
  };
}

/**
 * The clauses of each ALTER TABLE that adds them without copying the table: InnoDB builds one FULLTEXT key at a time.
 * A copy takes long and turns the FLOAT -0 into 0.
 */
export function alterationsInPlace(clauses: readonly string[]): string[][] {
  const [firstText, ...moreTexts] = clauses.filter((clause) => FULLTEXT_CLAUSE.test(clause));
  const together = clauses.filter((clause) => clause === firstText || !FULLTEXT_CLAUSE.test(clause));
  return [...(together.length > 0 ? [together] : []), ...moreTexts.map((clause) => [clause])];
}

/**
 * The statement with every `from`.name turned into `to`.name; text in quotes and comments stays as it is. For what the
 * server writes itself; bodies that people wrote: renameInBody.
 */
export function renameDatabases(statement: string, names: ReadonlyMap<string, string>): string {
  let out = '';
  for (let at = 0; at < statement.length; ) {
    const next = skip(statement, at);
    const token = statement.slice(at, next);
    const isQualifier = token.startsWith('`') && token.endsWith('`') && /^\s*\./.test(statement.slice(next, next + 4));
    const to = isQualifier ? names.get(token.slice(1, -1).replaceAll('``', '`')) : undefined;
    out += to === undefined ? token : `\`${to.replaceAll('`', '``')}\``;
    at = next;
  }
  return out;
}

/** The text with `instead` for everything in quotes: words in names and comments are no keywords. */
export function withoutQuotes(sql: string, instead = ''): string {
  let out = '';
  for (let at = 0; at < sql.length; ) {
    const next = skip(sql, at);
    out += next === at + 1 ? sql[at] : instead;
    at = next;
  }
  return out;
}
