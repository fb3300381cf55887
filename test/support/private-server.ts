import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface PrivateServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  stop(): Promise<void>;
}

/** Lends a second MariaDB of our own, also when the tests use a given one. */
export async function withPrivateServer<T>(
  options: { readonly label: string; readonly serverOptions?: readonly string[] },
  use: (server: PrivateServer) => Promise<T>,
): Promise<T> {
  const { startMariaDb } = (await import(pathToFileURL(join(process.cwd(), 'scripts/mariadb.mjs')).href)) as {
    startMariaDb(options: object): Promise<PrivateServer>;
  };
  const given = process.env.BKLOG_BACKUP_MYSQL_URL;
  delete process.env.BKLOG_BACKUP_MYSQL_URL;
  let server: PrivateServer;
  try {
    server = await startMariaDb(options);
  } finally {
    if (given) process.env.BKLOG_BACKUP_MYSQL_URL = given;
  }
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}
