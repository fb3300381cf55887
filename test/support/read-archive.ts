import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Lends the folder that Debian's own tar unpacks an archive into. */
export async function withUnpacked<T>(archive: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bklog-unpacked-'));
  try {
    execFileSync('tar', ['-xzf', archive, '-C', folder]);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface FileInManifest {
  path: string;
  kind: string;
  table?: string;
  rows?: number;
  columns?: { name: string; encoding: string; charset?: string }[];
}

export function manifestOf(folder: string): { files: FileInManifest[]; notes: string[] } {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
}

/** A cell as bytes: what the server would give for CAST(column AS BINARY), or the digits of a number. */
export type Cell = string | null;

/**
 * Reads a table file with nothing but JSON and the manifest, as docs/format.md tells a stranger to: numbers are kept
 * as their digits, everything else as hex of its bytes.
 */
export function readTableFile(folder: string, file: FileInManifest): Cell[][] {
  // JSON.parse would round big integers: every number becomes a string of its digits before parsing.
  const text = readFileSync(join(folder, file.path), 'utf8');
  const rows = parseKeepingDigits(text) as Record<string, string | null>[];
  return rows.map((row) =>
    file.columns!.map(({ name, encoding }) => {
      const cell = Object.getOwnPropertyDescriptor(row, name)?.value as string | null | undefined;
      if (cell === undefined) throw new Error(`${file.path}: no column ${name}`);
      if (cell === null) return null;
      if (encoding === 'integer' || encoding === 'float' || encoding === 'index') return cell;
      return Buffer.from(cell, encoding === 'text' ? 'utf8' : 'base64').toString('hex');
    }),
  );
}

function parseKeepingDigits(text: string): unknown {
  const quoted = text.replace(/"[^"\\]*"|"(?:[^"\\]+|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
  return JSON.parse(quoted);
}
