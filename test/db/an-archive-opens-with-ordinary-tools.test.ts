import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Connection, escapeId, type RowDataPacket } from 'mysql2/promise';
import { backUp } from '../support/backup';
import { connect, settingsFor, sourceOf, testServer, withSchema, withWorkplace } from '../support/database';
import { formatExample } from '../support/format-document';

/** MariaDB's packages of late leave the old name of the client out. */
const MYSQL = ['mysql', 'mariadb'].find((name) => spawnSync(name, ['--version']).status === 0) ?? 'mysql';

const quote = (name: string) => escapeId(name, true);

/** Names that a path, a shell, a tar header or a line of SHA256SUMS could stumble over. */
const ODD_NAMES = [
  'plain',
  '采集项',
  '100%',
  '../escape',
  '.hidden',
  '..',
  'back\\slash',
  'quo"te\'s',
  'back`tick',
  ' leading blank',
  'two  blanks',
  '-dash',
  '*?[x]',
  'a;b--c#d/*e',
  'select',
  'new\nline',
  '采'.repeat(48),
  'a_name_of_sixty_four_characters_which_is_the_longest_one_allowed',
];

async function createTables(admin: Connection): Promise<void> {
  for (const [index, name] of ODD_NAMES.entries()) {
    await admin.query(`CREATE TABLE ${quote(name)} (id INT NOT NULL PRIMARY KEY, v VARCHAR(20) COMMENT 'it''s; odd')`);
    await admin.query(`INSERT INTO ${quote(name)} VALUES (1, 'a'), (2, NULL), (3, ?)`, [`row of ${index}`]);
  }
  await admin.query("SET sql_mode = ''");
  await admin.query(`
    CREATE TABLE empty_table (id INT NOT NULL PRIMARY KEY);
    CREATE TABLE many_rows (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200) NOT NULL);
    INSERT INTO many_rows SELECT 18446744073709500000 + seq, REPEAT(MD5(seq), 5) FROM seq_1_to_20000;
    CREATE TABLE every_encoding (
      id BIGINT NOT NULL PRIMARY KEY, f FLOAT, d DOUBLE, money DECIMAL(20,4), t TEXT, legacy VARCHAR(20) CHARACTER SET cp932,
      gbk VARCHAR(20) CHARACTER SET gbk, e ENUM('', 'x'), e2 ENUM('1', '2'), s SET('x', '', 'y'), b BLOB, bits BIT(9),
      j JSON, p POINT, day DATE, at TIMESTAMP(6) NULL, y YEAR, sum DOUBLE AS (d + 1) STORED, hidden INT INVISIBLE
    );
    INSERT INTO every_encoding
      (id, f, d, money, t, legacy, gbk, e, e2, s, b, bits, j, p, day, at, y, hidden) VALUES
      (-9007199254740993, 3.1415927, 5e-324, 0.1, CONCAT('"\\\\\\n', CHAR(0), '𠮷🚀'), _cp932 x'8790', '日志', '', '1', 'x,y',
       x'00FF27', b'100000001', '{"a": 12345678901234567890}', ST_GeomFromText('POINT(1 2)', 4326), '2024-00-00',
       '2024-10-27 00:30:00.000001', '0000', 7),
      (9007199254740993, 1e-45, -1.7976931348623157e308, -1, '', '', '', 'nope', 'nope', '', '', 0, 'null', NULL,
       '0000-00-00', '1970-01-01 00:00:01', 2155, NULL),
      (0, NULL, 1e15, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    CREATE TABLE notes (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, note VARCHAR(100) NOT NULL);
    CREATE TABLE watched (id INT NOT NULL PRIMARY KEY);
    CREATE TRIGGER watched_insert AFTER INSERT ON watched FOR EACH ROW BEGIN
      INSERT INTO notes (note) VALUES ('inserted;'); END;
    INSERT INTO watched VALUES (1), (2);
    CREATE VIEW all_notes AS SELECT note FROM notes;
    CREATE PROCEDURE forget() BEGIN DELETE FROM notes; END`);
}

async function tableNames(admin: Connection, database: string): Promise<string[]> {
  const [rows] = await admin.query<RowDataPacket[]>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
    [database],
  );
  return rows.map(({ name }) => String(name)).sort();
}

/** Definitions and contents as the server sums them up itself: no part of ours takes part in the comparison. */
async function describe(admin: Connection, database: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  // The server prints a view with the names of its database unless it is the current one.
  await admin.query(`USE ${quote(database)}`);
  for (const table of await tableNames(admin, database)) {
    const at = `${quote(database)}.${quote(table)}`;
    const [[sum]] = await admin.query<RowDataPacket[]>(`CHECKSUM TABLE ${at} EXTENDED`);
    const [[create]] = await admin.query<RowDataPacket[]>(`SHOW CREATE TABLE ${at}`);
    found[table] = { checksum: sum?.Checksum, create: create?.['Create Table'] };
  }
  for (const [kind, name] of [
    ['TRIGGER', 'watched_insert'],
    ['VIEW', 'all_notes'],
    ['PROCEDURE', 'forget'],
  ] as const) {
    const [[row]] = await admin.query<RowDataPacket[]>(`SHOW CREATE ${kind} ${quote(database)}.${quote(name)}`);
    found[name] = row?.['SQL Original Statement'] ?? row?.['Create View'] ?? row?.['Create Procedure'];
  }
  return found;
}

const run = (program: string, args: readonly string[], cwd: string, input?: string | Buffer): string =>
  execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, MYSQL_PWD: testServer().password, LC_ALL: 'C.UTF-8' },
    ...(input === undefined ? {} : { input }),
  });

function mysql(folder: string, input: string): void {
  const { host, port, user } = testServer();
  run(MYSQL, [`-h${host}`, `-P${port}`, `-u${user}`, '--protocol=tcp', '--max-allowed-packet=64M'], folder, input);
}

function filesBelow(folder: string, path = ''): string[] {
  return readdirSync(join(folder, path)).flatMap((name) => {
    const inner = path === '' ? name : `${path}/${name}`;
    return statSync(join(folder, inner)).isDirectory() ? filesBelow(folder, inner) : [inner];
  });
}

interface Unpacked {
  readonly database: string;
  readonly admin: Connection;
  readonly archive: string;
  readonly folder: string;
}

/** Lends a database with the tables above, its archive, and the folder that `tar -xzf` unpacked it into. */
async function withUnpackedBackup(use: (unpacked: Unpacked) => Promise<void>): Promise<void> {
  await withSchema(
    async ({ database }) => {
      const admin = await connect(database);
      try {
        await createTables(admin);
        await withWorkplace(async (workplace) => {
          const tables = await tableNames(admin, database);
          const { sealed } = await backUp(workplace, [sourceOf(database, tables, settingsFor(database))]);
          const archive = join(workplace.location.path, sealed.archive.key);
          const folder = workplace.folder;
          run('mkdir', ['set'], folder);
          run('tar', ['-xzf', archive, '-C', 'set'], folder);
          await use({ database, admin, archive, folder: join(folder, 'set') });
        });
      } finally {
        await admin.end();
      }
    },
    { prefix: '日志 100%' },
  );
}

test('tar, sha256sum and jq unpack an archive of odd names, check every file and count every row', async () => {
  await withUnpackedBackup(async ({ archive, folder }) => {
    const jq = (filter: string, path: string) => run('jq', ['-c', filter, path], folder).trim();
    const paths = JSON.parse(jq('[.files[].path]', 'manifest.json')) as string[];
    const entries = run('tar', ['-tzf', archive, '--quoting-style=literal', '--show-transformed-names'], folder);
    assert.deepEqual(entries.trimEnd().split('\n'), ['manifest.json', ...paths, 'SHA256SUMS']);
    assert.deepEqual(filesBelow(folder).sort(), ['manifest.json', ...paths, 'SHA256SUMS'].sort());

    const checked = run('sha256sum', ['--strict', '-c', 'SHA256SUMS'], folder);
    assert.equal(checked.match(/: OK$/gm)?.length, paths.length + 1);
    const seal = `${archive}.manifest.json`;
    assert.equal(run('sha256sum', [archive], folder).slice(0, 64), JSON.parse(jq('.archive.sha256', seal)));

    const tables = JSON.parse(jq('[.files[] | select(.kind == "table") | {path, table, rows}]', 'manifest.json')) as {
      path: string;
      table: string;
      rows: number;
    }[];
    assert.ok(tables.length > ODD_NAMES.length);
    for (const { path, table, rows } of tables) {
      assert.equal(Number(jq('length', `./${path}`)), rows, path);
      if (ODD_NAMES.includes(table)) assert.equal(rows, 3);
    }
  });
});

test('the checksum of a seal is what jq and sha256sum make of it', async () => {
  await withUnpackedBackup(async ({ archive, folder }) => {
    const seal = `${archive}.manifest.json`;
    const rest = run('jq', ['-cj', 'del(.checksum)', seal], folder);
    const sum = run('sha256sum', [], folder, rest).slice(0, 64);
    assert.equal(`sha256:${sum}`, JSON.parse(run('jq', ['.checksum', seal], folder)));
  });
});

test('one flipped byte in an unpacked file is what sha256sum says', async () => {
  await withUnpackedBackup(async ({ database, folder }) => {
    const path = join(folder, database.replaceAll('%', '%25'), 'plain.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"a"', '"b"'));
    assert.throws(() => run('sha256sum', ['--strict', '-c', 'SHA256SUMS'], folder));
  });
});

test('the mysql client loads the schema files and makes the same tables, view, trigger and procedure', async () => {
  await withUnpackedBackup(async ({ database, admin, folder }) => {
    const wanted = await describe(admin, database);
    await admin.query(`DROP DATABASE ${quote(database)}`);
    for (const name of readdirSync(join(folder, 'schema')))
      mysql(folder, readFileSync(join(folder, 'schema', name), 'utf8'));
    const withoutRows = (found: Record<string, unknown>) =>
      Object.entries(found).map(([name, value]) => [name, (value as { create?: string }).create ?? value]);
    assert.deepEqual(withoutRows(await describe(admin, database)), withoutRows(wanted));
  });
});

test('load.py of docs/format.md and the mysql client bring back every row, to the server’s own checksums', async () => {
  await withUnpackedBackup(async ({ database, admin, folder }) => {
    const wanted = await describe(admin, database);
    await admin.query(`DROP DATABASE ${quote(database)}`);
    writeFileSync(join(folder, 'load.py'), formatExample('load.py'));
    mysql(folder, run('python3', ['load.py', '.', database], folder));
    assert.deepEqual(await describe(admin, database), wanted);
  });
});
