import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOperationError } from '../../src/errors/operation-error';
import { newRunId } from '../../src/model/ids';
import { withConsistentSnapshot } from '../../src/mysql/consistent-snapshot';
import { carryOut } from '../../src/operations/carry-out';
import { backUp, restore } from '../support/backup';
import { settingsFor, sourceOf, withDatabase, withWorkplace } from '../support/database';

const never = new AbortController().signal;

test('a restore, and an undo, of a database that a backup is reading are refused; a plan is not; afterwards they go on', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE u LIKE t');
    await withWorkplace(async (workplace) => {
      const { sealed } = await backUp(workplace, [sourceOf(database, ['t', 'u'])]);
      await admin.query('INSERT INTO t VALUES (2)');
      const member = { names: ['it'], settings: settingsFor(database), tables: [{ database, table: 'u' }] };
      const whileRead = async (work: () => Promise<unknown>) =>
        await withConsistentSnapshot([member], { parallel: 1, signal: never }, work);
      const isBusy = (error: unknown) => {
        assert.ok(isOperationError(error, 'OP_BUSY'), String(error));
        assert.match(error.message, new RegExp(`a backup is reading ${database}`));
        return true;
      };
      const around = { runId: newRunId(), workRoot: workplace.workRoot, journalPath: workplace.journalPath };
      const request = { ...around, settings: settingsFor('mysql'), set: sealed.setId, dryRun: false };
      const undo = () => carryOut('undoRestore', { ...request, action: 'undo' as const }, never, () => {});

      await whileRead(async () => {
        assert.deepEqual((await restore(workplace, { dryRun: true })).plan.blockers, []);
        await assert.rejects(restore(workplace), isBusy);
        assert.equal((await restore(workplace, { options: { database: `${database}_copy` } })).tables, 2);
        await admin.query(`DROP DATABASE ${database}_copy`);
      });
      assert.equal((await restore(workplace)).rows, 1);
      await whileRead(async () => await assert.rejects(undo(), isBusy));
      assert.equal((await undo()).tables, 2);
      const [rows] = await admin.query('SELECT id FROM t ORDER BY id');
      assert.deepEqual(rows, [{ id: 1 }, { id: 2 }]);
    });
  });
});
