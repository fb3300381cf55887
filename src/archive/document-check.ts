import { z } from 'zod';
import type { ManifestFile } from '../model/manifest';
import type { Finding } from '../model/verification';
import type { TableFileCheck } from './table-file-check';

/** One record must fit in memory: 64 MiB. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;
/** The lines that begin and end a record; nothing inside of one is indented so little. */
const FIRST = '    {';
const LAST = /^ {4}\},?$/;
const EMPTY = /^ {4}\{\},?$/;
const recordSchema = z.record(z.string(), z.unknown());

/** Whether a file that begins like this is a document of collectors, and no table file. */
export function looksLikeDocument(beginning: Buffer): boolean {
  const text = beginning.subarray(0, 7).toString('latin1');
  return text === '[\n    {' || text === '[]';
}

/**
 * Decodes every record of a collector document as it passes by, whole arrays of indented objects as export.py writes
 * them. Stops at the first that is wrong.
 */
export function checkDocument(expected: Pick<ManifestFile, 'path' | 'rows'>): TableFileCheck {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let record: string[] | undefined;
  let lines = 0;
  let rows = 0;
  let isClosed = false;
  let lastHadComma = true;
  let damage: Finding | undefined;
  const refuse = (code: string, what: string) => {
    damage ??= { code, object: expected.path, message: `${expected.path} ${what}` };
  };

  function line(text: string): void {
    lines += 1;
    if (isClosed) refuse('OP_ARCHIVE_CORRUPT', 'goes on after its closing bracket');
    else if (lines === 1) {
      isClosed = text === '[]';
      if (!isClosed && text !== '[') refuse('OP_ARCHIVE_CORRUPT', 'does not begin with a JSON array');
    } else if (record) {
      record.push(text);
      if (LAST.test(text)) end(record, text.endsWith(','));
    } else if (text === ']' && !lastHadComma) isClosed = true;
    else if (text === FIRST && lastHadComma) record = [text];
    else if (EMPTY.test(text) && lastHadComma) end([text], text.endsWith(','));
    else refuse('OP_ARCHIVE_CORRUPT', `has something else than a record after record ${rows}`);
  }

  function end(text: string[], hasComma: boolean): void {
    record = undefined;
    rows += 1;
    lastHadComma = hasComma;
    const json = text.join('\n');
    try {
      recordSchema.parse(JSON.parse(hasComma ? json.slice(0, -1) : json));
    } catch {
      refuse('OP_ARCHIVE_CORRUPT', `: record ${rows} is not a JSON object`);
    }
  }

  return {
    rows: () => rows,
    write(chunk) {
      let from = 0;
      for (let to = chunk.indexOf(NEWLINE); to >= 0 && !damage; to = chunk.indexOf(NEWLINE, from)) {
        pending.push(chunk.subarray(from, to));
        line(Buffer.concat(pending).toString('utf8'));
        pending = [];
        pendingBytes = record ? pendingBytes + to - from : 0;
        from = to + 1;
      }
      if (damage || from === chunk.length) return;
      pending.push(Buffer.from(chunk.subarray(from)));
      pendingBytes += chunk.length - from;
      if (pendingBytes > MAX_RECORD_BYTES) refuse('OP_ARCHIVE_CORRUPT', 'has a record of over 64 MiB');
    },
    end() {
      if (!damage && pending.length > 0) line(Buffer.concat(pending).toString('utf8'));
      if (!damage && !isClosed) refuse('OP_ARCHIVE_TRUNCATED', 'stops before its closing bracket');
      if (!damage && expected.rows !== undefined && expected.rows !== rows) {
        refuse('OP_ARCHIVE_CORRUPT', `has ${rows} records, not ${expected.rows}`);
      }
      return damage ? [damage] : [];
    },
  };
}
