import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentRuleSchema, type RowsRule } from '../../../src/model/content-rule';
import { checkRowCounts } from '../../../src/plan/check-row-counts';
import { manifestOf, tableFile } from '../../support/manifest';

const BEFORE = '20261122020000_aaaaaaaaaa';
const rule = (change: object = {}) => contentRuleSchema.parse({ kind: 'rows', ...change }) as RowsRule;

/** What the rules say about one table that had `before` rows and now has `now`. */
function verdict(before: number, now: number, rules: readonly RowsRule[] = [rule()]): string[] {
  const previous = manifestOf([tableFile('t', before)], BEFORE);
  return checkRowCounts(manifestOf([tableFile('t', now)]), previous, rules).map(({ message }) => message);
}

test('a table may lose 30 % of its rows, and not one row more', () => {
  assert.deepEqual(verdict(1000, 700), []);
  assert.deepEqual(verdict(1000, 699), [
    `table t lost 30.1 % of its rows: 1000 rows in set ${BEFORE}, 699 in this one; the rule allows 30 %`,
  ]);
  assert.deepEqual(verdict(10, 7), []);
  assert.equal(verdict(10, 6).length, 1);
  assert.equal(verdict(3, 2).length, 1, 'a third of three rows is more than 30 %');
});

test('a table that had rows and has none became empty, also where all of them may be lost', () => {
  assert.deepEqual(verdict(1, 0, [rule({ maxDropPercent: 100 })]), [
    `table t became empty: 1 row in set ${BEFORE}, 0 in this one`,
  ]);
  assert.deepEqual(verdict(1, 0, [rule({ maxDropPercent: 100, notEmpty: false })]), []);
  assert.deepEqual(verdict(0, 0), []);
});

test('the last rule that names the table counts, else the last that names none; without a rule nothing is said', () => {
  const loose = rule({ table: 't', maxDropPercent: 90 });
  assert.deepEqual(verdict(100, 20, [loose, rule()]), []);
  assert.equal(verdict(100, 20, [rule(), rule({ table: 'other', maxDropPercent: 90 })]).length, 1);
  assert.deepEqual(verdict(100, 20, [rule(), rule({ maxDropPercent: 80 })]), []);
  assert.deepEqual(verdict(100, 0, []), []);
});

test('rows that grow or stay, and a table that is new, are never suspicious', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (before, more) => {
      assert.deepEqual(verdict(before, before + more), []);
    }),
  );
  assert.deepEqual(checkRowCounts(manifestOf([tableFile('t', 5)]), manifestOf([], BEFORE), [rule()]), []);
});

test('what a rule allows is a border: fewer rows are suspicious exactly when the share that is left is smaller', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.nat({ max: 1_000_000 }),
      fc.nat({ max: 100 }),
      (before, kept, percent) => {
        const now = Math.min(before, kept);
        const rules = [rule({ maxDropPercent: percent, notEmpty: false })];
        const leastAllowed = Math.ceil((before * (100 - percent)) / 100);
        assert.equal(verdict(before, now, rules).length, now < leastAllowed ? 1 : 0);
      },
    ),
  );
});

test('a table that had rows and is not in the set is suspicious; an empty one that vanished is not', () => {
  const previous = manifestOf([tableFile('t', 5), tableFile('gone', 7), tableFile('gone_empty', 0)], BEFORE);
  const found = checkRowCounts(manifestOf([tableFile('t', 5)]), previous, [rule()]);
  assert.deepEqual(found, [
    {
      code: 'OP_CONTENT_SUSPICIOUS',
      object: 'db.gone',
      message: `table gone is not in the set: 7 rows in set ${BEFORE}`,
      rule: 'rows',
    },
  ]);
});

test('a table is found again in a database of another name, unless two could be meant', () => {
  const moved = (database: string, rows: number) =>
    tableFile('t', rows, { id: 'integer' }, { database, path: `${database}/t.json` });
  const lost = checkRowCounts(manifestOf([moved('new', 1)]), manifestOf([moved('old', 9)], BEFORE), [rule()]);
  assert.match(lost[0]?.message ?? '', /^table t lost 88.9 %/);
  const two = manifestOf([moved('a', 9), moved('b', 1)], BEFORE);
  assert.deepEqual(checkRowCounts(manifestOf([moved('a', 9), moved('b', 1)]), two, [rule()]), []);
  assert.deepEqual(
    checkRowCounts(manifestOf([moved('b', 1)]), two, [rule()]).map(({ object }) => object),
    ['a.t'],
  );
});
