import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { newRunId, type PreparedMigration } from '../../src/index';
import { carryOut } from '../../src/operations/carry-out';
import { DOCUMENT_NAMES } from '../../src/operations/migration-documents';
import { DEFAULT_APP } from '../support/bklog-gateway';
import { testServer } from '../support/database';
import { assertWhole, COLLECTORS, collector, INDEX_SETS, indexSet, type Scene, withScene } from '../support/migration';
import { collectBadges, type FlowItem, helper, loadFlow, nextMessage, send, withRuntime } from '../support/runtime';

interface Flow {
  readonly scene: Scene;
  readonly userDir: string;
  readonly prepared: PreparedMigration;
  /** Deploys one node, with a sink behind every output; the fields are those of its form. */
  deploy(fields?: Record<string, unknown>): Promise<void>;
}

/** A prepared folder, a target behind the gateway, and a runtime to deploy in. */
async function withFlow(
  use: (flow: Flow) => Promise<void>,
  documents: { collectors: object[]; indexSets: object[] } = { collectors: COLLECTORS, indexSets: INDEX_SETS },
): Promise<void> {
  await withScene(
    (scene) =>
      withRuntime(async (userDir) => use({ scene, userDir, prepared: await prepare(scene), deploy: deployIn(scene) })),
    documents,
  );
}

async function prepare({ folder, paths }: Scene): Promise<PreparedMigration> {
  const [written, directory] = [join(folder, 'written'), join(folder, 'prepared')];
  await mkdir(written);
  await copyFile(paths.collectors, join(written, DOCUMENT_NAMES.collectors));
  await copyFile(paths.indexSets, join(written, DOCUMENT_NAMES.indexSets));
  const request = {
    ...{ runId: newRunId(), workRoot: join(folder, 'work'), journalPath: join(folder, 'runs.jsonl') },
    documents: { folder: written },
    idMap: { environment: 'ee', offset: 2_000_000, businesses: [{ from: 2, to: 7 }] },
    ...{ unmapped: 'keep' as const, directory },
  };
  const made = await carryOut('prepareMigration', request, new AbortController().signal, () => {});
  const { environment, collectors, indexSets, unmappedCount } = made;
  return {
    kind: 'migration',
    formatVersion: 1,
    environment,
    directory,
    collectors,
    indexSets,
    unmapped: unmappedCount,
  };
}

const deployIn =
  ({ gateway, database }: Scene) =>
  async (fields: Record<string, unknown> = {}) => {
    const { host, port, user, password } = testServer();
    const { bk_app_code: appCode, bk_app_secret: appSecret } = DEFAULT_APP;
    const flow: FlowItem[] = [
      { id: 'records', type: 'db-connection', mode: 'direct', host, port: String(port), database },
      { id: 'target', type: 'bklog-api', url: gateway.url, appCode },
      {
        ...{ id: 'mi', type: 'collector-migrate', api: 'target', connection: 'records' },
        ...{ wires: [['end'], ['plan'], ['progress']], ...fields },
      },
      ...['end', 'plan', 'progress', 'failed'].map((id) => ({ id, type: 'helper' })),
      { id: 'catch', type: 'catch', scope: null, wires: [['failed']] },
    ];
    await loadFlow(flow, { records: { user, password }, target: { appSecret } });
  };

/** The message that leaves by `port` for one that is sent. */
async function answer(port: string, message: Record<string, unknown>) {
  const next = nextMessage(port);
  send('mi', message);
  return await next;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON the endpoint gave
const knownPlan = async (id = 'mi'): Promise<any> =>
  (await helper.request().get(`/bklog-backup/collector-migrate/${id}/plan`)).body.plan;

test('without a confirmation the plan leaves by the second output; the confirmed plan is carried out; a plan after it has nothing to do', async () => {
  await withFlow(async ({ scene, userDir, prepared, deploy }) => {
    await deploy();
    const badges = collectBadges('mi');
    const planned = await answer('plan', { payload: prepared, topic: 'mine' });
    const { plan, report, ...rest } = planned.payload;
    assert.deepEqual([rest, planned.topic], [prepared, 'mine']);
    assert.deepEqual([plan.counts.create, plan.itemCount, plan.items], [5, 5, []]);
    assert.deepEqual([report.operation, report.outcome], ['migrate', 'completed']);
    assert.match(badges.at(-1)?.text ?? '', /· \+5 ✓\?$/);
    assert.deepEqual(scene.gateway.writes(), []);

    const done = await answer('end', { payload: planned.payload, confirm: plan.hash });
    assert.deepEqual([done.payload.created, done.payload.findingCount], [5, 0]);
    assert.equal(done.payload.runId, done.payload.report.runId);
    assert.notEqual(done.payload.runId, report.runId);
    assert.match(badges.at(-1)?.text ?? '', /· \+5 ✓$/);
    await assertWhole(scene);

    scene.gateway.forgetRequests();
    const again = (await answer('plan', { payload: done.payload })).payload;
    assert.deepEqual([again.plan.counts.done, again.plan.itemCount, again.plan.items], [5, 5, []]);
    assert.ok(!('created' in again), 'a plan does not say what another run did');
    assert.deepEqual(scene.gateway.writes(), []);
    const journal = (await readFile(join(userDir, 'bklog-backup/runs.jsonl'), 'utf8')).trim().split('\n');
    assert.equal(journal.length, 2, 'plans leave no record');
  });
});

test('unattended, it goes ahead at once; what cannot be migrated is a finding', async () => {
  const documents = {
    collectors: [...COLLECTORS, collector(4, { bk_biz_id: 99 })],
    indexSets: [...INDEX_SETS, indexSet(13, { scenario_id: 'es', storage_cluster_id: 5 })],
  };
  await withFlow(async ({ scene, prepared, deploy }) => {
    await deploy();
    const { plan } = (await answer('plan', { payload: prepared })).payload;
    assert.deepEqual(
      plan.items.map(({ kind, originId, action }: { kind: string; originId: number; action: string }) => [
        kind,
        originId,
        action,
      ]),
      [
        ['collector', 4, 'unmapped'],
        ['index-set', 13, 'refused'],
      ],
    );
    await deploy({ unattended: true });
    const badges = collectBadges('mi');
    const { payload } = await answer('end', { payload: prepared });
    assert.deepEqual(
      [payload.created, payload.findingCount, payload.report.outcome],
      [5, 2, 'completed-with-findings'],
    );
    assert.match(
      payload.report.findings[0].message,
      /collector 4 .* was not migrated: bk_biz_id 99 has no counterpart/,
    );
    assert.deepEqual([badges.at(-1)?.fill, /· \+5 ✗ 2$/.test(badges.at(-1)?.text ?? '')], ['yellow', true]);
    await assertWhole(scene);
  }, documents);
});

test('filters and clusters are those of the form', async () => {
  const third = indexSet(13, { scenario_id: 'es', storage_cluster_id: 5, time_field: 'time', time_field_type: 'date' });
  await withFlow(
    async ({ prepared, deploy }) => {
      const counts = async (fields: object) => {
        await deploy({ ...fields });
        return (await answer('plan', { payload: prepared })).payload.plan.counts;
      };
      assert.deepEqual((await counts({ business: '2' })).create, 5);
      assert.deepEqual((await counts({ business: '3' })).create, 0);
      assert.deepEqual((await counts({ collectors: '1, 3' })).create, 4);
      assert.deepEqual((await counts({ indexSets: '11,902' })).create, 2);
      assert.deepEqual((await counts({ clusters: [{ from: '9', to: '4' }] })).refused, 1);
      assert.deepEqual((await counts({ clusters: [{ from: '5', to: '4' }] })).create, 6);
      assert.deepEqual((await counts({ clusters: [{ from: '*', to: '4' }] })).create, 6);
      for (const fields of [
        { business: 'two' },
        { collectors: '1;2' },
        { storageCluster: '-' },
        { clusters: [{ from: '5', to: '' }] },
        {
          clusters: [
            { from: '5', to: '4' },
            { from: '5', to: '6' },
          ],
        },
        { choices: { 'collector 1': 'burn' } },
      ]) {
        await deploy(fields);
        const { failure } = await answer('failed', { payload: prepared });
        assert.equal(failure.code, 'OP_CONFIG_INVALID');
        assert.ok(failure.remedy.includes(Object.keys(fields)[0]), failure.remedy);
      }
    },
    { collectors: COLLECTORS, indexSets: [...INDEX_SETS, third] },
  );
});

test('what somebody chose in the plan counts: an item is left out, a failed one is tried again', async () => {
  await withFlow(async ({ scene, prepared, deploy }) => {
    const choices: Record<string, string> = { 'collector 1': 'leave-out', 'index-set 11': 'leave-out' };
    scene.gateway.misbehave({
      kind: 'refused',
      code: '3600001',
      match: { method: 'POST', path: '/databus_collectors/fast_create/' },
      times: 2,
    });
    await deploy({ choices, unattended: true });
    const { payload } = await answer('end', { payload: prepared });
    assert.deepEqual([payload.created, payload.plan.counts['left-out'], payload.findingCount], [1, 2, 2]);
    assert.deepEqual(scene.gateway.collectors(), []);

    await deploy({ choices: { 'collector 2': 'retry' } });
    const planned = (await answer('plan', { payload: prepared })).payload;
    const { failed, retry, create } = planned.plan.counts;
    assert.deepEqual([failed, retry, create], [1, 1, 2]);
    const kept = await knownPlan();
    assert.deepEqual(kept.lines.find(({ key }: { key: string }) => key === 'collector 2').reasons, [
      { text: 'tried before', key: 'triedBefore' },
    ]);
    assert.equal((await answer('end', { payload: planned, confirm: planned.plan.hash })).payload.created, 3);
    await deploy({ retryFailed: true, unattended: true });
    await answer('end', { payload: prepared });
    await assertWhole(scene);
  });
});

test('a run is undone: told first, then removed, named by message or form', async () => {
  await withFlow(async ({ scene, prepared, deploy }) => {
    await deploy({ collectors: '1', indexSets: '901', unattended: true });
    const first = (await answer('end', { payload: prepared })).payload;
    await deploy({ unattended: true });
    const second = (await answer('end', { payload: prepared })).payload;

    await deploy({ action: 'undo' });
    const planned = (await answer('plan', { payload: second })).payload;
    assert.deepEqual([planned.plan.counts, planned.plan.items], [{ remove: 4, gone: 0, kept: 0 }, []]);
    assert.deepEqual([planned.runId, planned.environment, planned.report.operation], [second.runId, 'ee', 'undo']);
    assert.equal(scene.gateway.collectors().length, 3);
    const shown = await knownPlan();
    assert.deepEqual([shown.action, shown.lines.length, shown.done], ['undo', 4, undefined]);
    const done = (await answer('end', { payload: planned, confirm: planned.plan.hash })).payload;
    assert.deepEqual([done.removed, done.report.outcome, scene.gateway.collectors().length], [4, 'completed', 1]);
    assert.equal((await knownPlan()).done, 4);

    const typed = { environment: 'ee', environmentType: 'str', run: 'payload', runType: 'msg' };
    await deploy({ action: 'undo', unattended: true, ...typed });
    const trigger = await answer('end', { payload: first.runId });
    assert.deepEqual(
      [trigger.payload.removed, trigger.payload.runId, trigger.payload.kind],
      [1, first.runId, undefined],
    );
    assert.deepEqual(scene.gateway.collectors(), []);

    await deploy({ action: 'undo' });
    for (const payload of [1, { environment: '' }, { environment: 'ff' }, { kind: 'migration' }]) {
      assert.equal((await answer('failed', { payload })).failure.code, 'OP_CONFIG_INVALID', JSON.stringify(payload));
    }
  });
});

test('what is not a prepared migration, not a confirmation or not deployed reaches catch nodes with code and remedy', async () => {
  await withFlow(async ({ scene, prepared, deploy }) => {
    await deploy();
    for (const payload of [1, null, { kind: 'backup-set', formatVersion: 1, sources: [] }]) {
      const { failure } = await answer('failed', { payload });
      assert.deepEqual([failure.code, failure.remedy], ['OP_CONFIG_INVALID', 'Put id-mapper before it.']);
    }
    for (const change of [
      { payload: { ...prepared, directory: 3 } },
      { payload: { ...prepared, directory: join(prepared.directory, 'gone') } },
      { payload: prepared, confirm: 'yes' },
      { payload: prepared, confirm: '0'.repeat(64) },
    ]) {
      const { failure, payload } = await answer('failed', change);
      assert.ok(failure.remedy && failure.code.startsWith('OP_'), failure.code);
      assert.equal(payload.report.outcome, 'failed');
    }
    for (const fields of [{ api: 'records' }, { api: '' }, { connection: 'target' }]) {
      await deploy(fields);
      assert.equal((await answer('failed', { payload: prepared })).failure.code, 'OP_CONFIG_INVALID');
    }
    assert.deepEqual(scene.gateway.writes(), []);
  });
});

test('a second message during a run is refused', async () => {
  await withFlow(async ({ scene, prepared, deploy }) => {
    scene.gateway.latencyMs = 50;
    await deploy({ unattended: true });
    const end = nextMessage('end');
    send('mi', { payload: prepared });
    assert.equal((await answer('failed', { payload: prepared })).failure.code, 'OP_BUSY');
    assert.equal((await end).payload.created, 5);
  });
});

test('the message stays small and the form gets the whole plan, as long as the node is there', async () => {
  const collectors = Array.from({ length: 400 }, (_, index) =>
    collector(index + 1, { bk_biz_id: index < 300 ? 99 : 2 }),
  );
  await withFlow(
    async ({ prepared, deploy }) => {
      await deploy();
      assert.equal(await knownPlan(), undefined);
      const { payload } = await answer('plan', { payload: prepared });
      assert.deepEqual(
        [payload.plan.items.length, payload.plan.itemCount, payload.plan.counts.unmapped],
        [100, 400, 300],
      );
      const { lines, at, ...plan } = await knownPlan();
      assert.deepEqual([plan.action, plan.environment, plan.counts.create, lines.length], ['migrate', 'ee', 100, 400]);
      assert.ok(Date.now() - Date.parse(at) < 60_000);
      const { losses, ...first } = lines[0];
      assert.equal(losses[0].text, 'its ignore_older is not known; the target takes 86400');
      assert.deepEqual(first, {
        ...{ key: 'collector 1', kind: 'collector', id: 1, name: '采集1', action: 'unmapped', target: '' },
        reasons: [{ text: 'bk_biz_id 99 has no counterpart in the target', key: 'unmapped', a: 'bk_biz_id', b: '99' }],
      });
      assert.equal(lines[399].target, '采集400 (name_400x)');
      assert.equal(await knownPlan('nobody'), undefined);
      const run = (await answer('end', { payload, confirm: payload.plan.hash })).payload;
      assert.deepEqual([run.created, run.findingCount, run.report.findings.length], [100, 300, 100]);
    },
    { collectors, indexSets: [] },
  );
});
