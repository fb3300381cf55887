import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoteRulesOf, renameInBody } from '../../../src/mysql/database-names';

const NAMES = new Map([
  ['home', 'o`ther'],
  ['stays', 'stays'],
]);
const renamed = (body: string, kind: { sqlMode?: string; isView?: boolean; others?: ReadonlySet<string> } = {}) => {
  const { sqlMode = '', ...rest } = kind;
  const head = 'CREATE PROCEDURE `home`() ';
  const { sql, unsure } = renameInBody(head + body, NAMES, {
    quotes: quoteRulesOf(sqlMode),
    headLength: head.length,
    ...rest,
  });
  assert.ok(sql.startsWith(head));
  return [sql.slice(head.length), unsure];
};
const sure = (body: string, expected: string, kind = {}) => assert.deepEqual(renamed(body, kind), [expected, []], body);
const unsure = (body: string, expected = body, kind = {}) =>
  assert.deepEqual(renamed(body, kind), [expected, ['home']], body);

test('a database gets its new name however a body quotes and spaces it', () => {
  sure(
    'INSERT INTO home.t SELECT home.t.a FROM `home` . `u`',
    'INSERT INTO `o``ther`.t SELECT `o``ther`.t.a FROM `o``ther` . `u`',
  );
  sure(
    'CALL home.p(home.f(1), NEXTVAL(home/* x */.s)); SELECT home.* , t.x',
    'CALL `o``ther`.p(`o``ther`.f(1), NEXTVAL(`o``ther`/* x */.s)); SELECT `o``ther`.* , t.x',
  );
  sure(
    'SELECT stays.t.a, homely.t.a, x_home.t.b FROM /*!50000 home.t */',
    'SELECT stays.t.a, homely.t.a, x_home.t.b FROM /*!50000 `o``ther`.t */',
  );
  sure('SELECT 1 FROM "home".t', 'SELECT 1 FROM `o``ther`.t', { sqlMode: 'REAL_AS_FLOAT,ANSI_QUOTES' });
});

test('text, comments, variables and accounts that look like the database stay', () => {
  for (const body of [
    'SELECT \'home.t\', "home.t" -- home.t',
    'SELECT 1 # home.t\n',
    '/* home.t */ SET @home = 1, @@home.x = 2, @home.x = 3',
    "SELECT 'it''s \\' home.t'",
  ]) {
    sure(body, body);
  }
  sure("SELECT '\\', home.t.a", "SELECT '\\', `o``ther`.t.a", { sqlMode: 'NO_BACKSLASH_ESCAPES' });
});

test('where something else may have the name of the database, it is left and told', () => {
  unsure('SELECT home.a FROM t AS home');
  unsure('SELECT home.a FROM home.home');
  unsure('SELECT home.a FROM x.home');
  unsure('DECLARE home ROW TYPE OF t; SET home.a = 1');
  unsure('SELECT Home.a FROM t');
  unsure('CALL home.p()', undefined, { others: new Set(['home']) });
  unsure('SELECT home.t.a, home.b FROM t home', 'SELECT `o``ther`.t.a, home.b FROM t home');
  unsure("PREPARE s FROM 'DELETE FROM `home`.t'");
  unsure("EXECUTE IMMEDIATE CONCAT('DELETE FROM home.', t)");
  unsure("EXECUTE IMMEDIATE CONCAT('DELETE FROM ', 'home', '.t')");
  unsure("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'Home'");
  sure("SELECT 'home', 'home.t'", "SELECT 'home', 'home.t'");
  sure(
    "SELECT 1 FROM information_schema.TABLES WHERE x = 'at home'",
    "SELECT 1 FROM information_schema.TABLES WHERE x = 'at home'",
  );
  sure("SET @url = 'https://home.example'", "SET @url = 'https://home.example'");
});

test('in a view only an alias or a table of the compact form can be meant', () => {
  const isView = { isView: true };
  sure(
    'select 1 AS `home`,`h`.`home` AS `x`,`home`.`home`.`id` AS `y` from (`home`.`home` `h` join `d`.`t`)',
    'select 1 AS `home`,`h`.`home` AS `x`,`o``ther`.`home`.`id` AS `y` from (`o``ther`.`home` `h` join `d`.`t`)',
    isView,
  );
  unsure('select `home`.`id` AS `id` from `home`', undefined, isView);
  unsure('select `home`.`id` AS `x` from (`d`.`t` `home` join `home`.`home` `h`)', undefined, isView);
});
