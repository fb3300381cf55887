import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseManifest } from '../../src/model/manifest';
import { openConnection, quoteName } from '../../src/mysql/connection';
import { LoadEncoder } from '../../src/mysql/load-encoder';
import { readBack } from '../../src/mysql/read-back';
import { insertBlock } from '../../src/mysql/row-inserter';
import { stageTable } from '../../src/mysql/sql-text';
import { type BlockLoader, LOADING_SESSION, loadBlock } from '../../src/mysql/table-loader';
import { carryOut } from '../../src/operations/carry-out';
import { backUp } from '../support/backup';
import { settingsFor, sourceOf, withDatabase, withWorkplace } from '../support/database';
import { withUnpacked } from '../support/read-archive';

const never = new AbortController().signal;

const WAYS: Readonly<Record<string, BlockLoader>> = { 'LOAD DATA': loadBlock, 'INSERT statements': insertBlock };

for (const [way, load] of Object.entries(WAYS)) {
  test(`every table of the all-types database, loaded by ${way} into an empty one, has the hash of the set`, async () => {
    await withLoadedTypes(load);
  });
}

async function withLoadedTypes(load: BlockLoader) {
  await withDatabase(async (database, admin) => {
    await admin.query(readFileSync('test/fixtures/all-types.sql', 'utf8'));
    const described = await carryOut('describeConnection', { settings: settingsFor(database) }, never, () => {});
    const tables = described.tables.filter(({ type }) => type === 'table').map(({ name }) => name);
    await withDatabase(async (target) => {
      await withWorkplace(async (workplace) => {
        const { sealed } = await backUp(workplace, [sourceOf(database, tables)]);
        await withUnpacked(join(workplace.location.path, sealed.archive.key), async (folder) => {
          const { files } = parseManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'), 'manifest');
          const connection = await openConnection(settingsFor(target));
          try {
            for (const statement of LOADING_SESSION) await connection.query(statement);
            const wrong: string[] = [];
            for (const file of files.filter(({ kind }) => kind === 'table')) {
              const table = file.table!;
              const [row] = await connection.query(`SHOW CREATE TABLE ${quoteName(database)}.${quoteName(table)}`);
              const { create, addKeys } = stageTable(row?.['Create Table'] ?? '');
              await connection.query(create);
              const encoder = new LoadEncoder(file.path, file.columns!);
              const content = readFileSync(join(folder, file.path));
              const to = { database: target, table, columns: file.columns! };
              let rows = 0;
              for (const block of [...encoder.push(content), encoder.end()]) {
                rows += (await load(connection, to, block, never)).rows;
              }
              if (addKeys.length > 0) await connection.query(`ALTER TABLE ${quoteName(table)} ${addKeys.join(', ')}`);
              const back = await readBack(connection, target, table, file, never);
              if (rows !== file.rows || back.rows !== file.rows)
                wrong.push(`${table}: ${rows}, ${back.rows} of ${file.rows} rows`);
              else if (back.sha256 !== file.sha256) wrong.push(`${table}: other content`);
            }
            assert.deepEqual(wrong, []);
          } finally {
            await connection.close();
          }
        });
      });
    });
  });
}
