import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { isOperationError } from '../../src/errors/operation-error';
import { observeDurableSteps } from '../../src/support/durable-step';
import { backUp, restore, undo } from '../support/backup';
import { connect, settingsFor, sourceOf, withDatabase, withSchema, withWorkplace } from '../support/database';
import { assertSameText, dump } from '../support/dump';
import { buildTangled, changeTangled, ownSchemas, TANGLED_TABLES } from '../support/tangled-database';

test('a swap puts the set in place and keeps what was there; undo gives it back exactly, with triggers and foreign keys', async () => {
  await withDatabase(async (database, admin) => {
    await buildTangled(admin);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, TANGLED_TABLES)]);
      const atBackup = dump(database);
      await changeTangled(admin);
      await admin.query('CREATE TABLE later (id INT PRIMARY KEY); INSERT INTO later VALUES (1)');
      const atRestore = dump(database);
      assert.notEqual(atRestore, atBackup);

      const { findings, plan } = await restore(workplace);
      assert.deepEqual(findings, []);
      await admin.query('DROP TABLE later');
      assertSameText(dump(database), atBackup, 'the set is in place');
      await assert.rejects(admin.query('INSERT INTO child VALUES (9, 99, NULL)'), /foreign key constraint/i);
      const kept = await ownSchemas(admin);
      assert.deepEqual(kept, [`_before_${plan.setId}`, `_before_${plan.setId}_${database}`]);

      await assert.rejects(restore(workplace), (error) => {
        assert.ok(isOperationError(error, 'OP_RESTORE_REFUSED'));
        assert.match(error.message, /undo or discard that first/);
        return true;
      });
      await admin.query(
        "CREATE TABLE later (id INT PRIMARY KEY); INSERT INTO later VALUES (1); INSERT INTO log (what) VALUES ('written since')",
      );
      const told = await undo(workplace, { dryRun: true });
      assert.match(
        told.steps.join('\n'),
        /drop 3 restored tables .* 7 rows, with all that was written since; rows restored → now: log 1 → 2\n/,
      );
      assert.deepEqual(await ownSchemas(admin), kept, 'a dry run changes nothing');

      assert.deepEqual((await undo(workplace)).findings, []);
      assertSameText(dump(database), atRestore, 'undo gives back what was there');
      await assert.rejects(admin.query('INSERT INTO child (id, parent) VALUES (9, 99)'), /foreign key constraint/i);
      assert.deepEqual(await ownSchemas(admin), []);
      await assert.rejects(undo(workplace), (error) => isOperationError(error, 'OP_RESTORE_REFUSED'));
    });
  });
});

test('discard drops what was replaced; policy replace keeps nothing; both leave the restored set', async () => {
  await withDatabase(async (database, admin) => {
    await buildTangled(admin);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, TANGLED_TABLES)]);
      const atBackup = dump(database);
      await admin.query('DELETE FROM log; UPDATE child SET w = NULL');
      await restore(workplace);
      assert.equal((await undo(workplace, { action: 'discard' })).tables, 3);
      assertSameText(dump(database), atBackup);
      assert.deepEqual(await ownSchemas(admin), []);

      await admin.query('DELETE FROM log');
      assert.deepEqual((await restore(workplace, { options: { policy: 'replace' } })).findings, []);
      assertSameText(dump(database), atBackup);
      assert.deepEqual(await ownSchemas(admin), []);
    });
  });
});

test('what would be lost or left pointing into nothing blocks a swap', async () => {
  await withDatabase(async (database, admin) => {
    await buildTangled(admin);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, TANGLED_TABLES)]);
      await admin.query(`CREATE TABLE outside (id INT PRIMARY KEY, p INT, CONSTRAINT fo FOREIGN KEY (p) REFERENCES parent (id));
        CREATE TRIGGER new_one BEFORE DELETE ON log FOR EACH ROW SET @x = 1; DROP VIEW both_of; CREATE TABLE both_of (id INT)`);
      const before = dump(database);
      const { plan } = await restore(workplace, { dryRun: true });
      assert.deepEqual(plan.blockers.map(({ object }) => object).sort(), [
        `${database}.outside: foreign key fo`,
        `${database}: both_of`,
        `${database}: trigger new_one`,
      ]);
      await assert.rejects(restore(workplace), (error) => isOperationError(error, 'OP_RESTORE_REFUSED'));
      assertSameText(dump(database), before);
    });
  });
});

test('an undo that would leave a foreign key pointing into nothing is refused before anything is touched', async () => {
  await withDatabase(async (database, admin) => {
    await buildTangled(admin);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, TANGLED_TABLES)]);
      await changeTangled(admin);
      const atRestore = dump(database);
      await restore(workplace);
      await admin.query(`CREATE TABLE later (id INT PRIMARY KEY, p INT, CONSTRAINT lf FOREIGN KEY (p) REFERENCES parent (id));
        INSERT INTO later VALUES (1, 1)`);
      const restored = dump(database);
      for (const dryRun of [true, false]) {
        await assert.rejects(undo(workplace, { dryRun }), (error) => {
          assert.ok(isOperationError(error, 'OP_RESTORE_REFUSED'), String(error));
          assert.match(error.message, new RegExp(`: foreign key lf of ${database}.later points to parent$`));
          assert.match(error.remedy, /^Nothing was changed. Drop the foreign keys/);
          return true;
        });
      }
      assertSameText(dump(database), restored);
      await admin.query('DROP TABLE later');
      await undo(workplace);
      assertSameText(dump(database), atRestore);
    });
  });
});

test('an undo that is broken off says so and what finishes it; one that has nothing to undo says where it looked', async () => {
  await withDatabase(async (database, admin) => {
    await buildTangled(admin);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, TANGLED_TABLES)]);
      await changeTangled(admin);
      const atRestore = dump(database);
      const { plan } = await restore(workplace);
      const holder = await connect(database);
      try {
        await holder.query('START TRANSACTION; SELECT * FROM log');
        const undoing = undo(workplace);
        undoing.catch(() => undefined);
        await admin.query(`KILL ${await sessionAt(admin, 'Waiting for table metadata lock')}`);
        await assert.rejects(undoing, (error) => {
          assert.ok(isOperationError(error, 'OP_SOURCE_LOST'), String(error));
          assert.match(error.message, new RegExp(`^undo of the restore of ${plan.setId} was broken off: `));
          assert.match(error.message, / while carrying out a statement: /);
          assert.match(
            error.remedy,
            new RegExp(`still kept.*run restore --undo ${plan.setId} again, which finishes it`),
          );
          return true;
        });
      } finally {
        await holder.end();
      }
      assert.deepEqual((await undo(workplace)).findings, []);
      assertSameText(dump(database), atRestore);
      await assert.rejects(undo(workplace, { set: 'latest' }), (error) => {
        assert.ok(isOperationError(error, 'OP_RESTORE_REFUSED'));
        assert.match(error.message, /^no restore is kept on .+:\d+ to undo$/);
        assert.match(error.remedy, /^Nothing was changed\. Name the server of the restore and an account that may see/);
        return true;
      });
    });
  });
});

async function sessionAt(admin: Connection, state: string): Promise<unknown> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const [rows] = await admin.query<RowDataPacket[]>(
      'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE STATE = ?',
      [state],
    );
    if (rows[0]) return rows[0].id;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no session came to "${state}"`);
}

test('a selection of tables is swapped alone; its foreign keys point to the tables that stay', async () => {
  await withDatabase(async (database, admin) => {
    await buildTangled(admin);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, TANGLED_TABLES)]);
      await admin.query('ALTER TABLE parent DROP FOREIGN KEY fc');
      const parent = dump(database, undefined, ['parent']);
      const child = dump(database, undefined, ['child']);
      await admin.query("UPDATE child SET w = 'lost'; INSERT INTO log (what) VALUES ('stays')");
      const { findings, tables } = await restore(workplace, { options: { tables: ['child'] } });
      assert.deepEqual([findings, tables], [[], 1]);
      assertSameText(dump(database, undefined, ['child']), child);
      assertSameText(dump(database, undefined, ['parent']), parent);
      await assert.rejects(admin.query('INSERT INTO child VALUES (9, 99, NULL)'), /foreign key constraint/i);
      const [rows] = await admin.query<RowDataPacket[]>("SELECT 1 FROM log WHERE what = 'stays'");
      assert.equal(rows.length, 1);
      await undo(workplace);
      await assert.rejects(restore(workplace, { options: { tables: ['nowhere'] } }), (error) =>
        isOperationError(error, 'OP_SOURCE_MISSING'),
      );
    });
  });
});

test('policy skip inserts the rows whose key is absent and says how many it left alone; a row filter narrows it', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE biz (id INT PRIMARY KEY, bk_biz_id INT, name VARCHAR(20), UNIQUE KEY n (name));
      INSERT INTO biz VALUES (1, 2, 'a'), (2, 2, 'b'), (3, 3, 'c'), (4, 2, 'd'), (5, 3, 'e');
      CREATE TABLE part (id INT PRIMARY KEY, biz INT NOT NULL, FOREIGN KEY (biz) REFERENCES biz (id));
      INSERT INTO part VALUES (1, 1), (2, 5)`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['biz', 'part'])]);
      await admin.query(`DELETE FROM part; DELETE FROM biz WHERE id IN (1, 2, 5); UPDATE biz SET name = 'mine' WHERE id = 3;
        INSERT INTO biz VALUES (20, 2, 'b')`);
      const only = await restore(workplace, {
        options: { policy: 'skip', tables: ['biz'], where: { column: 'bk_biz_id', value: '2' } },
      });
      // 1 comes back; 2 has the unique name of 20, 4 is there: both are left alone.
      assert.deepEqual(only.filled, [{ database, table: 'biz', inserted: 1, skipped: 2 }]);
      const whole = await restore(workplace, { options: { policy: 'skip' } });
      assert.deepEqual(whole.filled, [
        { database, table: 'biz', inserted: 1, skipped: 4 },
        { database, table: 'part', inserted: 2, skipped: 0 },
      ]);
      const [rows] = await admin.query<RowDataPacket[]>('SELECT id, name FROM biz ORDER BY id');
      assert.deepEqual(
        rows.map(({ id, name }) => `${id} ${name}`),
        ['1 a', '3 mine', '4 d', '5 e', '20 b'],
      );
      assert.deepEqual(await ownSchemas(admin), []);
      await assert.rejects(
        restore(workplace, { options: { policy: 'swap', where: { column: 'bk_biz_id', value: '2' } } }),
        (error) => isOperationError(error, 'OP_CONFIG_INVALID'),
      );
    });
  });
});

test('a stored plan is carried out while the target is what it saw, and refused with what moved otherwise', async () => {
  await withDatabase(async (database, admin) => {
    await buildTangled(admin);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, TANGLED_TABLES)]);
      const { plan: seen } = await restore(workplace, { dryRun: true });
      await admin.query("INSERT INTO log (what) VALUES ('meanwhile')");
      await assert.rejects(restore(workplace, { seen }), (error) => {
        assert.ok(isOperationError(error, 'OP_RESTORE_REFUSED'));
        assert.match(error.message, /table log: 1 rows, .* → 2 rows/);
        return true;
      });
      const { plan } = await restore(workplace, { dryRun: true });
      assert.deepEqual((await restore(workplace, { seen: plan })).findings, []);
      await undo(workplace);
    });
  });
});

test('after rows were inserted no failure says that nothing was changed, and each says what went in', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE biz (id INT PRIMARY KEY); INSERT INTO biz VALUES (1), (2), (3);
      CREATE TABLE absent (id INT PRIMARY KEY); CREATE USER ${database}@'%' IDENTIFIED BY 'pw';
      GRANT ALL ON \`bklog\\_scratch\\_%\`.* TO ${database}@'%'; GRANT ALL ON \`\\_before\\_%\`.* TO ${database}@'%';
      GRANT SELECT, INSERT ON \`${database}\`.* TO ${database}@'%'`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['biz', 'absent'])]);
      await admin.query('DROP TABLE absent');
      const options = { policy: 'skip' } as const;
      const stop = new AbortController();
      const settings = settingsFor('mysql', { user: database, password: 'pw' });
      const failures: Record<string, () => Promise<unknown>> = {
        OP_SOURCE_DENIED: () => restore(workplace, { options, settings }),
        OP_ABORTED: () => {
          observeDurableSteps((step, moment) => step === 'restore.fill' && moment === 'after' && stop.abort());
          return restore(workplace, { options }, stop.signal);
        },
      };
      try {
        for (const [code, fail] of Object.entries(failures)) {
          await admin.query('DELETE FROM biz WHERE id > 1');
          await assert.rejects(fail(), (error) => {
            assert.ok(isOperationError(error), String(error));
            assert.equal(error.code, code);
            assert.match(error.message, /^the restore stopped after 2 rows were inserted: /);
            assert.deepEqual((error.details as { filled?: unknown }).filled, [
              { database, table: 'biz', inserted: 2, skipped: 1 },
            ]);
            assert.match(error.remedy, /run the same restore again: rows that are there by now are skipped/);
            assert.doesNotMatch(
              `${error.message} ${error.remedy} ${JSON.stringify(error.details)}`,
              /nothing (was|is)/i,
            );
            return true;
          });
          observeDurableSteps(undefined);
          assert.deepEqual(await ownSchemas(admin), []);
        }
        const { filled } = await restore(workplace, { options });
        assert.deepEqual(filled, [{ database, table: 'biz', inserted: 0, skipped: 3 }]);
      } finally {
        observeDurableSteps(undefined);
        await admin.query(`DROP USER ${database}@'%'`);
      }
    });
  });
});

test('policy replace keeps what made place when the server refuses an object of the set, until that is confirmed', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1);
      CREATE FUNCTION gone () RETURNS INT DETERMINISTIC RETURN 1; CREATE VIEW v AS SELECT gone() AS n; DROP FUNCTION gone`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['t'])]);
      await admin.query("INSERT INTO t VALUES (2); CREATE OR REPLACE VIEW v AS SELECT 'mine' AS n");
      const atRestore = dump(database);
      const options = { policy: 'replace' } as const;
      const { findings, plan } = await restore(workplace, { options });
      assert.deepEqual(
        findings.map(({ code, object }) => [code, object]),
        [['OP_RESTORE_REFUSED', `${database}: view v`]],
      );
      const kept = [`_before_${plan.setId}`, `_before_${plan.setId}_${database}`];
      assert.deepEqual(await ownSchemas(admin), kept);
      assert.deepEqual((await undo(workplace)).findings, []);
      assertSameText(dump(database), atRestore, 'undo gives back what was there');
      await restore(workplace, { options });
      assert.deepEqual(await ownSchemas(admin), kept);
      await undo(workplace, { action: 'discard' });
      assert.deepEqual(await ownSchemas(admin), []);
      const [rows] = await admin.query<RowDataPacket[]>('SELECT id FROM t');
      assert.equal(rows.length, 1);
    });
  });
});

test('a database of the longest name is replaced, undone and discarded like any other', async () => {
  const prefix = 'n'.repeat(51);
  await withSchema(
    async ({ database }) => {
      assert.equal(database.length, 64);
      const admin = await connect(database);
      try {
        await buildTangled(admin);
        await withWorkplace(async (workplace) => {
          await backUp(workplace, [sourceOf(database, TANGLED_TABLES)]);
          const atBackup = dump(database);
          await changeTangled(admin);
          const atRestore = dump(database);
          for (const action of ['undo', 'discard'] as const) {
            const { findings, plan } = await restore(workplace);
            assert.deepEqual(findings, []);
            assertSameText(dump(database), atBackup);
            const [record, before = ''] = await ownSchemas(admin);
            assert.equal(record, `_before_${plan.setId}`);
            assert.match(before, /^_before_.*_n+_[0-9a-f]{8}$/);
            assert.equal(before.length, 64);
            assert.match(plan.steps.map(({ text }) => text).join(), new RegExp(`kept in ${before}`));
            await undo(workplace, { action });
            assertSameText(dump(database), action === 'undo' ? atRestore : atBackup, action);
            assert.deepEqual(await ownSchemas(admin), []);
          }
        });
      } finally {
        await admin.end();
      }
    },
    { prefix },
  );
});
