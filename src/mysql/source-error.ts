import type { ErrorCode } from '../errors/error-catalogue';
import { isOperationError, OperationError } from '../errors/operation-error';
import type { ConnectionSettings } from '../model/connection-settings';

/** Driver and server codes → ours. The only place that reads an `ER_…`. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'OP_SOURCE_UNREACHABLE',
  ENOTFOUND: 'OP_SOURCE_UNREACHABLE',
  EAI_AGAIN: 'OP_SOURCE_UNREACHABLE',
  ETIMEDOUT: 'OP_SOURCE_UNREACHABLE',
  EHOSTUNREACH: 'OP_SOURCE_UNREACHABLE',
  ENETUNREACH: 'OP_SOURCE_UNREACHABLE',
  HANDSHAKE_SSL_ERROR: 'OP_SOURCE_UNREACHABLE',
  HANDSHAKE_NO_SSL_SUPPORT: 'OP_SOURCE_UNREACHABLE',
  ER_CON_COUNT_ERROR: 'OP_SOURCE_UNREACHABLE',
  ER_HOST_NOT_PRIVILEGED: 'OP_SOURCE_DENIED',
  ER_HOST_IS_BLOCKED: 'OP_SOURCE_DENIED',
  ER_ACCESS_DENIED_ERROR: 'OP_SOURCE_DENIED',
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR: 'OP_SOURCE_DENIED',
  ER_DBACCESS_DENIED_ERROR: 'OP_SOURCE_DENIED',
  ER_TABLEACCESS_DENIED_ERROR: 'OP_SOURCE_DENIED',
  ER_COLUMNACCESS_DENIED_ERROR: 'OP_SOURCE_DENIED',
  ER_SPECIFIC_ACCESS_DENIED_ERROR: 'OP_SOURCE_DENIED',
  ER_PROCACCESS_DENIED_ERROR: 'OP_SOURCE_DENIED',
  ER_NOT_ALLOWED_COMMAND: 'OP_SOURCE_DENIED',
  ER_CLIENT_LOCAL_FILES_DISABLED: 'OP_SOURCE_DENIED',
  ER_LOAD_INFILE_CAPABILITY_DISABLED: 'OP_SOURCE_DENIED',
  ER_BAD_DB_ERROR: 'OP_SOURCE_MISSING',
  ER_NO_SUCH_TABLE: 'OP_SOURCE_MISSING',
  ER_NO_SUCH_TABLE_IN_ENGINE: 'OP_SOURCE_MISSING',
  ER_TABLE_DEF_CHANGED: 'OP_SCHEMA_CHANGED',
  ER_PARSE_ERROR: 'OP_CONFIG_INVALID',
  ER_BAD_FIELD_ERROR: 'OP_CONFIG_INVALID',
  ER_LOCK_WAIT_TIMEOUT: 'OP_SNAPSHOT_REFUSED',
  ER_DISK_FULL: 'OP_STORE_FULL',
  ER_RECORD_FILE_FULL: 'OP_STORE_FULL',
};
/** How the server quotes ENOSPC in errors of many codes. */
const NO_SPACE = /Errcode: 28\b/;
const DISK_FULL = 'The disk of the database server is full: free space there, for the tables once more, and run again.';

const LOCAL_INFILE = 'Rows are loaded by LOAD DATA LOCAL: run SET GLOBAL local_infile = ON on the server.';
const REMEDIES: Readonly<Record<string, string>> = {
  ER_DISK_FULL: DISK_FULL,
  ER_RECORD_FILE_FULL: DISK_FULL,
  ER_NOT_ALLOWED_COMMAND: LOCAL_INFILE,
  ER_CLIENT_LOCAL_FILES_DISABLED: LOCAL_INFILE,
  ER_LOAD_INFILE_CAPABILITY_DISABLED: LOCAL_INFILE,
  HANDSHAKE_SSL_ERROR: 'Check the CA certificate, the host name in the server certificate, and the TLS settings.',
  HANDSHAKE_NO_SSL_SUPPORT: 'The server offers no TLS: switch TLS off for this connection or enable it on the server.',
  ER_CON_COUNT_ERROR: 'The server has no free connection: raise max_connections or lower the parallel setting.',
};

/** MariaDB's own numbers, which the driver has no names for. */
const MARIADB_CODES: Readonly<Record<number, string>> = { 4166: 'ER_LOAD_INFILE_CAPABILITY_DISABLED' };

export function driverCode(error: unknown): string {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
  if (typeof code === 'string') return code;
  return typeof errno === 'number' ? (MARIADB_CODES[errno] ?? `ER_${errno}`) : '';
}

/** Translates what the driver threw. `doing` completes "… while <doing>". Anything unknown counts as a lost source. */
export function toSourceError(error: unknown, settings: ConnectionSettings, doing: string): OperationError {
  if (isOperationError(error)) return error;
  const raw = driverCode(error);
  const connecting = doing === 'connecting';
  const message = error instanceof Error ? error.message : String(error);
  const isFull = NO_SPACE.test(message);
  const code = isFull
    ? 'OP_STORE_FULL'
    : (CODES[raw] ?? (connecting && !raw.startsWith('ER_') ? 'OP_SOURCE_UNREACHABLE' : 'OP_SOURCE_LOST'));
  const place = `${settings.name} (${settings.host}:${settings.port})`;
  // What the server quotes may be a value of a row (a duplicate entry, say); names matter only for the codes we know.
  const text = raw.startsWith('ER_') && !CODES[raw] ? message.replace(/'[^']*'/g, "'…'") : message;
  const remedy = isFull ? DISK_FULL : REMEDIES[raw];
  return new OperationError(code, `${sentence(code)} ${place} while ${doing}: ${text}`, {
    cause: error,
    details: {
      connection: settings.name,
      host: settings.host,
      port: settings.port,
      user: settings.user,
      database: settings.database,
      serverCode: raw,
    },
    ...(remedy ? { remedy } : {}),
  });
}

function sentence(code: ErrorCode): string {
  if (code === 'OP_SOURCE_UNREACHABLE') return 'cannot reach';
  if (code === 'OP_SOURCE_DENIED') return 'refused by';
  if (code === 'OP_SOURCE_MISSING') return 'not found on';
  if (code === 'OP_SOURCE_LOST') return 'lost';
  if (code === 'OP_STORE_FULL') return 'no space left on';
  return 'stopped at';
}
