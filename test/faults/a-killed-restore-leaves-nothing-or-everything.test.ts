import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { backUp } from '../support/backup';
import { settingsFor, sourceOf, testServer, withDatabase, withWorkplace } from '../support/database';

const ROWS = 60_000;
const TABLES = ['a', 'b', 'c'];
const KILLS = 14;

interface Ended {
  readonly status: number | null;
  readonly ms: number;
  readonly err: string;
}

/** Runs a restore from the command line and kills it outright after `killAfterMs`. */
async function runRestore(args: readonly string[], killAfterMs?: number): Promise<Ended> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['dist/src/cli.js', 'restore', 'latest', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearTimeout(timer);
  return { status, ms: performance.now() - startedAt, err };
}

async function column(admin: Connection, sql: string, values: unknown[] = []): Promise<string[]> {
  const [rows] = await admin.query<RowDataPacket[]>(sql, values);
  return rows.map((row) => String(Object.values(row)[0]));
}

/** A server needs a moment to notice that its client is gone; only then its locks and schemas are free. */
async function untilGone(admin: Connection): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const left = await column(
      admin,
      "SELECT ID FROM information_schema.PROCESSLIST WHERE DB LIKE 'bklog\\_scratch\\_%' OR DB = 'information_schema' OR INFO LIKE 'LOAD DATA%'",
    );
    if (left.length === 0) return;
    await sleep(25);
  }
  throw new Error('the sessions of the killed restore did not end');
}

test('a restore killed at any moment leaves the target empty or whole, and the next one finishes', async (t) => {
  await withDatabase(async (database, admin) => {
    for (const table of TABLES) {
      await admin.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, w CHAR(64) NOT NULL, KEY w (w));
        INSERT INTO ${table} SELECT seq, REPEAT(MD5(seq), 2) FROM seq_1_to_${ROWS}`);
    }
    await withWorkplace(async ({ folder, location, ...workplace }) => {
      await backUp({ folder, location, ...workplace }, [sourceOf(database, TABLES, settingsFor(database))]);
      const copy = `${database}_copy`;
      const config = join(folder, 'config.yaml');
      writeFileSync(config, JSON.stringify({ it: { db: 'mysql', ...testServer() } }));
      const args = ['--location', location.path, '--config', config, '--database', copy, '--work', join(folder, 'w')];
      const tables = () =>
        column(admin, 'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?', [copy]);
      try {
        const whole = await runRestore(args);
        assert.equal(whole.status, 0, whole.err);
        await admin.query(`DROP DATABASE ${copy}`);
        const outcomes = { empty: 0, whole: 0 };
        for (let kill = 0; kill < KILLS; kill += 1) {
          // From the first read of the archive to after the move, a little beyond what a whole run takes.
          await runRestore(args, whole.ms * (0.15 + (0.95 * kill) / KILLS));
          await untilGone(admin);
          const left = await tables();
          assert.ok(left.length === 0 || left.length === TABLES.length, `half a database: ${left}`);
          outcomes[left.length === 0 ? 'empty' : 'whole'] += 1;
          await admin.query(`DROP DATABASE IF EXISTS ${copy}`);
        }
        t.diagnostic(`after ${KILLS} kills: ${outcomes.empty} empty, ${outcomes.whole} whole`);
        assert.ok(outcomes.empty >= 5, 'the kills came too late to test anything');
        const last = await runRestore(args);
        assert.equal(last.status, 0, last.err);
        assert.deepEqual((await tables()).sort(), TABLES);
        for (const table of TABLES) {
          assert.deepEqual(await column(admin, `SELECT COUNT(*) FROM ${copy}.${table}`), [String(ROWS)]);
        }
        assert.deepEqual(await column(admin, "SHOW DATABASES LIKE 'bklog\\_scratch\\_%'"), []);
      } finally {
        await admin.query(`DROP DATABASE IF EXISTS ${copy}`);
      }
    });
  });
});
