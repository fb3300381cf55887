import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { isOperationError } from '../../src/errors/operation-error';
import { newRunId } from '../../src/model/ids';
import type { ManifestColumn } from '../../src/model/manifest';
import { carryOut } from '../../src/operations/carry-out';
import { backUp, restore } from '../support/backup';
import { settingsFor, sourceOf, tablesOf, type Workplace, withDatabase, withWorkplace } from '../support/database';
import { forgeSet } from '../support/forge-set';

/** As MySQL 8 has it, but for the collation, whose place utf8mb4_nopad_bin takes: its rows come in another order. */
const PEOPLE = `CREATE TABLE people (name VARCHAR(50) NOT NULL, mail VARCHAR(80) NULL, code VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin,
    size ENUM('s','L') NOT NULL, doc JSON, hidden INT NULL DEFAULT 1, shape GEOMETRY NOT NULL, shapes GEOMETRYCOLLECTION, PRIMARY KEY (name), UNIQUE KEY m (mail), KEY c (code))
    DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
  CREATE TABLE pets (id INT PRIMARY KEY, owner VARCHAR(50) NOT NULL, CONSTRAINT f FOREIGN KEY (owner) REFERENCES people (name))
    DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
  INSERT INTO people (name, mail, code, size, doc, hidden, shape) VALUES ('B', 'b@x', 'b', 's', '{"a": 1}', 1, ST_GeomFromText('POINT(1 2)', 4326)),
    ('a', NULL, 'A', 'L', NULL, 2, ST_GeomFromText('POINT(3 4)')), ('C', 'c@x', NULL, 's', '[]', 3, ST_GeomFromText('POINT(5 6)')),
    ('🍺', '', 'a', 's', 'null', 4, ST_GeomFromText('POINT(0 0)')), ('🍣', 'c@x ', 'a', 's', NULL, 5, ST_GeomFromText('POINT(0 0)'));
  INSERT INTO pets VALUES (1, 'a'), (2, '🍣');
  CREATE VIEW v AS SELECT name FROM people WHERE name <> 'x'; CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 7;
  CREATE TRIGGER r BEFORE INSERT ON pets FOR EACH ROW SET @x = 'y'`;

const PEOPLE_OF_MYSQL = `CREATE TABLE \`people\` (
  \`name\` varchar(50) NOT NULL,
  \`mail\` varchar(80) DEFAULT NULL COMMENT 'COLLATE utf8mb4_ja_0900_as_cs',
  \`code\` varchar(9) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT NULL,
  \`size\` enum('s','L') CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci NOT NULL,
  \`doc\` json DEFAULT NULL,
  \`hidden\` int DEFAULT '1' /*!80023 INVISIBLE */,
  \`shape\` geometry NOT NULL /*!80003 SRID 4326 */,
  \`shapes\` geomcollection DEFAULT NULL,
  PRIMARY KEY (\`name\`),
  UNIQUE KEY \`m\` (\`mail\`),
  KEY \`c\` (\`code\`) /*!80000 INVISIBLE */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='DEFAULT CHARSET=x'`;

function asMySql(sql: string): string {
  return sql
    .replace(/CREATE TABLE `people`.*?;\n/s, () => `${PEOPLE_OF_MYSQL};\n`)
    .replaceAll('COLLATE=utf8mb4_nopad_bin', 'COLLATE=utf8mb4_0900_ai_ci')
    .replaceAll(/COLLATION_CONNECTION=\w+/g, 'COLLATION_CONNECTION=utf8mb4_0900_ai_ci')
    .replace(
      /(CREATE DATABASE .*?) COLLATE \w+ \*\//,
      "$1 COLLATE utf8mb4_0900_ai_ci */ /*!80016 DEFAULT ENCRYPTION='N' */",
    );
}

function columnAsMySql(column: ManifestColumn): ManifestColumn {
  if (column.name === 'doc') {
    const { charset: _, collation: __, ...rest } = column;
    return { ...rest, type: 'json' };
  }
  return column.collation === 'utf8mb4_nopad_bin' ? { ...column, collation: 'utf8mb4_0900_ai_ci' } : column;
}

async function withSetOfMySql(
  use: (database: string, admin: Connection, workplace: Workplace) => Promise<void>,
): Promise<void> {
  await withDatabase(async (database, admin) => {
    await admin.query('SET NAMES utf8mb4');
    await admin.query(PEOPLE);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, await tablesOf(database))]);
      await forgeSet(workplace, { schema: asMySql, column: columnAsMySql });
      await use(database, admin, workplace);
    });
  });
}

const MAPPED = 'utf8mb4_uca1400_nopad_ai_ci';
const ROWS =
  'SELECT name, HEX(mail) AS mail, code, size, doc, hidden, ST_AsText(shape) AS shape, ST_SRID(shape) AS srid';

async function definitionOf(admin: Connection, table: string): Promise<string> {
  const [[row]] = await admin.query<RowDataPacket[]>(`SHOW CREATE TABLE ${table}`);
  return String(row?.['Create Table']);
}

test('a set of MySQL 8 goes into MariaDB: the plan names every mapped column, the rows are the same', async () => {
  await withSetOfMySql(async (database, admin, workplace) => {
    const [before] = await admin.query(`${ROWS} FROM people ORDER BY name COLLATE utf8mb4_bin`);
    await admin.query(`DROP DATABASE ${database}`);
    const { plan } = await restore(workplace, { dryRun: true });
    assert.deepEqual(plan.blockers, []);
    const from = 'utf8mb4_0900_ai_ci';
    assert.deepEqual(plan.mapped, [
      { object: `${database}.people.name`, from, to: MAPPED, keys: ['PRIMARY'] },
      { object: `${database}.people.mail`, from, to: MAPPED, keys: ['m'] },
      { object: `${database}.people.size`, from, to: MAPPED },
      { object: `${database}.pets.owner`, from, to: MAPPED },
      { object: database, from, to: MAPPED },
      { object: `${database}.people`, from, to: MAPPED },
      { object: `${database}.pets`, from, to: MAPPED },
      { object: `${database}: function f`, from, to: MAPPED },
      { object: `${database}: trigger r`, from, to: MAPPED },
      { object: `${database}: view v`, from, to: MAPPED },
    ]);
    assert.deepEqual(
      plan.notes?.map(({ object }) => object),
      [`${database}.people.shape`],
    );
    const { findings } = await restore(workplace, { confirm: plan.hash });
    assert.deepEqual(findings, []);
    await admin.query(`USE ${database}`);
    const [after] = await admin.query(`${ROWS} FROM people ORDER BY name COLLATE utf8mb4_bin`);
    assert.deepEqual(after, before);
    const people = await definitionOf(admin, 'people');
    assert.match(people, /`name` varchar\(50\) NOT NULL/);
    assert.match(people, /`code` varchar\(9\) CHARACTER SET latin1 COLLATE latin1_bin/);
    assert.match(people, /`mail` .* COMMENT 'COLLATE utf8mb4_ja_0900_as_cs'/);
    assert.match(people, /`hidden` int\(11\) INVISIBLE DEFAULT 1/);
    assert.match(people, /`doc` longtext .* CHECK \(json_valid\(`doc`\)\)/);
    assert.match(people, /KEY `c` \(`code`\) IGNORED/);
    assert.match(people, new RegExp(`DEFAULT CHARSET=utf8mb4 COLLATE=${MAPPED} COMMENT='DEFAULT CHARSET=x'`));
    assert.doesNotMatch(people, /0900_ai_ci/);
    const [collations] = await admin.query<RowDataPacket[]>(
      "SELECT DISTINCT COLLATION_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND CHARACTER_SET_NAME = 'utf8mb4' AND COLUMN_NAME <> 'doc'",
      [database],
    );
    assert.deepEqual(
      collations.map(({ name }) => name),
      [MAPPED],
    );
    await assert.rejects(admin.query("INSERT INTO pets VALUES (3, 'nobody')"), /foreign key constraint/i);
    await admin.query("INSERT INTO pets VALUES (3, 'A')"); // equal to 'a', as in MySQL
    const [[routine]] = await admin.query<RowDataPacket[]>('SHOW CREATE FUNCTION f');
    assert.equal(routine?.collation_connection, MAPPED);
  });
});

test('what can be restored is proven by a trial as well, and the certificate says what was mapped', async () => {
  await withSetOfMySql(async (database, _, workplace) => {
    const { workRoot, journalPath, location } = workplace;
    const about = { runId: newRunId(), workRoot, journalPath, location, set: 'latest', scratch: settingsFor('mysql') };
    const request = { ...about, level: 'restorable' as const };
    const result = await carryOut('verifySet', request, new AbortController().signal, () => {});
    assert.deepEqual(result.verification.findings, []);
    assert.ok(result.certificate);
    const note = `${database}.pets.owner: utf8mb4_0900_ai_ci → ${MAPPED}`;
    assert.ok(result.notes?.includes(note));
    assert.match(readFileSync(join(location.path, result.certificate.key), 'utf8'), new RegExp(note));
  });
});

test('values that are equal by the new collation in a unique key stop the restore before anything moves', async () => {
  for (const key of ['PRIMARY KEY (a)', 'UNIQUE KEY u (a)']) {
    await withDatabase(async (database, admin) => {
      await admin.query(`CREATE TABLE t (a VARCHAR(9) NOT NULL, ${key}) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
        INSERT INTO t VALUES ('a'), ('A')`);
      await withWorkplace(async (workplace) => {
        await backUp(workplace, [sourceOf(database, ['t'])]);
        await forgeSet(workplace, { schema: asMySql, column: columnAsMySql });
        await admin.query('DROP TABLE t');
        await assert.rejects(restore(workplace), (error) => {
          assert.ok(isOperationError(error), String(error));
          assert.match(error.code, /^OP_RESTORE_(DIFFERS|REFUSED)$/);
          assert.match(error.message, new RegExp(`${database}\\.t`));
          return true;
        });
        const [left] = await admin.query<RowDataPacket[]>(`SHOW TABLES FROM ${database}`);
        assert.deepEqual(left, []);
      });
    });
  }
});

test('rows are compared with, and inserted into, a table of another collation', async () => {
  await withSetOfMySql(async (_database, admin, workplace) => {
    await admin.query(`ALTER TABLE pets DROP FOREIGN KEY f; DELETE FROM people WHERE name = 'C';
      UPDATE people SET hidden = 9 WHERE name = 'B'; INSERT INTO people (name, size, shape) VALUES ('D', 's', POINT(1, 1));
      ALTER TABLE people CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci, DROP shapes`);
    const options = { tables: ['people'] };
    const { differences = [] } = await restore(workplace, { dryRun: true, diff: true, options });
    const [{ inserted, changed, deleted } = { inserted: 0, changed: 0, deleted: 0 }] = differences;
    assert.deepEqual([inserted, changed, deleted], [1, 1, 1]);
    await admin.query(`CREATE OR REPLACE TABLE pets (id INT PRIMARY KEY, owner VARCHAR(50) COLLATE utf8mb4_unicode_520_ci NOT NULL UNIQUE);
      INSERT INTO pets VALUES (9, 'A')`);
    const { filled } = await restore(workplace, { options: { tables: ['pets'], policy: 'skip' } });
    assert.deepEqual(
      filled.map(({ table, inserted: rows, skipped }) => [table, rows, skipped]),
      [['pets', 1, 1]],
    );
  });
});

test('an object whose settings the server refuses is not created under others, and named', async () => {
  await withSetOfMySql(async (database, admin, workplace) => {
    const trigger = /SQL_MODE='[^']*'(.*\n.*\n.*TRIGGER)/;
    const schema = (sql: string) => sql.replace(trigger, "SQL_MODE='TIME_TRUNCATE_FRACTIONAL'$1");
    await forgeSet(workplace, { schema });
    await admin.query(`DROP DATABASE ${database}`);
    const { findings } = await restore(workplace);
    assert.deepEqual(
      findings.map(({ code, object }) => [code, object]),
      [['OP_RESTORE_REFUSED', `${database}: trigger r`]],
    );
    const [triggers] = await admin.query<RowDataPacket[]>(`SHOW TRIGGERS FROM ${database}`);
    assert.deepEqual(triggers, []);
    const [[view]] = await admin.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM ${database}.v`);
    assert.equal(view?.n, 5);
  });
});

/** What MySQL has and MariaDB has not, how the schema says it, and the object that is named. */
const UNKNOWN: Readonly<
  Record<
    string,
    {
      readonly collation?: string;
      readonly charset?: string;
      readonly schema: (sql: string) => string;
      readonly object: string;
      readonly reason: RegExp;
    }
  >
> = {
  'a collation like which there is none': {
    collation: 'utf8mb4_ja_0900_as_cs_ks',
    schema: (sql) =>
      sql.replace(/(`b` varchar\(9\))[^,]*/, '$1 CHARACTER SET utf8mb4 COLLATE utf8mb4_ja_0900_as_cs_ks DEFAULT NULL'),
    object: '.t.b',
    reason:
      /has the collation utf8mb4_ja_0900_as_cs_ks; MariaDB 10\.11\.\d+ does not know it, nor one like it \(utf8mb4, mysql ja, as_cs_ks/,
  },
  'a character set': {
    collation: 'gb18030_chinese_ci',
    charset: 'gb18030',
    schema: (sql) => sql.replace(/(`b` varchar\(9\))[^,]*/, '$1 CHARACTER SET gb18030 DEFAULT NULL'),
    object: '.t.b',
    reason: /has the character set gb18030, which MariaDB 10\.11\.\d+ does not know/,
  },
  'a collation in an expression': {
    schema: (sql) =>
      sql.replace(
        /(`c` varchar\(9\)) .*? (GENERATED|AS) .*$/m,
        '$1 GENERATED ALWAYS AS ((`b` collate utf8mb4_0900_as_cs)) VIRTUAL,',
      ),
    object: '.t.c',
    reason: /names the collation utf8mb4_0900_as_cs, .* in an expression/,
  },
  'a key on an expression': {
    schema: (sql) => sql.replace('KEY `k` (`b`)', 'KEY `k` ((lower(`b`)))'),
    object: '.t: key k',
    reason: /uses a key on an expression, .* restore into MySQL 8\.0\.13 or later/,
  },
  'a CHECK that is not enforced': {
    schema: (sql) => sql.replace(/(CONSTRAINT `x` CHECK \(.*\))$/m, '$1 /*!80016 NOT ENFORCED */'),
    object: '.t: constraint x',
    reason: /not enforced/,
  },
  'a type': {
    schema: (sql) => sql.replace(/`d` int\(11\)/, '`d` vector(3)'),
    object: '.t.d',
    reason: /uses type vector, .* restore into MariaDB 11\.7 or MySQL 9\.0 or later/,
  },
  'an option of the table': {
    schema: (sql) => sql.replace('ENGINE=InnoDB', "ENGINE=InnoDB COMPRESSION='zlib'"),
    object: '.t',
    reason: /option COMPRESSION/,
  },
};

for (const [what, { collation, charset, schema, object, reason }] of Object.entries(UNKNOWN)) {
  test(`${what} that the target does not know blocks the restore, by name, before anything is written`, async () => {
    await withDatabase(async (database, admin) => {
      await admin.query(`CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(9), c VARCHAR(9) AS (b), d INT, KEY k (b), CONSTRAINT x CHECK (d > 0))
        DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin; INSERT INTO t (a, b) VALUES (1, 'b')`);
      await withWorkplace(async (workplace) => {
        await backUp(workplace, [sourceOf(database, ['t'])]);
        const change = { ...(collation ? { collation } : {}), ...(charset ? { charset } : {}) };
        const column = (item: ManifestColumn) => (item.name === 'b' ? { ...item, ...change } : item);
        await forgeSet(workplace, { schema, column });
        await admin.query(`DROP DATABASE ${database}`);
        const { plan } = await restore(workplace, { dryRun: true });
        assert.deepEqual(
          plan.blockers.map((blocker) => blocker.object),
          [database + object],
        );
        assert.match(plan.blockers[0]!.reason, reason);
        await assert.rejects(restore(workplace), (error) => isOperationError(error, 'OP_RESTORE_REFUSED'));
        const [left] = await admin.query<RowDataPacket[]>('SHOW DATABASES LIKE ?', [database]);
        assert.deepEqual(left, []);
      });
    });
  });
}
