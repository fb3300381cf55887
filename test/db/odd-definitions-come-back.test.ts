import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowDataPacket } from 'mysql2/promise';
import { backUp, restore, undo } from '../support/backup';
import { sourceOf, tablesOf, withDatabase, withWorkplace } from '../support/database';
import { differences, readContent } from '../support/database-content';
import { dump } from '../support/dump';

/** Each once did not come back, or came back as something else. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  'a character beyond the Basic Multilingual Plane in an expression, a view, a trigger, a routine and an event': [
    "CREATE TABLE t (a VARCHAR(9), b VARCHAR(20) AS (CONCAT(a, '🚀')), CHECK (a <> '🚀'))",
    "INSERT INTO t (a) VALUES ('x')",
    "CREATE VIEW v AS SELECT a FROM t WHERE a <> '🚀'",
    "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET @x = '🚀'",
    "CREATE PROCEDURE p() SELECT '🚀'",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO SET @x = '🚀'",
  ],
  'a body that a client of another character set wrote': [
    'CREATE TABLE t (a INT)',
    'SET character_set_client = latin1',
    "CREATE PROCEDURE p() SELECT 'é 中'",
    'SET character_set_client = utf8mb4',
  ],
  'a body under NO_BACKSLASH_ESCAPES, and what comes after it,': [
    "CREATE TABLE t (a INT); SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
    "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW BEGIN SET @x = '\\'; SET @y = ';;'; END",
    "SET sql_mode = ''; CREATE VIEW v AS SELECT 'it''s' AS a FROM t",
  ],
  'a body that ends in a comment': [
    'CREATE TABLE t (a INT)',
    "CREATE PROCEDURE p() SELECT 1 -- it's the end",
    "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET @x = 1 # it's the end",
  ],
  'a view WITH CHECK OPTION on a view of a later name': [
    'CREATE TABLE t (a INT)',
    'CREATE VIEW z AS SELECT a FROM t',
    'CREATE VIEW a AS SELECT a FROM z WHERE a > 0 WITH CASCADED CHECK OPTION',
  ],
  'a foreign key to a table that is not there': [
    'SET foreign_key_checks = 0',
    'CREATE TABLE t (a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES gone (id)); INSERT INTO t VALUES (7)',
  ],
  'a row that breaks a CHECK constraint': [
    'CREATE TABLE t (a INT, CHECK (a > 0), KEY (a)); SET check_constraint_checks = 0; INSERT INTO t VALUES (-1)',
  ],
  'a row format that innodb_strict_mode refuses': [
    'SET innodb_strict_mode = 0; CREATE TABLE t (a INT) ROW_FORMAT=FIXED; INSERT INTO t VALUES (1)',
  ],
  'a FLOAT of -0 in a table with a unique key over long text, or with two FULLTEXT keys,': [
    "CREATE TABLE t (f FLOAT, a TEXT, UNIQUE KEY (a), KEY (f)); INSERT INTO t VALUES (-1e-60, 'a')",
    'CREATE TABLE u (f FLOAT, a TEXT, b TEXT, FULLTEXT KEY (a), KEY (f), FULLTEXT KEY (b), FULLTEXT KEY c (a, b))',
    "INSERT INTO u VALUES (-1e-60, 'a', 'b')",
  ],
  'text with lone surrogates, or in a character set that the driver does not know,': [
    'CREATE TABLE t (a TEXT CHARACTER SET ucs2, b VARCHAR(9) CHARACTER SET utf32, c VARCHAR(9) CHARACTER SET swe7)',
    "SET sql_mode = ''; INSERT INTO t VALUES (CONVERT(x'0041DC18' USING ucs2), 'b', CONVERT(x'F0' USING swe7)), ('', NULL, '')",
  ],
};

test('the default of a binary column comes back byte for byte, whatever the bytes are', async () => {
  const defaults = ['ff00fe', 'ff5c27', 'e4b8ad', '000a0d1a5c2722ff09', '275c', '', '41eda080'];
  await withDatabase(async (database, admin) => {
    const columns = defaults.flatMap((hex, at) => [
      `v${at} VARBINARY(20) DEFAULT x'${hex}' COMMENT 'it''s 中 DEFAULT '`,
      `b${at} BINARY(12) NOT NULL DEFAULT x'${hex}'`,
    ]);
    await admin.query(
      `CREATE TABLE t (id INT PRIMARY KEY, ${columns}, e BLOB DEFAULT x'ff5c2700'); INSERT INTO t (id) VALUES (1)`,
    );
    const before = dump(database);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['t'])]);
      await admin.query('DROP TABLE t');
      assert.deepEqual((await restore(workplace)).findings, []);
      assert.equal(dump(database), before);
      await admin.query('INSERT INTO t (id) VALUES (2)');
      const [rows] = await admin.query<RowDataPacket[]>('SELECT * FROM t ORDER BY id');
      const [written, asDefault] = rows.map(({ id: _, ...cells }) => cells);
      assert.deepEqual(asDefault, written);
    });
  });
});

for (const [what, statements] of Object.entries(CASES)) {
  test(`${what} comes back`, async () => {
    await withDatabase(async (database, admin) => {
      await admin.query('SET NAMES utf8mb4');
      for (const statement of statements) await admin.query(statement);
      const before = await readContent(admin, database);
      await withWorkplace(async (workplace) => {
        await backUp(workplace, [sourceOf(database, await tablesOf(database))]);
        await admin.query(`SET foreign_key_checks = 0; DROP DATABASE ${database}`);
        assert.deepEqual((await restore(workplace)).findings, []);
        assert.deepEqual(differences(before, await readContent(admin, database)), []);
      });
    });
  });
}

test('packages of sql_mode ORACLE come back with their bodies, and an undo gives back those that made place', async () => {
  const make = (step: number) => [
    'CREATE OR REPLACE PACKAGE counting AS FUNCTION next_of(a INT) RETURN INT; PROCEDURE p(); END',
    `CREATE OR REPLACE PACKAGE BODY counting AS
       step INT := 0;
       FUNCTION next_of(a INT) RETURN INT AS BEGIN RETURN a + step; END;
       PROCEDURE p() AS BEGIN SELECT 'it''s;; 中'; END;
     BEGIN step := ${step}; END`,
    'CREATE OR REPLACE PACKAGE "no body" SQL SECURITY INVOKER COMMENT \'c\' AS PROCEDURE p(); END',
    'CREATE OR REPLACE FUNCTION after_it(a INT) RETURN INT DETERMINISTIC AS BEGIN RETURN counting.next_of(a); END',
  ];
  await withDatabase(async (database, admin) => {
    const run = async (statements: readonly string[]) => {
      await admin.query("SET NAMES utf8mb4, sql_mode = 'ORACLE'");
      for (const statement of statements) await admin.query(statement);
      await admin.query("SET sql_mode = ''");
    };
    const answer = async () => {
      const [[row]] = await admin.query<RowDataPacket[]>('SELECT after_it(1) AS n');
      return row?.n;
    };
    await admin.query('CREATE TABLE t (a INT)');
    await run(make(10));
    const first = dump(database);
    await withWorkplace(async (workplace) => {
      const { sealed } = await backUp(workplace, [sourceOf(database, ['t'])]);
      assert.deepEqual(sealed.notes, []);
      await run([...make(20), 'CREATE PACKAGE BODY "no body" AS PROCEDURE p() AS BEGIN SELECT 1; END; END']);
      const second = dump(database);
      assert.deepEqual((await restore(workplace)).findings, []);
      assert.equal(dump(database), first);
      assert.equal(await answer(), 11);
      assert.deepEqual((await undo(workplace)).findings, []);
      assert.equal(dump(database), second);
      await admin.query(`DROP DATABASE ${database}`);
      assert.deepEqual((await restore(workplace)).findings, []);
      assert.equal(dump(database), first);
      await admin.query(`USE ${database}`);
      assert.equal(await answer(), 11);
    });
  });
});

test('a foreign key to a table that was not chosen points to the one in the target', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE parent (id INT PRIMARY KEY); INSERT INTO parent VALUES (1);
      CREATE TABLE child (id INT, CONSTRAINT f FOREIGN KEY (id) REFERENCES parent (id)); INSERT INTO child VALUES (1)`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['child'])]);
      const before = await readContent(admin, database);
      await admin.query('DROP TABLE child');
      assert.deepEqual((await restore(workplace)).findings, []);
      assert.deepEqual(differences(before, await readContent(admin, database)), []);
      const [parents] = await admin.query<RowDataPacket[]>(
        'SELECT UNIQUE_CONSTRAINT_SCHEMA AS home FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ?',
        [database],
      );
      assert.deepEqual(
        parents.map(({ home }) => home),
        [database],
      );
    });
  });
});
