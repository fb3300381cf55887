import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { testServer } from './database';

/** A database, or some of its tables, as text in the tool of the house. */
export function dump(database: string, server = testServer(), tables: readonly string[] = []): string {
  const { host, port, user, password } = server;
  const objects = ['--routines', '--events', '--triggers', '--hex-blob', '--no-create-db'];
  const text = ['--skip-dump-date', '--skip-comments', '--order-by-primary', '--max-allowed-packet=512M'];
  const reach = [`-h${host}`, `-P${port}`, `-u${user}`, '--protocol=tcp'];
  return execFileSync('mysqldump', [...reach, ...text, ...objects, database, ...tables], {
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
    env: { ...process.env, MYSQL_PWD: password },
  });
}

/** Compares two texts and shows the first lines that differ, not megabytes. */
export function assertSameText(actual: string, expected: string, message = 'the same text'): void {
  if (actual === expected) return;
  const [is, was] = [actual.split('\n'), expected.split('\n')];
  const at = is.findIndex((line, index) => line !== was[index]);
  const shown = (lines: readonly string[]) =>
    lines.slice(Math.max(0, at - 1), at + 3).map((line) => line.slice(0, 300));
  assert.deepEqual(shown(is), shown(was), `${message}: line ${at + 1}`);
  assert.equal(is.length, was.length, `${message}: number of lines`);
}
