import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { isOperationError } from '../../src/errors/operation-error';
import { backUp, restore } from '../support/backup';
import { settingsFor, sourceOf, tablesOf, withDatabase, withWorkplace } from '../support/database';
import { dump } from '../support/dump';
import { withPrivateServer } from '../support/private-server';

async function namesIn(admin: Connection, database: string): Promise<string[]> {
  const [rows] = await admin.query<RowDataPacket[]>(
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? ORDER BY 1',
    [database],
  );
  return rows.map(({ name }) => String(name));
}
async function scratchSchemas(admin: Connection): Promise<unknown[]> {
  const [rows] = await admin.query<RowDataPacket[]>("SHOW DATABASES LIKE 'bklog\\_scratch\\_%'");
  return rows;
}

test('a dropped database comes back as it was: mysqldump of before and after is the same text', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(readFileSync('test/fixtures/all-types.sql', 'utf8'));
    await admin.query(`CREATE TABLE parent (id INT PRIMARY KEY, child INT, KEY c (child));
      CREATE TABLE child (id INT PRIMARY KEY, parent INT, UNIQUE KEY u (parent), CONSTRAINT fp FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE);
      ALTER TABLE parent ADD CONSTRAINT fc FOREIGN KEY (child) REFERENCES child (id);
      SET foreign_key_checks = 0; INSERT INTO parent VALUES (1, 1), (2, NULL); INSERT INTO child VALUES (1, 1); SET foreign_key_checks = 1`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, await tablesOf(database))]);
      const before = dump(database);
      await admin.query(`DROP DATABASE \`${database}\``);
      const { findings, tables } = await restore(workplace);
      assert.deepEqual(findings, []);
      assert.ok(tables > 50);
      assert.deepEqual(await scratchSchemas(admin), []);
      assert.equal(dump(database), before);
      // The foreign keys hold: they moved with their tables.
      await assert.rejects(admin.query(`INSERT INTO \`${database}\`.child VALUES (9, 99)`), /foreign key constraint/i);
    });
  });
});

test('a set goes under another name, and onto a strict server of another default character set', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(readFileSync('test/fixtures/all-types.sql', 'utf8'));
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, await tablesOf(database))]);
      const before = dump(database);
      const other = `${database}_copy`;
      try {
        assert.deepEqual((await restore(workplace, { options: { database: other } })).findings, []);
        assert.equal(dump(other).replaceAll(other, database), before);
      } finally {
        await admin.query(`DROP DATABASE IF EXISTS ${other}`);
      }
      const serverOptions = ['--character-set-server=latin1', '--sql-mode=STRICT_ALL_TABLES,NO_ZERO_DATE'];
      await withPrivateServer({ label: 'strict', serverOptions }, async ({ host, port, user, password }) => {
        const server = { host, port, user, password };
        assert.deepEqual((await restore(workplace, { settings: settingsFor('mysql', server) })).findings, []);
        assert.equal(dump(database, server), before);
      });
    });
  });
});

test('bodies that name their database unquoted reach into the new one; where that is not sure, it is told', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE t (a INT); CREATE TABLE log (a INT);
      CREATE PROCEDURE p () INSERT INTO ${database}.log SELECT ${database}.t.a FROM ${database}.t;
      CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW INSERT INTO ${database}.log VALUES (NEW.a);
      CREATE FUNCTION f () RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM ${database} . log);
      CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2038-01-01' DO CALL ${database}.p();
      CREATE PROCEDURE odd () SELECT ${database}.a FROM t AS ${database}`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, await tablesOf(database))]);
      const before = dump(database);
      const other = `${database}_copy`;
      try {
        const told = [['OP_NAME_AMBIGUOUS', `${other}: procedure odd`]];
        const options = { database: other };
        const planned = await restore(workplace, { options, dryRun: true });
        assert.deepEqual(
          planned.findings.map(({ code, object }) => [code, object]),
          told,
        );
        const done = await restore(workplace, { options });
        assert.deepEqual(
          done.findings.map(({ code, object }) => [code, object]),
          told,
        );
        await admin.query(`USE ${other}; INSERT INTO t VALUES (1); CALL p()`);
        assert.equal(dump(database), before, 'nothing went into the old database');
        const [[row]] = await admin.query<RowDataPacket[]>('SELECT f() AS n');
        assert.equal(row?.n, 2);
        const [[event]] = await admin.query<RowDataPacket[]>('SHOW CREATE EVENT e');
        assert.match(event?.['Create Event'], new RegExp(`CALL .${other}.\\.p`));
      } finally {
        await admin.query(`DROP DATABASE IF EXISTS ${other}`);
      }
      const { findings } = await restore(workplace, { dryRun: true });
      assert.deepEqual(findings, [], 'under its own name nothing is ambiguous');
    });
  });
});

test('a dry run says what would happen and changes nothing; what exists in the target stops the restore before it begins', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(
      'CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE u (id INT PRIMARY KEY)',
    );
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['t', 'u'])]);
      await admin.query('DROP TABLE u; INSERT INTO t VALUES (2)');
      const options = { policy: 'fail' } as const;
      const { plan } = await restore(workplace, { options, dryRun: true });
      assert.deepEqual(plan.blockers, [{ object: `${database}: table t`, reason: 'exists in the target' }]);
      assert.deepEqual(
        plan.steps.map(({ action }) => action),
        ['load', 'compare', 'move'],
      );
      await assert.rejects(restore(workplace, { options }), (error) => isOperationError(error, 'OP_RESTORE_REFUSED'));
      assert.deepEqual(await namesIn(admin, database), ['t']);
      const [rows] = await admin.query<RowDataPacket[]>('SELECT id FROM t');
      assert.equal(rows.length, 2, 'the live table is as it was');
    });
  });
});

test('a damaged archive is refused before the first write, and a failed comparison moves nothing', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE a (id INT PRIMARY KEY, n INT NOT NULL); INSERT INTO a VALUES (1, 1);
      CREATE TABLE t (id INT PRIMARY KEY, w CHAR(200) NOT NULL); INSERT INTO t SELECT seq, REPEAT(MD5(seq), 6) FROM seq_1_to_150000`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['a', 't'])]);
      await admin.query('DROP TABLE a, t');
      const restoring = restore(workplace);
      restoring.catch(() => undefined);
      const schema = await untilLoading(admin, 't');
      // A table is compared as soon as it is loaded: only in one that is still loading can a row be changed.
      for (let changed = 0; changed === 0; ) {
        const [{ affectedRows }] = await admin.query<ResultSetHeader>(`UPDATE ${schema}.t SET w = 'x' WHERE id = 1`);
        changed = affectedRows;
      }
      await assert.rejects(
        restoring,
        (error) => isOperationError(error, 'OP_RESTORE_DIFFERS') && error.message.includes(`${database}.t`),
      );
      assert.deepEqual([await namesIn(admin, database), await scratchSchemas(admin)], [[], []]);

      const [archive = ''] = readdirSync(workplace.location.path).filter((name) => name.endsWith('.tar.gz'));
      const path = join(workplace.location.path, archive);
      const good = readFileSync(path);
      const bad = Buffer.from(good);
      bad[bad.length >> 1]! ^= 16;
      writeFileSync(path, bad);
      await assert.rejects(
        restore(workplace),
        (error) => isOperationError(error) && error.code.startsWith('OP_ARCHIVE_'),
      );
      assert.deepEqual([await namesIn(admin, database), await scratchSchemas(admin)], [[], []]);
      writeFileSync(path, good);
      assert.equal((await restore(workplace)).rows, 150_001);
    });
  });
});

/** Waits for the LOAD DATA of a table and gives the schema it goes to. */
async function untilLoading(admin: Connection, table: string): Promise<string> {
  for (let attempt = 0; attempt < 2_000; attempt += 1) {
    const [rows] = await admin.query<RowDataPacket[]>(
      'SELECT INFO AS info FROM information_schema.PROCESSLIST WHERE INFO LIKE ?',
      [`LOAD DATA%\`${table}\`%`],
    );
    const schema = /INTO TABLE (`[^`]+`)/.exec(String(rows[0]?.info))?.[1];
    if (schema) return schema;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('no LOAD DATA was seen');
}

test('an abort or a lost connection in the middle leaves the target as it was, and the next restore finishes', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE SEQUENCE s; CREATE TABLE t (id INT PRIMARY KEY DEFAULT NEXTVAL(s), w CHAR(200) NOT NULL);
      INSERT INTO t SELECT seq, REPEAT(MD5(seq), 6) FROM seq_1_to_150000`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['t'])]);
      await admin.query(`DROP DATABASE ${database}`);
      const stop = new AbortController();
      const aborted = restore(workplace, {}, stop.signal);
      aborted.catch(() => undefined);
      await untilLoading(admin, 't');
      stop.abort();
      await assert.rejects(aborted, (error) => isOperationError(error, 'OP_ABORTED'));
      const databases = async () => (await admin.query<RowDataPacket[]>('SHOW DATABASES LIKE ?', [database]))[0];
      assert.deepEqual([await databases(), await scratchSchemas(admin)], [[], []]);

      const killed = restore(workplace);
      killed.catch(() => undefined);
      await untilLoading(admin, 't');
      const [rows] = await admin.query<RowDataPacket[]>(
        "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE INFO LIKE 'LOAD DATA%'",
      );
      await admin.query(`KILL ${rows[0]?.id}`);
      await assert.rejects(killed, (error) => isOperationError(error, 'OP_SOURCE_LOST'));
      assert.deepEqual([await databases(), await scratchSchemas(admin)], [[], []]);

      assert.equal((await restore(workplace)).rows, 150_000);
      await admin.query(`INSERT INTO ${database}.t (id, w) VALUES (900000, 'new')`);
    });
  });
});

test('an account without rights on the target is told so, and the server is as it was', async () => {
  await withDatabase(async (database, admin) => {
    const user = database;
    await admin.query(`CREATE SEQUENCE s; CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE USER ${user}@'%' IDENTIFIED BY 'pw';
      GRANT ALL ON \`bklog\\_scratch\\_%\`.* TO ${user}@'%'; GRANT ALL ON \`\\_before\\_%\`.* TO ${user}@'%'; GRANT CREATE, DROP ON \`${database}_copy\`.* TO ${user}@'%'`);
    try {
      await withWorkplace(async (workplace) => {
        await backUp(workplace, [sourceOf(database, ['t'])]);
        const settings = settingsFor('mysql', { user, password: 'pw' });
        await assert.rejects(restore(workplace, { settings, options: { database: `${database}_other` } }), (error) =>
          isOperationError(error, 'OP_SOURCE_DENIED'),
        );
        await assert.rejects(restore(workplace, { settings, options: { database: `${database}_copy` } }), (error) => {
          assert.ok(isOperationError(error, 'OP_SOURCE_DENIED'), String(error));
          assert.match(error.remedy, /Nothing was changed. Grant CREATE, INSERT, SELECT, ALTER, DROP/);
          return true;
        });
        const [left] = await admin.query('SHOW DATABASES LIKE ?', [`${database}\\_%`]);
        assert.deepEqual([left, await scratchSchemas(admin)], [[], []]);
      });
    } finally {
      await admin.query(`DROP USER ${user}@'%'; DROP DATABASE IF EXISTS ${database}_copy`);
    }
  });
});

test('an abort after the tables were moved comes too late: the rest is created and the restore says completed', async () => {
  await withDatabase(async (database, admin) => {
    const views = 150;
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY)');
    for (let view = 0; view < views; view += 1) await admin.query(`CREATE VIEW v${view} AS SELECT id FROM t`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['t'])]);
      await admin.query(`DROP DATABASE \`${database}\``);
      const stop = new AbortController();
      const restoring = restore(workplace, {}, stop.signal);
      restoring.catch(() => undefined);
      for (let attempt = 0; attempt < 4_000 && (await namesIn(admin, database)).length === 0; attempt += 1);
      stop.abort();
      assert.deepEqual((await restoring).findings, []);
      assert.equal((await namesIn(admin, database)).length, views + 1);
      assert.deepEqual(await scratchSchemas(admin), []);
    });
  });
});
