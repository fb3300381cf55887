import { isUtf8 } from 'node:buffer';

/** A column line of SHOW CREATE TABLE up to its default: a line break in a name, comment or value is escaped there. */
const BINARY_DEFAULT = /^( {2}`(?:[^`]|``)+` (?:var)?binary\(\d+\)[^'\n]* DEFAULT )'((?:[^'\\]|''|\\.)*)'/gms;
const ESCAPED: Readonly<Record<string, string>> = { 0: '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\x1a' };

/**
 * SHOW CREATE TABLE as UTF-8 text. The server prints the default of a BINARY or VARBINARY column byte for byte in the
 * midst of it: what is no UTF-8 becomes x'…', which every sql_mode and client character set reads as the same bytes.
 */
export function toCreateStatement(shown: Buffer): string {
  if (isUtf8(shown)) return shown.toString('utf8');
  // One letter for each byte, and back.
  const text = shown.toString('latin1').replace(BINARY_DEFAULT, (whole, before: string, literal: string) => {
    const bytes = Buffer.from(unescapeLiteral(literal), 'latin1');
    return isUtf8(bytes) ? whole : `${before}x'${bytes.toString('hex')}'`;
  });
  return Buffer.from(text, 'latin1').toString('utf8');
}

function unescapeLiteral(literal: string): string {
  return literal.replace(/''|\\(.)/gs, (_, letter?: string) =>
    letter === undefined ? "'" : (ESCAPED[letter] ?? letter),
  );
}
