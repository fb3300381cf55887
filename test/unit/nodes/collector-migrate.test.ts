import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { tellReason, tellSentence } from '../../../nodes/collector-migrate/reasons';
import { toIdMap } from '../../../src/bklog/id-map';
import { prepareCollector, prepareIndexSet } from '../../../src/bklog/migration-candidates';
import { otherName } from '../../../src/bklog/migration-names';
import type { MappingRow } from '../../../src/model/migration';
import { type MigrationOptions, planMigration, type TargetInventory } from '../../../src/plan/plan-migration';
import { planMigrationUndo } from '../../../src/plan/plan-migration-undo';
import { collector, indexSet } from '../../support/migration';

const readTexts = (language: string): Record<string, string> =>
  JSON.parse(readFileSync(`nodes/collector-migrate/locales/${language}/collector-migrate.json`, 'utf8'))[
    'collector-migrate'
  ].reason;
const [ENGLISH, CHINESE] = [readTexts('en-US'), readTexts('zh-CN')];

const map = toIdMap({ environment: 'ee', offset: 2_000_000, businesses: [{ from: 2, to: 7 }] });
/** The target has something of the names of collector 1 and index set 11. */
const withCollector = (indexSetId: number | undefined): TargetInventory => ({
  collectors: new Map([[7, [{ id: 500, name: '采集1', englishName: 'name_1x', indexSetId }]]]),
  indexSets: new Map([[7, [{ id: 600, name: '索引集11' }]]]),
});
const HALF = withCollector(undefined);
const WHOLE = withCollector(501);
/** And of every other name that is tried. */
const CROWDED: TargetInventory = {
  ...HALF,
  collectors: new Map([
    [
      7,
      Array.from({ length: 21 }, (_, attempt) => ({
        ...{ id: 500 + attempt, name: '采集', indexSetId: undefined },
        englishName: attempt === 0 ? 'name_1x' : otherName('name_1x', 'ee:collector:1', attempt),
      })),
    ],
  ]),
};

/** A record of a run, of collector 1. */
const row = (change: Partial<MappingRow>): MappingRow => ({
  ...{ id: 1, environment: 'ee', kind: 'collector', originId: 1, originIndexSetId: 901, originBusiness: 2 },
  ...{ business: 7, space: 'bkcc__7', targetId: 0, indexSetId: 0, name: 'name_1x', status: 'init', details: '' },
  ...{ attempts: 1, runId: 'run', updatedAt: '2026-01-01 00:00:00' },
  ...change,
});

const local = (change: object) => ({ steps: [{ id: 'bkunifylogbeat', params: { context: { local: [change] } } }] });

/** Every way in which an item of export.py can be in the way, as its reasons and losses. */
function sentencesOfCandidates(): string[] {
  const collectors = [
    collector(1, { bk_biz_id: 99 }),
    collector(1, { bk_biz_id: null }),
    collector(1, { collector_config_name: null }),
    collector(1, { target_nodes: '{"a":1}' }),
    collector(1, { target_nodes: '[{"bk_inst_id": "x", "bk_obj_id": "set"}]' }),
    collector(1, { target_nodes: '[{"bk_inst_id": -3, "bk_obj_id": "set"}]' }),
    collector(1, { target_nodes: '[{"bk_inst_id": 2000001, "bk_obj_id": "set"}]' }),
    collector(1, { target_nodes: null, table_id: '3_odd.table' }),
    collector(1, { etl_config: 'bk_log_json', description: 'x'.repeat(65) }),
    collector(1, { collector_scenario_id: 'client' }),
    collector(1, { steps: [] }),
    collector(1, { steps: [{ id: 'bkunifylogbeat', params: 'no json', error: 'half' }] }),
    collector(1, { steps: [{ id: 'bkunifylogbeat', params: { context: {} } }] }),
    collector(1, local({ paths: [] })),
    collector(1, local({ paths: { a: 1 } })),
    collector(1, local({ paths: ['/a'], unheard_of: 1 })),
    collector(1, { collector_scenario_id: 'section', ...local({ paths: ['/a'] }) }),
  ].map((record) => prepareCollector(record, map).candidate);
  const indexSets = [
    indexSet(11, { view_roles: ',1,', indexes: [] }),
    indexSet(11, { scenario_id: 'log' }),
    indexSet(11, { scenario_id: 'es', time_field: 't', time_field_type: 'long' }),
    indexSet(11, { scenario_id: 'es' }),
    indexSet(11, { indexes: [{ result_table_id: '2_a' }, { result_table_id: '2_a' }] }),
  ].map((record) => prepareIndexSet(record, map).candidate);
  return [...collectors, ...indexSets].flatMap(({ unmapped, refusals, losses }) => [
    ...unmapped,
    ...refusals,
    ...losses,
  ]);
}

/** The reasons of both planners, each part by itself. */
function reasonsOfPlans(): string[] {
  const plain = prepareCollector(collector(1), map).candidate;
  const plan = (rows: MappingRow[], candidate = plain, target = HALF, options: Partial<MigrationOptions> = {}) =>
    planMigration('ee', [candidate], rows, target, { retryFailed: false, ...options }).items[0]!.reason;
  const undo = (change: Partial<MappingRow>, target = HALF) =>
    planMigrationUndo('ee', 'run', [row(change)], target).items[0]!.reason;
  const { business: _, ...homeless } = plain;
  return [
    plan([]),
    plan([], { ...plain, business: 8 }),
    plan([], homeless),
    plan([], prepareIndexSet(indexSet(11), map).candidate),
    plan([], plain, CROWDED),
    plan([], plain, HALF, { choices: { 'collector 1': 'leave-out' } }),
    plan([row({ status: 'success', targetId: 5 })]),
    plan([row({ status: 'fail', details: 'OP_API_REFUSED: no; never' })]),
    plan([row({ status: 'fail', name: 'other' })], plain, HALF, { retryFailed: true }),
    plan([row({})]),
    plan([row({})], plain, WHOLE),
    ...[undo({}), undo({ name: 'other' }), undo({ status: 'fail' }), undo({ status: 'fail' }, WHOLE)],
    undo({ status: 'success', targetId: 5 }),
    undo({ status: 'success', targetId: 500 }),
    undo({ status: 'success', targetId: 500, name: 'other' }),
  ];
}

const fill = (text: string, { a = '', b = '' }: { a?: string; b?: string }) =>
  text.replaceAll('__a__', () => a).replaceAll('__b__', () => b);

test('every reason and loss of a plan is said by the catalogues, in English as the engine says it', () => {
  const sentences = sentencesOfCandidates();
  const reasons = reasonsOfPlans();
  const told = [...sentences.map(tellSentence), ...reasons.flatMap(tellReason)];
  for (const { text, key = '', ...parts } of told) {
    assert.ok(key, `no catalogue says: ${text}`);
    assert.equal(fill(ENGLISH[key] ?? '', parts), text);
    assert.match(fill(CHINESE[key] ?? '', parts), /\p{Script=Han}/u, key);
  }
  for (const reason of reasons)
    assert.equal(
      tellReason(reason)
        .map(({ text }) => text)
        .join('; '),
      reason,
    );
  const said = new Set(told.map(({ key }) => key));
  assert.deepEqual(
    Object.keys(ENGLISH).filter((key) => !said.has(key)),
    [],
    'a text that nothing says any more',
  );
});

test('a sentence that no catalogue has is shown as it came', () => {
  assert.deepEqual(tellReason('tried before; the moon is full'), [
    { text: 'tried before', key: 'triedBefore' },
    { text: 'the moon is full' },
  ]);
});
