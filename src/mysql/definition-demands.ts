import type { Demand } from '../model/definition-demand';
import { parseCreateTable, withoutQuotes } from './sql-text';

export const NAME_FIRST = /^`((?:[^`]|``)+)`/;
/** ` DEFAULT CHARSET=c COLLATE=n` stands before every text of the table's own, such as its comment. */
export const TABLE_TEXT = / DEFAULT CHARSET=(\w+)(?: COLLATE=(\w+))?/;
export const DATABASE_TEXT = / DEFAULT CHARACTER SET (\w+)(?: COLLATE (\w+))?/;
export const SESSION_COLLATION = /\bCOLLATION_CONNECTION=(\w+)/;
/** A column up to its type, what it says of its text, and the rest. Members of an ENUM may hold anything. */
export const COLUMN =
  /^(`(?:[^`]|``)+` (\w+)(?:\((?:'(?:[^'\\]|''|\\.)*'|[^')])*\))?(?: \/\*M?!\d+ COMPRESSED\*\/)?)( CHARACTER SET (\w+))?( COLLATE (\w+))?/s;
const UNIQUE = /^(?:PRIMARY KEY|UNIQUE KEY `((?:[^`]|``)+)`) \((.*)\)/s;
const KEY = /^(?:UNIQUE |FULLTEXT |SPATIAL |VECTOR )?KEY `((?:[^`]|``)+)`/;
const CONSTRAINT = /^CONSTRAINT `((?:[^`]|``)+)`/;
const PLAIN_TYPES =
  /^(tinyint|smallint|mediumint|int|bigint|decimal|float|double|bit|date|time|datetime|timestamp|year|char|varchar|binary|varbinary|tinytext|text|mediumtext|longtext|tinyblob|blob|mediumblob|longblob|enum|set|geometry|point|linestring|polygon|multipoint|multilinestring|multipolygon|geometrycollection|geomcollection)$/;

const unquote = (name = '') => name.replaceAll('``', '`');

/** What a CREATE TABLE, as SHOW CREATE writes it, uses that not every server knows. `object` is `db.table`. */
export function demandsOfTable(createStatement: string, object: string, table: string): Demand[] {
  const { parts, tail } = parseCreateTable(createStatement);
  const demands: Demand[] = parts.flatMap((part) =>
    part.startsWith('`') ? demandsOfColumn(part, object) : demandsOfKey(part, object, table),
  );
  const [, charset, collation] = TABLE_TEXT.exec(tail) ?? [];
  if (charset) {
    demands.push({ kind: 'collation', object, place: 'default', charset, ...(collation ? { collation } : {}) });
  }
  return [...demands, ...optionsOf(tail).map((feature): Demand => ({ kind: 'feature', object, feature }))];
}

function demandsOfColumn(part: string, table: string): Demand[] {
  const object = `${table}.${unquote(NAME_FIRST.exec(part)?.[1])}`;
  const [own = '', , type = ''] = COLUMN.exec(part) ?? [];
  const rest = withoutQuotes(part.slice(own.length));
  const features = [
    ...(PLAIN_TYPES.test(type.toLowerCase()) ? [] : [`type ${type.toLowerCase()}`]),
    ...(/\bINVISIBLE\b/.test(rest) ? ['an invisible column'] : []),
    ...(/\bNOT NULL\b/.test(rest) && /\bINVISIBLE\b/.test(rest) && !/\bDEFAULT\b|\bAUTO_INCREMENT\b/.test(rest)
      ? ['an invisible column without a default']
      : []),
    ...(/\/\*!\d+ SRID \d+ \*\//.test(rest) ? ['a reference system of a column'] : []),
    ...(/\bGENERATED ALWAYS AS ROW (START|END)\b/.test(rest) ? ['system versioning'] : []),
    ...(/\bDEFAULT (?!current_timestamp|now\b)(\w+)\(/i.test(rest)
      ? ['a default that is a function without brackets']
      : []),
    ...(/\bDEFAULT \(/.test(rest) ? ['a default that is an expression'] : []),
    ...(/\bDEFAULT nextval\(/i.test(rest) ? ['a sequence'] : []),
  ];
  return [...features.map((feature): Demand => ({ kind: 'feature', object, feature })), ...inExpression(rest, object)];
}

function demandsOfKey(part: string, object: string, table: string): Demand[] {
  const bare = withoutQuotes(part, 'x');
  const demands: Demand[] = [];
  const unique = UNIQUE.exec(part);
  if (unique) {
    const columns = [...(unique[2] ?? '').matchAll(/`((?:[^`]|``)+)`/g)].map(([, name]) => unquote(name));
    demands.push({ kind: 'unique-key', table, key: unique[1] ? unquote(unique[1]) : 'PRIMARY', columns });
  }
  const key = KEY.exec(part)?.[1];
  const constraint = CONSTRAINT.exec(part)?.[1];
  const named = key ? `: key ${unquote(key)}` : constraint ? `: constraint ${unquote(constraint)}` : '';
  const features = [
    ...(key && /\(\(|, ?\(/.test(bare) ? ['a key on an expression'] : []),
    ...(/\/\*!\d+ INVISIBLE \*\/|\bIGNORED\b/.test(bare) && key ? ['a key that is not used'] : []),
    ...(/\bNOT ENFORCED\b/.test(bare) ? ['a CHECK that is not enforced'] : []),
    ...(/^PERIOD FOR\b/.test(bare) ? ['a period'] : []),
  ];
  for (const feature of features) demands.push({ kind: 'feature', object: object + named, feature });
  return [...demands, ...inExpression(bare, object + named)];
}

function inExpression(bare: string, object: string): Demand[] {
  return collationsIn(bare).map((collation) => ({ kind: 'collation', object, place: 'expression', collation }));
}

function collationsIn(bare: string): string[] {
  return [...new Set([...bare.matchAll(/\bCOLLATE[ =](\w+)/gi)].map(([, name = '']) => name))];
}

/** Options of a table that only one flavour reads. Those in version comments are left alone by the other. */
function optionsOf(tail: string): string[] {
  const engine = /^ ENGINE=(\w+)/.exec(tail)?.[1];
  const bare = withoutQuotes(tail.replace(/\/\*M?!.*?\*\//gs, ''));
  return [
    ...(engine && engine !== 'InnoDB' ? [`engine ${engine}`] : []),
    ...[...tail.matchAll(/`(\w+)`='?/g)].map(([, name]) => `option ${name}`),
    ...[...bare.matchAll(/ (ENCRYPTION|COMPRESSION)=/g)].map(([, name]) => `option ${name}`),
    ...(/\bWITH SYSTEM VERSIONING\b/.test(bare) ? ['system versioning'] : []),
  ];
}

export function demandsOfDatabase(statement: string, object: string): Demand[] {
  const [, charset, collation] = DATABASE_TEXT.exec(statement) ?? [];
  if (!charset) return [];
  return [{ kind: 'collation', object, place: 'default', charset, ...(collation ? { collation } : {}) }];
}

/** Of a view, routine, trigger or event, with the settings it was created under. */
export function demandsOfObject(statement: string, settings: string, object: string): Demand[] {
  const session = SESSION_COLLATION.exec(settings)?.[1];
  return [
    ...(session ? [{ kind: 'collation' as const, object, place: 'session' as const, collation: session }] : []),
    ...collationsIn(withoutQuotes(statement)).map(
      (collation): Demand => ({ kind: 'collation', object, place: 'body', collation }),
    ),
  ];
}
