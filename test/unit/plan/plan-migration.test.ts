import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MappingRow, MigrationCandidate } from '../../../src/model/migration';
import { type MigrationPlan, planMigration, type TargetInventory } from '../../../src/plan/plan-migration';

const COLLECTOR: MigrationCandidate = {
  ...{ kind: 'collector', originId: 501, originIndexSetId: 901, originBusiness: 2, name: 'nginx访问日志' },
  ...{ englishName: 'nginx_access', business: 7, space: 'bkcc__7', unmapped: [], refusals: [], losses: [] },
};
const INDEX_SET: MigrationCandidate = {
  ...{ kind: 'index-set', originId: 910, originIndexSetId: 910, originBusiness: 2, name: '支付链路' },
  ...{ business: 7, space: 'bkcc__7', unmapped: [], refusals: [], losses: [] },
};
const ROW: MappingRow = {
  ...{
    id: 1,
    environment: 'ee',
    kind: 'collector',
    originId: 501,
    originIndexSetId: 901,
    originBusiness: 2,
    business: 7,
  },
  ...{
    space: 'bkcc__7',
    targetId: 0,
    indexSetId: 0,
    name: 'nginx_access',
    status: 'init',
    details: '',
    attempts: 1,
    runId: 'r',
    updatedAt: '2026-11-24 00:00:00',
  },
};
const THERE = { id: 12, name: 'nginx访问日志', englishName: 'nginx_access', indexSetId: 34 };

function inventory(
  collectors: readonly object[] = [],
  sets: readonly { id: number; name: string }[] = [],
): TargetInventory {
  return {
    collectors: new Map([
      [7, collectors as TargetInventory['collectors'] extends ReadonlyMap<number, infer T> ? T : never],
    ]),
    indexSets: new Map([[7, sets]]),
  };
}

function planned(
  candidate: MigrationCandidate,
  rows: readonly MappingRow[] = [],
  target: TargetInventory = inventory(),
  retryFailed = false,
) {
  return planMigration('ee', [candidate], rows, target, { retryFailed }).items[0]!;
}

test('what is not there is created under its own names', () => {
  const { action, targetName, targetEnglishName } = planned(COLLECTOR);
  assert.deepEqual([action, targetName, targetEnglishName], ['create', 'nginx访问日志', 'nginx_access']);
  assert.deepEqual([planned(INDEX_SET).action, planned(INDEX_SET).targetName], ['create', '支付链路']);
});

test('a name that is taken gets a mark, whatever its case, the same at every run; a free one keeps its own', () => {
  const target = inventory([{ ...THERE, name: 'other', englishName: 'NGINX_access' }]);
  const item = planned(COLLECTOR, [], target);
  assert.equal(item.action, 'create');
  assert.equal(item.targetName, 'nginx访问日志');
  assert.match(item.targetEnglishName!, /^nginx_access_m[0-9a-f]{4}$/);
  assert.deepEqual(planned(COLLECTOR, [], target), item);
  assert.match(item.reason, /name is taken/);
});

test('two items of one name in one business get two names', () => {
  const twin = { ...COLLECTOR, originId: 502, originIndexSetId: 902 };
  const { items } = planMigration('ee', [COLLECTOR, twin], [], inventory(), { retryFailed: false });
  assert.equal(new Set(items.map(({ targetEnglishName }) => targetEnglishName)).size, 2);
  assert.equal(new Set(items.map(({ targetName }) => targetName)).size, 2);
});

test('an index set of the same name that nothing records is a conflict, not a twin', () => {
  assert.equal(planned(INDEX_SET, [], inventory([], [{ id: 5, name: '支付链路' }])).action, 'conflict');
});

test('what succeeded is done, by our record or by one of migrate_tool', () => {
  assert.equal(planned(COLLECTOR, [{ ...ROW, status: 'success', targetId: 12 }]).action, 'done');
  const { environment: _, kind: __, originId: ___, ...rest } = ROW;
  const old = {
    ...rest,
    environment: undefined,
    kind: undefined,
    originId: undefined,
    name: '',
    status: 'success' as const,
  };
  assert.equal(planned(COLLECTOR, [{ ...old, indexSetId: 50012 }]).action, 'done');
  assert.equal(planned(COLLECTOR, [{ ...old, business: 1003 }]).action, 'create', 'of another business');
  assert.equal(planned(COLLECTOR, [{ ...old }, { ...old, status: 'fail' }]).action, 'done', 'a success counts');
  assert.equal(
    planned(COLLECTOR, [{ ...ROW, environment: 'sg', status: 'success' }]).action,
    'create',
    'of another environment',
  );
});

test('an item whose answer was lost is looked for by name: taken over, completed, or created', () => {
  const adopted = planned(COLLECTOR, [ROW], inventory([THERE]));
  assert.deepEqual([adopted.action, adopted.targetId, adopted.removeFirst], ['adopt', 12, undefined]);
  const half = planned(COLLECTOR, [ROW], inventory([{ ...THERE, indexSetId: undefined }]));
  assert.deepEqual(
    [half.action, half.targetId, half.removeFirst, half.targetEnglishName],
    ['retry', 12, true, 'nginx_access'],
  );
  const gone = planned(COLLECTOR, [ROW]);
  assert.deepEqual([gone.action, gone.targetEnglishName], ['retry', 'nginx_access']);
  const set = { ...ROW, kind: 'index-set' as const, originId: 910, name: '支付链路' };
  assert.deepEqual(planned(INDEX_SET, [set], inventory([], [{ id: 5, name: '支付链路' }])).action, 'adopt');
});

test('what failed stays failed, with its reason, until it is asked for again', () => {
  const failed = { ...ROW, status: 'fail' as const, details: '名称重复' };
  const left = planned(COLLECTOR, [failed]);
  assert.deepEqual([left.action, /名称重复/.test(left.reason)], ['failed', true]);
  assert.equal(planned(COLLECTOR, [failed], inventory(), true).action, 'retry');
  assert.equal(planned(COLLECTOR, [failed], inventory([THERE]), true).action, 'adopt');
  assert.equal(planned(COLLECTOR, [{ ...ROW, status: 'removed' }], inventory()).action, 'create');
});

test('what has no counterpart, or no form that the API takes, says why and takes no name', () => {
  const unmapped = { ...COLLECTOR, unmapped: ['business 2 has no counterpart in ee'] };
  assert.deepEqual(
    [planned(unmapped).action, planned(unmapped).reason],
    ['unmapped', 'business 2 has no counterpart in ee'],
  );
  const refused = { ...COLLECTOR, refusals: ['its step names no paths'] };
  assert.equal(planned(refused).action, 'refused');
  const { items } = planMigration('ee', [refused, { ...COLLECTOR, originId: 502 }], [], inventory(), {
    retryFailed: false,
  });
  assert.equal(items[1]!.targetEnglishName, 'nginx_access');
});

test('the plan counts its actions, and its hash is that of what it says', () => {
  const plan = (target = inventory()): MigrationPlan =>
    planMigration('ee', [COLLECTOR, INDEX_SET, { ...COLLECTOR, originId: 3, unmapped: ['x'] }], [], target, {
      retryFailed: false,
    });
  assert.deepEqual(plan().counts, {
    ...{ create: 2, adopt: 0, retry: 0, done: 0, 'left-out': 0, failed: 0, conflict: 0, unmapped: 1, refused: 0 },
  });
  assert.equal(plan().hash, plan().hash);
  assert.notEqual(plan().hash, plan(inventory([THERE])).hash);
});

test('a choice leaves one item out, or tries one again that failed; what is done stays done', () => {
  const failed: MappingRow = { ...ROW, status: 'fail', details: 'OP_API_DENIED: no permission' };
  const act = (choice: 'leave-out' | 'retry', row?: MappingRow) => {
    const options = { retryFailed: false, choices: { 'collector 501': choice } };
    return planMigration('ee', [COLLECTOR], row ? [row] : [], inventory(), options).items[0]!.action;
  };
  assert.deepEqual(
    [act('leave-out'), act('retry'), act('leave-out', failed), act('retry', failed)],
    ['left-out', 'create', 'left-out', 'retry'],
  );
  assert.equal(act('leave-out', { ...ROW, status: 'success', targetId: 12 }), 'done');
});
