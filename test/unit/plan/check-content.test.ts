import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkTableFile } from '../../../src/archive/table-file-check';
import { BKLOG_CONTENT_RULES } from '../../../src/bklog/content-rules';
import { type ContentRule, contentRuleSchema } from '../../../src/model/content-rule';
import type { ManifestFile } from '../../../src/model/manifest';
import { startContentCheck } from '../../../src/plan/check-content';
import { compareCells } from '../../../src/plan/compare-cells';
import { manifestOf, tableFile } from '../../support/manifest';

/** A table with its rows, each a line as it stands in the table file. */
interface Table {
  readonly file: ManifestFile;
  readonly lines: readonly string[];
}

function table(name: string, columns: Parameters<typeof tableFile>[2], lines: readonly string[]): Table {
  return { file: tableFile(name, lines.length, columns), lines };
}

/** Reads the tables as verify does and gives what the rules say. */
function judge(tables: readonly Table[], own: readonly object[], options: object = {}): string[] {
  const rules = own.map((rule) => contentRuleSchema.parse(rule));
  return judgeWith(tables, { defaults: [], own: rules }, options);
}

function judgeWith(
  tables: readonly Table[],
  rules: { readonly defaults: readonly ContentRule[]; readonly own: readonly ContentRule[] },
  options: object = {},
): string[] {
  const run = startContentCheck(manifestOf(tables.map(({ file }) => file)), undefined, rules, options);
  for (const { file, lines } of tables) {
    const check = checkTableFile(file, run.watch(file));
    check.write(Buffer.from(lines.length > 0 ? `[\n${lines.join(',\n')}\n]\n` : '[\n]\n'));
    assert.deepEqual(check.end(), []);
  }
  return [...run.manifestSuspicions, ...run.cellSuspicions()].map(({ message }) => message);
}

const people = (...lines: string[]) => table('people', { id: 'integer', name: 'text', age: 'integer' }, lines);

test('required: null and the empty string are missing, and the keys of the first three are told, no other cell', () => {
  const rows = [1, 2, 3, 4].map((id) => `{"id":${id},"name":"","age":7}`);
  assert.deepEqual(
    judge(
      [people(...rows, '{"id":5,"name":null,"age":7}', '{"id":6,"name":"secret","age":7}')],
      [{ kind: 'required', table: 'people', column: 'name' }],
    ),
    ['table people: 5 rows break the rule required people.name: id 1; id 2; id 3; …'],
  );
});

test('range: both ends belong to it, null is not looked at, and what is no number is outside', () => {
  const rule = { kind: 'range', table: 'people', column: 'age', min: 0, max: 150 };
  const rows = [0, 150, -1, 151].map((age, id) => `{"id":${id},"name":"n","age":${age}}`);
  assert.deepEqual(judge([people(...rows, '{"id":9,"name":"n","age":null}')], [rule]), [
    'table people: 2 rows break the rule range people.age: id 2; id 3',
  ]);
  const words = table('t', { id: 'integer', w: 'text' }, ['{"id":1,"w":"many"}', '{"id":2,"w":"12.50"}']);
  assert.deepEqual(judge([words], [{ kind: 'range', table: 't', column: 'w', max: '12.5' }]), [
    'table t: 1 row breaks the rule range t.w: id 1',
  ]);
});

test('range: a date is compared with a date as text', () => {
  const days = table('t', { id: 'integer', d: 'text' }, ['{"id":1,"d":"1999-12-31"}', '{"id":2,"d":"2024-05-01"}']);
  assert.deepEqual(judge([days], [{ kind: 'range', table: 't', column: 'd', min: '2000-01-01' }]), [
    'table t: 1 row breaks the rule range t.d: id 1',
  ]);
});

test('one-of: numbers, text and booleans are compared as the table file has them; null is not looked at', () => {
  const rule = { kind: 'one-of', table: 'people', column: 'age', values: [1, '2', true] };
  const rows = ['1', '2', '3', 'null'].map((age, id) => `{"id":${id},"name":"n","age":${age}}`);
  assert.deepEqual(judge([people(...rows)], [rule]), ['table people: 1 row breaks the rule one-of people.age: id 2']);
});

const child = (...lines: string[]) => table('child', { id: 'integer', parent: 'integer', gone: 'integer' }, lines);
const parent = (...ids: string[]) =>
  table(
    'parent',
    { id: 'integer' },
    ids.map((id) => `{"id":${id}}`),
  );
const RELATION = {
  kind: 'relation',
  from: { table: 'child', column: 'parent' },
  to: { table: 'parent', column: 'id' },
  where: { gone: 0 },
};

test('relation: a live row without its counterpart is told, in whatever order the tables come', () => {
  const rows = child(
    '{"id":1,"parent":7,"gone":0}',
    '{"id":2,"parent":8,"gone":0}',
    '{"id":3,"parent":8,"gone":1}',
    '{"id":4,"parent":0,"gone":0}',
    '{"id":5,"parent":null,"gone":0}',
  );
  const expected = ['table child: 1 row breaks the rule relation child.parent -> parent.id: id 2'];
  assert.deepEqual(judge([rows, parent('7')], [RELATION]), expected);
  assert.deepEqual(judge([parent('7'), rows], [RELATION]), expected);
  assert.deepEqual(judge([parent('7', '8'), rows], [RELATION]), []);
});

test('relation: integers beyond 2^53 are told apart, where JSON.parse would round them to one number', () => {
  const big = '9007199254740993';
  const near = '9007199254740992';
  assert.equal(Number(big), Number(near));
  const rows = child(`{"id":1,"parent":${big},"gone":0}`);
  assert.deepEqual(judge([rows, parent(big)], [RELATION]), []);
  assert.equal(judge([rows, parent(near)], [RELATION]).length, 1);
});

test('relation: more values than may be held is said, not passed over', () => {
  const rows = child('{"id":1,"parent":1,"gone":0}');
  assert.deepEqual(judge([rows, parent('1', '2', '3')], [RELATION], { maxValues: 2 }), [
    'the rule relation child.parent -> parent.id was not checked: more than 2 different values',
  ]);
  assert.deepEqual(judge([rows, parent('1', '2')], [RELATION], { maxValues: 2 }), []);
});

test('relation: agrees with looking every reference up, for any tables', () => {
  const ids = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 20 });
  fc.assert(
    fc.property(ids, fc.uniqueArray(fc.integer({ min: 1, max: 12 })), fc.boolean(), (references, targets, first) => {
      const rows = child(...references.map((value, id) => `{"id":${id},"parent":${value},"gone":0}`));
      const tables = first ? [rows, parent(...targets.map(String))] : [parent(...targets.map(String)), rows];
      const broken = references.filter((value) => value !== 0 && !targets.includes(value)).length;
      const [message = 'table child: 0 rows'] = judge(tables, [RELATION]);
      assert.equal(Number(/: (\d+) rows?/.exec(message)?.[1]), broken);
    }),
  );
});

test("a rule that does not fit the set: somebody's own is reported, BK-LOG's are left out", () => {
  const own = [
    { kind: 'required', table: 'people', column: 'nmae' },
    { kind: 'rows', table: 'peple', maxDropPercent: 5 },
    { kind: 'relation', from: { table: 'people', column: 'id' }, to: { table: 'cities', column: 'id' } },
    { kind: 'one-of', table: 'people', column: 'name', values: ['n'], where: { live: true } },
  ];
  assert.deepEqual(judge([people()], own), [
    'the rule required people.nmae was not checked: table people has no column nmae',
    'the rule rows peple was not checked: no table peple in the set',
    'the rule relation people.id -> cities.id was not checked: no table cities in the set',
    'the rule one-of people.name was not checked: table people has no column live',
  ]);
  const defaults = own.map((rule) => contentRuleSchema.parse(rule));
  assert.deepEqual(judgeWith([people()], { defaults, own: [] }), []);
});

test("a table without a rule is not watched, and BK-LOG's rules watch only its core tables", () => {
  const files = ['other', 'log_search_logindexset'].map((name) =>
    tableFile(name, 0, { id: 'integer', index_set_name: 'text', is_deleted: 'integer' }),
  );
  const run = startContentCheck(manifestOf(files), undefined, { defaults: BKLOG_CONTENT_RULES.rules, own: [] });
  assert.deepEqual(
    files.map((file) => run.watch(file)?.columns),
    [undefined, ['index_set_name', 'is_deleted', 'id']],
  );
});

test('a key of several columns is told whole, a long one is cut, and a table without a key tells numbers only', () => {
  const columns = { a: 'integer', b: 'text', w: 'text' } as const;
  const lines = [`{"a":1,"b":"${'x'.repeat(100)}","w":""}`];
  const rule = { kind: 'required', table: 't', column: 'w' };
  const keyed = { file: tableFile('t', 1, columns, { orderedBy: ['a', 'b'] }), lines };
  const keyless = { file: tableFile('t', 1, columns, { orderedBy: [] }), lines };
  assert.deepEqual(judge([keyed], [rule]), [`table t: 1 row breaks the rule required t.w: a 1, b ${'x'.repeat(60)}…`]);
  assert.deepEqual(judge([keyless], [rule]), ['table t: 1 row breaks the rule required t.w']);
});

test('cells are ordered as exact numbers, whatever their length', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.bigInt(), fc.nat({ max: 9 }), (a, b, zeros) => {
      const order = a < b ? -1 : Number(a > b);
      assert.equal(Math.sign(compareCells(String(a), String(b))!), order);
      assert.equal(Math.sign(compareCells(`${a}.${'0'.repeat(zeros + 1)}`, String(b))!), order);
    }),
  );
  assert.equal(compareCells('9007199254740993', '9007199254740992'), 1);
  assert.equal(compareCells('-0.5', '-0.25'), -1);
  assert.ok(compareCells('1e+20', '99999999999999999999')! >= 0);
  assert.equal(compareCells('2024-01-01', '5'), undefined);
});
