import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { connectionSettingsSchema } from '../../src/model/connection-settings';
import { backUp } from '../support/backup';
import { connect, sourceOf, withDatabase, withWorkplace } from '../support/database';
import { withPrivateServer } from '../support/private-server';
import { manifestOf, readTableFile, withUnpacked } from '../support/read-archive';

const ROUNDS = 15;

test('a set of two servers is of one moment: what was written first here is never missing there', async () => {
  await withPrivateServer({ label: 'second' }, async ({ host, port, user, password }) => {
    await withDatabase(async (database, admin) => {
      const far = await createConnection({ host, port, user, password, multipleStatements: true });
      await far.query(
        'CREATE DATABASE far; CREATE TABLE far.t (id INT PRIMARY KEY, n INT NOT NULL); INSERT INTO far.t VALUES (1, 0)',
      );
      await admin.query('CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL); INSERT INTO t VALUES (1, 0)');
      const near = await connect(database);
      let isWriting = true;
      const writing = (async () => {
        for (let n = 1; isWriting; n += 1) {
          await near.query('UPDATE t SET n = ?', [n]);
          await far.query('UPDATE far.t SET n = ?', [n]);
        }
      })();
      const settings = connectionSettingsSchema.parse({ name: 'far', host, port, user, password, database: 'far' });
      const seen: number[] = [];
      await withWorkplace(async (workplace) => {
        for (let round = 0; round < ROUNDS; round += 1) {
          const { sealed } = await backUp(workplace, [sourceOf(database, ['t']), sourceOf('far', ['t'], settings)]);
          assert.deepEqual(
            sealed.snapshots.map(({ method }) => method),
            ['global-read-lock', 'global-read-lock'],
          );
          assert.ok(sealed.snapshots.every(({ lockedMs }) => lockedMs < 1_000));
          await withUnpacked(join(workplace.location.path, sealed.archive.key), async (folder) => {
            const [first = 0, second = 0] = manifestOf(folder)
              .files.filter(({ kind }) => kind === 'table')
              .sort((a) => (a.path.startsWith('far/') ? 1 : -1))
              .map((file) => Number(readTableFile(folder, file)[0]![1]));
            // The writer is never more than one ahead on the near server, and never ahead on the far one.
            assert.ok(first - second === 0 || first - second === 1, `near ${first}, far ${second}`);
            seen.push(first);
          });
        }
      });
      isWriting = false;
      await writing;
      await Promise.all([near.end(), far.end()]);
      assert.ok(new Set(seen).size > ROUNDS / 2, `the writer did not run beside the backups: ${seen}`);
    });
  });
});
