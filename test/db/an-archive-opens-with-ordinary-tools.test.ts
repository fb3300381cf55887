import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RowDataPacket } from 'mysql2/promise';
import { backUp } from '../support/backup';
import { connect, sourceOf, testServer, withDatabase, withWorkplace } from '../support/database';

const TABLES = ['plain', 'with space', '表', "it's", 'per%cent', '.hidden', 'select'];

test('tar, sha256sum, jq and mysql open an archive without this package', async () => {
  await withDatabase(async (database, admin) => {
    for (const name of TABLES) {
      const table = `\`${name}\``;
      await admin.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, note VARCHAR(40) NOT NULL)`);
      await admin.query(`INSERT INTO ${table} SELECT seq, CONCAT('行 "', seq, '"') FROM seq_1_to_${name.length}`);
    }
    await admin.query('CREATE TABLE none (id INT PRIMARY KEY); CREATE VIEW v AS SELECT id FROM plain');
    await withWorkplace(async ({ folder, ...workplace }) => {
      const { sealed } = await backUp({ folder, ...workplace }, [sourceOf(database, [...TABLES, 'none'])]);
      const out = join(folder, 'out');
      mkdirSync(out);
      const run = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: out, encoding: 'utf8' });
      run('tar', '-xzf', join(workplace.location.path, sealed.archive.key));
      const checked = run('sha256sum', '--strict', '-c', 'SHA256SUMS').trim().split('\n');
      assert.equal(checked.length, TABLES.length + 3, 'manifest, schema, and every table');
      assert.ok(checked.every((line) => line.endsWith(': OK')));

      const files = run(
        'jq',
        '-r',
        '.files[] | select(.kind == "table") | [.path, .table, .rows] | @json',
        'manifest.json',
      )
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as [string, string, number]);
      assert.deepEqual(files.map(([, table]) => table).sort(), [...TABLES, 'none'].sort());
      for (const [path, table, rows] of files) {
        assert.equal(Number(run('jq', 'length', path)), rows, path);
        assert.equal(rows, table === 'none' ? 0 : table.length, path);
        if (rows > 0) assert.equal(run('jq', '-r', '.[0].note', path), '行 "1"\n');
      }

      await admin.query(`DROP DATABASE \`${database}\``);
      const { host, port, user, password } = testServer();
      for (const name of readdirSync(join(out, 'schema'))) {
        const client = ['mysql', `--host=${host}`, `--port=${port}`, `--user=${user}`].join(' ');
        execFileSync('bash', ['-c', `${client} < "$0"`, join(out, 'schema', name)], {
          env: { ...process.env, MYSQL_PWD: password },
          stdio: 'pipe',
        });
      }
      const fresh = await connect(database);
      const [tables] = await fresh.query<RowDataPacket[][]>({ sql: 'SHOW TABLES', rowsAsArray: true });
      assert.deepEqual(tables.map(([name]) => name).sort(), [...TABLES, 'none', 'v'].sort());
      await fresh.end();
    });
  });
});
