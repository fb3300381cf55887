import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BkLogRecord } from '../../../src/bklog/find-references';
import { type IdMap, invertIdMap, toIdMap } from '../../../src/bklog/id-map';
import { mapGraph, type RecordGraph } from '../../../src/bklog/map-graph';
import { isOperationError } from '../../../src/errors/operation-error';

/** Every failure prints the path that shows it again. */
const SEED = 20261123;
/** Random graphs per law; 10,000 in total. */
const RUNS = { inverse: 5000, unmapped: 2000, dangling: 2000, twice: 1000 };

const OFFSET = 2_000_000;
/** Old businesses; the targets overlap the sources, so that a chain 2 -> 7 -> 1003 is among them. */
const BUSINESSES = [2, 3, 7, 12, 100];
const GROUPS = ['a1b2', 'c3d4', '2_2'];
const SPACES = ['bkci__demo', 'bcs__2', 'bksaas__a__2'];

/** One-to-one targets for `sources`, drawn from `targets`. */
const pairsOf = <T>(sources: readonly T[], targets: fc.Arbitrary<T>) =>
  fc
    .uniqueArray(targets, { minLength: sources.length, maxLength: sources.length })
    .map((chosen) => sources.map((from, at) => ({ from, to: chosen[at]! })));
const target = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 2 ** 31 - 1 }));

const idMap: fc.Arbitrary<IdMap> = fc
  .record(
    {
      businesses: fc
        .tuple(pairsOf(BUSINESSES, target), pairsOf([-17, -2], fc.integer({ min: -99, max: -1 })))
        .map(([own, spaces]) => [...own, ...spaces]),
      spaces: pairsOf(SPACES, fc.stringMatching(/^b[a-z]i__[a-z0-9]{1,6}$/)),
      dynamicGroups: pairsOf(GROUPS, fc.stringMatching(/^[a-f0-9]{8}$/)),
      storageClusters: pairsOf([1, 2, 3], target),
      indexSets: pairsOf(range(900, 930), target),
      collectors: pairsOf(range(500, 530), target),
      viewRoles: pairsOf([1, 2, 3], target),
    },
    { requiredKeys: ['businesses', 'spaces', 'dynamicGroups', 'storageClusters'] },
  )
  .map((mappings) => toIdMap({ environment: 'ee', offset: OFFSET, ...mappings }));

const shifted = fc.integer({ min: 1, max: OFFSET });
const business = fc.constantFrom(...BUSINESSES);
const indexSetId = fc.integer({ min: 900, max: 929 });
/** Full of digits that are ids elsewhere. */
const noise = fc.constantFrom('2', 'x_2_bklog_2test', '2024_2', '日志 2', '{"bk_host_id": 2}', '');

const node = fc.oneof(
  fc.record({ bk_inst_id: business, bk_obj_id: fc.constant('biz'), note: noise }),
  fc.record({ bk_obj_id: fc.constantFrom('set', 'module', 'custom'), bk_inst_id: shifted }),
  fc.record({
    ip: fc.constantFrom('10.0.2.2', '2.2.2.2'),
    bk_cloud_id: fc.oneof(fc.constant(0), shifted),
    note: noise,
  }),
  fc.record({ bk_host_id: shifted, 'bk host "2"': shifted }),
);
const template = fc.record({ bk_inst_id: shifted, bk_obj_id: fc.constant('SERVICE_TEMPLATE') });
const group = fc.record({ bk_inst_id: fc.constantFrom(...GROUPS), bk_obj_id: fc.constant('host') });
const targets = fc.oneof(
  fc.record({ type: fc.constantFrom('TOPO', 'INSTANCE'), nodes: fc.array(node, { maxLength: 4 }) }),
  fc.record({ type: fc.constantFrom('SERVICE_TEMPLATE', 'SET_TEMPLATE'), nodes: fc.array(template, { maxLength: 2 }) }),
  fc.record({ type: fc.constant('DYNAMIC_GROUP'), nodes: fc.array(group, { maxLength: 2 }) }),
);
/** JSON as Python, as JavaScript and as a person writes it. */
const spelling = fc.constantFrom(
  (value: unknown) =>
    JSON.stringify(value)
      .replace(/[\u0080-\uffff]/g, escapeUnit)
      .replace(/([,:])(?=["{[\d])/g, '$1 '),
  (value: unknown) => JSON.stringify(value),
  (value: unknown) => ` ${JSON.stringify(value, null, 2)}\n`,
);

const collector: fc.Arbitrary<BkLogRecord> = fc
  .record({
    collector_config_id: fc.integer({ min: 500, max: 529 }),
    bk_biz_id: fc.oneof(business, fc.constantFrom(-17, -2)),
    targets,
    spell: spelling,
    name: noise,
    index_set_id: fc.option(indexSetId),
    form: fc.constantFrom('.', '_'),
    steps: fc.array(fc.record({ id: noise, bk_biz_id: fc.integer() }), { maxLength: 1 }),
  })
  .map(({ targets, spell, form, ...record }) => ({
    ...record,
    collector_config_name: record.name,
    target_node_type: targets.type,
    target_nodes: spell(targets.nodes),
    table_id: `${record.bk_biz_id < 0 ? `space_${-record.bk_biz_id}` : record.bk_biz_id}_bklog${form}${record.name}`,
  }));

const indexSet: fc.Arbitrary<BkLogRecord> = fc
  .record({
    index_set_id: indexSetId,
    bk_biz_id: fc.option(business),
    scenario_id: fc.constantFrom('bkdata', 'es'),
    view_roles: fc.constantFrom(null, '', ',1,', ',1,2,', ',3,1,'),
    indexes: fc.array(fc.record({ bk_biz_id: business, index_set_id: indexSetId, name: noise }), { maxLength: 3 }),
  })
  .map(({ indexes, ...record }) => ({
    ...record,
    indexes: indexes.map(({ name, ...index }) => ({ ...index, result_table_id: `${index.bk_biz_id}_${name}` })),
  }));

const tables = fc.record({
  log_search_logindexset: fc.array(
    fc.record({
      index_set_id: indexSetId.map(String),
      space_uid: fc.oneof(
        fc.constantFrom('', ...SPACES),
        business.map((id) => `bkcc__${id}`),
      ),
      storage_cluster_id: fc.option(fc.integer({ min: 1, max: 3 })),
      collector_config_id: fc.option(fc.integer({ min: 500, max: 529 })),
    }),
    { maxLength: 2 },
  ),
  log_search_logindexsetdata: fc.array(
    fc.record({
      index_set_id: indexSetId,
      type: fc.constant('index_set'),
      result_table_id: indexSetId.map(String),
    }),
    { maxLength: 2 },
  ),
});

const graph: fc.Arbitrary<RecordGraph> = fc
  .record(
    {
      collectors: fc.array(collector, { maxLength: 3 }),
      indexSets: fc.array(indexSet, { maxLength: 3 }),
      tables,
      knownIndexSets: fc.array(indexSetId, { maxLength: 5 }),
    },
    { requiredKeys: ['collectors', 'indexSets'] },
  )
  // Plain objects, as they come out of a file.
  .map((value) => JSON.parse(JSON.stringify(value)));

test('mapping and mapping back leave every character of a graph as it was', () => {
  let changed = 0;
  fc.assert(
    fc.property(graph, idMap, (original, map) => {
      const before = structuredClone(original);
      const mapped = mapGraph(original, map);
      assert.deepEqual(original, before, 'the input is left alone');
      assert.deepEqual(
        mapped.findings.filter(({ reason }) => reason !== 'dangling'),
        [],
      );
      assert.deepEqual(mapped.graph.mappedFrom, { environment: 'ee', mapHash: map.hash });
      for (const [at, record] of (original.collectors ?? []).entries())
        onlyIdsDiffer(record, mapped.graph.collectors![at]!);
      if (JSON.stringify(mapped.graph.collectors) !== JSON.stringify(original.collectors)) changed += 1;
      const back = mapGraph(mapped.graph, invertIdMap(map));
      assert.deepEqual(back.graph, original);
      assert.deepEqual(
        back.findings.filter(({ reason }) => reason !== 'dangling'),
        [],
      );
    }),
    { numRuns: RUNS.inverse, seed: SEED },
  );
  assert.ok(changed > RUNS.inverse / 2, `${changed} graphs were changed at all`);
});

/** All of a collector but its declared ids; of a table id what follows the business, of a text what is no digit. */
function onlyIdsDiffer(before: BkLogRecord, after: BkLogRecord): void {
  const rest = ({ collector_config_id, bk_biz_id, index_set_id, target_nodes, table_id, ...other }: BkLogRecord) => ({
    ...other,
    name: String(table_id).replace(/^(?:space_)?\d+/, ''),
    nodes:
      before.target_node_type === 'DYNAMIC_GROUP'
        ? ''
        : String(target_nodes).replace(/(inst|cloud|host)_id": ?\d+/g, ''),
  });
  assert.deepEqual(rest(after), rest(before));
  assert.deepEqual(Object.keys(after), Object.keys(before));
}

test('an id that no mapping names keeps its place and is found', () => {
  const stranger = fc.constantFrom(4, 5, 6, 2 ** 31);
  fc.assert(
    fc.property(graph, idMap, stranger, fc.nat(2), (original, map, business, at) => {
      fc.pre(original.collectors!.length > at && !map.businesses.backward.has(BigInt(business)));
      const collectors = original.collectors!.map((record, place) =>
        place === at ? { ...record, bk_biz_id: business, table_id: `${business}_bklog_2` } : record,
      );
      const { graph: mapped, findings } = mapGraph({ ...original, collectors }, map);
      const own = findings.filter(
        ({ part, record, reason }) => part === 'collectors' && record === at && reason !== 'dangling',
      );
      assert.deepEqual(
        own.map(({ reference, value, reason }) => [reference, value, reason]),
        [
          ['bk_biz_id', business, 'unmapped'],
          ['table_id', `${business}_bklog_2`, 'unmapped'],
        ],
      );
      const record = mapped.collectors![at]!;
      assert.deepEqual([record.bk_biz_id, record.table_id], [business, `${business}_bklog_2`]);
    }),
    { numRuns: RUNS.unmapped, seed: SEED },
  );
});

test('every reference to a record that is not there is found, and no other', () => {
  fc.assert(
    fc.property(graph, idMap, (original, map) => {
      const rows = original.tables?.log_search_logindexset ?? [];
      const sets = new Set(
        [
          ...original.indexSets!.map((record) => record.index_set_id),
          ...rows.map((row) => row.index_set_id),
          ...(original.knownIndexSets ?? []),
        ].map(String),
      );
      const collectors = new Set(original.collectors!.map((record) => String(record.collector_config_id)));
      const members = (original.tables?.log_search_logindexsetdata ?? []).flatMap((row) => [
        row.index_set_id,
        row.result_table_id,
      ]);
      const dangling = [
        ...original.collectors!.map((record) => record.index_set_id),
        ...original.indexSets!.flatMap(({ indexes }) => (indexes as BkLogRecord[]).map((index) => index.index_set_id)),
        ...members,
      ].filter((id) => id !== null && !sets.has(String(id)));
      const lost = rows
        .map((row) => row.collector_config_id)
        .filter((id) => id !== null && !collectors.has(String(id)));
      const found = mapGraph(original, map).findings.filter(({ reason }) => reason === 'dangling');
      assert.deepEqual(found.map(({ value }) => String(value)).sort(), [...dangling, ...lost].map(String).sort());
    }),
    { numRuns: RUNS.dangling, seed: SEED },
  );
});

test('a graph is mapped once: a second mapping is refused, and so is leading back what was not mapped', () => {
  fc.assert(
    fc.property(graph, idMap, (original, map) => {
      const mapped = mapGraph(original, map).graph;
      const travelled = JSON.parse(JSON.stringify(mapped)) as RecordGraph;
      const other = toIdMap({ environment: 'sg', offset: 5, businesses: [{ from: 2, to: 9 }] });
      for (const run of [
        () => mapGraph(mapped, map),
        () => mapGraph(travelled, map),
        () => mapGraph(travelled, other),
        () => mapGraph(original, invertIdMap(map)),
        () => mapGraph(travelled, invertIdMap(other)),
      ]) {
        assert.throws(run, (error) => isOperationError(error, 'OP_CONFIG_INVALID'));
      }
    }),
    { numRuns: RUNS.twice, seed: SEED },
  );
});

test('two ids that become one are refused, and so is one that becomes two', () => {
  const some = fc.array(fc.record({ from: fc.integer({ min: 1, max: 9 }), to: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(some, (businesses) => {
      const distinct = new Set(businesses.map(({ from, to }) => `${from} ${to}`)).size;
      const isOneToOne =
        new Set(businesses.map(({ from }) => from)).size === distinct &&
        new Set(businesses.map(({ to }) => to)).size === distinct;
      const build = () => toIdMap({ environment: 'ee', offset: 1, businesses });
      if (isOneToOne) assert.equal(build().businesses.forward.size, distinct);
      else assert.throws(build, (error) => isOperationError(error, 'OP_CONFIG_INVALID'));
    }),
    { numRuns: 1000, seed: SEED },
  );
});

function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, at) => from + at);
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
