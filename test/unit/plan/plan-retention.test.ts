import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isOperationError } from '../../../src/errors/operation-error';
import { type Remains, type RetentionCandidate, retentionPolicySchema } from '../../../src/model/retention-policy';
import { assertRetentionSafe, planRetention, type RetentionPlan } from '../../../src/plan/plan-retention';

/** Relative to the root of the repository, where the tests are started: compiled tests lie elsewhere. */
const GOLDEN = join('test', 'unit', 'plan', 'golden');
const NOW = new Date('2026-11-20T12:00:00Z');

interface Scenario {
  readonly situation: string;
  readonly now: string;
  /** As a user writes it, without the defaults. */
  readonly policy: unknown;
  readonly sets: readonly RetentionCandidate[];
  readonly remains: readonly Remains[];
  readonly expected: unknown;
}

function verdictsOf({ sets, remains, removeCount, freedBytes }: RetentionPlan) {
  return {
    sets: sets.map(({ setId, action, reasons }) => ({ setId, action, reasons })),
    remains: remains.map(({ key, action, reasons }) => ({ key, action, reasons })),
    removeCount,
    freedBytes,
  };
}

function aSet(setId: string, snapshotAt: string, rest: Partial<RetentionCandidate> = {}): RetentionCandidate {
  return {
    ...{ setId, name: 'prod', archiveKey: `prod/${setId}.tar.gz`, bytes: 100, snapshotAt },
    ...{ damaged: false, held: false, parents: [] },
    ...rest,
  };
}

const intact = { level: 'intact', verifiedAt: '2026-11-20T04:00:00Z' } as const;
const restorable = { level: 'restorable', verifiedAt: '2026-11-20T04:00:00Z' } as const;

function planOf(policy: unknown, sets: readonly RetentionCandidate[], remains: readonly Remains[] = []) {
  return planRetention({ now: NOW, policy: retentionPolicySchema.parse(policy), sets, remains });
}

function removedBy(plan: RetentionPlan): string[] {
  return plan.sets.filter(({ action }) => action === 'remove').map(({ setId }) => setId);
}

describe('golden plans', () => {
  const files = readdirSync(GOLDEN).filter((file) => file.endsWith('.json'));
  test('the folder of golden plans is not empty', () => assert.ok(files.length >= 12, `${files.length} in ${GOLDEN}`));

  for (const file of files) {
    const scenario = JSON.parse(readFileSync(join(GOLDEN, file), 'utf8')) as Scenario;
    test(`${scenario.situation} (${file})`, () => {
      const policy = retentionPolicySchema.parse(scenario.policy);
      const plan = planRetention({ ...scenario, now: new Date(scenario.now), policy });
      assert.deepEqual(verdictsOf(plan), scenario.expected);
      assertRetentionSafe(plan, scenario.sets);
    });
  }
});

describe('a plan', () => {
  test('a plan survives JSON unchanged and carries what it was made from', () => {
    const left: Remains = {
      key: 'x',
      kind: 'work-directory',
      modifiedAt: '2026-11-01T00:00:00Z',
      bytes: 3,
      inUse: false,
    };
    const plan = planOf({ keepLast: 1 }, [aSet('a', '2026-11-20T03:00:00Z', { verified: intact })], [left]);
    assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
    assert.equal(plan.now, '2026-11-20T12:00:00.000Z');
    assert.deepEqual(plan.policy, { keepDays: 2, failedDays: 1, keepLast: 1, timeZone: 'UTC' });
    const { action, reasons, ...set } = plan.sets[0]!;
    assert.deepEqual(set, {
      ...{ setId: 'a', name: 'prod', archiveKey: 'prod/a.tar.gz', bytes: 100, snapshotAt: '2026-11-20T03:00:00Z' },
    });
    assert.equal(plan.remains[0]?.kind, 'work-directory');
    assert.deepEqual([plan.removeCount, plan.freedBytes], [1, 3]);
  });

  test('planning leaves its input as it was', () => {
    const sets = Object.freeze(
      [aSet('a', '2026-11-01T03:00:00Z'), aSet('b', '2026-11-02T03:00:00Z')].map(Object.freeze),
    );
    const before = JSON.stringify(sets);
    planOf({ keepDays: 0 }, sets as readonly RetentionCandidate[]);
    assert.equal(JSON.stringify(sets), before);
  });

  test('a time zone nobody knows is refused, also when no rule needs it', () => {
    assert.throws(
      () => planOf({ timeZone: 'Mars/Olympus' }, []),
      (error) => isOperationError(error, 'OP_CONFIG_INVALID') && error.remedy.includes('Asia/Shanghai'),
    );
  });

  test('a plan without a valid point in time is refused instead of finding every set old', () => {
    const policy = retentionPolicySchema.parse({});
    assert.throws(
      () => planRetention({ now: new Date(Number.NaN), policy, sets: [], remains: [] }),
      (error) => isOperationError(error, 'OP_CONFIG_INVALID'),
    );
  });

  test('keepDays counts 24 hours a day across the hour that New York skips or repeats', () => {
    // 8 March 2026 has 23 hours there, 1 November 2026 has 25: the wall clock plays no part in an age.
    for (const [now, young, old] of [
      ['2026-03-09T05:00:00Z', '2026-03-08T05:00:00.001Z', '2026-03-08T05:00:00Z'],
      ['2026-11-02T05:00:00Z', '2026-11-01T05:00:00.001Z', '2026-11-01T05:00:00Z'],
    ] as const) {
      const policy = retentionPolicySchema.parse({ keepDays: 1, timeZone: 'America/New_York' });
      const sets = [aSet('young', young, { verified: intact }), aSet('old', old)];
      assert.deepEqual(removedBy(planRetention({ now: new Date(now), policy, sets, remains: [] })), ['old']);
    }
  });

  test('the same three sets fall on one day or on two, depending on the time zone', () => {
    const sets = ['2026-11-18T15:30:00Z', '2026-11-18T16:30:00Z', '2026-11-19T05:30:00Z'].map((at, index) =>
      aSet(`s${index}`, at, { verified: intact }),
    );
    const removedIn = (timeZone: string) => removedBy(planOf({ keepDays: 0, keepDaily: 9, timeZone }, sets));
    assert.deepEqual(removedIn('Asia/Shanghai'), ['s1']);
    assert.deepEqual(removedIn('Europe/Berlin'), ['s0']);
    assert.deepEqual(removedIn('America/New_York'), ['s0']);
    assert.deepEqual(removedIn('Pacific/Kiritimati'), ['s1', 's0']);
    assert.deepEqual(removedIn('Pacific/Pago_Pago'), ['s1', 's0']);
  });

  test('sets that name each other as parents, or themselves, are planned and explained', () => {
    const ring = [
      aSet('a', '2026-11-01T03:00:00Z', { parents: ['b', 'a'] }),
      aSet('b', '2026-11-02T03:00:00Z', { parents: ['a'] }),
    ];
    const newest = aSet('c', '2026-11-03T03:00:00Z', { verified: intact });
    assert.deepEqual(removedBy(planOf({ keepDays: 0 }, [...ring, newest])), ['b', 'a']);
    const held = planOf({ keepDays: 0 }, [{ ...ring[0]!, held: true }, ring[1]!, newest]);
    assert.deepEqual(
      held.sets.map(({ setId, reasons }) => [setId, ...reasons]),
      [
        ['c', 'newest verified set'],
        ['b', 'needed by a'],
        ['a', 'held', 'needed by b'],
      ],
    );
  });

  test('a parent under another name is kept with the set that needs it', () => {
    const plan = planOf({ keepDays: 0 }, [
      aSet('full', '2026-11-01T03:00:00Z', { name: 'before-renaming' }),
      aSet('newer', '2026-11-02T03:00:00Z', { name: 'before-renaming', verified: intact }),
      aSet('inc', '2026-11-03T03:00:00Z', { verified: intact, parents: ['full'] }),
    ]);
    assert.deepEqual(removedBy(plan), []);
  });

  test('of two archives of one set neither lets the other go, and both need its parent', () => {
    const copy = aSet('inc', '2026-11-03T03:00:00Z', { verified: intact, parents: ['full'] });
    const sets = [aSet('full', '2026-11-01T03:00:00Z'), copy, { ...copy, archiveKey: 'prod/inc-copy.tar.gz' }];
    const plan = planOf({ keepDays: 0 }, sets);
    assert.deepEqual(
      plan.sets.map(({ archiveKey, reasons }) => [archiveKey, ...reasons]),
      [
        ['prod/inc-copy.tar.gz', 'newest verified set'],
        ['prod/inc.tar.gz', 'not removed: no newer set is verified'],
        ['prod/full.tar.gz', 'needed by inc'],
      ],
    );
  });

  test('ten thousand sets are planned and checked in seconds', () => {
    const hour = 60 * 60 * 1000;
    const sets = Array.from({ length: 10_000 }, (_, index) =>
      aSet(`s${String(index).padStart(5, '0')}`, new Date(NOW.getTime() - index * hour).toISOString(), {
        ...(index % 3 === 0 ? { verified: intact } : {}),
      }),
    );
    const started = performance.now();
    const plan = planOf({ keepDaily: 7, keepWeekly: 8, keepMonthly: 12 }, sets);
    assertRetentionSafe(plan, sets);
    assert.ok(plan.removeCount > 9_000);
    assert.ok(performance.now() - started < 10_000);
  });
});

describe('a plan that comes from elsewhere', () => {
  const sets = [
    aSet('full', '2026-11-01T03:00:00Z'),
    aSet('old', '2026-11-02T03:00:00Z', { verified: intact }),
    aSet('drilled', '2026-11-03T03:00:00Z', { verified: restorable }),
    aSet('held', '2026-11-04T03:00:00Z', { held: true }),
    aSet('newest', '2026-11-05T03:00:00Z', { verified: intact, parents: ['full'] }),
    aSet('unverified', '2026-11-06T03:00:00Z'),
  ];
  const plan = planOf({ keepDays: 0 }, sets);

  function tampered(setId: string, change: object = { action: 'remove' }): RetentionPlan {
    return {
      ...plan,
      sets: plan.sets.map((verdict) => (verdict.setId === setId ? { ...verdict, ...change } : verdict)),
    };
  }
  function refuses(bad: RetentionPlan, why: string, now: readonly RetentionCandidate[] = sets) {
    assert.throws(
      () => assertRetentionSafe(bad, now),
      (error) => {
        assert.ok(isOperationError(error, 'OP_RETENTION_UNSAFE'), String(error));
        assert.equal(error.details.why, why);
        assert.ok(error.remedy.length > 0);
        return true;
      },
    );
  }

  test('the plan as it was made is safe', () => {
    assert.deepEqual(removedBy(plan), ['old']);
    assertRetentionSafe(plan, sets);
  });

  for (const [setId, why] of [
    ['newest', 'newest verified set'],
    ['drilled', 'newest restorable set'],
    ['held', 'held'],
    ['full', 'needed by newest'],
    ['unverified', 'not removed: no newer set is verified'],
  ] as const) {
    test(`a plan that removes the ${setId} set is refused: ${why}`, () => refuses(tampered(setId), why));
  }

  test('an action nobody knows counts as removing', () => refuses(tampered('held', { action: 'REMOVE' }), 'held'));

  test('a plan that removes a set under a wrong name, archive or id is refused', () => {
    refuses(tampered('old', { archiveKey: 'prod/newest.tar.gz' }), 'name or archive differ');
    refuses(tampered('old', { setId: 'newest' }), 'name or archive differ');
    refuses(tampered('old', { name: 'test' }), 'name or archive differ');
  });

  test('a plan that removes something that is no set is refused', () => {
    refuses(tampered('old', { setId: 'gone', archiveKey: 'prod/gone.tar.gz' }), 'it is not there');
  });

  test('a plan that removes the archive of a sealed set as remains is refused', () => {
    const remains = [
      { key: 'prod/newest.tar.gz', kind: 'unsealed-archive', bytes: 1, action: 'remove', reasons: [] },
    ] as const;
    refuses({ ...plan, remains: remains.map((left) => ({ ...left, reasons: [] })) }, 'it is sealed, not remains');
  });

  test('a plan that was safe is refused after its newest verified set was found damaged', () => {
    const now = sets.map((set) =>
      set.setId === 'newest' || set.setId === 'drilled' ? { ...set, damaged: true } : set,
    );
    refuses(plan, 'newest verified set', now);
  });

  test('a plan that was safe is refused after a set arrived that needs a removed one', () => {
    refuses(plan, 'needed by late', [...sets, aSet('late', '2026-11-19T03:00:00Z', { parents: ['old'] })]);
  });

  test('a plan that removes the last damaged set of a name without a verified set is refused', () => {
    const damaged = [aSet('bad', '2026-11-01T03:00:00Z', { damaged: true })];
    const kept = planOf({ keepDays: 0 }, damaged);
    const bad = { ...kept, sets: kept.sets.map((verdict) => ({ ...verdict, action: 'remove' as const })) };
    refuses(bad, 'not removed: no set is verified', damaged);
  });
});

describe('while a set is suspicious', () => {
  const old = aSet('set-1', '2026-11-01T00:00:00Z', { verified: intact, app: 'a' });
  const lost = aSet('set-2', '2026-11-10T00:00:00Z', {
    ...{ verified: intact, app: 'a', suspicious: 'table t lost 80 % of its rows' },
  });
  const newest = aSet('set-3', '2026-11-15T00:00:00Z', { verified: intact, app: 'a' });
  const paused =
    'pruning is paused: set set-2 is suspicious (table t lost 80 % of its rows); accept it with verify set-2 --accept';
  const policy = { keepDays: 0 };

  test('nothing of its app and name is removed, and what would have been says why', () => {
    const plan = planOf(policy, [old, lost, newest]);
    assert.deepEqual(
      plan.sets.map(({ setId, action, reasons }) => [setId, action, reasons]),
      [
        ['set-3', 'keep', ['newest verified set']],
        ['set-2', 'keep', [paused]],
        ['set-1', 'keep', [paused]],
      ],
    );
    assert.equal(plan.removeCount, 0);
  });

  test('pruning goes on when it was accepted, and for other names and apps all the time', () => {
    const { suspicious: _, ...accepted } = lost;
    assert.deepEqual(removedBy(planOf(policy, [old, accepted, newest])), ['set-2', 'set-1']);
    const elsewhere = { verified: intact, app: 'b' };
    const others = [
      aSet('set-5', '2026-11-02T00:00:00Z', { ...elsewhere, name: 'other' }),
      aSet('set-6', '2026-11-03T00:00:00Z', { ...elsewhere, name: 'other' }),
      aSet('set-7', '2026-11-03T00:00:00Z', elsewhere),
    ];
    assert.deepEqual(removedBy(planOf(policy, [old, lost, newest, ...others])), ['set-5', 'set-7']);
  });

  test('what a paused set needs stays as well, and the oldest suspicious set is the one named', () => {
    const parent = aSet('set-0', '2026-10-01T00:00:00Z', { verified: intact, name: 'base' });
    const newBase = aSet('set-9', '2026-11-19T00:00:00Z', { verified: intact, name: 'base' });
    const child = { ...old, parents: ['set-0'] };
    const again = { ...newest, suspicious: 'table u became empty' };
    const plan = planOf(policy, [parent, newBase, child, lost, again]);
    assert.deepEqual(removedBy(plan), []);
    assert.deepEqual(plan.sets.find(({ setId }) => setId === 'set-0')?.reasons, ['needed by set-1']);
    assert.deepEqual(plan.sets.find(({ setId }) => setId === 'set-1')?.reasons, [paused]);
  });

  test('a plan that was made before is refused', () => {
    const { suspicious: _, ...before } = lost;
    const plan = planOf(policy, [old, before, newest]);
    assert.throws(
      () => assertRetentionSafe(plan, [old, lost, newest]),
      (error) => isOperationError(error, 'OP_RETENTION_UNSAFE') && /pruning is paused/.test(error.message),
    );
  });
});
