import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import {
  type ConnectionOptions,
  createConnection,
  type Connection as DriverConnection,
  type QueryOptions,
} from 'mysql2';
import type { ConnectionSettings, TlsSettings } from '../model/connection-settings';
import { toSourceError } from './source-error';

export interface ServerIdentity {
  readonly flavour: 'mariadb' | 'mysql';
  readonly version: string;
  readonly hostname: string;
  readonly port: number;
  readonly serverId: string;
  readonly serverUuid?: string;
}

/** A row as text: exactly what the server printed, or null. */
export type TextRow = Readonly<Record<string, string | null>>;
/** A row as bytes: exactly what the server sent, or null. */
export type ByteRow = Readonly<Record<string, Buffer | null>>;

/** One session, made for reading: UTC, no conversion of text, patient, repeatable read. */
export interface SourceConnection {
  readonly settings: ConnectionSettings;
  readonly server: ServerIdentity;
  /** The driver's connection; only row-packets.ts reaches through it. */
  readonly driver: DriverConnection;
  query(sql: string, values?: readonly unknown[]): Promise<TextRow[]>;
  /** For the few answers that are not text in one character set. */
  queryBytes(sql: string): Promise<ByteRow[]>;
  /** Ends the session; a broken one is cut off. Never throws. */
  close(): Promise<void>;
  /** Cuts the socket so that the server stops sending; destroying the driver's connection only half-closes it. */
  cut(reason: Error): void;
}

export const PROGRAM_NAME = 'bklog-backup';

/** Longest time the server waits for us to take the next bytes: a store that stalls for hours must not end a table early. */
const PATIENCE_S = 24 * 60 * 60;
/** Longest wait for a table that somebody is altering. */
const METADATA_LOCK_WAIT_S = 60;

const SESSION_STATEMENTS = [
  'SET NAMES utf8mb4',
  // Text arrives in the column's own character set, byte for byte: the server would turn what it cannot convert into '?'.
  'SET SESSION character_set_results = NULL',
  "SET SESSION time_zone = '+00:00'",
  "SET SESSION sql_mode = ''",
  'SET SESSION sql_quote_show_create = 1',
  'SET SESSION sql_select_limit = DEFAULT',
  `SET SESSION net_write_timeout = ${PATIENCE_S}`,
  `SET SESSION net_read_timeout = ${PATIENCE_S}`,
  `SET SESSION wait_timeout = ${PATIENCE_S}`,
  `SET SESSION lock_wait_timeout = ${METADATA_LOCK_WAIT_S}`,
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
];

async function pem(value: string): Promise<string> {
  return value.includes('-----BEGIN') ? value : await readFile(value, 'utf8');
}

async function driverTls(tls: TlsSettings): Promise<NonNullable<ConnectionOptions['ssl']>> {
  return {
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(tls.ca ? { ca: await pem(tls.ca) } : {}),
    ...(tls.cert ? { cert: await pem(tls.cert) } : {}),
    ...(tls.key ? { key: await pem(tls.key) } : {}),
  };
}

// Always UTF-8: the driver takes the server's utf8mb3, which definitions come in, for CESU-8 and breaks 🚀 in them.
const textQuery = (driver: DriverConnection, sql: string, values: readonly unknown[]): Promise<TextRow[]> =>
  rowsOf(driver, { sql, values: [...values], typeCast: (field) => field.string('utf8') });
const byteQuery = (driver: DriverConnection, sql: string): Promise<ByteRow[]> =>
  rowsOf(driver, { sql, typeCast: (field) => field.buffer() });

function rowsOf<R>(driver: DriverConnection, query: QueryOptions): Promise<R[]> {
  return new Promise((resolve, reject) => {
    // A streaming or idle loss is reported on the connection alone, so each query listens there as well.
    const onLost = (error: Error) => reject(error);
    driver.once('error', onLost);
    driver.query(query, (error, rows) => {
      driver.off('error', onLost);
      if (error) reject(error);
      else resolve(Array.isArray(rows) ? (rows as R[]) : []);
    });
  });
}

function socketOf(driver: DriverConnection): Socket {
  return (driver as unknown as { stream: Socket }).stream;
}

/** Opens one reading session. Errors: OP_SOURCE_UNREACHABLE, OP_SOURCE_DENIED, OP_SOURCE_MISSING, OP_ABORTED. */
export async function openConnection(settings: ConnectionSettings, signal?: AbortSignal): Promise<SourceConnection> {
  signal?.throwIfAborted();
  const driver = createConnection({
    host: settings.host,
    port: settings.port,
    user: settings.user,
    password: settings.password,
    database: settings.database,
    charset: 'utf8mb4_general_ci',
    connectTimeout: settings.connectTimeoutMs,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    multipleStatements: false,
    connectAttributes: { program_name: PROGRAM_NAME },
    ...(settings.tls ? { ssl: await driverTls(settings.tls) } : {}),
  });
  // Losing an idle connection must never become an uncaught 'error' event; the next query reports it.
  driver.on('error', () => {});
  const cut = (reason: Error) => socketOf(driver).destroy(reason);
  const onAbort = () => cut(new Error('aborted'));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => driver.connect((error) => (error ? reject(error) : resolve())));
    // A server that hangs up while it is being sent rows is noticed at once, not when a write fails minutes later.
    socketOf(driver).once('end', () => cut(new Error('the server closed the connection')));
    for (const statement of SESSION_STATEMENTS) await textQuery(driver, statement, []);
    const server = await readServerIdentity(driver);
    await textQuery(
      driver,
      server.flavour === 'mariadb' ? 'SET SESSION max_statement_time = 0' : 'SET SESSION max_execution_time = 0',
      [],
    );
    const ask = async <R>(query: Promise<R[]>): Promise<R[]> => {
      try {
        return await query;
      } catch (error) {
        signal?.throwIfAborted();
        throw toSourceError(error, settings, 'carrying out a statement');
      }
    };
    return {
      settings,
      server,
      driver,
      async query(sql, values = []) {
        signal?.throwIfAborted();
        return await ask(textQuery(driver, sql, values));
      },
      async queryBytes(sql) {
        signal?.throwIfAborted();
        return await ask(byteQuery(driver, sql));
      },
      async close() {
        signal?.removeEventListener('abort', onAbort);
        await new Promise<void>((resolve) => {
          const giveUp = setTimeout(() => {
            cut(new Error('the server did not answer the farewell'));
            resolve();
          }, 2_000);
          driver.end(() => {
            clearTimeout(giveUp);
            socketOf(driver).destroy();
            resolve();
          });
        });
      },
      cut,
    };
  } catch (error) {
    signal?.removeEventListener('abort', onAbort);
    driver.destroy();
    cut(new Error('not connected'));
    signal?.throwIfAborted();
    throw toSourceError(error, settings, 'connecting');
  }
}

async function readServerIdentity(driver: DriverConnection): Promise<ServerIdentity> {
  const [row] = await textQuery(
    driver,
    'SELECT VERSION() AS version, @@hostname AS hostname, @@port AS port, @@server_id AS server_id',
    [],
  );
  const version = row?.version ?? '';
  const flavour = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  const [uuid] = await textQuery(driver, "SHOW VARIABLES LIKE 'server_uuid'", []);
  return {
    flavour,
    version,
    hostname: row?.hostname ?? '',
    port: Number(row?.port ?? 0),
    serverId: row?.server_id ?? '',
    ...(uuid?.Value ? { serverUuid: uuid.Value } : {}),
  };
}

/** Quotes an identifier for a statement. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** Lends a connection: it is closed whatever happens. */
export async function withConnection<T>(
  settings: ConnectionSettings,
  signal: AbortSignal | undefined,
  use: (connection: SourceConnection) => Promise<T>,
): Promise<T> {
  const connection = await openConnection(settings, signal);
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}
