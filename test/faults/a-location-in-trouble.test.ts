import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { isOperationError } from '../../src/errors/operation-error';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import { backUp } from '../support/backup';
import { sourceOf, type Workplace, withDatabase, withWorkplace } from '../support/database';

const never = new AbortController().signal;

async function codeOf(run: Promise<unknown>): Promise<string> {
  return await run.then(
    () => 'completed',
    (error: unknown) => (isOperationError(error) ? error.code : String(error)),
  );
}

/** A small file system of its own: a full disk that is really full. Needs root and the right to mount. */
function mountSmall(path: string, size: string): boolean {
  mkdirSync(path, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]).status === 0;
}
function unmount(path: string): void {
  execFileSync('umount', [path]);
}

async function withRows(rows: number, use: (database: string, workplace: Workplace) => Promise<void>): Promise<void> {
  await withDatabase(async (database, admin) => {
    await admin.query(
      `CREATE TABLE t (id INT PRIMARY KEY, word CHAR(32) NOT NULL); INSERT INTO t SELECT seq, MD5(seq) FROM seq_1_to_${rows}`,
    );
    await withWorkplace(async (workplace) => await use(database, workplace));
  });
}

test('a full location gives OP_STORE_FULL, leaves the good set and no half of another', async (t) => {
  await withRows(30_000, async (database, workplace) => {
    const { path } = workplace.location;
    // Room for one set of about 0.7 MiB with the reserve the check asks for, not for two.
    if (!mountSmall(path, '2m')) {
      t.skip('no right to mount a small file system');
      return;
    }
    try {
      await backUp(workplace, [sourceOf(database, ['t'])]);
      const before = readdirSync(path).sort();
      assert.equal(await codeOf(backUp(workplace, [sourceOf(database, ['t'])])), 'OP_STORE_FULL');
      assert.deepEqual(readdirSync(path).sort(), before);
      assert.deepEqual(readdirSync(workplace.workRoot), []);
      const request = { ...workplace, runId: newRunId(), set: 'latest', level: 'intact' as const };
      assert.equal((await carryOut('verifySet', request, never, () => {})).verification.outcome, 'passed');
    } finally {
      unmount(path);
    }
  });
});

test('a full work directory gives OP_STORE_FULL, before the export or during it', async (t) => {
  await withRows(30_000, async (database, workplace) => {
    mkdirSync(workplace.location.path);
    for (const size of ['64k', '400k']) {
      if (!mountSmall(workplace.workRoot, size)) {
        t.skip('no right to mount a small file system');
        return;
      }
      try {
        assert.equal(await codeOf(backUp(workplace, [sourceOf(database, ['t'])])), 'OP_STORE_FULL', size);
        assert.deepEqual(readdirSync(workplace.workRoot), []);
        assert.deepEqual(readdirSync(workplace.location.path), []);
      } finally {
        unmount(workplace.workRoot);
      }
    }
  });
});

test('a read-only location gives OP_STORE_DENIED; its sets can still be listed and verified', async (t) => {
  await withRows(10, async (database, workplace) => {
    const { path } = workplace.location;
    if (!mountSmall(path, '4m')) {
      t.skip('no right to mount a small file system');
      return;
    }
    try {
      await backUp(workplace, [sourceOf(database, ['t'])]);
      execFileSync('mount', ['-o', 'remount,ro', path]);
      assert.equal(await codeOf(backUp(workplace, [sourceOf(database, ['t'])])), 'OP_STORE_DENIED');
      const { sets } = await carryOut('listSets', { location: workplace.location }, never, () => {});
      assert.equal(sets.length, 1);
      const request = { ...workplace, runId: newRunId(), set: 'latest', level: 'intact' as const };
      const { verification, recorded } = await carryOut('verifySet', request, never, () => {});
      assert.deepEqual([verification.outcome, recorded], ['passed', false]);
      // Mounted: a location that insists on a mount accepts it.
      const insisting = { location: { ...workplace.location, requireMount: true } };
      assert.equal(await codeOf(carryOut('listSets', insisting, never, () => {})), 'completed');
    } finally {
      unmount(path);
    }
    assert.equal(
      await codeOf(carryOut('listSets', { location: { ...workplace.location, requireMount: true } }, never, () => {})),
      'OP_STORE_UNREACHABLE',
    );
  });
});

test('of two runs at once in one location one is refused with OP_BUSY, and both sets that exist are whole', async () => {
  await withRows(200_000, async (database, workplace) => {
    mkdirSync(workplace.location.path);
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => codeOf(backUp(workplace, [sourceOf(database, ['t'])], { parallel: 1 }))),
    );
    assert.ok(outcomes.includes('completed'), outcomes.join());
    assert.ok(
      outcomes.every((code) => code === 'completed' || code === 'OP_BUSY'),
      outcomes.join(),
    );
    const { sets, findings } = await carryOut('listSets', { location: workplace.location }, never, () => {});
    assert.equal(sets.length, outcomes.filter((code) => code === 'completed').length);
    assert.deepEqual(findings, []);
    for (const { setId, rows } of sets) {
      assert.equal(rows, 200_000);
      const request = { ...workplace, runId: newRunId(), set: setId, level: 'intact' as const };
      assert.equal((await carryOut('verifySet', request, never, () => {})).verification.outcome, 'passed');
    }
    assert.deepEqual(readdirSync(workplace.workRoot), []);
  });
});
