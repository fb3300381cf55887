/** What a server knows of text: each collation, with its character set. */
export type KnownCollations = ReadonlyMap<string, string>;

export interface CollationChoice {
  readonly to: string;
  readonly charset: string;
  /** Another name of the same collation: nothing sorts or compares otherwise. */
  readonly isSame: boolean;
}

/** A collation of the Unicode algorithm, taken apart. */
interface UnicodeCollation {
  readonly charset: string;
  /** Of the weights: 520, 900, 1400. */
  readonly version: number;
  /** As MariaDB calls it; empty for the root. */
  readonly language: string;
  /** Trailing blanks count. */
  readonly noPad: boolean;
  readonly sensitivity: string;
}

/** Tailorings that both flavours have, by MySQL's name. */
const LANGUAGES: Readonly<Record<string, string>> = {
  ...{ cs: 'czech', da: 'danish', de_pb: 'german2', eo: 'esperanto', es: 'spanish', es_trad: 'spanish2' },
  ...{ et: 'estonian', hr: 'croatian', hu: 'hungarian', is: 'icelandic', la: 'roman', lt: 'lithuanian' },
  ...{ lv: 'latvian', pl: 'polish', ro: 'romanian', sk: 'slovak', sl: 'slovenian', sv: 'swedish' },
  ...{ tr: 'turkish', vi: 'vietnamese' },
};
const MYSQL_900 = /^(utf8mb4)_(?:([a-z]+(?:_[a-z]+)?)_)?0900_(.+)$/;
const MARIADB_1400 = /^([a-z0-9]+)_uca1400_(?:([a-z0-9]+)_)??(nopad_)?((?:ai|as)_(?:ci|cs))$/;
const UNICODE_520 = /^([a-z0-9]+)_unicode_520_(nopad_)?ci$/;

/** Collations that compare bytes and differ in name alone. */
const BINARY: Readonly<Record<string, string>> = {
  utf8mb4_0900_bin: 'utf8mb4_nopad_bin',
  utf8mb4_nopad_bin: 'utf8mb4_0900_bin',
};

/**
 * The collation of a server that stands for one of a set. Known to the server: itself. Otherwise one of the same
 * character set, language, sensitivity to accents and case, and padding, of the nearest version of the Unicode weights;
 * those before 5.2 are not near, because to them all characters beyond U+FFFF are equal. Undefined when there is none.
 */
export function mapCollation(name: string, known: KnownCollations): CollationChoice | undefined {
  const own = known.get(name);
  if (own !== undefined) return { to: name, charset: own, isSame: true };
  for (const [from, to, isSame] of [
    [name, otherSpelling(name), true],
    [name, BINARY[name], false],
  ] as const) {
    const charset = to === undefined || to === from ? undefined : known.get(to);
    if (to !== undefined && charset !== undefined) return { to, charset, isSame };
  }
  const wanted = parseUnicode(name);
  if (!wanted) return undefined;
  const candidates = [...known].flatMap(([to, charset]) => {
    const candidate = parseUnicode(to);
    return candidate && isAlike(candidate, wanted) ? [{ to, charset, version: candidate.version }] : [];
  });
  // The newer weights first: they have every character of the older ones.
  const distance = ({ version }: { readonly version: number }) =>
    version >= wanted.version ? version - wanted.version : 10_000 + wanted.version - version;
  const [best] = candidates.sort((a, b) => distance(a) - distance(b));
  return best && { to: best.to, charset: best.charset, isSame: false };
}

/** utf8 is the old name of utf8mb3. */
export function otherSpelling(name: string): string {
  return name.startsWith('utf8mb3') ? name.replace('utf8mb3', 'utf8') : name.replace(/^utf8(?=_|$)/, 'utf8mb3');
}

/** What of a collation has to stay the same, in words. Undefined for one that is not of the Unicode algorithm. */
export function describeCollation(name: string): string | undefined {
  const parsed = parseUnicode(name);
  if (!parsed) return undefined;
  const { charset, language, sensitivity, noPad } = parsed;
  const parts = [charset, ...(language ? [language] : []), sensitivity, noPad ? 'trailing blanks count' : 'padded'];
  return parts.join(', ');
}

function isAlike(one: UnicodeCollation, other: UnicodeCollation): boolean {
  return (
    one.charset === other.charset &&
    one.language === other.language &&
    one.noPad === other.noPad &&
    one.sensitivity === other.sensitivity
  );
}

function parseUnicode(name: string): UnicodeCollation | undefined {
  const own = (charset = '') => (charset === 'utf8' ? 'utf8mb3' : charset);
  const mysql = MYSQL_900.exec(name);
  if (mysql) {
    const [, charset, code = '', sensitivity = ''] = mysql;
    if (sensitivity === 'bin') return undefined;
    const language = code === '' ? '' : (LANGUAGES[code] ?? `mysql ${code}`);
    return { charset: own(charset), version: 900, language, noPad: true, sensitivity };
  }
  const mariadb = MARIADB_1400.exec(name);
  if (mariadb) {
    const [, charset, language = '', pad, sensitivity = ''] = mariadb;
    return { charset: own(charset), version: 1400, language, noPad: pad !== undefined, sensitivity };
  }
  const old = UNICODE_520.exec(name);
  if (!old) return undefined;
  return { charset: own(old[1]), version: 520, language: '', noPad: old[2] !== undefined, sensitivity: 'ai_ci' };
}
