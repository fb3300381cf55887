import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MappingRow } from '../../../src/model/migration';
import { planMigrationUndo } from '../../../src/plan/plan-migration-undo';

const ROW: MappingRow = {
  ...{ id: 1, environment: 'ee', kind: 'collector', originId: 501, originIndexSetId: 901, originBusiness: 2 },
  ...{ business: 7, space: 'bkcc__7', targetId: 12, indexSetId: 34, name: 'nginx_access', status: 'success' },
  ...{ details: '', attempts: 1, runId: 'r', updatedAt: '2026-11-24 00:00:00' },
};
const THERE = { id: 12, name: 'nginx访问日志', englishName: 'nginx_access', indexSetId: 34 };

function planned(row: Partial<MappingRow>, there: Partial<typeof THERE> | undefined = THERE) {
  const collectors = new Map([[7, there ? [{ ...THERE, ...there }] : []]]);
  const { items } = planMigrationUndo('ee', 'r', [{ ...ROW, ...row }], { collectors, indexSets: new Map() });
  return items[0] && `${items[0].action} ${items[0].targetId}`;
}

test('what the run created is removed as long as it has the name that the run gave it, in whatever case', () => {
  assert.equal(planned({}), 'remove 12');
  assert.equal(planned({}, { englishName: 'NGINX_ACCESS' }), 'remove 12');
  assert.equal(planned({}, { englishName: 'other_name' }), 'kept 12');
  assert.equal(planned({}, { id: 99 }), 'gone 12');
});

test('without an answer the name tells what is there', () => {
  assert.equal(planned({ status: 'init', targetId: 0 }), 'remove 12');
  assert.equal(planned({ status: 'init', targetId: 0 }, { englishName: 'other_name' }), 'gone 0');
});

test('what failed is removed where it is half made, and looked at where it is whole', () => {
  const half = new Map([[7, [{ ...THERE, indexSetId: undefined }]]]);
  const { items } = planMigrationUndo('ee', 'r', [{ ...ROW, status: 'fail', targetId: 0 }], {
    ...{ collectors: half, indexSets: new Map() },
  });
  assert.deepEqual([items[0]?.action, items[0]?.targetId], ['remove', 12]);
  assert.equal(planned({ status: 'fail', targetId: 0 }), 'kept 12');
  assert.equal(planned({ status: 'fail', targetId: 0 }, { englishName: 'other_name' }), undefined);
});

test('records of other runs and environments, of migrate_tool, and removed ones are nothing to undo', () => {
  const others = [{ runId: 's' }, { environment: 'sg' }, { status: 'removed' as const }, { kind: undefined }];
  const rows = [ROW, ...others.map((other, at) => ({ ...ROW, id: at + 2, ...other }))];
  const { items } = planMigrationUndo('ee', 'r', rows, { collectors: new Map([[7, [THERE]]]), indexSets: new Map() });
  assert.deepEqual(
    items.map(({ row }) => row),
    [1],
  );
});
