import type { CellWatch } from '../model/content-rule';
import type { ManifestColumn, ManifestFile } from '../model/manifest';
import type { Finding } from '../model/verification';
import type { ContentCheck } from './archive-reader';
import { cellText } from './cell-text';

/** One row must fit in memory: 512 MiB. The server's own limit for a row is max_allowed_packet, at most 1 GiB. */
const MAX_ROW_BYTES = 512 * 1024 * 1024;
const NEWLINE = 0x0a;
/** A group per four letters would overflow the expression's stack on a cell of 16 MB; the length is checked apart. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** What is known about a table file from its manifest; without one only its form can be checked. */
export type ExpectedTable = Pick<ManifestFile, 'path' | 'rows' | 'columns'>;

/** Of a file that is a JSON array: it counts what it holds. */
export interface TableFileCheck extends ContentCheck {
  write(chunk: Buffer): void;
  end(): readonly Finding[];
  rows(): number;
}

/**
 * Decodes every row of a table file as it passes by: form of the array, names and order of the columns, each cell by
 * its encoding, number of rows. Stops at the first row that is wrong, because what follows would be noise. `watch` gets
 * the cells it asks for of every row before that.
 */
export function checkTableFile(expected: ExpectedTable, watch?: CellWatch): TableFileCheck {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let lines = 0;
  let rows = 0;
  let isClosed = false;
  let lastHadComma = true;
  let damage: Finding | undefined;

  const refuse = (code: string, message: string) => {
    damage ??= { code, object: expected.path, message };
  };

  function line(text: Buffer): void {
    lines += 1;
    const content = text.toString('utf8');
    if (lines === 1) {
      if (content !== '[') refuse('OP_ARCHIVE_CORRUPT', `${expected.path} does not begin with a JSON array`);
      return;
    }
    if (isClosed) {
      refuse('OP_ARCHIVE_CORRUPT', `${expected.path} goes on after its closing bracket`);
      return;
    }
    if (content === ']') {
      if (lastHadComma && rows > 0) refuse('OP_ARCHIVE_CORRUPT', `${expected.path} lacks a row after its last comma`);
      isClosed = true;
      return;
    }
    if (!lastHadComma) {
      refuse('OP_ARCHIVE_CORRUPT', `${expected.path}: no comma after row ${rows}`);
      return;
    }
    lastHadComma = content.endsWith(',');
    rows += 1;
    row(lastHadComma ? content.slice(0, -1) : content);
  }

  function row(text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      refuse('OP_ARCHIVE_CORRUPT', `${expected.path}: row ${rows} is not JSON`);
      return;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      refuse('OP_ARCHIVE_CORRUPT', `${expected.path}: row ${rows} is not an object`);
      return;
    }
    if (!expected.columns) return;
    const cells = Object.entries(value);
    // JSON.parse moves names that look like array indexes to the front, so order is compared only when they differ.
    const byName = value as Record<string, unknown>;
    if (cells.length !== expected.columns.length) {
      refuse('OP_ARCHIVE_CORRUPT', `${expected.path}: row ${rows} has ${cells.length} columns`);
      return;
    }
    for (const column of expected.columns) {
      const problem = Object.hasOwn(byName, column.name) ? cellProblem(byName[column.name], column) : 'is missing';
      if (problem) {
        refuse('OP_ARCHIVE_CORRUPT', `${expected.path}: row ${rows}, column ${column.name} ${problem}`);
        return;
      }
    }
    watch?.onRow(watch.columns.map((name) => cellText(byName[name], name, text)));
  }

  return {
    rows: () => rows,
    write(chunk) {
      let from = 0;
      while (!damage) {
        const to = chunk.indexOf(NEWLINE, from);
        if (to < 0) break;
        const piece = chunk.subarray(from, to);
        line(pending.length > 0 ? Buffer.concat([...pending, piece]) : piece);
        pending = [];
        pendingBytes = 0;
        from = to + 1;
      }
      if (damage || from === chunk.length) return;
      pending.push(Buffer.from(chunk.subarray(from)));
      pendingBytes += chunk.length - from;
      if (pendingBytes > MAX_ROW_BYTES) refuse('OP_ARCHIVE_CORRUPT', `${expected.path}: a row is over 512 MiB`);
    },
    end() {
      if (!damage && pendingBytes > 0) line(Buffer.concat(pending));
      if (!damage && lines === 0) refuse('OP_ARCHIVE_TRUNCATED', `${expected.path} is empty`);
      if (!damage && !isClosed) refuse('OP_ARCHIVE_TRUNCATED', `${expected.path} stops before its closing bracket`);
      if (!damage && expected.rows !== undefined && expected.rows !== rows) {
        refuse('OP_ARCHIVE_CORRUPT', `${expected.path} has ${rows} rows, not ${expected.rows}`);
      }
      return damage ? [damage] : [];
    },
  };
}

function cellProblem(cell: unknown, column: ManifestColumn): string | undefined {
  if (cell === null) return column.nullable || column.generated ? undefined : 'is null but must not be';
  switch (column.encoding) {
    case 'integer':
    case 'float':
    case 'index':
      return typeof cell === 'number' ? undefined : 'is not a number';
    case 'text':
      return typeof cell === 'string' ? undefined : 'is not a string';
    case 'base64':
    case 'charset-base64':
      return typeof cell === 'string' && cell.length % 4 === 0 && BASE64.test(cell) ? undefined : 'is not base64';
    default:
      column.encoding satisfies never;
      return undefined;
  }
}
