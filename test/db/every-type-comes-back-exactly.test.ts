import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { carryOut } from '../../src/operations/carry-out';
import { backUp } from '../support/backup';
import { connect, settingsFor, sourceOf, testServer, withDatabase, withWorkplace } from '../support/database';
import { type Cell, manifestOf, readTableFile, withUnpacked } from '../support/read-archive';

const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``;
const NUMBERS = /^(tinyint|smallint|mediumint|int|bigint)/;
const FLOATS = /^(float|double)/;

/** The independent reading: every cell as the server's own HEX of the stored bytes, numbers as the server prints them. */
async function readFromServer(admin: Connection, database: string, table: string): Promise<Cell[][]> {
  const [columns] = await admin.query<RowDataPacket[]>(
    'SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type, CHARACTER_SET_NAME AS charset FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
    [database, table],
  );
  const expressions = columns.map(({ name, type, charset }) => {
    const column = quote(name);
    if (NUMBERS.test(type)) return `CAST(${column} + 0 AS CHAR)`;
    // The sign of zero is printed nowhere: ATAN2(x, -1) tells 0 (pi) from -0 (-pi).
    if (FLOATS.test(type))
      return `CASE WHEN ${column} = 0 AND ATAN2(${column}, -1) < 0 THEN '-0' ELSE CAST(${column} * 1e0 AS CHAR) END`;
    if (/^(enum|set).*[(,]''[,)]/.test(type)) return `CAST(${column} + 0 AS CHAR)`;
    if (charset && charset !== 'binary') {
      const back = `CONVERT(CONVERT(${column} USING utf8mb4) USING ${charset})`;
      const isLossy = `MAX(CAST(${back} AS BINARY) <> CAST(${column} AS BINARY)) OVER ()`;
      return `IF(${isLossy}, HEX(CAST(${column} AS BINARY)), HEX(CONVERT(${column} USING utf8mb4)))`;
    }
    if (/^(bit)/.test(type)) return `HEX(CAST(${column} AS BINARY))`;
    if (/(blob|binary|geometry|point|linestring|polygon|geometrycollection|multi)/.test(type)) return `HEX(${column})`;
    return `HEX(CAST(${column} AS CHAR CHARACTER SET utf8mb4))`;
  });
  await admin.query("SET time_zone = '+00:00', sql_mode = ''");
  const [rows] = await admin.query<RowDataPacket[][]>({
    sql: `SELECT ${expressions.map((text, index) => `${text} AS c${index}`).join(', ')} FROM ${quote(database)}.${quote(table)}`,
    rowsAsArray: true,
  });
  return rows.map((row) =>
    row.map((cell, index) => {
      if (cell === null) return null;
      const type = String(columns[index]!.type);
      const isDigits = NUMBERS.test(type) || FLOATS.test(type) || /^(enum|set).*[(,]''[,)]/.test(type);
      return isDigits ? String(cell) : String(cell).toLowerCase();
    }),
  );
}

const sorted = (rows: readonly Cell[][]) => rows.map((row) => JSON.stringify(row)).sort();

/** BIT cells: the client pads to whole bytes, HEX of the number does not. */
const withoutLeadingZeros = (cell: Cell) => (cell === null ? null : cell.replace(/^(00)+(?=..)/, ''));

test('a test that knows only JSON and the manifest gets every cell of every type back', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(readFileSync('test/fixtures/all-types.sql', 'utf8'));
    const described = await carryOut(
      'describeConnection',
      { settings: settingsFor(database) },
      new AbortController().signal,
      () => {},
    );
    const tables = described.tables.filter(({ type }) => type === 'table').map(({ name }) => name);
    assert.ok(tables.length > 40, `the fixture has only ${tables.length} tables`);
    await withWorkplace(async (workplace) => {
      const { sealed } = await backUp(workplace, [sourceOf(database, tables)]);
      const archive = join(workplace.location.path, sealed.archive.key);
      const verified = await carryOut(
        'verifySet',
        { ...workplace, set: 'latest', level: 'readable' },
        new AbortController().signal,
        () => {},
      );
      assert.deepEqual(verified.verification.findings, []);
      await withUnpacked(archive, async (folder) => {
        execFileSync('sha256sum', ['--strict', '-c', 'SHA256SUMS'], { cwd: folder, stdio: 'pipe' });
        const fresh = await connect();
        let cells = 0;
        for (const file of manifestOf(folder).files.filter(({ kind }) => kind === 'table')) {
          const bits = file.columns!.map(({ encoding }) => encoding === 'base64');
          const got = readTableFile(folder, file).map((row) =>
            row.map((cell, index) => (bits[index] && file.table === 'bits' ? withoutLeadingZeros(cell) : cell)),
          );
          const wanted = (await readFromServer(fresh, database, file.table!)).map((row) =>
            row.map((cell, index) => (bits[index] && file.table === 'bits' ? withoutLeadingZeros(cell) : cell)),
          );
          assert.deepEqual(sorted(got), sorted(wanted), `table ${file.table}`);
          assert.equal(got.length, file.rows);
          if (file.table === 'floats') assert.equal(got.flat().filter((cell) => cell === '-0').length, 1);
          cells += got.reduce((sum, row) => sum + row.length, 0);
        }
        await fresh.end();
        assert.ok(cells > 1400, `only ${cells} cells were compared`);
      });
    });
  });
});

test('the schema files load into an empty server and define the same objects', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(readFileSync('test/fixtures/all-types.sql', 'utf8'));
    const [rows] = await admin.query<RowDataPacket[]>(
      "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
      [database],
    );
    await withWorkplace(async (workplace) => {
      const source = sourceOf(
        database,
        rows.map(({ name }) => name),
      );
      const { sealed } = await backUp(workplace, [source]);
      await withUnpacked(join(workplace.location.path, sealed.archive.key), async (folder) => {
        const before = dumpDefinitions(database);
        await admin.query(`DROP DATABASE ${database}`);
        const sql = readFileSync(join(folder, `schema/${database}.sql`));
        client('mariadb', [], sql);
        assert.equal(dumpDefinitions(database), before);
      });
    });
  });
});

function client(program: string, args: readonly string[], input?: Buffer): string {
  const { host, port, user, password } = testServer();
  return execFileSync(program, [`-h${host}`, `-P${port}`, `-u${user}`, '--protocol=tcp', ...args], {
    encoding: 'utf8',
    env: { ...process.env, MYSQL_PWD: password },
    maxBuffer: 64 * 1024 * 1024,
    ...(input ? { input } : {}),
  });
}

/** Definitions only, by another program: tables, views, triggers, routines, events. */
function dumpDefinitions(database: string): string {
  const text = client('mysqldump', ['--no-data', '--routines', '--events', '--skip-dump-date', database]);
  // AUTO_INCREMENT is part of the definition on both sides; comments carry the client's own version.
  return text.replace(/^--.*$/gm, '');
}
