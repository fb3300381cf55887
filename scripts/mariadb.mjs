// A private MariaDB for the demo and the tests: own folder, own port, own process. Never touches another server.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { hostname, constants as osConstants, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { findProgram, installPackages, isProgram, lastLines, runToEnd } from './programs.mjs';

const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 10_000;

const WHAT_TO_INSTALL = `No MariaDB or MySQL server was found. Either
  - Debian, Ubuntu:  sudo apt-get install mariadb-server
  - RHEL, Fedora:    sudo dnf install mariadb-server
  - macOS:           brew install mariadb
or, with Docker:     docker compose up -d
                     export BKLOG_BACKUP_MYSQL_URL=mysql://root:backup@127.0.0.1:3307
and run the command again.`;

/**
 * @typedef {object} StartOptions
 * @property {string} [dataDir] Data directory, initialised when empty and kept by stop(). Default: a temporary one, removed by stop().
 * @property {readonly string[]} [serverOptions] Added after, and so overriding, the options set here.
 * @property {string} [label] Part of the temporary folder's name. Default "server".
 *
 * @typedef {object} MariaDbServer
 * @property {string} url
 * @property {string} host
 * @property {number} port
 * @property {string} user
 * @property {string} password
 * @property {string} [socket] Absent for a server that was not started here.
 * @property {boolean} ownServer False for the server of BKLOG_BACKUP_MYSQL_URL: stop() leaves that one alone.
 * @property {number} [pid]
 * @property {() => Promise<void>} stop May be called more than once.
 */

/** What must be undone when this process ends before stop(): synchronous, because an exit handler cannot wait. */
/** @type {Set<() => void>} */
const undoOnExit = new Set();

function undoAll() {
  for (const undo of undoOnExit) undo();
  undoOnExit.clear();
}

/** @param {NodeJS.Signals} signal */
function onSignal(signal) {
  // Whoever else listens decides what the signal means; if they exit, the exit handler cleans up.
  if (process.listenerCount(signal) > 1) return;
  undoAll();
  process.off(signal, onSignal);
  process.kill(process.pid, signal);
}

let isGuarded = false;
function guardExit() {
  if (isGuarded) return;
  isGuarded = true;
  process.on('exit', undoAll);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, onSignal);
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message || String(/** @type {any} */ (error).code) : String(error);
}

/** @returns {Promise<number>} */
function findFreePort() {
  return new Promise((resolvePort, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolvePort(port));
    });
  });
}

/** The server refuses to run as root unless told so. */
function userOption() {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

/**
 * @param {string} program
 * @param {string} dataDir
 */
function initialiseDataDir(program, dataDir) {
  if (!/mariadb/i.test(runToEnd(program, ['--no-defaults', '--version']))) {
    runToEnd(program, ['--no-defaults', '--initialize-insecure', `--datadir=${dataDir}`, ...userOption()]);
    return;
  }
  // Packages that are not on the PATH keep the script in bin/ or scripts/ beside the server's folder.
  const beside = ['bin', 'scripts'].map((folder) => join(dirname(realpathSync(program)), '..', folder));
  const install =
    findProgram('mariadb-install-db', 'mysql_install_db') ??
    beside.map((folder) => join(folder, 'mariadb-install-db')).find(isProgram);
  if (!install) throw new Error(`${program} is there but mariadb-install-db is not.\n\n${WHAT_TO_INSTALL}`);
  runToEnd(install, [
    '--no-defaults',
    `--datadir=${dataDir}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    ...userOption(),
  ]);
}

/** @param {string} given */
function useGivenServer(given) {
  const parsed = URL.canParse(given) ? new URL(given) : undefined;
  if (parsed?.protocol !== 'mysql:' || !parsed.hostname) {
    throw new Error('BKLOG_BACKUP_MYSQL_URL is not of the form mysql://user:password@host:port');
  }
  return {
    url: given,
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(parsed.port || 3306),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    ownServer: false,
    stop: async () => {},
  };
}

/**
 * Starts a server of our own, or uses the one in BKLOG_BACKUP_MYSQL_URL.
 * Own servers end with this process, by stop(), exit, SIGINT, SIGTERM or SIGHUP; only SIGKILL leaves one behind.
 * @param {StartOptions} [options]
 * @returns {Promise<MariaDbServer>}
 */
export async function startMariaDb({ dataDir, serverOptions = [], label = 'server' } = {}) {
  const given = process.env.BKLOG_BACKUP_MYSQL_URL;
  if (given) return useGivenServer(given);
  guardExit();
  if (!findProgram('mariadbd', 'mysqld')) installPackages(['mariadb-server'], WHAT_TO_INSTALL);
  const program = findProgram('mariadbd', 'mysqld');
  if (!program) throw new Error(WHAT_TO_INSTALL);

  const folder = mkdtempSync(join(tmpdir(), `bklog-mariadb-${label.replace(/[^\w-]/g, '_')}-`));
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  // Retries: a server killed a moment ago may still be writing into the folder.
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  const killNow = () => {
    child?.kill('SIGKILL');
    removeFolder();
  };
  undoOnExit.add(killNow);

  try {
    const data = resolve(dataDir ?? join(folder, 'data'));
    mkdirSync(data, { recursive: true });
    if (readdirSync(data).length === 0) initialiseDataDir(program, data);

    const port = await findFreePort();
    const socket = join(folder, 's');
    const log = join(folder, 'log');
    const password = randomBytes(18).toString('base64url');
    const initFile = join(folder, 'init.sql');
    writeFileSync(initFile, toInitStatements(password), { mode: 0o600 });
    mkdirSync(join(folder, 'tmp'));

    // Its standard error, not --log-error: that would miss what is wrong with an option.
    const logFile = openSync(log, 'a');
    const server = spawn(
      program,
      [
        '--no-defaults',
        `--datadir=${data}`,
        `--tmpdir=${join(folder, 'tmp')}`,
        `--socket=${socket}`,
        `--pid-file=${join(folder, 'pid')}`,
        `--init-file=${initFile}`,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        ...userOption(),
        '--server-id=1',
        `--log-bin=${join(data, 'binlog')}`,
        '--innodb-buffer-pool-size=256M',
        '--innodb-flush-log-at-trx-commit=2',
        '--performance-schema=OFF',
        '--skip-name-resolve',
        '--character-set-server=utf8mb4',
        '--max-allowed-packet=64M',
        '--local-infile=1',
        // MySQL only: its second protocol would take a fixed port.
        '--loose-mysqlx=OFF',
        ...serverOptions,
      ],
      // A group of its own: Ctrl-C reaches this process alone, which then stops the server in order.
      { stdio: ['ignore', logFile, logFile], detached: true },
    );
    closeSync(logFile);
    child = server;
    let hasExited = false;
    let failure = '';
    /** @type {Promise<void>} */
    const exited = new Promise((resolveExit) => {
      /** @param {string} reason */
      const settle = (reason) => {
        hasExited = true;
        failure = reason;
        resolveExit();
      };
      server.once('exit', (code, signal) => settle(`it ended with ${signal ?? code}`));
      server.once('error', (error) => settle(error.message));
    });

    for (const deadline = Date.now() + START_PATIENCE_MS; ; await sleep(100)) {
      try {
        const connection = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root', password });
        await connection.end();
        break;
      } catch (error) {
        if (!hasExited && Date.now() < deadline) continue;
        const text = existsSync(log) ? lastLines(readFileSync(log, 'utf8')) : '';
        throw new Error(`the server did not start: ${failure || messageOf(error)}\n${text}`, { cause: error });
      }
    }
    unlinkSync(initFile);

    return {
      url: `mysql://root:${password}@127.0.0.1:${port}`,
      host: '127.0.0.1',
      port,
      user: 'root',
      password,
      socket,
      ownServer: true,
      ...(server.pid === undefined ? {} : { pid: server.pid }),
      async stop() {
        if (!hasExited) {
          server.kill('SIGTERM');
          const giveUp = setTimeout(() => server.kill('SIGKILL'), STOP_PATIENCE_MS);
          await exited;
          clearTimeout(giveUp);
        }
        undoOnExit.delete(killNow);
        removeFolder();
      },
    };
  } catch (error) {
    undoOnExit.delete(killNow);
    killNow();
    throw error;
  }
}

/**
 * Makes the password the only way in before the server takes its first connection, also in a data directory of an earlier start.
 * One statement a line: MySQL reads the file that way.
 * @param {string} password
 */
function toInitStatements(password) {
  const accounts = ["root@'localhost'", "root@'127.0.0.1'"].flatMap((account) => [
    `CREATE USER IF NOT EXISTS ${account};`,
    `ALTER USER ${account} IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO ${account} WITH GRANT OPTION;`,
  ]);
  // The installer also creates root without a password for these names.
  const others = ['::1', hostname()].map((host) => `DROP USER IF EXISTS root@'${host}';`);
  return ['SET sql_log_bin = 0;', ...accounts, ...others, ''].join('\n');
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const server = await startMariaDb();
  console.log(server.url);
  const keepAlive = setInterval(() => {}, 60_000);
  /** @param {NodeJS.Signals} signal */
  const stop = async (signal) => {
    clearInterval(keepAlive);
    await server.stop();
    process.exit(128 + osConstants.signals[signal]);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop).once('SIGHUP', stop);
}
