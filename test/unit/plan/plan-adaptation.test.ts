import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ManifestColumn, ManifestFile } from '../../../src/model/manifest';
import { rewriteDefinitions } from '../../../src/mysql/rewrite-definitions';
import { readSetDefinitions } from '../../../src/mysql/set-definitions';
import { isReordered, planAdaptation } from '../../../src/plan/plan-adaptation';
import { tableFile } from '../../support/manifest';
import { SERVERS } from '../../support/servers';

type Text = readonly [charset: string, collation: string];

function fileOf(texts: Readonly<Record<string, Text>>): ManifestFile {
  const columns = Object.entries(texts).map(([name, [charset, collation]]): ManifestColumn => {
    return { name, type: 'varchar(9)', encoding: 'text', nullable: true, charset, collation };
  });
  return tableFile('t', 0, {}, { columns, orderedBy: columns.slice(0, 1).map(({ name }) => name) });
}

/** What becomes of one table of a database `db` in a server. */
function adapt(server: string, table: string, texts: Readonly<Record<string, Text>>, more = '') {
  const script = `CREATE DATABASE IF NOT EXISTS \`db\` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;\n${table};\n${more}`;
  const definitions = readSetDefinitions(script, new Map(), { keepDefiners: true });
  const file = fileOf(texts);
  const adaptation = planAdaptation(definitions.demands, [file], SERVERS[server]!);
  const adapted = rewriteDefinitions(definitions, adaptation.rewrite);
  const { create = '', addKeys = [] } = adapted.tables.get('t') ?? {};
  const blocked = adaptation.blockers.map(({ object }) => object);
  return {
    ...adaptation,
    ...adapted,
    create,
    addKeys,
    blocked,
    isReordered: isReordered(file, adaptation),
    definitions,
  };
}

test('a table that a server knows stays to the letter, whatever its comments and values say', () => {
  const table =
    "CREATE TABLE `t` (\n  `a` varchar(9) COLLATE utf8mb4_bin DEFAULT 'COLLATE utf8mb4_x' COMMENT ' CHARACTER SET y',\n  `e` enum('a) COLLATE z','it''s') CHARACTER SET latin1 COLLATE latin1_bin NOT NULL\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='DEFAULT CHARSET=q COLLATE=r'";
  for (const server of ['MariaDB 10.6', 'MariaDB 10.11', 'MariaDB 11.8', 'MySQL 8.0', 'MySQL 5.7']) {
    const texts = { a: ['utf8mb4', 'utf8mb4_bin'], e: ['latin1', 'latin1_bin'] } as const;
    const { create, mapped, blocked, isReordered: reordered } = adapt(server, table, texts);
    assert.deepEqual([create, mapped, blocked, reordered], [table, [], [], false], server);
  }
});

test('a character set that stands alone keeps the collation that its server meant, on a server of another default', () => {
  const table =
    'CREATE TABLE `t` (\n  `a` varchar(9) DEFAULT NULL,\n  `b` varchar(9) CHARACTER SET latin1 DEFAULT NULL\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4';
  const texts = { a: ['utf8mb4', 'utf8mb4_general_ci'], b: ['latin1', 'latin1_swedish_ci'] } as const;
  for (const server of ['MariaDB 11.8', 'MySQL 8.0']) {
    const { create, database, mapped } = adapt(server, table, texts);
    assert.equal(create, `${table} COLLATE=utf8mb4_general_ci`);
    assert.match(database, /DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci /);
    assert.deepEqual(mapped, []);
  }
  assert.equal(adapt('MariaDB 10.11', table, texts).create, table);
});

test('utf8 and utf8mb3 are two names of one thing: written as the server has it, and no news', () => {
  const table =
    'CREATE TABLE `t` (\n  `a` varchar(9) DEFAULT NULL,\n  `b` varchar(9) COLLATE utf8mb3_bin DEFAULT NULL\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci';
  const texts = { a: ['utf8mb3', 'utf8mb3_general_ci'], b: ['utf8mb3', 'utf8mb3_bin'] } as const;
  const { create, mapped, isReordered: reordered } = adapt('MySQL 5.7', table, texts);
  assert.deepEqual([mapped, reordered], [[], false]);
  assert.match(create, /`a` varchar\(9\) DEFAULT NULL/);
  assert.match(create, /`b` varchar\(9\) CHARACTER SET utf8 COLLATE utf8_bin DEFAULT NULL/);
  assert.match(create, /DEFAULT CHARSET=utf8 COLLATE=utf8_general_ci$/);
});

test('a mapped key column says its keys and that rows come in another order; a session is mapped with its view', () => {
  const table =
    'CREATE TABLE `t` (\n  `a` varchar(9) NOT NULL,\n  `b` varchar(9) DEFAULT NULL,\n  PRIMARY KEY (`a`(3)),\n  UNIQUE KEY `u` (`b`,`a`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci';
  const text: Text = ['utf8mb4', 'utf8mb4_uca1400_ai_ci'];
  const view =
    "SET SQL_MODE='NO_AUTO_CREATE_USER,ANSI_QUOTES', COLLATION_CONNECTION=utf8mb4_uca1400_ai_ci;\nCREATE VIEW `v` AS SELECT 'COLLATION_CONNECTION=x' AS a;\n";
  const { mapped, isReordered: reordered, objects, create } = adapt('MySQL 8.0', table, { a: text, b: text }, view);
  const to = 'utf8mb4_unicode_520_ci';
  assert.deepEqual(
    mapped.map(({ from: _, ...rest }) => rest),
    [
      { object: 'db.t.a', to, keys: ['PRIMARY', 'u'] },
      { object: 'db.t.b', to, keys: ['u'] },
      { object: 'db.t', to },
      { object: 'db: view v', to },
    ],
  );
  assert.ok(reordered);
  assert.equal(create.includes('uca1400'), false);
  assert.deepEqual(
    objects.map(({ statement }) => statement),
    [
      `SET SQL_MODE='ANSI_QUOTES', COLLATION_CONNECTION=${to}`,
      "CREATE VIEW `v` AS SELECT 'COLLATION_CONNECTION=x' AS a",
    ],
  );
});

test('what the text of a view or routine names stays, and is a note', () => {
  const view = 'CREATE VIEW `v` AS SELECT _utf8mb4`a` COLLATE utf8mb4_0900_as_cs AS a;\n';
  const { notes, blocked, objects, definitions } = adapt('MariaDB 10.6', 'CREATE TABLE `t` (`a` int)', {}, view);
  assert.deepEqual([notes.map(({ object }) => object), blocked], [['db: view v'], []]);
  assert.deepEqual(objects, definitions.objects);
});

/** Of MariaDB: the part of a table, what MySQL 8.0 gets instead (`-`: it is blocked), and the object that is named. */
const OF_MARIADB: readonly (readonly [part: string, instead: string, object: string])[] = [
  ['`a` uuid NOT NULL', '-', 'db.t.a'],
  ['`a` inet6 DEFAULT NULL', '-', 'db.t.a'],
  ['`a` vector(3) NOT NULL', '-', 'db.t.a'],
  [
    "`a` varchar(40) DEFAULT concat('a)',lower('b')) COMMENT '('",
    "`a` varchar(40) DEFAULT (concat('a)',lower('b'))) COMMENT '('",
    '',
  ],
  ['`a` datetime DEFAULT current_timestamp() ON UPDATE current_timestamp()', '=', ''],
  ['`a` varchar(10) /*M!100301 COMPRESSED*/ CHARACTER SET latin1 DEFAULT NULL', '=', ''],
  ['`a` int(11) INVISIBLE DEFAULT 4', '=', ''],
  ['`a` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`a`))', '=', ''],
  ['`a` int(11) DEFAULT nextval(`db`.`s`)', '-', 'db.t.a'],
  ['PERIOD FOR `p` (`b`, `c`)', '-', 'db.t'],
];
for (const [part, instead, object] of OF_MARIADB) {
  test(`MySQL is given ${part} of MariaDB ${instead === '-' ? 'not at all' : `as ${instead === '=' ? 'it is' : instead}`}`, () => {
    const { create, blocked } = adapt(
      'MySQL 8.0',
      `CREATE TABLE \`t\` (\n  \`id\` int(11),\n  ${part}\n) ENGINE=InnoDB`,
      {},
    );
    assert.deepEqual(blocked, instead === '-' ? [object] : []);
    if (instead !== '-') assert.ok(create.includes(instead === '=' ? part : instead), create);
  });
}

test('options: those of MariaDB block MySQL by table, an engine it lacks is a note, comments of a version are left', () => {
  const { blocked, notes } = adapt('MySQL 8.0', "CREATE TABLE `t` (`a` int) ENGINE=Aria `PAGE_COMPRESSED`='1'", {});
  assert.deepEqual([blocked, notes.map(({ object }) => object)], [['db.t'], ['db.t']]);
  const mysql = "CREATE TABLE `t` (\n  `a` int\n) /*!50100 TABLESPACE `x` */ ENGINE=InnoDB /*!80016 ENCRYPTION='N' */";
  const { blocked: none, create } = adapt('MariaDB 10.11', mysql, {});
  assert.deepEqual([none, create], [[], mysql]);
});

test('an invisible column of MySQL stays one in MariaDB, needs a default there, and MySQL 5.7 has none', () => {
  const table = (column: string) => `CREATE TABLE \`t\` (\n  ${column} /*!80023 INVISIBLE */\n) ENGINE=InnoDB`;
  assert.match(adapt('MariaDB 10.11', table("`a` int DEFAULT '1'"), {}).create, /`a` int DEFAULT '1' INVISIBLE\n/);
  assert.deepEqual(adapt('MariaDB 10.11', table('`a` bigint unsigned NOT NULL AUTO_INCREMENT'), {}).blocked, []);
  assert.deepEqual(adapt('MariaDB 10.11', table('`a` int NOT NULL'), {}).blocked, ['db.t.a']);
  assert.deepEqual(adapt('MySQL 5.7', table('`a` int DEFAULT NULL'), {}).blocked, ['db.t.a']);
  assert.match(adapt('MySQL 8.0', table('`a` int NOT NULL'), {}).create, /\/\*!80023 INVISIBLE \*\//);
});
