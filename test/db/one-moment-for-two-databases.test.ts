import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { backUp } from '../support/backup';
import { connect, settingsFor, sourceOf, withDatabase, withWorkplace } from '../support/database';
import { withUnpacked } from '../support/read-archive';

const BACKUPS = 200;
const ACCOUNTS = 20;
const TOTAL = ACCOUNTS * 3 * 1000;

const sumOf = (folder: string, path: string): number =>
  (JSON.parse(readFileSync(join(folder, path), 'utf8')) as { amount: number }[]).reduce(
    (sum, { amount }) => sum + amount,
    0,
  );

test(`${BACKUPS} backups under a writer that moves amounts across tables and databases keep the total`, async () => {
  await withDatabase(async (first, admin) => {
    await withDatabase(async (second) => {
      for (const table of [`${first}.a`, `${first}.b`, `${second}.c`]) {
        await admin.query(
          `CREATE TABLE ${table} (id INT PRIMARY KEY, amount INT NOT NULL);
           INSERT INTO ${table} SELECT seq, 1000 FROM seq_1_to_${ACCOUNTS}`,
        );
      }
      const writer = await connect();
      let isStopped = false;
      let moves = 0;
      const writing = (async () => {
        const tables = [`${first}.a`, `${first}.b`, `${second}.c`];
        while (!isStopped) {
          const from = tables[moves % 3];
          const to = tables[(moves + 1) % 3];
          const id = (moves % ACCOUNTS) + 1;
          await writer.query(
            `START TRANSACTION; UPDATE ${from} SET amount = amount - 1 WHERE id = ${id};
             UPDATE ${to} SET amount = amount + 1 WHERE id = ${id}; COMMIT`,
          );
          moves += 1;
        }
      })();
      try {
        const movesSeen = new Set<number>();
        const methods = new Set<string>();
        for (let run = 0; run < BACKUPS; run += 1) {
          await withWorkplace(async (workplace) => {
            const sources = [
              sourceOf(first, ['a', 'b']),
              sourceOf(second, ['c'], settingsFor(second, { name: 'other' })),
            ];
            // One connection needs no lock, several do: both ways must hold.
            const { sealed } = await backUp(workplace, sources, { parallel: (run % 3) + 1 });
            for (const { method } of sealed.snapshots) methods.add(method);
            movesSeen.add(moves);
            await withUnpacked(join(workplace.location.path, sealed.archive.key), async (folder) => {
              const total =
                sumOf(folder, `${first}/a.json`) + sumOf(folder, `${first}/b.json`) + sumOf(folder, `${second}/c.json`);
              assert.equal(total, TOTAL, `backup ${run} after ${moves} moves`);
            });
          });
        }
        assert.ok(movesSeen.size > BACKUPS / 2, 'the writer hardly moved anything');
        assert.deepEqual([...methods].sort(), ['global-read-lock', 'single-connection']);
      } finally {
        isStopped = true;
        await writing;
        await writer.end();
      }
    });
  });
});
