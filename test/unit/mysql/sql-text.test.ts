import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alterationsInPlace, parseCreateTable, splitStatements, stageTable } from '../../../src/mysql/sql-text';

test('a script is split at delimiters outside quotes and comments, DELIMITER lines included', () => {
  const script = [
    "SET @a='x;y', @b=\"it''s;\";",
    '-- a remark; with a semicolon',
    "CREATE TABLE `a;b` (id int) COMMENT='1\\';2';",
    '/*!40101 SET NAMES utf8mb4 */;',
    'DELIMITER ;;',
    'CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @x = 1; SET @y = 2; END;;',
    'DELIMITER ;',
    'SELECT 1',
  ].join('\n');
  assert.deepEqual(splitStatements(script), [
    "SET @a='x;y', @b=\"it''s;\"",
    "-- a remark; with a semicolon\nCREATE TABLE `a;b` (id int) COMMENT='1\\';2'",
    '/*!40101 SET NAMES utf8mb4 */',
    'CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @x = 1; SET @y = 2; END',
    'SELECT 1',
  ]);
});

test('a body ends at its own delimiter only, whatever quotes mean under its sql_mode', () => {
  const bodies = ["SET @a = '\\';", 'SET @a = "it\'s"; -- don\'t', "SET @a = 1; # it's"];
  const script = bodies.map((body) => `DELIMITER ;;\n${body}\n;;\nDELIMITER ;\n`).join('');
  assert.deepEqual(splitStatements(script), bodies);
});

const CREATE = `CREATE TABLE \`t\` (
  \`id\` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  \`note\` varchar(40) DEFAULT 'a, (b' COMMENT '  KEY \`fake\` (\`id\`),
  UNIQUE KEY',
  \`kind\` enum('x,y','z)') NOT NULL CHECK (\`kind\` <> ','),
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`u\` (\`note\`(10)),
  KEY \`k\` (\`kind\`,\`note\`),
  FULLTEXT KEY \`f\` (\`note\`),
  CONSTRAINT \`fk\` FOREIGN KEY (\`id\`) REFERENCES \`p\` (\`id\`) ON DELETE CASCADE,
  CONSTRAINT \`c\` CHECK (\`id\` > 0)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT='(a, b)'`;

test('a definition is taken apart at its own commas only', () => {
  const { head, parts, tail } = parseCreateTable(CREATE);
  assert.equal(head, 'CREATE TABLE `t` ');
  assert.equal(parts.length, 9);
  assert.match(parts[1]!, /UNIQUE KEY'$/);
  assert.equal(tail, " ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT='(a, b)'");
});

test('secondary and foreign keys come afterwards; columns, primary key and checks at once', () => {
  const { create, addKeys, addForeignKeys } = stageTable(CREATE);
  assert.deepEqual(addKeys, [
    'ADD UNIQUE KEY `u` (`note`(10))',
    'ADD KEY `k` (`kind`,`note`)',
    'ADD FULLTEXT KEY `f` (`note`)',
  ]);
  assert.deepEqual(addForeignKeys, ['ADD CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `p` (`id`) ON DELETE CASCADE']);
  assert.deepEqual(parseCreateTable(create).parts.length, 5);
  assert.match(create, /CONSTRAINT `c` CHECK/);
  assert.match(create, /AUTO_INCREMENT=7/);
});

test('a table whose counter needs a secondary key keeps its keys', () => {
  const { create, addKeys } = stageTable(
    "CREATE TABLE `t` (\n  `a` int NOT NULL,\n  `n` int NOT NULL AUTO_INCREMENT COMMENT 'AUTO',\n  PRIMARY KEY (`a`,`n`),\n  KEY `n` (`n`)\n) ENGINE=InnoDB",
  );
  assert.deepEqual(addKeys, []);
  assert.match(create, /KEY `n` \(`n`\)/);
});

test('a table with a unique key over long text keeps its keys: adding any would copy it', () => {
  const keys = "  UNIQUE KEY `u` (`a`)%,\n  KEY `USING HASH` (`a`(9)) COMMENT ' USING HASH'";
  const table = (end: string) => `CREATE TABLE \`t\` (\n  \`a\` text,\n${keys.replace('%', end)}\n) ENGINE=InnoDB`;
  assert.equal(stageTable(table(' USING HASH')).addKeys.length, 0);
  assert.equal(stageTable(table(' USING BTREE')).addKeys.length, 2);
});

test('each FULLTEXT key after the first is added by a statement of its own', () => {
  const [u, f, k, g] = [
    'ADD UNIQUE KEY `u` (`a`)',
    'ADD FULLTEXT KEY `f` (`a`)',
    'ADD KEY `k` (`a`)',
    'ADD FULLTEXT KEY `g` (`a`)',
  ];
  assert.deepEqual(alterationsInPlace([u, f, k, g]), [[u, f, k], [g]]);
  assert.deepEqual(alterationsInPlace([]), []);
});
