/** Where a value stands in JSON: keys and positions from the outside in. */
export type Pointer = readonly (string | number)[];

/**
 * `text` with some values replaced and every other character as it was: blanks, escapes and the order of keys. BK-LOG
 * compares such texts and Python writes them otherwise than JavaScript does. `text` has to be JSON.
 */
export function replaceInJsonText(text: string, replacements: readonly { pointer: Pointer; value: unknown }[]): string {
  const byPointer = new Map(replacements.map(({ pointer, value }) => [JSON.stringify(pointer), toToken(value)]));
  let at = 0;
  let copied = 0;
  let out = '';
  const skipBlanks = () => {
    while (/\s/.test(text[at] ?? '')) at += 1;
  };
  const skipComma = () => {
    skipBlanks();
    if (text[at] === ',') at += 1;
    skipBlanks();
  };
  const readString = (): string => {
    const start = at;
    for (at += 1; text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1;
    at += 1;
    return text.slice(start, at);
  };
  const readMembers = (pointer: Pointer) => {
    at += 1;
    for (skipBlanks(); text[at] !== '}'; skipComma()) {
      const key: string = JSON.parse(readString());
      skipBlanks();
      at += 1; // the colon
      readValue([...pointer, key]);
    }
    at += 1;
  };
  const readElements = (pointer: Pointer) => {
    at += 1;
    skipBlanks();
    for (let index = 0; text[at] !== ']'; index += 1) {
      readValue([...pointer, index]);
      skipComma();
    }
    at += 1;
  };
  const readValue = (pointer: Pointer) => {
    skipBlanks();
    const start = at;
    if (text[at] === '{') readMembers(pointer);
    else if (text[at] === '[') readElements(pointer);
    else if (text[at] === '"') readString();
    else while (at < text.length && !/[\s,\]}]/.test(text[at]!)) at += 1;
    const token = byPointer.get(JSON.stringify(pointer));
    if (token === undefined) return;
    out += text.slice(copied, start) + token;
    copied = at;
  };
  readValue([]);
  return out + text.slice(copied);
}

const toToken = (value: unknown): string => (typeof value === 'bigint' ? String(value) : JSON.stringify(value));
