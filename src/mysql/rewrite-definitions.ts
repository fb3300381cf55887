import { type ColumnText, type DefinitionRewrite, impliedCollation } from '../model/definition-demand';
import { COLUMN, DATABASE_TEXT, NAME_FIRST, SESSION_COLLATION, TABLE_TEXT } from './definition-demands';
import type { SetDefinitions } from './set-definitions';
import { parseCreateTable, type StagedTable } from './sql-text';

/** The definitions as `rewrite` wants them. What it does not name stays as it is, to the letter. */
export function rewriteDefinitions(definitions: SetDefinitions, rewrite: DefinitionRewrite): SetDefinitions {
  return {
    ...definitions,
    database: rewriteDefault(definitions.database, DATABASE_TEXT, ' DEFAULT CHARACTER SET $ COLLATE $', rewrite),
    tables: new Map(
      [...definitions.tables].map(([name, table]) => [name, rewriteTable(table, rewrite.columns.get(name), rewrite)]),
    ),
    objects: definitions.objects.map((object) =>
      object.kind === undefined ? { ...object, statement: rewriteSettings(object.statement, rewrite) } : object,
    ),
  };
}

function rewriteTable(
  table: StagedTable,
  columns: ReadonlyMap<string, ColumnText> | undefined,
  rewrite: DefinitionRewrite,
): StagedTable {
  const { head, parts, tail } = parseCreateTable(table.create);
  const newTail = rewriteDefault(tail, TABLE_TEXT, ' DEFAULT CHARSET=$ COLLATE=$', rewrite);
  const [, charset = '', collation] = TABLE_TEXT.exec(newTail) ?? [];
  const inherited = collation ?? rewrite.defaultCollations.get(charset);
  const newParts = parts.map((part) => {
    const name = NAME_FIRST.exec(part)?.[1]?.replaceAll('``', '`');
    if (name === undefined) return rewriteKey(part, rewrite);
    return rewriteFeatures(rewriteColumn(part, columns?.get(name), inherited, rewrite), rewrite);
  });
  const isSame = newTail === tail && newParts.every((part, at) => part === parts[at]);
  return {
    ...table,
    create: isSame ? table.create : `${head}(\n  ${newParts.join(',\n  ')}\n)${newTail}`,
    addKeys: table.addKeys.map((clause) => rewriteKey(clause, rewrite)),
  };
}

/** Says a column's collation where the server would read another one, or none, out of what is written. */
function rewriteColumn(
  part: string,
  wanted: ColumnText | undefined,
  inherited: string | undefined,
  { defaultCollations }: DefinitionRewrite,
): string {
  const [own, begin = '', , , charset, , collation] = COLUMN.exec(part) ?? [];
  if (!wanted || own === undefined) return part;
  const read = collation ?? (charset === undefined ? inherited : defaultCollations.get(charset));
  if (read === wanted.collation) return part;
  return `${begin} CHARACTER SET ${wanted.charset} COLLATE ${wanted.collation}${part.slice(own.length)}`;
}

/** A default of a database or a table: mapped, or said where the server would take another one. */
function rewriteDefault(text: string, place: RegExp, form: string, rewrite: DefinitionRewrite): string {
  return text.replace(place, (written: string, charset: string, collation: string | undefined) => {
    const meant = collation ?? impliedCollation(charset);
    if (meant === undefined) return written;
    const to = rewrite.collations.get(meant) ?? meant;
    const isRead = to === (collation ?? rewrite.defaultCollations.get(charset));
    if (isRead) return written;
    const [before, between, after] = form.split('$');
    return `${before}${to.slice(0, to.indexOf('_'))}${between}${to}${after}`;
  });
}

/** What the two flavours say in different words, and comments of MySQL that MariaDB would skip. */
function rewriteFeatures(part: string, { flavour }: DefinitionRewrite): string {
  if (flavour === 'mysql') return bracketDefault(part);
  return part
    .replace(/^(`(?:[^`]|``)+` )geomcollection\b/, '$1geometrycollection')
    .replace(/ \/\*!80023 INVISIBLE \*\//, ' INVISIBLE');
}

const FUNCTION_DEFAULT =
  /^((?: unsigned| zerofill| NOT NULL| INVISIBLE)* DEFAULT )((?!current_timestamp\b|now\b)\w+\(.*)$/is;

/** MySQL wants an expression in brackets, MariaDB prints a function without. */
function bracketDefault(part: string): string {
  const [own = ''] = COLUMN.exec(part) ?? [];
  const [, before, call] = FUNCTION_DEFAULT.exec(part.slice(own.length)) ?? [];
  if (call === undefined) return part;
  const { tail } = parseCreateTable(call);
  return `${own}${before}(${call.slice(0, call.length - tail.length)})${tail}`;
}

function rewriteKey(part: string, { flavour }: DefinitionRewrite): string {
  return flavour === 'mysql'
    ? part.replace(/^((?:ADD )?(?:\w+ )?KEY .*) IGNORED$/s, '$1 INVISIBLE')
    : part.replace(/^((?:ADD )?(?:\w+ )?KEY .*) \/\*!80000 INVISIBLE \*\/$/s, '$1 IGNORED');
}

/** The mode NO_AUTO_CREATE_USER is about GRANT alone; MySQL 8 does not know it any more. */
function rewriteSettings(statement: string, { collations, flavour, version }: DefinitionRewrite): string {
  const mapped = statement.replace(SESSION_COLLATION, (written, name: string) => {
    const to = collations.get(name);
    return to === undefined ? written : `COLLATION_CONNECTION=${to}`;
  });
  if (flavour !== 'mysql' || Number.parseInt(version, 10) < 8) return mapped;
  return mapped.replace(/SQL_MODE='([^']*)'/, (_, modes: string) => {
    const kept = modes.split(',').filter((mode) => mode !== 'NO_AUTO_CREATE_USER');
    return `SQL_MODE='${kept.join(',')}'`;
  });
}
