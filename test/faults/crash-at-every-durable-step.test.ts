import assert from 'node:assert/strict';
import { cp, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Connection } from 'mysql2/promise';
import { retentionPolicySchema } from '../../src/model/retention-policy';
import { carryOut } from '../../src/operations/carry-out';
import type { RequestOf, ResultOf } from '../../src/operations/contract';
import { DURABLE_STEPS, type DurableStep } from '../../src/support/durable-step';
import { backUp } from '../support/backup';
import { type CrashMoment, momentsOf, nameOfMoment, runCrashChild, type StepCounts } from '../support/crash-run';
import { sourceOf, testServer, type Workplace, withDatabase, withWorkplace } from '../support/database';

const never = new AbortController().signal;
const run = <Name extends 'listSets' | 'verifySet' | 'prune'>(name: Name, request: RequestOf<Name>) =>
  carryOut(name, request, never, () => {}) as Promise<ResultOf<Name>>;

const TABLES = ['a_few', 'b_many', 'c_none'];
const ROWS = 3_003;
type Operation = 'backup' | 'prune';

interface Kill extends CrashMoment {
  readonly operation: Operation;
}
interface Earlier {
  readonly setId: string;
  readonly sha256: string;
}

async function createTables(admin: Connection): Promise<void> {
  await admin.query(
    `CREATE TABLE a_few (id INT PRIMARY KEY, name VARCHAR(20)); INSERT INTO a_few VALUES (1, 'x'), (2, NULL), (3, '');
     CREATE TABLE b_many (id INT PRIMARY KEY, filler VARCHAR(1000) NOT NULL);
     INSERT INTO b_many SELECT seq, REPEAT(MD5(seq), 25) FROM seq_1_to_3000;
     CREATE TABLE c_none (id INT PRIMARY KEY)`,
  );
}

/** The command line of an operation. The password is where an operator would put it, in the config file. */
async function commandLine(operation: Operation, { folder, location }: Workplace, database: string): Promise<string[]> {
  const around = ['--location', location.path, '--work', folder, '--time-zone', 'UTC', '--json'];
  if (operation === 'prune') return ['prune', '--keep-days', '0', '--failed-days', '0', ...around];
  const config = join(folder, 'config.yaml');
  const { host, port, user, password } = testServer();
  await writeFile(config, `main: ${JSON.stringify({ db: database, host, port, user, password })}\n`);
  return ['backup', '--config', config, '--all-tables', '--name', 'test', '--app', 'app', ...around];
}

async function assertKilled(kill: CrashMoment, argv: readonly string[]): Promise<void> {
  const { signal, code, output } = await runCrashChild(kill, argv);
  assert.equal(signal, 'SIGKILL', `the run ended with ${code} before the step came: ${output}`);
}

async function verify(workplace: Workplace, set: string, level: 'intact' | 'readable'): Promise<ResultOf<'verifySet'>> {
  const result = await run('verifySet', { ...workplace, set, level });
  assert.deepEqual(result.verification.findings, []);
  assert.equal(result.verification.outcome, 'passed');
  return result;
}

/** What must hold right after a crash, with nothing repaired: complete sets or none, and the earlier one as it was. */
async function assertOnlyWholeSets(workplace: Workplace, earlier: Earlier, others: number): Promise<void> {
  const { sets, findings } = await run('listSets', workplace);
  assert.deepEqual(findings, []);
  assert.ok(
    sets.some(({ setId }) => setId === earlier.setId),
    'the earlier set is gone',
  );
  assert.ok(sets.length <= 1 + others, `${sets.length} sets`);
  for (const { setId, rows } of sets) {
    const isEarlier = setId === earlier.setId;
    const proof = await verify(workplace, setId, isEarlier ? 'intact' : 'readable');
    if (isEarlier) assert.equal(proof.sealed?.archive.sha256, earlier.sha256);
    else assert.deepEqual([rows, proof.rows], [ROWS, ROWS]);
  }
}

/** Time is faked: a folder without an owner is left alone for a minute, because a run may be about to claim it. */
async function passAnHour(workRoot: string): Promise<void> {
  const then = new Date(Date.now() - 60 * 60 * 1000);
  for (const name of await readdir(workRoot)) await utimes(join(workRoot, name), then, then);
}

/** What the next backup and the next prune must achieve: the dead run's lock and remains are gone. */
async function assertRecovers(workplace: Workplace, earlier: Earlier, database: string): Promise<void> {
  const { sealed } = await backUp(workplace, [sourceOf(database, TABLES)]);
  await verify(workplace, sealed.setId, 'readable');
  await passAnHour(workplace.workRoot);
  await run('prune', { ...workplace, dryRun: false, policy: retentionPolicySchema.parse({ failedDays: 0 }) });
  const { sets } = await run('listSets', workplace);
  const ids = sets.map(({ setId }) => setId);
  assert.ok(ids.includes(earlier.setId) && ids.includes(sealed.setId), `left: ${ids}`);
  const foreign = (await readdir(workplace.location.path)).filter(
    (name) => !sets.some(({ archiveKey }) => name.startsWith(archiveKey)),
  );
  assert.deepEqual(foreign, [], 'the location has remains');
  assert.deepEqual(await readdir(workplace.workRoot), [], 'the work root has remains');
}

/** First, middle and last; every one where a crash means something else each time. */
function occurrencesOf(step: DurableStep, count: number): number[] {
  if (step === 'run-lock.renew') return count > 0 ? [1] : []; // how often depends on the machine
  const isEachItsOwn = ['store.publish', 'store.delete', 'work-directory.remove'].includes(step);
  if (isEachItsOwn) return Array.from({ length: count }, (_, index) => index + 1);
  return [...new Set([1, Math.ceil(count / 2), count])].filter((occurrence) => occurrence <= count && occurrence > 0);
}

function planKills(operation: Operation, counts: StepCounts, steps: readonly DurableStep[]): Kill[] {
  return momentsOf(steps, counts, occurrencesOf).map((moment) => ({ operation, ...moment }));
}

/** A location before the crash, copied for each of them. */
async function copyOf(from: Workplace, to: Workplace): Promise<void> {
  await cp(from.location.path, to.location.path, { recursive: true, preserveTimestamps: true });
  await mkdir(to.workRoot, { recursive: true });
  await cp(from.workRoot, to.workRoot, { recursive: true, preserveTimestamps: true });
}

async function backUpAndVerify(workplace: Workplace, database: string): Promise<Earlier> {
  const { sealed } = await backUp(workplace, [sourceOf(database, TABLES)]);
  await verify(workplace, sealed.setId, 'readable');
  return { setId: sealed.setId, sha256: sealed.archive.sha256 };
}

test('a process killed at any durable step leaves whole sets only, and the next runs clean up', {
  concurrency: 2,
}, async (context) => {
  await withDatabase(async (database, admin) => {
    await createTables(admin);
    await withWorkplace(async (one) => {
      await withWorkplace(async (many) => {
        // For backups: one good set. For prunes: a set that must go, one that must stay, and what two crashes left.
        const kept = await backUpAndVerify(one, database);
        await mkdir(one.workRoot, { recursive: true });
        await backUpAndVerify(many, database);
        const newest = await backUpAndVerify(many, database);
        const crash = { step: 'store.publish', occurrence: 2 } as const;
        const dying = await commandLine('backup', many, database);
        await assertKilled({ ...crash, moment: 'after' }, dying); // an archive without its seal
        await assertKilled({ ...crash, moment: 'before' }, dying); // a temporary object
        await assertKilled({ ...crash, step: 'work-directory.create', moment: 'before' }, dying); // a folder, no owner
        await passAnHour(many.workRoot);
        const before = { backup: { workplace: one, earlier: kept }, prune: { workplace: many, earlier: newest } };

        const count = async (operation: Operation) =>
          await withWorkplace(async (workplace) => {
            await copyOf(before[operation].workplace, workplace);
            const ending = await runCrashChild('count', await commandLine(operation, workplace, database));
            assert.equal(ending.code, 0, ending.output);
            return ending.counts;
          });
        const kills = [
          ...planKills('backup', await count('backup'), DURABLE_STEPS),
          ...planKills('prune', await count('prune'), ['store.delete', 'work-directory.remove', 'journal.append']),
        ];
        const hit = new Set<string>();
        const tests = kills.map((kill) => {
          const { operation, step, moment } = kill;
          return context.test(`${operation}: ${nameOfMoment(kill)}`, async () => {
            await withWorkplace(async (workplace) => {
              const { workplace: from, earlier } = before[operation];
              await copyOf(from, workplace);
              await assertKilled(kill, await commandLine(operation, workplace, database));
              hit.add(`${moment} ${step}`);
              await assertOnlyWholeSets(workplace, earlier, 1);
              await assertRecovers(workplace, earlier, database);
            });
          });
        });
        await Promise.all(tests);
        const wanted = DURABLE_STEPS.flatMap((step) => [`before ${step}`, `after ${step}`]);
        assert.deepEqual(
          wanted.filter((each) => !hit.has(each)),
          [],
          'no process was killed there',
        );
      });
    });
  });
});
