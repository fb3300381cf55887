import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isEnglishName, otherName, sourceEnglishName } from '../../../src/bklog/migration-names';

test('the English name of a collector is what follows the last dot of its table, made acceptable where it is not', () => {
  const cases: [string | null, string, number, string][] = [
    ['2_bklog.nginx_access', 'nginx', 501, 'nginx_access'],
    ['space_17_bklog.otlp', 'otlp', 9, 'otlp_id9'],
    ['nginx_access', 'x', 1, 'nginx_access'],
    [null, 'nginx访问日志', 501, 'nginx'],
    [null, '日志', 501, 'collector_id501'],
    ['2_bklog.a', 'a', 7, 'a_id7'],
    ['2_bklog.log_20240508', 'log', 12, 'log_20240508_id12'],
    ['2_bklog.log', '日志', 1234567, 'log_id1234567x'],
    [`2_bklog.${'a'.repeat(60)}`, 'a', 7, 'a'.repeat(50)],
  ];
  for (const [table, name, id, expected] of cases) {
    assert.equal(sourceEnglishName(table, { id, name }), expected, String(table));
    assert.ok(isEnglishName(expected), expected);
  }
});

test('whatever the source has, the name is one that BK-LOG takes, the same each time, and so is every other name', () => {
  fc.assert(
    fc.property(
      fc.option(fc.string(), { nil: null }),
      fc.string(),
      fc.nat(),
      fc.nat(20),
      (table, name, id, attempt) => {
        const own = sourceEnglishName(table, { id, name });
        assert.ok(isEnglishName(own), own);
        assert.equal(sourceEnglishName(table, { id, name }), own);
        const other = otherName(own, `ee:collector:${id}`, attempt);
        assert.ok(isEnglishName(other), other);
        assert.notEqual(other, own);
        assert.equal(otherName(own, `ee:collector:${id}`, attempt), other);
        assert.ok([...otherName(name, 'seed', attempt)].length <= 50);
      },
    ),
    { numRuns: 5000, seed: 20261123 },
  );
});

test('names of different attempts and of different environments differ', () => {
  const names = ['ee', 'sg'].flatMap((environment) =>
    [1, 2, 3, 4].map((attempt) => otherName('nginx_access', `${environment}:collector:501`, attempt)),
  );
  assert.equal(new Set(names).size, names.length);
});
