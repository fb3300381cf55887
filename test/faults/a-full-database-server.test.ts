import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { isOperationError } from '../../src/errors/operation-error';
import { backUp, restore } from '../support/backup';
import { settingsFor, sourceOf, withDatabase, withWorkplace } from '../support/database';
import { type PrivateServer, withPrivateServer } from '../support/private-server';

/** Starts a server whose data lies on a disk of its own; undefined where none may be mounted. */
async function withSmallServer(size: string, use: (server: PrivateServer) => Promise<void>): Promise<boolean> {
  const disk = mkdtempSync(join(tmpdir(), 'bklog-disk-'));
  const before = process.env.TMPDIR;
  try {
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]).status !== 0) return false;
    process.env.TMPDIR = disk;
    const serverOptions = ['--innodb-log-file-size=8M', '--skip-log-bin'];
    await withPrivateServer({ label: 'small', serverOptions }, use);
    return true;
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  }
}

test('a restore into a server whose disk fills up says so, and leaves the target as it was', async (t) => {
  await withDatabase(async (database, admin) => {
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY, w TEXT)');
    await admin.query('INSERT INTO t SELECT seq, REPEAT(MD5(seq), 100) FROM seq_1_to_60000');
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['t'])]);
      const wasMounted = await withSmallServer('160m', async ({ host, port, user, password }) => {
        const small = await createConnection({ host, port, user, password, multipleStatements: true });
        try {
          await small.query(`CREATE DATABASE \`${database}\`; USE \`${database}\`;
            CREATE TABLE t (id INT PRIMARY KEY, w TEXT); INSERT INTO t VALUES (1, 'mine')`);
          const settings = settingsFor('mysql', { host, port, user, password });
          await assert.rejects(restore(workplace, { settings }), (error) => {
            assert.ok(isOperationError(error, 'OP_STORE_FULL'), String(error));
            assert.match(error.remedy, /disk of the database server is full/);
            return true;
          });
          const [rows] = await small.query('SELECT * FROM t');
          assert.deepEqual(rows, [{ id: 1, w: 'mine' }]);
          assert.deepEqual((await small.query("SHOW DATABASES LIKE 'bklog%'"))[0], []);
        } finally {
          await small.end();
        }
      });
      if (!wasMounted) t.skip('no file system may be mounted here');
    });
  });
});
