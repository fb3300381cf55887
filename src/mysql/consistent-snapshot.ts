import { setTimeout as sleep } from 'node:timers/promises';
import { cleanUpAfter, OperationError } from '../errors/operation-error';
import type { ConnectionSettings } from '../model/connection-settings';
import type { SnapshotCoordinates } from '../model/manifest';
import { openConnection, type SourceConnection } from './connection';
import { markReading } from './reading-marks';
import { qualifiedName } from './row-packets';
import { driverCode } from './source-error';

/** One server account that takes part in a snapshot, and the tables read through it. */
export interface SnapshotMember {
  /** Names of the connections that use this account. */
  readonly names: readonly string[];
  readonly settings: ConnectionSettings;
  readonly tables: readonly { readonly database: string; readonly table: string }[];
}

export interface MemberSnapshot {
  readonly member: SnapshotMember;
  /** Connections inside the same read view. */
  readonly readers: readonly SourceConnection[];
  readonly coordinates: SnapshotCoordinates;
}

type LockMethod = SnapshotCoordinates['method'];

/** Waiting writers feel a lock attempt, so each is short and there are many. */
const LOCK_WAIT_S = 1;
const LOCK_ATTEMPTS = 20;
const PAUSE_BETWEEN_ATTEMPTS_MS = 500;

/** Server codes of a missing privilege for a lock. */
const DENIED = new Set(['ER_SPECIFIC_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_TABLEACCESS_DENIED_ERROR']);

/**
 * Opens one read view for all members, lends it to `use`, and closes every connection.
 * 1. open all reading connections and one for the lock per member
 * 2. hold all writers: global read lock, else a read lock on the chosen tables; one reader alone needs neither
 * 3. start the transactions and note the coordinates
 * 4. let the writers go on
 * Errors: OP_SNAPSHOT_REFUSED (no privilege to hold writers where several connections need it, or a lock that cannot
 * be had), OP_SOURCE_*, OP_ABORTED.
 */
export async function withConsistentSnapshot<T>(
  members: readonly SnapshotMember[],
  options: { readonly parallel: number; readonly signal: AbortSignal },
  use: (snapshots: readonly MemberSnapshot[]) => Promise<T>,
): Promise<T> {
  const opened: SourceConnection[] = [];
  const open = async (settings: ConnectionSettings) => {
    const connection = await openConnection(settings, options.signal);
    opened.push(connection);
    return connection;
  };
  let reason: unknown;
  try {
    const parties = await Promise.all(
      members.map(async (member) => ({
        member,
        lock: await open(member.settings),
        readers: await Promise.all(Array.from({ length: options.parallel }, () => open(member.settings))),
      })),
    );
    for (const { member, lock } of parties)
      await markReading(lock, new Set(member.tables.map((table) => table.database)));
    return await use(await beginSnapshot(parties, options.signal));
  } catch (error) {
    reason = error;
    throw error;
  } finally {
    await cleanUpAfter(reason, () => Promise.all(opened.map((connection) => connection.close())));
  }
}

interface Party {
  readonly member: SnapshotMember;
  readonly lock: SourceConnection;
  readonly readers: readonly SourceConnection[];
}

async function beginSnapshot(parties: readonly Party[], signal: AbortSignal): Promise<MemberSnapshot[]> {
  const { methods, lockedAt } = await holdWriters(parties, signal);
  try {
    const readersOf = (party: Party, index: number) =>
      methods[index] === 'single-connection' ? party.readers.slice(0, 1) : party.readers;
    await Promise.all(
      parties.flatMap((party, index) =>
        readersOf(party, index).map((reader) => reader.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')),
      ),
    );
    const found = await Promise.all(
      parties.map((party, index) => readCoordinates(party, methods[index]!, readersOf(party, index)[0]!)),
    );
    const lockedMs = await releaseWriters(parties, lockedAt);
    return parties.map((party, index) => {
      const readers = readersOf(party, index);
      return {
        member: party.member,
        readers,
        coordinates: {
          ...found[index]!,
          connections: readers.length,
          lockedMs: methods[index] === 'single-connection' ? 0 : lockedMs,
        },
      };
    });
  } catch (error) {
    await cleanUpAfter(error, () => releaseWriters(parties, lockedAt));
    throw error;
  }
}

/** Holds the writers of all servers at once, so that the read views are of one moment. */
async function holdWriters(
  parties: readonly Party[],
  signal: AbortSignal,
): Promise<{ methods: LockMethod[]; lockedAt: number }> {
  for (const { lock } of parties) await lock.query(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_S}`);
  // A second account on a server that is locked globally needs no lock of its own.
  const lockedServers = new Set<string>();
  for (let attempt = 1; ; attempt += 1) {
    const lockedAt = performance.now();
    const methods: LockMethod[] = [];
    try {
      lockedServers.clear();
      for (const party of parties) {
        const server = serverKey(party.lock);
        const method = lockedServers.has(server) ? 'global-read-lock' : await lockParty(party, parties.length === 1);
        if (method === 'global-read-lock') lockedServers.add(server);
        methods.push(method);
      }
      return { methods, lockedAt };
    } catch (error) {
      await cleanUpAfter(error, () => releaseWriters(parties, lockedAt));
      const cause = error instanceof Error ? error.cause : undefined;
      if (driverCode(cause) !== 'ER_LOCK_WAIT_TIMEOUT') throw error;
      if (attempt === LOCK_ATTEMPTS) throw await lockRefused(parties, cause);
      await sleep(PAUSE_BETWEEN_ATTEMPTS_MS, undefined, { signal });
    }
  }
}

function serverKey({ server, settings }: SourceConnection): string {
  return server.serverUuid ?? `${server.hostname}:${server.port}:${server.serverId}:${settings.host}:${settings.port}`;
}

async function lockParty({ member, lock, readers }: Party, isAlone: boolean): Promise<LockMethod> {
  const isOneReader = isAlone && readers.length === 1;
  if (isOneReader) return 'single-connection';
  if (await tryLock(lock, 'FLUSH TABLES WITH READ LOCK')) return 'global-read-lock';
  const tables = member.tables.map(({ database, table }) => `${qualifiedName(database, table)} READ`);
  if (await tryLock(lock, `LOCK TABLES ${tables.join(', ')}`)) return 'table-read-lock';
  if (isAlone) return 'single-connection';
  const account = await currentAccount(lock);
  throw new OperationError(
    'OP_SNAPSHOT_REFUSED',
    `${member.names.join(', ')} may not hold writers for the moment of the snapshot, which several connections need`,
    {
      details: { connections: member.names, grant: `GRANT RELOAD ON *.* TO ${account}` },
      remedy: `Run on ${member.settings.host}: GRANT RELOAD ON *.* TO ${account}; or GRANT LOCK TABLES on each database.`,
    },
  );
}

async function tryLock(lock: SourceConnection, statement: string): Promise<boolean> {
  try {
    await lock.query(statement);
    return true;
  } catch (error) {
    if (error instanceof Error && DENIED.has(driverCode(error.cause))) return false;
    throw error;
  }
}

/** The account as a GRANT names it. */
export async function currentAccount(connection: SourceConnection): Promise<string> {
  const [row] = await connection.query('SELECT CURRENT_USER() AS account');
  const [user = '', host = '%'] = (row?.account ?? '').split(/@(?=[^@]*$)/);
  return `'${user}'@'${host}'`;
}

async function lockRefused(parties: readonly Party[], cause: unknown): Promise<OperationError> {
  const running = await parties[0]!.lock
    .query(
      `SELECT ID AS id, TIME AS seconds, STATE AS state FROM information_schema.PROCESSLIST
        WHERE COMMAND <> 'Sleep' AND ID <> CONNECTION_ID() ORDER BY TIME DESC LIMIT 5`,
    )
    .catch(() => []);
  return new OperationError(
    'OP_SNAPSHOT_REFUSED',
    `a read lock could not be had within ${LOCK_WAIT_S} s in ${LOCK_ATTEMPTS} attempts`,
    {
      cause,
      retry: 'later',
      details: { running: running.map(({ id, seconds, state }) => ({ id, seconds, state })) },
      remedy: 'A statement or transaction holds the tables: wait until the processes in the details have ended.',
    },
  );
}

/** Returns how long writers were held, in milliseconds. */
async function releaseWriters(parties: readonly Party[], lockedAt: number): Promise<number> {
  await Promise.all(parties.map(({ lock }) => lock.query('UNLOCK TABLES')));
  return Math.round(performance.now() - lockedAt);
}

async function readCoordinates(
  { member, lock }: Party,
  method: LockMethod,
  reader: SourceConnection,
): Promise<Omit<SnapshotCoordinates, 'connections' | 'lockedMs'>> {
  const [clock] = await reader.query("SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ') AS server_time");
  const binlog =
    method === 'single-connection' ? await snapshotBinlogPosition(reader) : await lockedBinlogPosition(lock);
  const gtid = method === 'single-connection' ? await gtidOf(reader, binlog) : await gtidUnderLock(lock);
  const { flavour, version, hostname, serverUuid } = reader.server;
  return {
    sources: [...member.names],
    server: { flavour, version, hostname, ...(serverUuid ? { serverUuid } : {}) },
    serverTime: clock?.server_time ?? '',
    method,
    ...(binlog ? { binlog } : {}),
    ...(gtid ? { gtid } : {}),
  };
}

/** Coordinates are welcome, not required: an account without the privilege, or a server without a binlog, has none. */
async function optionalRow(connection: SourceConnection, sql: string) {
  try {
    return (await connection.query(sql))[0];
  } catch (error) {
    const code = driverCode(error instanceof Error ? error.cause : undefined);
    if (code.startsWith('ER_')) return undefined;
    throw error;
  }
}

async function lockedBinlogPosition(lock: SourceConnection): Promise<SnapshotCoordinates['binlog']> {
  const row =
    (await optionalRow(lock, 'SHOW MASTER STATUS')) ??
    (lock.server.flavour === 'mysql' ? await optionalRow(lock, 'SHOW BINARY LOG STATUS') : undefined);
  return row?.File ? { file: row.File, position: Number(row.Position) } : undefined;
}

/** MariaDB keeps the binlog position that belongs to a session's snapshot; MySQL has none without a lock. */
async function snapshotBinlogPosition(reader: SourceConnection): Promise<SnapshotCoordinates['binlog']> {
  if (reader.server.flavour !== 'mariadb') return undefined;
  const rows = await reader.query("SHOW STATUS LIKE 'Binlog_snapshot_%'");
  const value = (name: string) => rows.find((row) => row.Variable_name?.toLowerCase() === name)?.Value;
  const file = value('binlog_snapshot_file');
  return file ? { file, position: Number(value('binlog_snapshot_position')) } : undefined;
}

async function gtidOf(
  reader: SourceConnection,
  binlog: SnapshotCoordinates['binlog'],
): Promise<string | null | undefined> {
  if (reader.server.flavour !== 'mariadb' || !binlog) return undefined;
  const [row] = await reader.query('SELECT BINLOG_GTID_POS(?, ?) AS gtid', [binlog.file, binlog.position]);
  return row?.gtid;
}

async function gtidUnderLock(lock: SourceConnection): Promise<string | null | undefined> {
  const sql =
    lock.server.flavour === 'mariadb' ? 'SELECT @@gtid_binlog_pos AS gtid' : 'SELECT @@GLOBAL.gtid_executed AS gtid';
  return (await optionalRow(lock, sql))?.gtid;
}
