import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Connection } from 'mysql2/promise';
import { apiSettingsSchema } from '../../src/model/api-settings';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import type { MigrateRequest, MigrateResult } from '../../src/operations/contract';
import { type DurableStep, MIGRATE_STEPS, observeDurableSteps } from '../../src/support/durable-step';
import { type BkLogGateway, DEFAULT_APP, MISBEHAVIOURS, withBkLogGateway } from '../support/bklog-gateway';
import { settingsFor, withDatabase, withWorkplace } from '../support/database';

const TABLE = 'bk_log_search_resource_mapping';
const step = (path: string) => [
  { id: 'bkunifylogbeat', params: { context: { local: [{ paths: [path], filters: [], delimiter: '|' }] } } },
];
const collector = (id: number, change: object = {}) => ({
  ...{
    created_by: 'zhangsan',
    collector_config_id: id,
    collector_config_name: `采集${id}`,
    collector_scenario_id: 'row',
  },
  ...{ bk_biz_id: 2, description: '', category_id: 'os', subscription_id: id, target_object_type: 'HOST' },
  ...{ target_node_type: 'TOPO', target_nodes: '[{"bk_inst_id": 2, "bk_obj_id": "biz"}]', index_set_id: 900 + id },
  ...{ etl_config: 'bk_log_text', table_id: `2_bklog.name_${id}x`, steps: step(`/${id}.log`) },
  ...change,
});
const indexSet = (id: number, change: object = {}) => ({
  ...{ created_by: 'lisi', index_set_id: id, index_set_name: `索引集${id}`, project_id: 11, scenario_id: 'bkdata' },
  ...{ category_id: 'os', source_id: null, is_trace_log: 0, view_roles: '', bk_biz_id: 2 },
  ...{ indexes: [{ bk_biz_id: 2, index_set_id: id, result_table_id: `2_table_${id}` }] },
  ...change,
});
const COLLECTORS = [collector(1), collector(2), collector(3)];
const INDEX_SETS = [indexSet(11), indexSet(12)];

interface Scene {
  readonly gateway: BkLogGateway;
  readonly admin: Connection;
  run(change?: Partial<MigrateRequest>): Promise<MigrateResult>;
}

async function withScene(
  use: (scene: Scene) => Promise<void>,
  documents: { readonly collectors: object[]; readonly indexSets: object[] } = {
    collectors: COLLECTORS,
    indexSets: INDEX_SETS,
  },
): Promise<void> {
  await withDatabase((database, admin) =>
    withWorkplace(({ folder, workRoot, journalPath }) =>
      withBkLogGateway({}, async (gateway) => {
        const paths = { collectors: join(folder, 'collectors.json'), indexSets: join(folder, 'sets.json') };
        writeFileSync(paths.collectors, JSON.stringify(documents.collectors));
        writeFileSync(paths.indexSets, JSON.stringify(documents.indexSets));
        const { bk_app_code: appCode, bk_app_secret: appSecret } = DEFAULT_APP;
        const run = async (change: Partial<MigrateRequest> = {}) =>
          await carryOut(
            'migrate',
            {
              ...{ runId: newRunId(), workRoot, journalPath, ...paths },
              idMap: { environment: 'ee', offset: 2_000_000, businesses: [{ from: 2, to: 7 }] },
              ...{ filter: {}, clusterMap: {}, retryFailed: false, dryRun: false },
              api: apiSettingsSchema.parse({ url: gateway.url, appCode, appSecret, timeoutMs: 300, concurrency: 2 }),
              mapping: { settings: settingsFor(database), table: TABLE },
              ...change,
            },
            new AbortController().signal,
            () => {},
          );
        await use({ gateway, admin, run });
      }),
    ),
  );
}

/** Each item is there exactly once, with one final record that names it. */
async function assertWhole({ gateway, admin }: Scene): Promise<void> {
  const [rows] = await admin.query(`SELECT kind, origin_id, target_id, status FROM ${TABLE} ORDER BY kind, origin_id`);
  const found = rows as { kind: string; origin_id: number; target_id: number; status: string }[];
  assert.deepEqual(
    found.map(({ kind, origin_id, status }) => [kind, origin_id, status]),
    [...[1, 2, 3].map((id) => ['collector', id, 'success']), ...[11, 12].map((id) => ['index-set', id, 'success'])],
  );
  const byId = (list: readonly { id: number; name: string }[]) => list.map(({ id, name }) => `${id} ${name}`).sort();
  const recorded = (kind: string, name: (id: number) => string) =>
    byId(found.filter((row) => row.kind === kind).map((row) => ({ id: row.target_id, name: name(row.origin_id) })));
  assert.deepEqual(
    byId(gateway.collectors().map((row) => ({ id: row.collector_config_id, name: row.collector_config_name }))),
    recorded('collector', (id) => `采集${id}`),
  );
  const own = gateway.indexSets().filter(({ index_set_name: name }) => name.startsWith('索引集'));
  assert.deepEqual(
    byId(own.map((row) => ({ id: row.index_set_id, name: row.index_set_name }))),
    recorded('index-set', (id) => `索引集${id}`),
  );
}

test('a plan changes nothing and needs no table; the run creates each item for its creator; a run after it writes nothing', async () => {
  await withScene(async (scene) => {
    const { gateway, admin, run } = scene;
    const { plan } = await run({ dryRun: true });
    assert.deepEqual([plan.counts.create, gateway.writes().length], [5, 0]);
    const [tables] = await admin.query(`SHOW TABLES LIKE '${TABLE}'`);
    assert.deepEqual(tables, []);
    const { created, findings } = await run({ confirm: plan.hash });
    assert.deepEqual([created, findings], [5, []]);
    await assertWhole(scene);
    assert.equal(gateway.collectors()[0]!.created_by, 'zhangsan');
    gateway.forgetRequests();
    assert.deepEqual((await run()).plan.counts.done, 5);
    assert.deepEqual(gateway.writes(), []);
    await assert.rejects(run({ confirm: plan.hash }), /not what the plan was made for/);
  });
});

test('what cannot be mapped or created is a finding; everything else goes on', async () => {
  const collectors = [
    ...COLLECTORS,
    collector(4, { bk_biz_id: 99 }),
    collector(5, { steps: [{}] }),
    collector(6, { collector_scenario_id: 'client' }),
  ];
  const indexSets = [...INDEX_SETS, indexSet(13, { scenario_id: 'es', indexes: [] })];
  await withScene(
    async (scene) => {
      const { created, findings, plan } = await scene.run();
      assert.deepEqual([created, plan.counts.unmapped, plan.counts.refused, findings.length], [5, 1, 3, 4]);
      await assertWhole(scene);
    },
    { collectors, indexSets },
  );
});

test('names that are taken by others get a mark; a filter leaves the rest alone', async () => {
  await withScene(async ({ gateway, run }) => {
    gateway.takeNames({ dataNames: ['7_bklog_name_1x'] });
    await run({ filter: { collectorIds: [1], indexSetIds: [901] } });
    assert.deepEqual(
      gateway.collectors().map(({ collector_config_name_en: name }) => /^name_1x_m[0-9a-f]{4}$/.test(name)),
      [true],
    );
  });
});

for (const kind of MISBEHAVIOURS) {
  for (const path of [/fast_create/, /^\/index_set\/$/]) {
    test(`"${kind}" at ${path}: after a further run each item is there once, with one final record`, async () => {
      await withScene(async (scene) => {
        scene.gateway.misbehave({ kind, match: { method: 'POST', path }, delayMs: 20, retryAfterSeconds: 0.01 });
        await scene.run();
        await scene.run({ retryFailed: true });
        await assertWhole(scene);
        scene.gateway.forgetRequests();
        await scene.run();
        assert.deepEqual(scene.gateway.writes(), []);
      });
    });
  }
}

class Crash extends Error {}

for (const wanted of MIGRATE_STEPS) {
  for (const moment of ['before', 'after'] as const) {
    test(`a process that ends ${moment} ${wanted} of any item: the next run completes, and nothing is there twice`, async () => {
      for (let nth = 1; nth <= 5; nth += 1) {
        await withScene(async (scene) => {
          let seen = 0;
          let isDead = false;
          // From that moment on nothing of this process has an effect any more.
          observeDurableSteps((now: DurableStep, when) => {
            if (now === wanted && when === moment) seen += 1;
            if (seen >= nth) isDead = true;
            if (isDead) throw new Crash('the process has ended');
          });
          try {
            await assert.rejects(scene.run({ api: { ...(await settingsOf(scene)), concurrency: 1 } }));
          } finally {
            observeDurableSteps(undefined);
          }
          await scene.run();
          await assertWhole(scene);
        });
      }
    });
  }
}

async function settingsOf({ gateway }: Scene) {
  const { bk_app_code: appCode, bk_app_secret: appSecret } = DEFAULT_APP;
  return apiSettingsSchema.parse({ url: gateway.url, appCode, appSecret, timeoutMs: 300 });
}
