import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testServer, withDatabase, withWorkplace } from '../support/database';

const LIMIT_MIB = 250;

/** Peak memory of a whole command-line backup, verification included, in MiB. */
async function peakOfBackup(config: string, location: string, work: string, table: string): Promise<number> {
  const args = [
    'dist/src/cli.js',
    'backup',
    '--config',
    config,
    '--location',
    location,
    '--work',
    work,
    '--tables',
    table,
    // A set of other tables under the same name would lack those of the one before.
    '--name',
    table,
  ];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  let peak = 0;
  const poll = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // it has just ended
    }
  }, 20);
  const status = await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(poll);
  assert.equal(status, 0);
  return peak;
}

test('ten times the rows need no more memory, and 2,000,000 stay under 250 MiB for the whole process', {
  skip: process.platform === 'linux' ? false : 'reads /proc',
}, async (t) => {
  await withDatabase(async (database, admin) => {
    await withWorkplace(async ({ folder, location }) => {
      mkdirSync(location.path);
      const config = join(folder, 'config.yaml');
      writeFileSync(config, JSON.stringify({ it: { db: database, ...testServer() } }));
      const peaks: number[] = [];
      for (const rows of [200_000, 2_000_000]) {
        await admin.query(
          `CREATE TABLE t${rows} (id BIGINT PRIMARY KEY, a INT NOT NULL, c VARCHAR(60) NOT NULL, d DATETIME NOT NULL)`,
        );
        await admin.query(
          `INSERT INTO t${rows} SELECT seq, seq % 1000, CONCAT('item-', MD5(seq)), '2024-01-01' + INTERVAL seq SECOND FROM seq_1_to_${rows}`,
        );
        peaks.push(await peakOfBackup(config, location.path, join(folder, 'w'), `t${rows}`));
      }
      const [small = 0, large = 0] = peaks;
      t.diagnostic(`peak ${small.toFixed(0)} MiB for 200,000 rows, ${large.toFixed(0)} MiB for 2,000,000`);
      assert.ok(small > 30, 'the peak was not seen');
      assert.ok(large < LIMIT_MIB, `${large} MiB`);
      assert.ok(large < small * 1.6, `${small} MiB became ${large} MiB`);
    });
  });
});
