import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSetDefinitions } from '../../../src/mysql/set-definitions';

const read = (script: string, keepDefiners = true) =>
  readSetDefinitions(script, new Map([['home', 'other']]), {
    keepDefiners,
    wanted: { database: 'home', tables: new Set(['t', 't1']), whole: true },
  });

test('an object is known by kind and name however its sql_mode or its author wrote them', () => {
  const script = [
    'CREATE ALGORITHM=UNDEFINED DEFINER=`a b`@`%` SQL SECURITY DEFINER VIEW `v``w` AS select 1',
    'CREATE DEFINER="root"@"localhost" FUNCTION "say ""x"""() RETURNS int RETURN 1',
    'CREATE DEFINER=`root`@`localhost` trigger  plain before insert on t for each row set @x = 1',
    'CREATE DEFINER=`root`@`localhost` TRIGGER /* odd */ `home` . `t1` BEFORE INSERT ON t FOR EACH ROW SET @x = 1',
    'CREATE DEFINER=`role` EVENT `e` ON SCHEDULE EVERY 1 DAY DO SET @x = 1',
    'CREATE PROCEDURE `p`() SELECT 1',
    'CREATE DEFINER="root"@"%" PACKAGE "k k"    SQL SECURITY INVOKER\n AS PROCEDURE p() END',
    'CREATE DEFINER="root"@"%" PACKAGE BODY "k k" AS PROCEDURE p() AS BEGIN NULL END END',
  ].join(';\n');
  assert.deepEqual(
    read(script).objects.map(({ kind, name }) => [kind, name]),
    [
      ['view', 'v`w'],
      ['function', 'say "x"'],
      ['trigger', 'plain'],
      ['trigger', 't1'],
      ['event', 'e'],
      ['procedure', 'p'],
      ['package', 'k k'],
      ['package body', 'k k'],
    ],
  );
});

test('without definers an object keeps no account, and its body stays as it is', () => {
  const script = [
    'CREATE DEFINER="root"@"localhost" PROCEDURE "p"() SELECT "DEFINER=`a`@`b`"',
    'CREATE ALGORITHM=MERGE DEFINER=`root`@`%` SQL SECURITY INVOKER VIEW `v` AS select 1',
    'CREATE PROCEDURE `q`() SELECT "DEFINER=`a`@`b`"',
  ].join(';\n');
  assert.deepEqual(
    read(script, false).objects.map(({ statement }) => statement),
    [
      'CREATE PROCEDURE "p"() SELECT "DEFINER=`a`@`b`"',
      'CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `v` AS select 1',
      'CREATE PROCEDURE `q`() SELECT "DEFINER=`a`@`b`"',
    ],
  );
});

test('a foreign key to a table that the set does not have names the database, the others stay', () => {
  const { tables } = read(
    'CREATE DATABASE IF NOT EXISTS `home` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;\n' +
      'CREATE TABLE `t` (\n  `a)` int,\n  CONSTRAINT `f1` FOREIGN KEY (`a)`) REFERENCES `t` (`a)`),\n' +
      '  CONSTRAINT `f2` FOREIGN KEY (`a)`) REFERENCES `gone``x` (`id`) ON DELETE CASCADE\n)',
  );
  assert.deepEqual(tables.get('t')?.addForeignKeys, [
    'ADD CONSTRAINT `f1` FOREIGN KEY (`a)`) REFERENCES `t` (`a)`)',
    'ADD CONSTRAINT `f2` FOREIGN KEY (`a)`) REFERENCES `other`.`gone``x` (`id`) ON DELETE CASCADE',
  ]);
});
