import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiSettingsSchema } from '../../src/model/api-settings';
import { type DurableStep, MIGRATE_STEPS, observeDurableSteps } from '../../src/support/durable-step';
import { DEFAULT_APP, MISBEHAVIOURS } from '../support/bklog-gateway';
import {
  assertWhole,
  COLLECTORS,
  collector,
  INDEX_SETS,
  indexSet,
  type Scene,
  TABLE,
  withScene,
} from '../support/migration';

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

test('a space that is no CMDB business gets its items by its business alone, and they are found and removed there', async () => {
  const idMap = { environment: 'ee', offset: 2_000_000, businesses: [{ from: -9, to: -17 }] };
  const collectors = [collector(1, { bk_biz_id: -9, table_id: 'space_9_bklog.name_1x', target_nodes: '[]' })];
  const indexes = [{ bk_biz_id: -9, index_set_id: 11, result_table_id: 'space_9_table' }];
  const indexSets = [indexSet(11, { bk_biz_id: -9, indexes })];
  await withScene(
    async ({ gateway, paths, run, undo }) => {
      const documents = { ...paths, idMap };
      const { created, findings } = await run({ documents });
      assert.deepEqual([created, findings], [2, []]);
      assert.deepEqual(
        gateway.collectors().map(({ bk_biz_id: business }) => business),
        [-17],
      );
      assert.deepEqual([...new Set(gateway.indexSets().map(({ space_uid: space }) => space))], ['bkci__otlp-demo']);
      assert.equal((await run({ documents })).plan.counts.done, 2);
      assert.equal((await undo()).removed, 2);
      assert.deepEqual([gateway.collectors(), gateway.indexSets()], [[], []]);
    },
    { collectors, indexSets },
  );
});

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
