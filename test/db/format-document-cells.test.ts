import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { backUp } from '../support/backup';
import { sourceOf, withDatabase, withWorkplace } from '../support/database';
import { documentedCells } from '../support/format-document';
import { manifestOf, withUnpacked } from '../support/read-archive';

test('every cell that docs/format.md shows is what a backup writes for that type and value', async () => {
  const documented = documentedCells();
  await withDatabase(async (database, admin) => {
    await admin.query("SET sql_mode = '', time_zone = '+00:00'");
    await admin.query(`CREATE TABLE cells (${documented.map(({ type }, index) => `c${index} ${type}`).join(', ')})`);
    await admin.query(`INSERT INTO cells VALUES (${documented.map(({ value }) => value).join(', ')})`);
    await withWorkplace(async (workplace) => {
      const { sealed } = await backUp(workplace, [sourceOf(database, ['cells'])]);
      await withUnpacked(join(workplace.location.path, sealed.archive.key), async (folder) => {
        const cells = documented.map(({ cell }, index) => `"c${index}":${cell}`);
        assert.equal(readFileSync(join(folder, database, 'cells.json'), 'utf8'), `[\n{${cells.join(',')}}\n]\n`);
        const columns = manifestOf(folder).files.find(({ table }) => table === 'cells')?.columns;
        assert.deepEqual(
          columns?.map(({ encoding }, index) => `${documented[index]!.type} ${encoding}`),
          documented.map(({ type, encoding }) => `${type} ${encoding}`),
        );
      });
    });
  });
});
