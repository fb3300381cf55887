import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { backUp, restore } from '../support/backup';
import { type connect, settingsFor, sourceOf, tablesOf, withDatabase, withWorkplace } from '../support/database';
import { differences, readContent } from '../support/database-content';
import { dump } from '../support/dump';
import { type PrivateServer, withPrivateServer } from '../support/private-server';

const ANOTHER = {
  label: 'other',
  serverOptions: ['--character-set-server=latin1', '--sql-mode=TRADITIONAL,ANSI_QUOTES'],
};

const infoOf = ({ host, port, user, password }: PrivateServer) => ({ host, port, user, password });

async function withAdmin<T>(server: PrivateServer, use: (admin: Awaited<ReturnType<typeof connect>>) => Promise<T>) {
  const admin = await createConnection({ ...infoOf(server), charset: 'utf8mb4', multipleStatements: true });
  try {
    return await use(admin);
  } finally {
    await admin.end();
  }
}

test('a video store comes back where it was, under another name, and on a strict server of another character set', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(readFileSync('test/fixtures/video-store.sql', 'utf8'));
    const before = await readContent(admin, database);
    const text = dump(database);
    await withWorkplace(async (workplace) => {
      const { sealed } = await backUp(workplace, [sourceOf(database, await tablesOf(database))]);
      const rows = sealed.files.reduce((sum, file) => sum + (file.rows ?? 0), 0);
      assert.ok(rows > 1_500, `the fixture has only ${rows} rows`);
      await admin.query(`DROP DATABASE ${database}`);
      assert.deepEqual((await restore(workplace)).findings, []);
      assert.equal(dump(database), text);
      assert.deepEqual(differences(before, await readContent(admin, database)), []);

      const copy = `${database}_copy`;
      try {
        assert.deepEqual((await restore(workplace, { options: { database: copy } })).findings, []);
        assert.equal(dump(copy).replaceAll(copy, database), text);
        const renamed = [...(await readContent(admin, copy))].map(
          ([key, value]) => [key.replaceAll(copy, database), value.replaceAll(copy, database)] as const,
        );
        assert.deepEqual(differences(before, new Map(renamed)), []);
        // What the copy computes is of its own rows.
        const query = (name: string) => admin.query<RowDataPacket[]>(`SELECT * FROM ${name}.big_debtors ORDER BY 1`);
        const [debtors] = await query(copy);
        assert.ok(debtors.length > 0);
        assert.deepEqual(debtors, (await query(database))[0]);
      } finally {
        await admin.query(`DROP DATABASE IF EXISTS ${copy}`);
      }
      await withPrivateServer(ANOTHER, async (server) => {
        const settings = settingsFor('mysql', infoOf(server));
        assert.deepEqual((await restore(workplace, { settings })).findings, []);
        assert.equal(dump(database, infoOf(server)), text);
        await withAdmin(server, async (other) => {
          assert.deepEqual(differences(before, await readContent(other, database)), []);
          await other.query('SET sql_mode = DEFAULT');
          await assert.rejects(other.query('UPDATE staff SET store_id = 9'), /foreign key constraint/i);
          await other.query("UPDATE film SET title = 'NEW TITLE' WHERE film_id = 1");
          const found =
            "SELECT film_id FROM film_text WHERE MATCH (title, description) AGAINST ('+NEW +TITLE' IN BOOLEAN MODE)";
          assert.equal(
            (await other.query<RowDataPacket[]>(found))[0].length,
            1,
            'triggers and the full text keys work',
          );
        });
      });
    });
  });
});

test('BK-LOG’s databases come back where they were, and on a strict server of another character set', async () => {
  const { loadDemoData } = (await import(
    pathToFileURL(join(process.cwd(), 'scripts/demo-data/load-demo-data.mjs')).href
  )) as {
    loadDemoData(url: string, amounts: object): Promise<unknown>;
  };
  const databases = ['bk_log_search', 'bk_nodeman'];
  // The names are fixed, so the source is a server of our own.
  await withPrivateServer({ label: 'bklog' }, async (source) => {
    const { host, port, user, password } = source;
    await loadDemoData(`mysql://${user}:${password}@${host}:${port}`, { businesses: 4, collectors: 60 });
    await withAdmin(source, async (admin) => {
      const before: Map<string, string>[] = [];
      for (const database of databases) before.push(await readContent(admin, database));
      const texts = databases.map((database) => dump(database, infoOf(source)));
      await withWorkplace(async (workplace) => {
        const sources = [];
        for (const database of databases) {
          const settings = settingsFor(database, infoOf(source));
          sources.push(sourceOf(database, await tablesOf(database, settings), settings));
        }
        await backUp(workplace, sources);
        for (const database of databases) await admin.query(`DROP DATABASE ${database}`);
        const cameBack = async (server: PrivateServer) => {
          const { findings, rows } = await restore(workplace, { settings: settingsFor('mysql', infoOf(server)) });
          assert.deepEqual(findings, []);
          assert.ok(rows > 300, `the sample has only ${rows} rows`);
          await withAdmin(server, async (target) => {
            for (const [index, database] of databases.entries()) {
              assert.equal(dump(database, infoOf(server)), texts[index]);
              assert.deepEqual(differences(before[index]!, await readContent(target, database)), []);
            }
          });
        };
        await cameBack(source);
        await withPrivateServer(ANOTHER, cameBack);
      });
    });
  });
});
