import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRefused } from '../../../src/bklog/steps/step-result';
import { readTargetNodes } from '../../../src/bklog/steps/target-nodes';
import { readCollectorBody } from '../../support/bklog-gateway/collector-body';

/** A node, the type of its collector, and as what it goes; `lost` are keys that the API does not know. */
type Node = Record<string, unknown>;
const NODES: readonly (readonly [node: Node, type: string, sent: Node | 'as it is', lost?: readonly string[]])[] = [
  [{ bk_inst_id: 2, bk_obj_id: 'biz' }, 'TOPO', 'as it is'],
  [{ bk_inst_id: 18, bk_obj_id: 'set', bk_biz_id: -17 }, 'TOPO', 'as it is'],
  [{ bk_inst_id: '35', bk_obj_id: 'module' }, 'TOPO', { bk_inst_id: 35, bk_obj_id: 'module' }],
  [
    { bk_inst_id: 7, bk_obj_id: 'my_level', extra: [1] },
    '',
    { bk_inst_id: 7, bk_obj_id: 'my_level' },
    ['target_nodes[0].extra'],
  ],
  [{ ip: '10.0.0.1', bk_cloud_id: 0 }, 'INSTANCE', 'as it is'],
  [
    { ip: '10.0.0.1', bk_cloud_id: '3', bk_supplier_id: '0', bk_host_id: null },
    'INSTANCE',
    { ip: '10.0.0.1', bk_cloud_id: 3, bk_supplier_id: '0' },
  ],
  [{ bk_host_id: 12 }, 'INSTANCE', 'as it is'],
  [{ bk_host_id: 12, ip: '10.0.0.1', bk_cloud_id: 2 }, 'INSTANCE', 'as it is'],
  [{ bk_host_id: 12, ip: '', bk_supplier_id: ' ' }, 'INSTANCE', { bk_host_id: 12 }],
  [{ id: 91 }, 'INSTANCE', 'as it is'],
  [{ bk_obj_id: 'SERVICE_TEMPLATE', bk_inst_id: 5 }, 'SERVICE_TEMPLATE', 'as it is'],
  [{ bk_obj_id: 'SET_TEMPLATE', bk_inst_id: '5' }, '', { bk_obj_id: 'SET_TEMPLATE', bk_inst_id: 5 }],
  [{ bk_obj_id: 'set', bk_inst_id: 5 }, 'SET_TEMPLATE', 'as it is'],
  [{ bk_obj_id: 'host', bk_inst_id: 'c0ffee' }, 'DYNAMIC_GROUP', 'as it is'],
  [{ bk_inst_id: 17 }, 'DYNAMIC_GROUP', { bk_inst_id: '17' }],
  [{ bk_obj_id: 'DYNAMIC_GROUP', bk_inst_id: 'c0ffee' }, '', 'as it is'],
];
for (const [node, type, sent, lost = []] of NODES) {
  test(`${JSON.stringify(node)} of ${type || 'no type'} goes ${sent === 'as it is' ? sent : JSON.stringify(sent)}`, () => {
    for (const value of [[node], JSON.stringify([node])]) {
      const result = readTargetNodes(value, type);
      assert.ok(!isRefused(result), JSON.stringify(result));
      assert.deepEqual(result.nodes, [sent === 'as it is' ? node : sent]);
      assert.deepEqual(
        result.losses.map(({ field }) => field),
        lost,
      );
    }
  });
}

const NOWHERE: readonly (readonly [value: unknown, reason: string])[] = [
  [null, 'is missing'],
  [undefined, 'is missing'],
  ['', 'is missing'],
  ['[{', 'is text and not JSON'],
  ['null', 'is not a list'],
  ['"[]"', 'is not a list'],
  [{}, 'is not a list'],
  [7, 'is not a list'],
];
for (const [value, reason] of NOWHERE) {
  test(`target nodes ${JSON.stringify(value)} count as none, and the loss is told`, () => {
    const losses = [{ field: 'target_nodes', reason: `${reason}; the target collects from nowhere` }];
    assert.deepEqual(readTargetNodes(value, 'TOPO'), { nodes: [], losses });
  });
}

const REFUSED: readonly (readonly [value: unknown, text: string])[] = [
  [[7], 'malformed_definition target_nodes[0]: is not an object'],
  [[{ bk_host_id: 1 }, 'x'], 'malformed_definition target_nodes[1]: is not an object'],
  [[{}], 'malformed_definition target_nodes[0]: is missing: it names neither a host nor a node of the topology'],
  [
    [{ bk_host_id: null, ip: null }],
    'malformed_definition target_nodes[0]: is missing: it names neither a host nor a node of the topology',
  ],
  [
    [{ ip: '10.0.0.1' }],
    'malformed_definition target_nodes[0].bk_cloud_id: is missing: it names neither a host nor a node of the topology',
  ],
  [
    [{ bk_obj_id: 'set' }],
    'malformed_definition target_nodes[0].bk_inst_id: is missing: it names neither a host nor a node of the topology',
  ],
  [
    [{ bk_inst_id: 4 }],
    'malformed_definition target_nodes[0].bk_obj_id: is missing: it names neither a host nor a node of the topology',
  ],
  [[{ bk_inst_id: 'x', bk_obj_id: 'set' }], 'malformed_definition target_nodes[0].bk_inst_id: is not a whole number'],
  [[{ bk_host_id: 1.5 }], 'malformed_definition target_nodes[0].bk_host_id: is not a whole number'],
  ['[{"bk_host_id": 9007199254740993}]', 'malformed_definition target_nodes[0].bk_host_id: is not a whole number'],
  [
    [{ ip: 'fe80:0000:0000::1', bk_cloud_id: 0 }],
    'value_unsupported target_nodes[0].ip: is longer than the 15 characters that the target takes',
  ],
];
for (const [value, text] of REFUSED) {
  test(`target nodes ${JSON.stringify(value)} are refused: the target would collect from less`, () => {
    const result = readTargetNodes(value, 'TOPO');
    assert.equal(isRefused(result) && `${result.refusal.reason} ${result.refusal.text}`, text);
  });
}

test('whatever JSON the column holds, BK-LOG takes what is not refused', () => {
  const keys = fc.constantFrom(
    ...['bk_obj_id', 'bk_inst_id', 'ip', 'bk_cloud_id', 'bk_host_id', 'id', 'bk_supplier_id', '__proto__', 'toString'],
  );
  const values = fc.oneof(fc.jsonValue(), fc.constantFrom('DYNAMIC_GROUP', 'SET_TEMPLATE', 'set', 1, '1', 0, null));
  const good = fc.constantFrom(
    { bk_host_id: 1 },
    { ip: '10.0.0.1', bk_cloud_id: 0 },
    { bk_obj_id: 'set', bk_inst_id: 1 },
  );
  const odd = fc.tuple(good, fc.dictionary(keys, values)).map(([node, change]) => ({ ...node, ...change }));
  const lists = fc.oneof(fc.array(fc.oneof(good, odd), { maxLength: 3 }), fc.array(fc.jsonValue()), fc.jsonValue());
  const types = fc.constantFrom('TOPO', 'INSTANCE', 'DYNAMIC_GROUP', 'SERVICE_TEMPLATE', '');
  const seen = { taken: 0, refused: 0 };
  fc.assert(
    fc.property(lists, types, (list, type) => {
      const result = readTargetNodes(JSON.stringify(list), type);
      seen[isRefused(result) ? 'refused' : 'taken'] += 1;
      if (isRefused(result)) return;
      const { target_nodes } = readCollectorBody({
        ...{ bk_biz_id: 7, collector_config_name: 'name', collector_config_name_en: 'name_en', params: {} },
        ...{ collector_scenario_id: 'row', target_object_type: 'HOST', target_node_type: 'TOPO' },
        target_nodes: result.nodes,
      });
      assert.deepEqual(target_nodes, result.nodes);
    }),
    { numRuns: 3000, seed: 20261123 },
  );
  assert.ok(seen.taken > 500 && seen.refused > 500, JSON.stringify(seen));
});
