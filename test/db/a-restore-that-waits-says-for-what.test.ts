import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Progress } from '../../src/support/progress';
import { backUp, restore } from '../support/backup';
import { connect, sourceOf, withDatabase, withWorkplace } from '../support/database';

test('a restore that waits for a lock tells the statement and the lock, and goes on when it is free', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query("CREATE TABLE t (id INT PRIMARY KEY, w VARCHAR(20)); INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['t'])]);
      const holder = await connect(database);
      await holder.query('START TRANSACTION; SELECT * FROM t');
      const told: Progress[] = [];
      const { findings } = await restore(workplace, {
        patience: 1,
        options: { policy: 'replace' },
        onProgress: (progress) => {
          if (progress.phase !== 'waiting') return;
          told.push(progress);
          void holder.end();
        },
      });
      assert.deepEqual(findings, []);
      assert.equal(told.length > 0, true, 'it was told');
      assert.match(told[0]!.statement!, /^RENAME TABLE .*\(Waiting for table metadata lock\)$/);
      assert.ok(told[0]!.seconds! >= 1);
    });
  });
});
