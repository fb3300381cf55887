import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BkLogLocation } from '../../src/model/bklog-location';
import { carryOut } from '../../src/operations/carry-out';
import { openLocation } from '../../src/operations/open-location';
import { settingsFor } from '../support/database';
import { withExports } from '../support/export-tasks';

const never = new AbortController().signal;
const TOGGLE = 'feature_async_export';

test('a location follows the store that BK-LOG names, reads it at each run, and never writes it', async () => {
  await withExports(async ({ admin, database, folder, toggle }) => {
    const connection = settingsFor(database);
    const location: BkLogLocation = { kind: 'bklog', name: 'as exports', toggle: TOGGLE, connection, prefix: '' };
    const describe = () => carryOut('describeExportStorage', { settings: connection, toggle: TOGGLE }, never, () => {});
    await assert.rejects(describe(), { code: 'OP_SOURCE_MISSING' });

    await toggle('nfs');
    const [before] = await admin.query('SELECT * FROM feature_toggle_featuretoggle');
    assert.equal((await describe()).kind, 'nfs');
    await assert.rejects(openLocation(location), { code: 'OP_CONFIG_INVALID', message: /names no folder/ });
    const withFolder = { ...location, folder: { path: folder, requireMount: false } };
    assert.equal((await openLocation(withFolder)).place, folder);
    const tried = await carryOut('testLocation', { location: withFolder }, never, () => {});
    assert.deepEqual(tried.done, ['check', 'write', 'read', 'list', 'keep', 'delete']);
    const [after] = await admin.query('SELECT * FROM feature_toggle_featuretoggle');
    assert.deepEqual(after, before);

    await toggle('bkrepo');
    assert.equal((await describe()).kind, 'bkrepo');
    await assert.rejects(openLocation(withFolder), {
      code: 'OP_CONFIG_INVALID',
      message: /names no address of BKREPO/,
    });

    const keys = {
      qcloud_secret_id: ' AKIDcanary ',
      qcloud_secret_key: 'secret-canary',
      qcloud_cos_region: 'ap-guangzhou',
    };
    const cos = { storage_type: 'cos', notify_type: 'email', ...keys, qcloud_cos_bucket: 'bklog-1250000000' };
    const store = (config: object) =>
      admin.query('UPDATE feature_toggle_featuretoggle SET feature_config = ?', [JSON.stringify(config)]);
    await store(cos);
    const found = await describe();
    assert.deepEqual(found, { kind: 'cos', notifyType: 'email', region: 'ap-guangzhou', bucket: 'bklog-1250000000' });
    assert.equal((await openLocation({ ...location, prefix: 'sets' })).place, 's3://bklog-1250000000/sets');
    await store({ ...cos, qcloud_secret_key: '' });
    await assert.rejects(openLocation(location), { code: 'OP_CONFIG_INVALID', message: /qcloud_secret_key is empty/ });
    // An unknown or empty type is NFS, as BK-LOG takes it.
    await store({ storage_type: 'something' });
    assert.equal((await describe()).kind, 'nfs');
    await store({ storage_type: 7 });
    await assert.rejects(describe(), { code: 'OP_CONFIG_INVALID', message: /storage_type of the wrong type/ });
  });
});
