import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invertIdMap, toIdMap } from '../../../src/bklog/id-map';
import {
  type CsvTexts,
  idMapFromCsv,
  idMapFromJson,
  idMapFromRows,
  knownEnvironments,
} from '../../../src/bklog/read-id-map';
import { isOperationError } from '../../../src/errors/operation-error';

const OFFSETS = [
  { env: 'ee', offset: 2_000_000 },
  { env: 'sg', offset: 5_000_000 },
];
const BUSINESSES = [
  { bk_env: 'ee', bk_old_biz_id: 2, bk_old_biz_name: '蓝鲸', bk_new_biz_id: 7 },
  { bk_env: 'ee', bk_old_biz_id: '3', bk_new_biz_id: 1003n },
  { bk_env: 'sg', bk_old_biz_id: 2, bk_new_biz_id: 2002 },
];
const DOCUMENT = { environment: 'ee', offset: 2_000_000, businesses: [{ from: 2, to: 7 }] };

test('rows, CSV, JSON and typed-in pairs make the same id map', () => {
  const businesses = [
    { from: 2, to: 7 },
    { from: '3', to: '1003' },
  ];
  const typed = toIdMap({ environment: 'ee', offset: '2000000', businesses });
  assert.deepEqual(idMapFromRows('ee', { offsets: OFFSETS, businesses: BUSINESSES }), typed);
  assert.deepEqual(idMapFromJson(JSON.stringify({ environment: 'ee', offset: 2_000_000, businesses })), typed);
  for (const text of [
    '2,7\n3,1003',
    'bk_old_biz_id,bk_new_biz_id\r\n2,7\r\n3,1003\r\n',
    '\uFEFF"旧业务","新业务"\n\n "3" ; "1003"\n2;7\n',
    '3\t1003\n2\t7\n2\t7',
  ]) {
    const { hash, offset, businesses: read } = idMapFromCsv({ environment: 'ee', offset: 2_000_000, businesses: text });
    assert.deepEqual(
      [hash, offset, new Map([...read.forward].sort())],
      [typed.hash, 2_000_000n, typed.businesses.forward],
    );
  }
  assert.deepEqual(
    [...typed.businesses.forward],
    [
      [2n, 7n],
      [3n, 1003n],
    ],
  );
});

test('a CSV text per kind: ids that are text keep a first line that looks like one', () => {
  const map = idMapFromCsv({
    environment: 'ee',
    offset: '5',
    businesses: '2,7',
    dynamicGroups: 'abc,def\nold,new',
    spaces: 'old_uid,new_uid\nbkci__a,bkci__b',
    storageClusters: '4,15\n5,15',
  });
  assert.deepEqual(
    [...map.dynamicGroups!.forward],
    [
      ['abc', 'def'],
      ['old', 'new'],
    ],
  );
  assert.deepEqual([...map.spaces!.forward], [['bkci__a', 'bkci__b']]);
  assert.equal(map.storageClusters!.forward.size, 2);
});

test('environments do not mix, and further mappings come along', () => {
  const map = idMapFromRows(
    'sg',
    { offsets: OFFSETS, businesses: BUSINESSES },
    { indexSets: [{ from: 901, to: 50012 }] },
  );
  assert.deepEqual([...map.businesses.forward], [[2n, 2002n]]);
  assert.deepEqual([...map.indexSets!.forward], [[901n, 50012n]]);
  assert.equal(map.offset, 5_000_000n);
});

test('an inverse leads back, and its inverse is the map', () => {
  const map = toIdMap({ ...DOCUMENT, spaces: [{ from: 'bkci__a', to: 'bkci__b' }], viewRoles: [{ from: 1, to: 2 }] });
  const inverse = invertIdMap(map);
  assert.deepEqual([inverse.direction, inverse.offset, inverse.hash], ['inverse', -2_000_000n, map.hash]);
  assert.deepEqual([...inverse.businesses.forward], [[7n, 2n]]);
  assert.deepEqual(invertIdMap(inverse), map);
});

test('the hash tells maps apart and does not depend on the order of the pairs', () => {
  const hash = (change: object) => toIdMap({ ...DOCUMENT, ...change }).hash;
  const one = { from: 3, to: 4 };
  const other = { from: 5, to: 6 };
  assert.equal(hash({ businesses: [one, other] }), hash({ businesses: [other, one, other] }));
  const hashes = [
    {},
    { environment: 'sg' },
    { offset: 1 },
    { businesses: [one] },
    { indexSets: [one] },
    { collectors: [one] },
  ].map(hash);
  assert.equal(new Set(hashes).size, hashes.length);
});

const rows =
  (change: { offsets?: unknown[]; businesses?: unknown[] }, environment = 'ee') =>
  () =>
    idMapFromRows(environment, { offsets: OFFSETS, businesses: BUSINESSES, ...change });
const document = (change: object) => () => toIdMap({ ...DOCUMENT, ...change });
const csv = (change: Partial<CsvTexts>) => () =>
  idMapFromCsv({ environment: 'ee', offset: 5, businesses: '2,7', ...change });
const pairs = (...list: [unknown, unknown][]) => list.map(([from, to]) => ({ from, to }));

/** What is given, and what the message or the remedy says about it. */
const REFUSED: readonly [name: string, build: () => unknown, says: RegExp][] = [
  ['an environment without an offset', rows({}, 'xx'), /cc_EnvIDOffset has no environment xx.*Choose one of ee, sg/],
  [
    'an environment without businesses',
    rows({ businesses: BUSINESSES.slice(2) }),
    /cc_EnvBizMap has no environment ee.*sg/,
  ],
  ['an empty table', rows({ offsets: [] }), /Fill cc_EnvIDOffset: it has no rows/],
  ['a row without its environment', rows({ offsets: [{ offset: 1 }] }), /cc_EnvIDOffset: 0\.env/],
  ['a row without an offset', rows({ offsets: [{ env: 'ee' }] }), /cc_EnvIDOffset of ee: 0\.offset: is missing/],
  ['a null offset', rows({ offsets: [{ env: 'ee', offset: null }] }), /offset: is missing/],
  ['offset 0', rows({ offsets: [{ env: 'ee', offset: 0 }] }), /offset: has to be above 0/],
  ['two offsets', rows({ offsets: [...OFFSETS, { env: 'ee', offset: 1 }] }), /several offsets of ee: 2000000, 1/],
  [
    'a space in cc_EnvBizMap',
    rows({ businesses: [{ bk_env: 'ee', bk_old_biz_id: -2, bk_new_biz_id: 1 }] }),
    /bk_old_biz_id: has to be above 0/,
  ],
  [
    'a row without a target',
    rows({ businesses: [{ bk_env: 'ee', bk_old_biz_id: 2 }] }),
    /cc_EnvBizMap of ee: 0\.bk_new_biz_id: is missing/,
  ],
  ['no offset', document({ offset: undefined }), /offset: is missing/],
  ['a negative offset', document({ offset: -5 }), /offset: has to be above 0/],
  ['no environment', document({ environment: ' ' }), /environment: is empty/],
  ['no businesses', document({ businesses: [] }), /businesses: is empty/],
  ['a key that is none', document({ hosts: [] }), /hosts/],
  [
    'a business with two targets',
    document({ businesses: pairs([2, 7], ['2', 8]) }),
    /businesses: 2 goes to both 7 and 8/,
  ],
  [
    'two businesses with one target',
    document({ businesses: pairs([2, 7], [3, 7]) }),
    /businesses: 2 and 3 both go to 7/,
  ],
  ['two index sets with one target', document({ indexSets: pairs([2, 7], [3, 7]) }), /indexSets: 2 and 3 both go to 7/],
  [
    'two spaces with one target',
    document({ spaces: pairs(['bkci__a', 'bkci__c'], ['bkci__b', 'bkci__c']) }),
    /both go to bkci__c/,
  ],
  ['business 0', document({ businesses: pairs([0, 7]) }), /businesses\.0\.from: 0 is no business/],
  ['a space that becomes a business', document({ businesses: pairs([-17, 7]) }), /-17 and 7 are not of one kind/],
  ['a fraction', document({ businesses: pairs([2.5, 7]) }), /businesses\.0\.from: is no whole number/],
  ['a word', document({ businesses: pairs(['two', 7]) }), /businesses\.0\.from: is no whole number/],
  ['an empty text', document({ businesses: pairs([2, '']) }), /businesses\.0\.to: is no whole number/],
  [
    'a rounded number',
    document({ businesses: pairs([2, 2 ** 53]) }),
    /is too large for a JSON number: write it as text/,
  ],
  [
    'an id beyond BIGINT',
    document({ businesses: pairs([2, '9223372036854775808']) }),
    /businesses\.0\.to: is beyond BIGINT/,
  ],
  ['a negative cluster', document({ storageClusters: pairs([-1, 2]) }), /storageClusters\.0\.from: has to be above 0/],
  [
    'a space of CMDB',
    document({ spaces: pairs(['bkcc__2', 'bkci__a']) }),
    /spaces\.0\.from: follows from its business/,
  ],
  ['a space without a type', document({ spaces: pairs(['a', 'bkci__a']) }), /is no space uid/],
  ['an empty group', document({ dynamicGroups: pairs(['', 'a']) }), /dynamicGroups\.0\.from: is empty/],
  ['text that is not JSON', () => idMapFromJson('2,7', 'map.json'), /map\.json is not JSON/],
  ['JSON that is no object', () => idMapFromJson('[]'), /id map/],
  ['a CSV line with one cell', csv({ businesses: '2,7\n3' }), /businesses: line 2 is not old,new.*as JSON/],
  ['a CSV line with three cells', csv({ businesses: 'old,new\n2,7,8' }), /line 2 is not old,new/],
  ['a CSV line with an empty cell', csv({ businesses: '2,' }), /line 1 is not old,new/],
  ['a word in a CSV line', csv({ businesses: '2,7\nthree,8' }), /businesses\.1\.from: is no whole number/],
  ['a CSV text of a heading', csv({ businesses: 'old,new\n' }), /businesses: is empty/],
  ['an offset that is missing beside CSV', csv({ offset: undefined }), /offset: is missing/],
];
for (const [name, build, says] of REFUSED) {
  test(`${name} is refused with the place`, () => {
    assert.throws(build, (error) => {
      assert.ok(isOperationError(error, 'OP_CONFIG_INVALID'), String(error));
      assert.match(`${error.message} | ${error.remedy}`, says);
      return true;
    });
  });
}

test('storage clusters may be merged; then there is no way back', () => {
  const map = toIdMap({ ...DOCUMENT, storageClusters: pairs([4, 15], [5, 15]) });
  assert.throws(
    () => invertIdMap(map),
    (error) => isOperationError(error, 'OP_CONFIG_INVALID') && /storageClusters/.test(error.message),
  );
});

test('ids up to the end of BIGINT are kept exactly', () => {
  const map = toIdMap({ ...DOCUMENT, businesses: pairs([2, '9223372036854775807']) });
  assert.equal(map.businesses.forward.get(2n), 2n ** 63n - 1n);
});

test('the environments of the tables are told by name, with what one of the tables lacks', () => {
  const offsets = [...OFFSETS, { env: 'aa', offset: null }];
  assert.deepEqual(knownEnvironments({ offsets, businesses: [...BUSINESSES, { bk_env: 'zz' }] }), [
    { name: 'aa', businesses: 0 },
    { name: 'ee', offset: '2000000', businesses: 2 },
    { name: 'sg', offset: '5000000', businesses: 1 },
    { name: 'zz', businesses: 1 },
  ]);
  assert.deepEqual(knownEnvironments({ offsets: [], businesses: [] }), []);
});
