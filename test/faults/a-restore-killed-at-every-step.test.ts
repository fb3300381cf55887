import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { type DurableStep, observeDurableSteps, RESTORE_STEPS } from '../../src/support/durable-step';
import { backUp, restore, undo } from '../support/backup';
import { type CrashMoment, momentsOf, nameOfMoment, runCrashChild, type StepCounts } from '../support/crash-run';
import { sourceOf, testServer, type Workplace, withDatabase, withWorkplace } from '../support/database';
import { assertSameText, dump } from '../support/dump';
import { buildTangled, changeTangled, ownSchemas, TANGLED_TABLES } from '../support/tangled-database';

/** A server needs a moment to notice that its client is gone; only then its locks are free. */
async function untilGone(admin: Connection): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const [left] = await admin.query<RowDataPacket[]>(
      "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER = SUBSTRING_INDEX(USER(), '@', 1)",
    );
    if (left.length === 0) return;
    await sleep(10);
  }
  throw new Error('the sessions of the broken run did not end');
}

interface Stage {
  readonly workplace: Workplace;
  readonly admin: Connection;
  readonly atBackup: string;
  readonly atRestore: string;
  readonly read: () => string;
}

/** A set, and a target in which everything that the set holds has changed since. */
async function withStage(use: (stage: Stage) => Promise<void>): Promise<void> {
  await withDatabase(async (database, admin) => {
    await buildTangled(admin);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, TANGLED_TABLES)]);
      const read = () => dump(database);
      const atBackup = read();
      await changeTangled(admin);
      await use({ workplace, admin, atBackup, atRestore: read(), read });
    });
  });
}

/** What holds after a restore or undo was broken off somewhere: the target is whole, and the next run finishes. */
async function assertRecovers(stage: Stage, what: string, isMoved: boolean): Promise<void> {
  const { workplace, admin, atBackup, atRestore, read } = stage;
  await untilGone(admin);
  if (!isMoved) assertSameText(read(), atRestore, `${what}: the target is as it was`);
  const { findings, resumed } = await restore(workplace);
  assert.deepEqual(findings, [], what);
  assert.equal(resumed, isMoved, what);
  assertSameText(read(), atBackup, `${what}: the next run finishes`);
  assert.ok(
    (await ownSchemas(admin)).every((name) => name.startsWith('_before_')),
    `${what}: no staging schema is left`,
  );
  assert.deepEqual((await undo(workplace)).findings, [], what);
  assertSameText(read(), atRestore, `${what}: undone`);
  assert.deepEqual(await ownSchemas(admin), [], what);
}

/** Steps that come after the one statement: from there on the next run goes forward, not back. */
const AFTER_MOVE: readonly DurableStep[] = [
  'restore.put-away',
  'restore.add-foreign-keys',
  'restore.create-objects',
  'restore.close-record',
];
const isAfterMove = ({ step, moment }: CrashMoment) =>
  AFTER_MOVE.includes(step) || (step === 'restore.move' && moment === 'after');

/** Rows go into the tables that stay after the comparison and before others move. */
const isAfterFill = ({ step, moment }: CrashMoment) =>
  step === 'restore.fill'
    ? moment === 'after'
    : !['restore.stage', 'restore.load-rows', 'restore.add-keys', 'restore.compare'].includes(step);

/** The record says that the restore is finished: the next restore of the set is a new one, and refused. */
const isDone = ({ step, moment }: CrashMoment) => step === 'restore.close-record' && moment === 'after';

/** Steps that the two tests after the first kill at. */
const MET_ELSEWHERE: readonly DurableStep[] = ['restore.create-sequences', 'restore.fill'];

/** `restore latest --location L`, and where the server is. */
function commandLine({ folder, location }: Workplace): string[] {
  const config = join(folder, 'config.yaml');
  writeFileSync(config, JSON.stringify({ it: { db: 'mysql', ...testServer() } }));
  return ['restore', 'latest', '--location', location.path, '--config', config, '--work', folder];
}

test('a restore killed before or after any of its steps leaves the target as it was, or the next run finishes it', async (t) => {
  await withStage(async (stage) => {
    const { workplace, admin, atRestore, read } = stage;
    const restoring = commandLine(workplace);
    const undoing = ['restore', '--undo', 'latest', ...restoring.slice(4)];

    const counted = await runCrashChild('count', restoring);
    assert.equal(counted.code, 0, counted.output);
    const undone = await runCrashChild('count', undoing);
    assert.equal(undone.code, 0, undone.output);
    assertSameText(read(), atRestore, 'undone');
    const seen = new Set([...Object.keys({ ...counted.counts, ...undone.counts }), ...MET_ELSEWHERE]);
    assert.deepEqual(
      RESTORE_STEPS.filter((step) => !seen.has(step)),
      [],
      'every step is met',
    );

    const moments = momentsOf(RESTORE_STEPS, counted.counts);
    for (const moment of moments) {
      const { signal, output } = await runCrashChild(moment, restoring);
      assert.equal(signal, 'SIGKILL', `${nameOfMoment(moment)}: ${output}`);
      if (isDone(moment)) {
        await untilGone(admin);
        await undo(workplace);
        assertSameText(read(), atRestore, nameOfMoment(moment));
      } else await assertRecovers(stage, nameOfMoment(moment), isAfterMove(moment));
    }
    const back = momentsOf(RESTORE_STEPS, undone.counts);
    for (const moment of back) {
      await restore(workplace);
      const { signal, output } = await runCrashChild(moment, undoing);
      assert.equal(signal, 'SIGKILL', `${nameOfMoment(moment)}: ${output}`);
      await untilGone(admin);
      if (moment.step !== 'undo.remove-record' || moment.moment === 'before') await undo(workplace);
      assertSameText(read(), atRestore, `${nameOfMoment(moment)}: the next undo finishes`);
      assert.deepEqual(await ownSchemas(admin), [], nameOfMoment(moment));
    }
    t.diagnostic(`${moments.length} kills of a restore, ${back.length} of an undo`);
  });
});

test('a restore of a set with sequences, killed anywhere, is finished by the next one, also one of another set', async (t) => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE SEQUENCE s START WITH 5; CREATE TABLE t (id INT PRIMARY KEY DEFAULT NEXTVAL(s), w CHAR(9));
      INSERT INTO t (w) VALUES ('a'), ('b')`);
    await withWorkplace(async (workplace) => {
      const { sealed: older } = await backUp(workplace, [sourceOf(database, ['t'])]);
      const atOlder = dump(database);
      await admin.query("INSERT INTO t (w) VALUES ('c')");
      await backUp(workplace, [sourceOf(database, ['t'])]);
      const atBackup = dump(database);
      const restoring = commandLine(workplace);
      const drop = async () => {
        await admin.query(`DROP DATABASE IF EXISTS ${database}`);
        assert.deepEqual(await ownSchemas(admin), []);
      };
      await drop();
      const { code, counts, output } = await runCrashChild('count', restoring);
      assert.equal(code, 0, output);
      assert.ok(counts['restore.create-sequences'], 'sequences were created');
      const moments = momentsOf(RESTORE_STEPS, counts);
      for (const moment of moments) {
        const what = nameOfMoment(moment);
        await drop();
        const { signal, output } = await runCrashChild(moment, restoring);
        assert.equal(signal, 'SIGKILL', `${what}: ${output}`);
        await untilGone(admin);
        if (isDone(moment)) continue;
        const planned = await restore(workplace, { dryRun: true });
        assert.deepEqual([planned.plan.blockers, planned.resumed], [[], isAfterMove(moment)], `${what}: a plan`);
        const { findings } = await restore(workplace);
        assert.deepEqual(findings, [], what);
        assertSameText(dump(database), atBackup, what);
        if (isAfterMove(moment)) continue;
        await drop();
        await runCrashChild(moment, restoring);
        await untilGone(admin);
        await restore(workplace, { set: older.setId });
        assertSameText(dump(database), atOlder, `${what}: another set`);
      }
      t.diagnostic(`${moments.length} kills`);
    });
  });
});

test('a restore by policy skip, killed anywhere, has inserted all absent rows or none, and the next one brings the rest', async (t) => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE biz (id INT PRIMARY KEY, name VARCHAR(9)); INSERT INTO biz VALUES (1, 'a'), (2, 'b'), (3, 'c');
      CREATE TABLE part (id INT PRIMARY KEY, biz INT NOT NULL, FOREIGN KEY (biz) REFERENCES biz (id)); INSERT INTO part VALUES (1, 1), (2, 2);
      CREATE TABLE whole (id INT PRIMARY KEY); INSERT INTO whole VALUES (7); CREATE VIEW v AS SELECT id FROM whole`);
    await withWorkplace(async (workplace) => {
      await backUp(workplace, [sourceOf(database, ['biz', 'part', 'whole'])]);
      const prepare = () =>
        admin.query(`DROP VIEW IF EXISTS v; DROP TABLE IF EXISTS whole; DELETE FROM part; DELETE FROM biz;
          INSERT INTO biz VALUES (3, 'mine'), (4, 'new')`);
      await prepare();
      const rows = () => dump(database, undefined, ['biz', 'part']);
      const rowsBefore = rows();
      const restoring = [...commandLine(workplace), '--policy', 'skip'];
      const { code, counts, output } = await runCrashChild('count', restoring);
      assert.equal(code, 0, output);
      const [atEnd, rowsAtEnd] = [dump(database), rows()];
      const moments = momentsOf(RESTORE_STEPS, counts);
      assert.ok(counts['restore.fill'], 'absent rows were inserted');
      for (const moment of moments) {
        const what = nameOfMoment(moment);
        await prepare();
        const { signal, output } = await runCrashChild(moment, restoring);
        assert.equal(signal, 'SIGKILL', `${what}: ${output}`);
        await untilGone(admin);
        const isFilled = isAfterFill(moment);
        assertSameText(rows(), isFilled ? rowsAtEnd : rowsBefore, `${what}: all rows or none`);
        await restore(workplace, { options: { policy: 'skip' } });
        assertSameText(dump(database), atEnd, what);
        assert.deepEqual(await ownSchemas(admin), [], what);
      }
      t.diagnostic(`${moments.length} kills`);
    });
  });
});

/** Cuts every connection to the server but those that were open before. */
function cutConnections(spared: ReadonlySet<unknown>): void {
  const { port } = testServer();
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles();
  for (const handle of handles) {
    if (handle instanceof Socket && handle.remotePort === port && !spared.has(handle)) handle.destroy();
  }
}

test('a connection lost before or after any step has the same end as a kill', async (t) => {
  await withStage(async (stage) => {
    const { workplace } = stage;
    const spared = new Set((process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles());
    const counts: StepCounts = {};
    observeDurableSteps((step, now) => {
      if (now === 'before') counts[step] = (counts[step] ?? 0) + 1;
    });
    try {
      await restore(workplace);
      observeDurableSteps(undefined);
      await undo(workplace);
      const moments = momentsOf(RESTORE_STEPS, counts);
      for (const moment of moments) {
        let met = 0;
        observeDurableSteps((step, now) => {
          if (step !== moment.step || now !== moment.moment) return;
          met += 1;
          if (met === moment.occurrence) cutConnections(spared);
        });
        const ended = await restore(workplace).then(
          () => 'completed',
          (error: Error) => error.message,
        );
        observeDurableSteps(undefined);
        assert.ok(met >= moment.occurrence, `${nameOfMoment(moment)} was not met`);
        // Whatever is only cleaned up after the last step does not change the answer.
        if (ended === 'completed') await undo(workplace);
        else await assertRecovers(stage, nameOfMoment(moment), isAfterMove(moment));
      }
      t.diagnostic(`${moments.length} lost connections`);
    } finally {
      observeDurableSteps(undefined);
    }
  });
});
