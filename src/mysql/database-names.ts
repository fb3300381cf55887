import { DEFAULT_QUOTES, type QuoteRules, skip } from './sql-text';

export function quoteRulesOf(sqlMode: string): QuoteRules {
  return {
    ansiQuotes: /\bANSI_QUOTES\b/.test(sqlMode),
    noBackslashEscapes: /\bNO_BACKSLASH_ESCAPES\b/.test(sqlMode),
  };
}

/** A definition after its databases got new names. */
export interface RenamedText {
  readonly sql: string;
  /** Databases whose old name stands where it may mean something else of that name; left as it is. */
  readonly unsure: readonly string[];
}

export interface BodyKind {
  readonly quotes: QuoteRules;
  /** The server writes bodies of views itself: three-part columns, and AS before names of columns alone. */
  readonly isView?: boolean;
  /** Two-part names that begin so are never a database here: NEW and OLD in a trigger, packages. In lower case. */
  readonly others?: ReadonlySet<string>;
  /** Length of the part that names the object itself and, of a trigger, its table: a qualifier there is a database. */
  readonly headLength: number;
}

interface Word {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  /** The nearest characters that are no space, of comments and all. */
  readonly before: string;
  readonly after: string;
}

/**
 * Gives databases their new names in the definition of a view, routine, trigger or event, quoted or not. `home.t` means
 * the database, unless the definition has something else of that name: an alias, a variable, a table or a column, which
 * it would have to say on its own somewhere. Then it is left, and told. A name in three parts always begins with a
 * database. Text in quotes is left; where it has the name and may reach the database, that is told too.
 */
export function renameInBody(statement: string, names: ReadonlyMap<string, string>, kind: BodyKind): RenamedText {
  const renamed = new Map([...names].filter(([from, to]) => from !== to));
  if (renamed.size === 0) return { sql: statement, unsure: [] };
  const { words, strings } = read(statement, kind.quotes);
  const unsure = new Set<string>();
  const places: { readonly word: Word; readonly to: string }[] = [];
  for (const [from, to] of renamed) {
    const like = words.filter(({ name }) => name.toLowerCase() === from.toLowerCase());
    const isAmbiguous =
      kind.others?.has(from.toLowerCase()) ||
      like.some((word) => word.start >= kind.headLength && isSomethingElse(statement, word, kind));
    for (const word of like) {
      if (word.after !== '.' || word.before === '.' || word.before === '@') continue;
      const second = words[words.indexOf(word) + 1];
      const isInThree = second?.before === '.' && second.after === '.';
      const isSure = word.name === from && (!isAmbiguous || isInThree || word.start < kind.headLength);
      if (isSure) places.push({ word, to });
      else unsure.add(from);
    }
    if (isMeantByText(words, strings, from)) unsure.add(from);
  }
  let sql = '';
  let at = 0;
  for (const { word, to } of places.sort((a, b) => a.word.start - b.word.start)) {
    sql += `${statement.slice(at, word.start)}\`${to.replaceAll('`', '``')}\``;
    at = word.end;
  }
  return { sql: sql + statement.slice(at), unsure: [...unsure] };
}

/** The name on its own: whatever it is, it is not the database. */
function isSomethingElse(statement: string, { start, before, after }: Word, { isView }: BodyKind): boolean {
  if (before === '@') return false;
  if (!isView) return after !== '.' || before === '.';
  return after !== '.' && before !== '.' && !/\bAS\s*$/i.test(statement.slice(0, start));
}

/** Text reaches a database where it is run as a statement, or asked for by name in what the server tells about itself. */
function isMeantByText(words: readonly Word[], strings: readonly string[], database: string): boolean {
  const isName = (name: string) => name.toLowerCase() === database.toLowerCase();
  const isDynamic = words.some(
    ({ name }, at) =>
      /^prepare$/i.test(name) || (/^execute$/i.test(name) && /^immediate$/i.test(words[at + 1]?.name ?? '')),
  );
  const isAsked = words.some(({ name, after }) => after === '.' && /^(information|performance)_schema$/i.test(name));
  return strings.some((quoted) => {
    const text = quoted.slice(1, -1);
    if (isName(text)) return isDynamic || isAsked;
    return isDynamic && read(text, DEFAULT_QUOTES).words.some(({ name, after }) => after === '.' && isName(name));
  });
}

const WORD = /[\w$\u0080-\uffff]+/y;

function read(statement: string, quotes: QuoteRules): { words: Word[]; strings: string[] } {
  const words: Omit<Word, 'after'>[] = [];
  const after: string[] = [];
  const strings: string[] = [];
  let before = '';
  for (let at = 0; at < statement.length; ) {
    WORD.lastIndex = at;
    const plain = WORD.exec(statement)?.[0];
    const end = plain === undefined ? skip(statement, at, quotes) : at + plain.length;
    const text = statement.slice(at, end);
    const first = text[0]!;
    const isQuotedName = first === '`' || (first === '"' && quotes.ansiQuotes);
    const isGap = /^\s/.test(text) || (text.length > 1 && /^(\/\*|#|--)/.test(text));
    if (!isGap) {
      after[words.length - 1] ??= first;
      if (plain !== undefined || isQuotedName) {
        const name = plain ?? text.slice(1, -1).replaceAll(first.repeat(2), first);
        words.push({ start: at, end, name, before });
      } else if (first === "'" || first === '"') strings.push(text);
      before = first;
    }
    at = end;
  }
  return { words: words.map((word, index) => ({ ...word, after: after[index] ?? '' })), strings };
}
