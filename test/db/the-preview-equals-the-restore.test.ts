import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { TableDifference } from '../../src/operations/preview-rows';
import { backUp, restore } from '../support/backup';
import { sourceOf, withDatabase, withWorkplace } from '../support/database';

const ROUNDS = 25;
const ROWS = 60;

/** The same numbers for the same seed: a failure names the seed, and BKLOG_SEED repeats it. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Row = Record<string, string | null>;

/** Every row with its values as bytes in hexadecimal, in no particular order. */
async function rowsOf(admin: Connection, table: string): Promise<Row[]> {
  const [rows] = await admin.query<RowDataPacket[]>(
    `SELECT CONCAT(a) AS a, HEX(b) AS b, HEX(word) AS word, CONCAT(amount) AS amount, CONCAT(ratio * 1e0) AS ratio, HEX(bytes) AS bytes, CONCAT(kind + 0) AS kind, CONCAT(at) AS at FROM ${table}`,
  );
  return rows as Row[];
}

const COLUMNS = `a INT NOT NULL, b VARCHAR(8) COLLATE utf8mb4_general_ci NOT NULL, word VARCHAR(20), amount DECIMAL(8,2),
  ratio FLOAT, bytes BLOB, kind ENUM('', 'x', 'y'), at TIMESTAMP(3) NULL`;

function randomRow(pick: (below: number) => number): string {
  const word = ['NULL', "'Ä'", "'ä'", "'a'", "'A'", "'a '", "''", "'中文 \\n'"][pick(8)];
  const amount = ['NULL', '1.10', '-0.01', '999999.99'][pick(4)];
  const ratio = ['NULL', '0.1', '0.10000001', '1e20', '0'][pick(5)];
  const bytes = ['NULL', "x''", "x'00FF'", "x'0a'"][pick(4)];
  const kind = ['NULL', "''", "'x'", "'y'", '0'][pick(5)];
  const at = ['NULL', "'2026-01-01 00:00:00.001'", "'1970-01-02'"][pick(3)];
  return `${word}, ${amount}, ${ratio}, ${bytes}, ${kind}, ${at}`;
}

async function edit(admin: Connection, table: string, pick: (below: number) => number): Promise<void> {
  const where = `a = ${pick(ROWS)} AND b = 'k${pick(3)}'`;
  const change = pick(4);
  if (change === 0) await admin.query(`DELETE FROM ${table} WHERE ${where}`);
  else if (change === 1) {
    await admin.query(`INSERT IGNORE INTO ${table} VALUES (${pick(ROWS)}, 'k${pick(3)}', ${randomRow(pick)})`);
  } else {
    const column = ['word', 'amount', 'ratio', 'bytes', 'kind', 'at'][pick(6)]!;
    const [value] = [randomRow(pick).split(', ')[['word', 'amount', 'ratio', 'bytes', 'kind', 'at'].indexOf(column)]];
    await admin.query(`UPDATE ${table} SET ${column} = ${value} WHERE ${where}`);
  }
}

const keyOf = ({ a, b }: Row) => `${a} ${String(b).toLowerCase()}`;
const textOf = (row: Row) => JSON.stringify(row);

/** What happened to the rows of a table with a key, by comparing all of it before and after. */
function observedByKey(before: readonly Row[], after: readonly Row[]) {
  const was = new Map(before.map((row) => [keyOf(row), textOf(row)]));
  const is = new Map(after.map((row) => [keyOf(row), textOf(row)]));
  return {
    inserted: [...is.keys()].filter((key) => !was.has(key)).length,
    deleted: [...was.keys()].filter((key) => !is.has(key)).length,
    changed: [...is].filter(([key, text]) => was.has(key) && was.get(key) !== text).length,
  };
}

/** Without a key: how often each content is there. */
function observedByContent(before: readonly Row[], after: readonly Row[]) {
  const sums = new Map<string, number>();
  for (const row of before) sums.set(textOf(row), (sums.get(textOf(row)) ?? 0) - 1);
  for (const row of after) sums.set(textOf(row), (sums.get(textOf(row)) ?? 0) + 1);
  const counts = [...sums.values()];
  return {
    inserted: counts.reduce((sum, count) => sum + Math.max(count, 0), 0),
    deleted: counts.reduce((sum, count) => sum + Math.max(-count, 0), 0),
    changed: 0,
  };
}

const numbers = ({ inserted, changed, deleted }: TableDifference) => ({ inserted, deleted, changed });

test('on random edits the row preview says exactly what the restore then does, table by table', async () => {
  const first = Number(process.env.BKLOG_SEED ?? Date.now() % 1_000_000);
  await withDatabase(async (database, admin) => {
    await admin.query("SET time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
    await withWorkplace(async (workplace) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const seed = first + round;
        const pick = random(seed);
        await admin.query(
          `DROP TABLE IF EXISTS keyed, loose; CREATE TABLE keyed (${COLUMNS}, PRIMARY KEY (a, b)); CREATE TABLE loose (${COLUMNS})`,
        );
        for (let row = 0; row < ROWS; row += 1) {
          await admin.query(`INSERT IGNORE INTO keyed VALUES (${pick(ROWS)}, 'k${pick(3)}', ${randomRow(pick)});
            INSERT INTO loose VALUES (${pick(4)}, 'k0', ${randomRow(pick)})`);
        }
        await backUp(workplace, [sourceOf(database, ['keyed', 'loose'])]);
        for (let change = pick(20); change > 0; change -= 1) await edit(admin, pick(2) ? 'keyed' : 'loose', pick);
        const before = [await rowsOf(admin, 'keyed'), await rowsOf(admin, 'loose')];
        const { differences = [] } = await restore(workplace, { dryRun: true, diff: true });
        const untouched = [await rowsOf(admin, 'keyed'), await rowsOf(admin, 'loose')];
        assert.deepEqual(untouched, before, `seed ${seed}: a preview changes nothing`);
        await restore(workplace, { options: { policy: 'replace' } });
        const after = [await rowsOf(admin, 'keyed'), await rowsOf(admin, 'loose')];
        const of = (table: string) => differences.find((item) => item.table === table)!;
        assert.deepEqual(numbers(of('keyed')), observedByKey(before[0]!, after[0]!), `seed ${seed}: keyed`);
        assert.deepEqual(numbers(of('loose')), observedByContent(before[1]!, after[1]!), `seed ${seed}: loose`);
      }
    });
  });
});

test('the preview shows the first rows of each kind with the fields that differ, and no secret', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(40), password VARCHAR(40), params TEXT, gone INT);
      INSERT INTO t VALUES (1, 'a', 'pw1', '{"token": "t1"}', 1), (2, 'b', 'pw2', '{}', 1), (3, 'c', 'pw3', '{}', 1)`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['t'])]);
      await admin.query(`UPDATE t SET word = 'z', password = 'other', params = '{"token": "t2"}' WHERE id = 1; DELETE FROM t WHERE id = 2;
        INSERT INTO t VALUES (9, 'new', '', '{}', 1); ALTER TABLE t DROP COLUMN gone, ADD COLUMN fresh INT`);
      const { differences = [] } = await restore(workplace, { dryRun: true, diff: true });
      const hidden = { now: '***', set: '***' };
      assert.deepEqual(differences, [
        {
          ...{ database, table: 't', inserted: 1, changed: 1, deleted: 1, skipped: 0, byContent: false },
          ...{ columnsAdded: ['gone'], columnsRemoved: ['fresh'] },
          samples: {
            inserted: [{ key: { id: '2' } }],
            changed: [{ key: { id: '1' }, fields: { word: { now: 'z', set: 'a' }, password: hidden, params: hidden } }],
            deleted: [{ key: { id: '9' } }],
          },
        },
      ]);
      const [schemas] = await admin.query<RowDataPacket[]>("SHOW DATABASES LIKE 'bklog\\_scratch\\_%'");
      assert.deepEqual(schemas, []);
      const fill = await restore(workplace, { dryRun: true, diff: true, options: { policy: 'skip' } });
      assert.match(fill.plan.blockers.map(({ reason }) => reason).join(), /other columns than the set/);
    });
  });
});
