import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DurableStep, observeDurableSteps, UNDO_MIGRATION_STEPS } from '../../src/support/durable-step';
import { MISBEHAVIOURS } from '../support/bklog-gateway';
import { assertWhole, type Scene, TABLE, withScene } from '../support/migration';

const FIRST = 'aaaaaaaaaaaaaaaa';
const SECOND = 'bbbbbbbbbbbbbbbb';

/** Two runs: collector 1 by the first, everything else by the second. */
async function withTwoRuns(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withScene(async (scene) => {
    await scene.run({ runId: FIRST, filter: { collectorIds: [1], indexSetIds: [901] } });
    await scene.run({ runId: SECOND });
    await assertWhole(scene);
    scene.gateway.forgetRequests();
    await use(scene);
  });
}

const living = ({ gateway }: Scene) => ({
  collectors: gateway.collectors().map(({ collector_config_name: name }) => name),
  indexSets: gateway.indexSets().flatMap(({ index_set_name: name }) => (name.startsWith('索引集') ? [name] : [])),
});
const ONLY_FIRST = { collectors: ['采集1'], indexSets: [] };

async function statuses({ admin }: Scene): Promise<string[]> {
  const [rows] = await admin.query(`SELECT kind, origin_id, status FROM ${TABLE} ORDER BY kind, origin_id`);
  return (rows as { kind: string; origin_id: number; status: string }[]).map(
    ({ kind, origin_id, status }) => `${kind} ${origin_id} ${status}`,
  );
}
const ALL_BUT_FIRST_REMOVED = [
  ...['collector 1 success', 'collector 2 removed', 'collector 3 removed'],
  ...['index-set 11 removed', 'index-set 12 removed'],
];

test('a dry run changes nothing; undo removes exactly what the run created; migrated again, it is created again', async () => {
  await withTwoRuns(async (scene) => {
    const { plan } = await scene.undo({ run: SECOND, dryRun: true });
    assert.deepEqual(plan.items.map(({ action, kind, originId }) => `${action} ${kind} ${originId}`).sort(), [
      'remove collector 2',
      'remove collector 3',
      'remove index-set 11',
      'remove index-set 12',
    ]);
    assert.equal(scene.gateway.writes().length, 0);
    const { removed, findings } = await scene.undo({ run: SECOND, confirm: plan.hash });
    assert.deepEqual([removed, findings], [4, []]);
    assert.deepEqual(living(scene), ONLY_FIRST);
    assert.deepEqual(await statuses(scene), ALL_BUT_FIRST_REMOVED);

    scene.gateway.forgetRequests();
    assert.equal((await scene.undo({ run: SECOND })).removed, 0);
    assert.deepEqual(scene.gateway.writes(), []);
    assert.equal((await scene.run()).created, 4);
    await assertWhole(scene);
  });
});

test('"latest" is the run that wrote last; unknown runs, runs of other environments and a plan that moved are refused', async () => {
  await withTwoRuns(async (scene) => {
    assert.equal((await scene.undo({ dryRun: true })).plan.runId, SECOND);
    const { plan } = await scene.undo({ run: FIRST, dryRun: true });
    await assert.rejects(scene.undo({ run: 'cccccccccccccccc' }), {
      code: 'OP_CONFIG_INVALID',
      remedy: `Name one of these runs, newest first: ${SECOND}, ${FIRST}.`,
    });
    await assert.rejects(scene.undo({ run: FIRST, environment: 'sg' }), { code: 'OP_CONFIG_INVALID' });
    await assert.rejects(scene.undo({ run: SECOND, confirm: plan.hash }), { code: 'OP_CONFIG_INVALID' });
    assert.deepEqual(scene.gateway.writes(), []);
  });
});

test('what somebody renamed is kept and told; what somebody deleted is forgotten', async () => {
  await withTwoRuns(async (scene) => {
    const renamed = scene.gateway.indexSets().find(({ index_set_name: name }) => name === '索引集11');
    Object.assign(renamed!, { index_set_name: '支付日志' });
    const second = scene.gateway.collectors().find(({ collector_config_name: name }) => name === '采集2');
    Object.assign(second!, { is_deleted: true });
    const { removed, findings } = await scene.undo({ run: SECOND });
    assert.equal(removed, 2);
    assert.match(
      findings.map(({ message }) => message).join(),
      /^index-set 11 .* was not removed: it is called 支付日志 now/,
    );
    assert.deepEqual((await statuses(scene)).slice(1, 4), [
      ...['collector 2 removed', 'collector 3 removed', 'index-set 11 success'],
    ]);
  });
});

test('what the user of the API may not see is neither forgotten nor called gone', async () => {
  await withTwoRuns(async (scene) => {
    scene.gateway.deny({ user: 'admin', action: 'search_log' });
    const { removed, findings } = await scene.undo({ run: SECOND });
    assert.deepEqual([removed, findings.length], [2, 2]);
    assert.match(findings[0]!.message, /it is there, but not among what this user of the API may see/);
    assert.deepEqual((await statuses(scene)).slice(3), ['index-set 11 success', 'index-set 12 success']);
    scene.gateway.allowAll();
    assert.equal((await scene.undo({ run: SECOND })).removed, 2);
    assert.deepEqual(living(scene), ONLY_FIRST);
  });
});

test('what a dead run created without getting the answer is removed too', async () => {
  await withScene(async (scene) => {
    let isDead = false;
    observeDurableSteps((step, moment) => {
      if (step === 'migrate.call' && moment === 'after') isDead = true;
      if (isDead) throw new Error('the process has ended');
    });
    try {
      await assert.rejects(scene.run({ runId: SECOND }));
    } finally {
      observeDurableSteps(undefined);
    }
    const before = scene.gateway.collectors().length;
    assert.equal(before > 0, true);
    assert.equal((await scene.undo({ run: SECOND })).removed, before);
    assert.deepEqual(scene.gateway.collectors(), []);
  });
});

// The other kinds are about creating.
for (const kind of MISBEHAVIOURS.filter((kind) => kind !== 'half-created' && kind !== 'no-clusters')) {
  test(`"${kind}" when something is to be removed: after a further undo exactly the run's items are gone`, async () => {
    await withTwoRuns(async (scene) => {
      const armed = scene.gateway.misbehave({
        ...{ kind, match: { method: 'DELETE', path: /databus_collectors|index_set/ } },
        ...{ delayMs: 20, retryAfterSeconds: 0.01 },
      });
      await scene.undo({ run: SECOND });
      await scene.undo({ run: SECOND });
      assert.equal(armed.done, 1);
      assert.deepEqual(living(scene), ONLY_FIRST);
      assert.deepEqual(await statuses(scene), ALL_BUT_FIRST_REMOVED);
    });
  });
}

for (const wanted of UNDO_MIGRATION_STEPS) {
  for (const moment of ['before', 'after'] as const) {
    test(`a process that ends ${moment} ${wanted} of any item: the next undo completes`, async () => {
      for (let nth = 1; nth <= 4; nth += 1) {
        await withTwoRuns(async (scene) => {
          let seen = 0;
          let isDead = false;
          observeDurableSteps((now: DurableStep, when) => {
            if (now === wanted && when === moment) seen += 1;
            if (seen >= nth) isDead = true;
            if (isDead) throw new Error('the process has ended');
          });
          try {
            await assert.rejects(scene.undo({ run: SECOND }));
          } finally {
            observeDurableSteps(undefined);
          }
          await scene.undo({ run: SECOND });
          assert.deepEqual(living(scene), ONLY_FIRST);
          assert.deepEqual(await statuses(scene), ALL_BUT_FIRST_REMOVED);
        });
      }
    });
  }
}
