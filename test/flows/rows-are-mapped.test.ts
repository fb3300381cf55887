import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { backUp } from '../support/backup';
import { settingsFor, sourceOf, testServer } from '../support/database';
import { ID_MAP, insertRow, readRows, TABLES, withMigration } from '../support/raw-rows';
import { loadFlow, nextMessage, send, withRuntime } from '../support/runtime';

const COLLECTOR = 'log_databus_collectorconfig';

test('table-restore with an id map shows what comes and what stays out, and inserts rows with mapped ids once it is confirmed', async () => {
  await withMigration(async ({ admin, source, target, workplace }) => {
    await insertRow(admin, source, COLLECTOR, { collector_config_id: 501, bk_biz_id: 2, collector_config_name: 'one' });
    await insertRow(admin, source, COLLECTOR, {
      collector_config_id: 502,
      bk_biz_id: 77,
      collector_config_name: 'two',
    });
    await backUp(workplace, [sourceOf(source, TABLES)]);
    const idMap = join(workplace.folder, 'map.json');
    writeFileSync(idMap, JSON.stringify(ID_MAP));
    const { host, port, user, password } = testServer();
    const { database } = settingsFor(target);
    await withRuntime(async () => {
      const deploy = async (change: object) =>
        await loadFlow(
          [
            { id: 'c', type: 'db-connection', mode: 'direct', host, port: String(port), database },
            {
              id: 'place',
              type: 'archive-location',
              name: 'the folder',
              kind: 'folder',
              path: workplace.location.path,
            },
            {
              ...{ id: 'restore', type: 'table-restore', location: 'place', connection: 'c', policy: 'skip' },
              ...{ database: target, idMap, wires: [['done'], ['plan'], []], ...change },
            },
            ...['done', 'plan', 'failed'].map((id) => ({ id, type: 'helper' })),
            { id: 'catch', type: 'catch', scope: null, wires: [['failed']] },
          ],
          { c: { user, password } },
        );
      const answer = async (at: string, message: Record<string, unknown>) => {
        const next = nextMessage(at);
        send('restore', message);
        return await next;
      };
      await deploy({});
      const { plan } = (await answer('plan', { payload: 1 })).payload.restore;
      assert.match(JSON.stringify(plan.rows), /unmapped/);
      assert.equal((await readRows(target, COLLECTOR)).size, 0);
      await answer('done', { payload: 1, confirm: plan.hash });
      assert.deepEqual(
        [...(await readRows(target, COLLECTOR)).values()].map((row) => [row.bk_biz_id, row.collector_config_name]),
        [['100', 'one']],
      );
      await deploy({ idMap: join(workplace.folder, 'none.json') });
      assert.equal((await answer('failed', { payload: 1 })).failure.code, 'OP_STORE_UNREACHABLE');
    });
  });
});
