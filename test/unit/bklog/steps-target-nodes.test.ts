import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTargetNodes } from '../../../src/bklog/steps/target-nodes';

/** A node, the type of its collector, and what it is understood as. */
const NODES: readonly (readonly [node: Record<string, unknown>, type: string | undefined, understood: object])[] = [
  [{ bk_inst_id: 2, bk_obj_id: 'biz' }, 'TOPO', { kind: 'topo', objId: 'biz', instId: 2 }],
  [{ bk_inst_id: '35', bk_obj_id: 'module' }, 'TOPO', { kind: 'topo', objId: 'module', instId: 35 }],
  [{ bk_inst_id: 7, bk_obj_id: 'my_level', extra: [1] }, undefined, { kind: 'topo', objId: 'my_level', instId: 7 }],
  [{ ip: '10.0.0.1', bk_cloud_id: 0 }, 'INSTANCE', { kind: 'address', ip: '10.0.0.1', cloudId: 0 }],
  [
    { ip: '10.0.0.1', bk_cloud_id: '3', bk_supplier_id: '0', bk_host_id: null },
    'INSTANCE',
    { kind: 'address', ip: '10.0.0.1', cloudId: 3 },
  ],
  [{ bk_host_id: 12 }, 'INSTANCE', { kind: 'host', hostId: 12 }],
  [
    { bk_host_id: 12, ip: '10.0.0.1', bk_cloud_id: 2 },
    'INSTANCE',
    { kind: 'host', hostId: 12, ip: '10.0.0.1', cloudId: 2 },
  ],
  [{ id: 91 }, 'INSTANCE', { kind: 'service-instance', id: 91 }],
  [
    { bk_obj_id: 'SERVICE_TEMPLATE', bk_inst_id: 5 },
    'SERVICE_TEMPLATE',
    { kind: 'template', objId: 'SERVICE_TEMPLATE', instId: 5 },
  ],
  [{ bk_obj_id: 'SET_TEMPLATE', bk_inst_id: 5 }, undefined, { kind: 'template', objId: 'SET_TEMPLATE', instId: 5 }],
  [{ bk_obj_id: 'set', bk_inst_id: 5 }, 'SET_TEMPLATE', { kind: 'template', objId: 'set', instId: 5 }],
  [
    { bk_obj_id: 'host', bk_inst_id: 'c0ffee' },
    'DYNAMIC_GROUP',
    { kind: 'dynamic-group', objId: 'host', instId: 'c0ffee' },
  ],
  [{ bk_inst_id: 17 }, 'DYNAMIC_GROUP', { kind: 'dynamic-group', objId: 'DYNAMIC_GROUP', instId: '17' }],
  [
    { bk_obj_id: 'DYNAMIC_GROUP', bk_inst_id: 'c0ffee' },
    undefined,
    { kind: 'dynamic-group', objId: 'DYNAMIC_GROUP', instId: 'c0ffee' },
  ],
];
for (const [node, type, understood] of NODES) {
  test(`${JSON.stringify(node)} of ${type ?? 'no type'} is understood, and kept with all its keys`, () => {
    const expected = { nodes: [{ ...understood, node }], findings: [] };
    assert.deepEqual(parseTargetNodes([node], type), expected);
    assert.deepEqual(parseTargetNodes(JSON.stringify([node]), type), expected, 'as the text of an export');
  });
}

const WRONG: readonly (readonly [value: unknown, finding: string])[] = [
  [null, 'target_nodes: is missing'],
  [undefined, 'target_nodes: is missing'],
  ['', 'target_nodes: is text and not JSON'],
  ['null', 'target_nodes: is not a list'],
  ['"[]"', 'target_nodes: is not a list'],
  [{}, 'target_nodes: is not a list'],
  [7, 'target_nodes: is not a list'],
  [[7], 'target_nodes[0]: is not an object'],
  [[{}], 'target_nodes[0]: names neither a host nor a node of the topology'],
  [[{ bk_host_id: null, ip: null }], 'target_nodes[0]: names neither a host nor a node of the topology'],
  [[{ ip: '10.0.0.1' }], 'target_nodes[0].bk_cloud_id: is missing'],
  [[{ ip: '', bk_cloud_id: 0 }], 'target_nodes[0].ip: is blank'],
  [[{ bk_obj_id: 'set' }], 'target_nodes[0].bk_inst_id: is missing'],
  [[{ bk_inst_id: 4 }], 'target_nodes[0].bk_obj_id: is missing'],
  [[{ bk_inst_id: 'x', bk_obj_id: 'set' }], 'target_nodes[0].bk_inst_id: is not a whole number'],
  [[{ bk_host_id: 1.5 }], 'target_nodes[0].bk_host_id: is not a whole number'],
  ['[{"bk_host_id": 9007199254740993}]', 'target_nodes[0].bk_host_id: is not a whole number'],
];
for (const [value, finding] of WRONG) {
  test(`target nodes ${JSON.stringify(value)} are told: ${finding}`, () => {
    const { nodes, findings } = parseTargetNodes(value);
    assert.deepEqual(nodes, []);
    assert.deepEqual(
      findings.map(({ field, reason }) => `${field}: ${reason}`),
      [finding],
    );
  });
}

test('an empty list is no finding, and what is no node leaves the others where they are', () => {
  assert.deepEqual(parseTargetNodes('[]', 'INSTANCE'), { nodes: [], findings: [] });
  const { nodes, findings } = parseTargetNodes([{ bk_host_id: 1 }, 'x', { bk_host_id: 2 }]);
  assert.deepEqual(
    nodes.map(({ node }) => node.bk_host_id),
    [1, 2],
  );
  assert.deepEqual(findings, [{ field: 'target_nodes[1]', reason: 'is not an object' }]);
});

test('whatever JSON the column holds, every item is a node or a finding', () => {
  const keys = fc.constantFrom(
    'bk_obj_id',
    'bk_inst_id',
    'ip',
    'bk_cloud_id',
    'bk_host_id',
    'id',
    '__proto__',
    'toString',
  );
  const values = fc.oneof(fc.jsonValue(), fc.constantFrom('DYNAMIC_GROUP', 'SET_TEMPLATE', 'set', 1, '1', null));
  const items = fc.array(fc.oneof(fc.jsonValue(), fc.dictionary(keys, values)), { maxLength: 5 });
  const types = fc.oneof(fc.jsonValue(), fc.constantFrom('TOPO', 'INSTANCE', 'DYNAMIC_GROUP', 'SERVICE_TEMPLATE'));
  fc.assert(
    fc.property(items, types, (list, type) => {
      const { nodes, findings } = parseTargetNodes(JSON.stringify(list), type);
      assert.equal(nodes.length + findings.length, list.length);
    }),
    { numRuns: 2000, seed: 20261123 },
  );
  fc.assert(
    fc.property(fc.jsonValue(), types, (value, type) => {
      parseTargetNodes(value, type);
    }),
    { numRuns: 1000, seed: 20261123 },
  );
});
