/** A cell as text, exactly: a number by its digits, which JSON.parse has rounded when it is large. */
export function cellText(cell: unknown, column: string, row: string): string | null {
  if (cell === null || typeof cell === 'string') return cell;
  if (typeof cell === 'number' && Number.isInteger(cell) && !Number.isSafeInteger(cell)) {
    return memberText(row, column) ?? String(cell);
  }
  return String(cell);
}

/** The text of the last member of that name in an object of strings, numbers and nulls, the only cells there are. */
function memberText(row: string, name: string): string | undefined {
  let found: string | undefined;
  let at = row.indexOf('"');
  while (at >= 0) {
    const nameEnd = endOfString(row, at);
    const valueStart = row.indexOf(':', nameEnd) + 1;
    const isText = /^\s*"/.test(row.slice(valueStart, valueStart + 16));
    const quote = row.indexOf('"', valueStart);
    const end = isText ? endOfString(row, quote) : endOfPlain(row, valueStart);
    if (JSON.parse(row.slice(at, nameEnd)) === name) found = row.slice(valueStart, end).trim();
    at = row.indexOf('"', end);
  }
  return found;
}

/** Position behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

function endOfPlain(text: string, start: number): number {
  const comma = text.indexOf(',', start);
  return comma < 0 ? text.lastIndexOf('}') : comma;
}
