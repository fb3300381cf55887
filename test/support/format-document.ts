import { readFileSync } from 'node:fs';

const PATH = 'docs/format.md';

function afterLabel(name: string): string {
  const label = `<!-- example: ${name} -->\n`;
  const [, rest, ...more] = readFileSync(PATH, 'utf8').split(label);
  if (rest === undefined || more.length > 0) throw new Error(`${PATH} must have "${label.trim()}" once`);
  return rest;
}

/** The content of the fenced block below `<!-- example: NAME -->` in docs/format.md, its last line feed included. */
export function formatExample(name: string): string {
  const block = /^```\w+\n([\s\S]*?\n)```\n/.exec(afterLabel(name))?.[1];
  if (block === undefined) throw new Error(`${PATH}: no fenced block below the label "${name}"`);
  return block;
}

export interface DocumentedCell {
  readonly type: string;
  readonly encoding: string;
  /** SQL. */
  readonly value: string;
  /** The exact text of the cell in a table file. */
  readonly cell: string;
}

/** The lines of the table "Cells by column type" in docs/format.md. */
export function documentedCells(): DocumentedCell[] {
  const [header, rule, ...lines] = afterLabel('cells').split('\n');
  if (header !== '| SQL type | Encoding | Value | Cell |' || !rule?.startsWith('| ---')) {
    throw new Error(`${PATH}: the table of cells has another head`);
  }
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(0, end).map((line) => {
    const [, type, encoding, value, cell] = /^\| `(.+)` \| `(.+)` \| `(.+)` \| `(.+)` \|$/.exec(line) ?? [];
    if (!type || !encoding || !value || !cell) throw new Error(`${PATH}: cannot read the line ${line}`);
    return { type, encoding, value, cell };
  });
}
