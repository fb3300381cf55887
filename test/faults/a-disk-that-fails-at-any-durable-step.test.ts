import assert from 'node:assert/strict';
import { mkdir, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isOperationError } from '../../src/errors/operation-error';
import { newRunId } from '../../src/model/ids';
import { retentionPolicySchema } from '../../src/model/retention-policy';
import { carryOut } from '../../src/operations/carry-out';
import type { ExportSource } from '../../src/operations/contract';
import { DURABLE_STEPS, type DurableStep, observeDurableSteps } from '../../src/support/durable-step';
import { backUp } from '../support/backup';
import { sourceOf, type Workplace, withDatabase, withWorkplace } from '../support/database';

const never = new AbortController().signal;
const ROWS = 500;
type Moment = 'before' | 'after';
/** Opening a file fails or gives it: there is no failure afterwards. */
const OPENING: readonly DurableStep[] = ['store.create-temporary', 'work-directory.write-spool'];

/** Runs `act` while the disk fails at one step, once: it did nothing, or it did its work and reports a failure. */
async function withFault<T>(step: DurableStep, moment: Moment, occurrence: number, act: () => Promise<T>): Promise<T> {
  let count = 0;
  observeDurableSteps((current, now) => {
    if (current !== step || now !== moment) return;
    count += 1;
    if (count === occurrence) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO', syscall: 'write' });
  });
  try {
    return await act();
  } finally {
    observeDurableSteps(undefined);
  }
}

async function countSteps(act: () => Promise<unknown>): Promise<Map<DurableStep, number>> {
  const counts = new Map<DurableStep, number>();
  observeDurableSteps((step, moment) => {
    if (moment === 'before') counts.set(step, (counts.get(step) ?? 0) + 1);
  });
  await act();
  observeDurableSteps(undefined);
  return counts;
}

/** A failed backup leaves no set; whatever is listed is whole. `outcome`: what the operator was told. */
async function assertWholeOrNothing(workplace: Workplace, outcome: 'completed' | 'failed'): Promise<void> {
  const { sets, findings } = await carryOut('listSets', workplace, never, () => {});
  assert.deepEqual(findings, []);
  if (outcome === 'completed') assert.equal(sets.length, 1);
  for (const { setId } of sets) {
    const request = { ...workplace, runId: newRunId(), set: setId, level: 'readable' } as const;
    const { verification, rows } = await carryOut('verifySet', request, never, () => {});
    assert.deepEqual([verification.findings, rows], [[], ROWS]);
  }
}

/** Time is faked: a lock whose removal failed expires after two minutes, because this process lives on. */
async function passThreeMinutes(folder: string): Promise<void> {
  const then = new Date(Date.now() - 3 * 60 * 1000);
  for (const name of await readdir(folder)) await utimes(join(folder, name), then, then);
}

async function assertRecovers(workplace: Workplace, source: ExportSource): Promise<void> {
  await passThreeMinutes(workplace.location.path);
  await backUp(workplace, [source]);
  const policy = retentionPolicySchema.parse({ failedDays: 0 });
  await carryOut('prune', { ...workplace, dryRun: false, policy }, never, () => {});
  const { sets } = await carryOut('listSets', workplace, never, () => {});
  const left = await readdir(workplace.location.path);
  const isOfASet = (name: string) => sets.some(({ archiveKey }) => name.startsWith(archiveKey));
  assert.deepEqual(
    left.filter((name) => !isOfASet(name)),
    [],
  );
}

test('a disk that fails at any durable step of a backup leaves a whole set or none', async (context) => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_${ROWS}`);
    const source = sourceOf(database, ['t']);
    const counts = await withWorkplace((workplace) => countSteps(() => backUp(workplace, [source])));
    for (const step of DURABLE_STEPS.filter((name) => name !== 'run-lock.renew')) {
      const occurrences = counts.get(step) ?? 0;
      assert.ok(occurrences > 0, `a backup has no ${step}`);
      for (const moment of OPENING.includes(step) ? (['before'] as const) : (['before', 'after'] as const)) {
        await context.test(`${moment} ${step}, each of ${occurrences}`, async () => {
          for (let occurrence = 1; occurrence <= occurrences; occurrence += 1) {
            await withWorkplace(async (workplace) => {
              await mkdir(workplace.location.path);
              const outcome = await withFault(step, moment, occurrence, () => backUp(workplace, [source])).then(
                () => 'completed' as const,
                (error: unknown) => {
                  assert.ok(isOperationError(error) && error.code !== 'OP_BUG', String(error));
                  return 'failed' as const;
                },
              );
              await assertWholeOrNothing(workplace, outcome);
              await assertRecovers(workplace, source);
            });
          }
        });
      }
    }
  });
});
