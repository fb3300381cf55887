import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseManifest } from '../../src/model/manifest';
import { backUp } from '../support/backup';
import { connect, settingsFor, sourceOf, withDatabase, withWorkplace } from '../support/database';
import { withUnpacked } from '../support/read-archive';

for (const [odd, folderOf] of [
  ['SHA256SUMS', '%53HA256SUMS'],
  ['collectors', '%63ollectors'],
] as const) {
  test(`every file names a connection of one snapshot, and a database named ${odd}, like an entry of the archive, unpacks`, async () => {
    const admin = await connect();
    await admin.query(`CREATE DATABASE \`${odd}\`; CREATE TABLE \`${odd}\`.t (id INT PRIMARY KEY)`);
    try {
      await withDatabase(async (database) => {
        await admin.query(`CREATE TABLE ${database}.t (id INT PRIMARY KEY)`);
        await withWorkplace(async (workplace) => {
          const { sealed } = await backUp(workplace, [
            sourceOf(database, ['t'], settingsFor(database, { name: 'one' })),
            sourceOf(odd, ['t'], settingsFor(odd, { name: 'two' })),
          ]);
          assert.deepEqual(
            sealed.snapshots.map(({ sources }) => sources),
            [['one', 'two']],
          );
          await withUnpacked(join(workplace.location.path, sealed.archive.key), async (folder) => {
            const { files } = parseManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'), 'manifest');
            assert.deepEqual(files.map(({ source }) => source).sort(), ['one', 'one', 'two', 'two']);
            const path = files.find(({ database: name, kind }) => name === odd && kind === 'table')?.path;
            assert.equal(path, `${folderOf}/t.json`);
            assert.equal(readFileSync(join(folder, path), 'utf8'), '[\n]\n');
          });
        });
      });
    } finally {
      await admin.query(`DROP DATABASE \`${odd}\``);
      await admin.end();
    }
  });
}
