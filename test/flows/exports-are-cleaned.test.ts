import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testServer } from '../support/database';
import { type ExportScene, fileOf, withExports } from '../support/export-tasks';
import { collectBadges, type FlowItem, helper, loadFlow, nextMessage, send, withRuntime } from '../support/runtime';

const EXAMPLE = 'examples/15 - Clean BK-LOG export files.json';

interface Example {
  /** Ids by name; of retention nodes by `dry` and `wet`. */
  readonly ids: Readonly<Record<string, string>>;
  send(button: string): void;
}

/** Deploys the example with its connection and its folder filled in; its debug nodes are sinks. */
async function deployExample({ database, folder }: ExportScene, change: object = {}): Promise<Example> {
  const items = JSON.parse(readFileSync(EXAMPLE, 'utf8')) as (FlowItem & { name?: string; wires?: string[][] })[];
  const { host, port, user, password } = testServer();
  const ids: Record<string, string> = {};
  const flow = items
    .filter(({ type }) => type !== 'tab' && type !== 'comment' && type !== 'inject')
    .map(({ z: _, ...item }): FlowItem => {
      ids[item.type === 'retention' ? (item.dryRun ? 'dry' : 'wet') : (item.name ?? '')] = item.id;
      if (item.type === 'db-connection')
        return { ...item, id: item.id, type: item.type, host, port: String(port), database };
      if (item.type === 'debug') return { id: item.id, type: 'helper' };
      if (item.type !== 'retention') return { ...item, id: item.id, type: item.type };
      return { ...item, id: item.id, type: item.type, folder, requireMount: false, ...change };
    });
  const buttons = new Map(
    items.filter(({ type }) => type === 'inject').map(({ name = '', wires }) => [name, wires?.[0]?.[0] ?? '']),
  );
  const [connection] = items.filter(({ type }) => type === 'db-connection');
  await loadFlow(flow, { [connection!.id]: { user, password } });
  return { ids, send: (button) => send(buttons.get(button) ?? '', { payload: Date.now(), topic: 'mine' }) };
}

test('the example says what it would clean and changes nothing, then cleans; the message keeps what it brought', async () => {
  await withExports(async (scene) => {
    await withRuntime(async (userDir) => {
      const { task, file, has, state } = scene;
      file(fileOf(1), 2048);
      const [old, stuck] = [await task({ file: fileOf(1) }), await task({ state: null, hoursAgo: 30 })];
      await task({ type: 'sync' });
      const { ids, ...example } = await deployExample(scene);
      const badges = { dry: collectBadges(ids.dry!), wet: collectBadges(ids.wet!) };

      const planned = nextMessage(ids['WOULD BE CLEANED']!);
      example.send('1 what would be cleaned');
      const { payload: plan, topic } = await planned;
      assert.deepEqual([plan.exports.dryRun, plan.exports.totals.files, topic], [true, 1, 'mine']);
      assert.deepEqual(
        plan.exports.tasks.map(({ file: what, marks, outcome }: Record<string, unknown>) => [what, marks, outcome]),
        [
          ['remove', ['clean'], 'planned'],
          ['leave', ['failed'], 'planned'],
          ['none', ['clean'], 'planned'],
        ],
      );
      assert.deepEqual([plan.report.operation, plan.report.outcome], ['clean-exports', 'completed']);
      assert.match(badges.dry.at(-1)?.text ?? '', /^\d\d:\d\d · −1\? 2\.0 KiB · ✓2 ✗1$/);
      assert.deepEqual([has(fileOf(1)), await state(old), await state(stuck)], [true, 'success 0', 'null 0']);

      const cleaned = nextMessage(ids.CLEANED!);
      example.send('2 clean it');
      const { payload: done } = await cleaned;
      assert.deepEqual([done.exports.dryRun, done.exports.totals], [false, plan.exports.totals]);
      assert.deepEqual([badges.wet.at(-1)?.fill, has(fileOf(1))], ['green', false]);
      assert.match(badges.wet.at(-1)?.text ?? '', / · −1 2\.0 KiB · ✓2 ✗1$/);
      assert.deepEqual([await state(old), await state(stuck)], ['success 1', 'failed 0']);
      const journal = readFileSync(join(userDir, 'bklog-backup/runs.jsonl'), 'utf8').trim().split('\n');
      assert.deepEqual(
        journal.map((line) => JSON.parse(line)).map(({ event, operation }) => [event, operation]),
        [
          ['started', 'clean-exports'],
          ['finished', 'clean-exports'],
        ],
      );
    });
  });
});

test('a file that is refused makes the badge yellow; a wrong folder reaches Catch nodes; the form is told the same', async () => {
  await withExports(async (scene) => {
    await withRuntime(async () => {
      const { task, folder } = scene;
      await task({ file: '../x' });
      const { ids, ...example } = await deployExample(scene);
      const badges = collectBadges(ids.wet!);
      const cleaned = nextMessage(ids.CLEANED!);
      example.send('2 clean it');
      const { payload } = await cleaned;
      assert.deepEqual(
        [payload.report.outcome, payload.report.findings[0].code, badges.at(-1)?.fill],
        ['completed-with-findings', 'OP_EXPORT_UNSAFE', 'yellow'],
      );
      const url = `/bklog-backup/db-connection/${ids['BK-LOG application']}/exports-plan`;
      const form = { folder, exportDays: '', requireMount: 'false', acceptMissing: 'false' };
      const ask = async (change: object) =>
        await helper
          .request()
          .get(url)
          .query({ ...form, ...change });
      const { status, body } = await ask({});
      assert.deepEqual([status, body.dryRun, body.keepDays, body.totals.refused], [200, true, 2, 1]);
      for (const change of [{ exportDays: '0' }, { folder: 'relative' }, { requireMount: 'maybe' }]) {
        const wrong = await ask(change);
        assert.deepEqual([wrong.status, wrong.body.code], [422, 'OP_CONFIG_INVALID'], JSON.stringify(change));
      }
      assert.equal((await ask({ requireMount: 'true' })).body.code, 'OP_STORE_UNREACHABLE');

      const broken = await deployExample(scene, { folder: join(folder, 'missing') });
      const failed = nextMessage(broken.ids.FAILED!);
      broken.send('2 clean it');
      const { failure, payload: at } = await failed;
      assert.deepEqual([failure.code, at.report.operation], ['OP_STORE_UNREACHABLE', 'clean-exports']);
      assert.match(failure.remedy, /BKAPP_EXTRACT_SAAS_STORY_DIR/);
    });
  });
});
