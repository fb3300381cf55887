import { execFileSync } from 'node:child_process';
import { testServer } from './database';

/** The whole database as text, in the tool of the house. */
export function dump(database: string, server = testServer()): string {
  const { host, port, user, password } = server;
  return execFileSync(
    'mysqldump',
    [
      `-h${host}`,
      `-P${port}`,
      `-u${user}`,
      '--protocol=tcp',
      '--max-allowed-packet=512M',
      '--routines',
      '--events',
      '--triggers',
      '--hex-blob',
      '--skip-dump-date',
      '--skip-comments',
      '--order-by-primary',
      '--no-create-db',
      database,
    ],
    { encoding: 'utf8', maxBuffer: 1024 ** 3, env: { ...process.env, MYSQL_PWD: password } },
  );
}
