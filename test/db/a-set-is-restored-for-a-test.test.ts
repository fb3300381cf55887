import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { isOperationError } from '../../src/errors/operation-error';
import type { ConnectionSettings } from '../../src/model/connection-settings';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import type { VerifyResult } from '../../src/operations/contract';
import { backUp } from '../support/backup';
import { settingsFor, sourceOf, type Workplace, withDatabase, withWorkplace } from '../support/database';
import { withPrivateServer } from '../support/private-server';

const never = new AbortController().signal;

async function tryOut(workplace: Workplace, scratch: ConnectionSettings, signal = never): Promise<VerifyResult> {
  const request = { ...workplace, runId: newRunId(), set: 'latest', level: 'restorable' as const, scratch };
  return await carryOut('verifySet', request, signal, () => {});
}

async function scratchSchemas(admin: Connection): Promise<unknown[]> {
  const [rows] = await admin.query<RowDataPacket[]>("SHOW DATABASES LIKE 'bklog\\_scratch\\_%'");
  return rows.map((row) => Object.values(row)[0]);
}

async function tablesOf(database: string): Promise<string[]> {
  const described = await carryOut('describeConnection', { settings: settingsFor(database) }, never, () => {});
  return described.tables.filter(({ type }) => type === 'table').map(({ name }) => name);
}

test('the all-types database, with views, triggers and routines, is restorable, also on another server, and leaves no schema', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(readFileSync('test/fixtures/all-types.sql', 'utf8'));
    await admin.query(`CREATE TABLE parent (id INT PRIMARY KEY, child INT, KEY c (child));
      CREATE TABLE child (id INT PRIMARY KEY, parent INT, UNIQUE KEY u (parent), CONSTRAINT fp FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE);
      ALTER TABLE parent ADD CONSTRAINT fc FOREIGN KEY (child) REFERENCES child (id);
      SET foreign_key_checks = 0; INSERT INTO parent VALUES (1, 1), (2, NULL); INSERT INTO child VALUES (1, 1); SET foreign_key_checks = 1;
      CREATE OR REPLACE VIEW both_of AS SELECT p.id FROM parent p JOIN \`${database}\`.child c ON c.parent = p.id`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, await tablesOf(database))]);
      const { verification, recorded } = await tryOut(workplace, settingsFor(database));
      assert.deepEqual(verification.findings, []);
      assert.deepEqual([verification.level, verification.outcome, recorded], ['restorable', 'passed', true]);
      assert.deepEqual(await scratchSchemas(admin), []);
      const { sets } = await carryOut('listSets', { location: workplace.location }, never, () => {});
      assert.equal(sets[0]?.verification?.level, 'restorable');
      await withPrivateServer(
        { label: 'scratch', serverOptions: ['--character-set-server=latin1', '--sql-mode=STRICT_ALL_TABLES'] },
        async ({ host, port, user, password }) => {
          const elsewhere = settingsFor('mysql', { host, port, user, password });
          assert.deepEqual((await tryOut(workplace, elsewhere)).verification.findings, []);
        },
      );
    });
  });
});

test('two databases that refer to each other are restored beside each other', async () => {
  await withDatabase(async (first, admin) => {
    await withDatabase(async (second) => {
      await admin.query(`CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1);
        CREATE VIEW \`${second}\`.v AS SELECT id FROM \`${first}\`.t; CREATE TABLE \`${second}\`.u (id INT PRIMARY KEY)`);
      await withWorkplace(async (workplace) => {
        await backUp(workplace, [sourceOf(first, ['t']), sourceOf(second, ['u'])]);
        assert.deepEqual((await tryOut(workplace, settingsFor(first))).verification.findings, []);
        assert.deepEqual(await scratchSchemas(admin), []);
      });
    });
  });
});

test('what a crash left is dropped by the next trial; foreign schemas and those of a living trial are not', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY)');
    const left = 'bklog_scratch_20260101000000_aaaaaaaaaa_0';
    const living = 'bklog_scratch_20260101000000_bbbbbbbbbb_0';
    const foreign = 'bklog_scratch_mine';
    await admin.query(`CREATE DATABASE ${left}; CREATE DATABASE ${living}; CREATE DATABASE ${foreign};
      SELECT GET_LOCK('bklog_scratch_20260101000000_bbbbbbbbbb', 0)`);
    try {
      await withWorkplace(async (workplace) => {
        await backUp(workplace, [sourceOf(database, ['t'])]);
        await tryOut(workplace, settingsFor(database));
        assert.deepEqual((await scratchSchemas(admin)).sort(), [living, foreign].sort());
      });
    } finally {
      await admin.query(`DROP DATABASE IF EXISTS ${left}; DROP DATABASE ${living}; DROP DATABASE ${foreign}`);
    }
  });
});

test('an abort and a killed connection end the trial with their own code and leave no schema', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(
      'CREATE TABLE t (id INT PRIMARY KEY, w CHAR(200) NOT NULL); INSERT INTO t SELECT seq, REPEAT(MD5(seq), 6) FROM seq_1_to_200000',
    );
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['t'])]);
      const stop = new AbortController();
      const aborted = tryOut(workplace, settingsFor(database), stop.signal);
      await untilLoading(admin);
      stop.abort();
      await assert.rejects(aborted, (error) => isOperationError(error, 'OP_ABORTED'));
      assert.deepEqual(await scratchSchemas(admin), []);

      const killed = tryOut(workplace, settingsFor(database));
      killed.catch(() => undefined);
      await admin.query(`KILL ${await untilLoading(admin)}`);
      await assert.rejects(killed, (error) => isOperationError(error, 'OP_SOURCE_LOST'));
      assert.deepEqual(await scratchSchemas(admin), []);
      assert.equal((await tryOut(workplace, settingsFor(database))).verification.outcome, 'passed');
    });
  });
});

/** Waits for a LOAD DATA and gives the id of its session. */
async function untilLoading(admin: Connection, statement = ''): Promise<number> {
  for (let attempt = 0; attempt < 2_000; attempt += 1) {
    const [rows] = await admin.query<RowDataPacket[]>(
      'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE INFO LIKE ?',
      [`LOAD DATA%${statement}`],
    );
    if (rows[0]) return Number(rows[0].id);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('no LOAD DATA was seen');
}

/** Changes a row as soon as it is there. */
async function untilChanged(admin: Connection, statement: string): Promise<void> {
  for (let attempt = 0; attempt < 2_000; attempt += 1) {
    const [{ affectedRows }] = await admin.query<ResultSetHeader>(statement);
    if (affectedRows === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`no row for ${statement}`);
}

test('a cell that changes on the way in, or afterwards, is found', async () => {
  await withDatabase(async (database, admin) => {
    const rows = 'SELECT seq, REPEAT(MD5(seq), 6) FROM seq_1_to_200000';
    await admin.query(`CREATE TABLE a (id INT PRIMARY KEY, w CHAR(200) NOT NULL); INSERT INTO a ${rows};
      CREATE TABLE b LIKE a; INSERT INTO b ${rows}`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['a', 'b'])]);
      const trial = tryOut(workplace, settingsFor(database));
      await untilLoading(admin, '%`a`%');
      const [schema] = await scratchSchemas(admin);
      await untilChanged(admin, `UPDATE ${schema}.a SET w = 'other' WHERE id = 1`);
      await untilChanged(admin, `DELETE FROM ${schema}.b WHERE id = 1`);
      const { verification } = await trial;
      assert.deepEqual(
        verification.findings
          .map(({ code, object, message }) => [code, object, /other content|199999 rows/.exec(message)?.[0]].join(' '))
          .sort(),
        [`OP_RESTORE_DIFFERS ${database}.a other content`, `OP_RESTORE_DIFFERS ${database}.b 199999 rows`],
      );
      assert.deepEqual(await scratchSchemas(admin), []);
    });
  });
});

test('a server that cannot hold a table is bad news about that table', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(
      'CREATE TABLE Twin (id INT PRIMARY KEY); CREATE TABLE twin (id INT PRIMARY KEY); INSERT INTO twin VALUES (1)',
    );
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['Twin', 'twin'])]);
      await withPrivateServer({ label: 'lower', serverOptions: ['--lower-case-table-names=1'] }, async (server) => {
        const { host, port, user, password } = server;
        const { verification } = await tryOut(workplace, settingsFor('mysql', { host, port, user, password }));
        assert.deepEqual(
          verification.findings.map(({ code }) => code),
          ['OP_RESTORE_REFUSED'],
        );
        assert.match(verification.findings[0]!.message, /ER_TABLE_EXISTS_ERROR/);
      });
    });
  });
});

test('a server that forbids LOAD DATA LOCAL takes the rows by INSERT statements that it lets pass', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(readFileSync('test/fixtures/all-types.sql', 'utf8'));
    await admin.query(`CREATE TABLE large (id INT PRIMARY KEY, w MEDIUMTEXT NOT NULL, b MEDIUMBLOB NOT NULL);
      INSERT INTO large SELECT seq, REPEAT(CONCAT(seq, '''\\\\ 日志'), 2000), UNHEX(REPEAT('ff005c27090a', 3000)) FROM seq_1_to_300`);
    const described = await carryOut('describeConnection', { settings: settingsFor(database) }, never, () => {});
    const tables = described.tables.filter(({ type }) => type === 'table').map(({ name }) => name);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, tables)]);
      const on = async <T>(serverOptions: string[], use: (settings: ConnectionSettings) => Promise<T>) =>
        await withPrivateServer({ label: 'packets', serverOptions }, ({ host, port, user, password }) =>
          use(settingsFor('mysql', { host, port, user, password })),
        );
      await on(['--local-infile=0', '--max-allowed-packet=1G'], async (settings) => {
        const { verification } = await tryOut(workplace, settings);
        assert.deepEqual(verification.findings, []);
        assert.equal(verification.level, 'restorable');
      });
      await on(['--local-infile=0', '--max-allowed-packet=1M'], async (settings) => {
        await assert.rejects(tryOut(workplace, settings), (error) => {
          assert.ok(isOperationError(error, 'OP_RESTORE_REFUSED'), String(error));
          assert.match(error.message, /huge_blob.*max_allowed_packet/);
          return true;
        });
      });
      await on(['--max-allowed-packet=1M'], async (settings) => {
        assert.deepEqual((await tryOut(workplace, settings)).verification.findings, [], 'LOAD DATA takes any row');
      });
    });
  });
});

test('a level without its server, an account without the right, and a lone archive are refused with what to do', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(
      `CREATE TABLE t (id INT PRIMARY KEY); CREATE USER ${database}@'%' IDENTIFIED BY 'pw'; GRANT SELECT ON ${database}.* TO ${database}@'%'`,
    );
    try {
      await withWorkplace(async (workplace) => {
        const { sealed } = await backUp(workplace, [sourceOf(database, ['t'])]);
        const request = { ...workplace, runId: newRunId(), level: 'restorable' as const };
        const refused = (run: Promise<unknown>, code: 'OP_CONFIG_INVALID' | 'OP_SOURCE_DENIED', remedy: RegExp) =>
          assert.rejects(run, (error) => isOperationError(error, code) && remedy.test(error.remedy));
        await refused(
          carryOut('verifySet', { ...request, set: 'latest' }, never, () => {}),
          'OP_CONFIG_INVALID',
          /--section/,
        );
        await refused(
          tryOut(workplace, settingsFor(database, { user: database, password: 'pw' })),
          'OP_SOURCE_DENIED',
          /GRANT ALL ON/,
        );
        const path = `${workplace.location.path}/${sealed.archive.key}`;
        await refused(
          carryOut('verifyFile', { ...request, path }, never, () => {}),
          'OP_CONFIG_INVALID',
          /--location/,
        );
      });
    } finally {
      await admin.query(`DROP USER ${database}@'%'`);
    }
  });
});
