import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LocationSettings } from '../../src/model/location-settings';
import { retentionPolicySchema } from '../../src/model/retention-policy';
import { carryOut } from '../../src/operations/carry-out';
import { openLocation } from '../../src/operations/open-location';
import type { DurableStep } from '../../src/support/durable-step';
import { basic, withBkrepo } from '../support/bkrepo/server';
import { type CrashMoment, momentsOf, nameOfMoment, runCrashChild } from '../support/crash-run';
import { testServer, type Workplace, withDatabase, withWorkplace } from '../support/database';
import { newBucket } from '../support/s3';

const never = new AbortController().signal;
const STEPS = [
  'store.create-temporary',
  'store.write',
  'store.publish',
  'store.drop-temporary',
  'store.delete',
] as const;

interface Place {
  /** As the command line names it; the keys are in the environment. */
  readonly url: string;
  readonly location: LocationSettings;
}
/** Lends places that have nothing in them. */
type Lend = (use: (newPlace: (name: string) => Place) => Promise<void>) => Promise<void>;

/** Right after the kill: whole sets or none; after a prune: nothing else. */
async function assertRecovers(location: LocationSettings, { workRoot, journalPath, runId }: Workplace, what: string) {
  const around = { location, workRoot, journalPath, runId };
  const { sets, findings } = await carryOut('listSets', around, never, () => {});
  assert.deepEqual(findings, [], what);
  for (const { setId } of sets) {
    const { verification } = await carryOut('verifySet', { ...around, set: setId, level: 'readable' }, never, () => {});
    assert.equal(verification.outcome, 'passed', what);
  }
  // The lock of a process that is dead on this host is taken over at once.
  const policy = retentionPolicySchema.parse({ failedDays: 0 });
  await carryOut('prune', { ...around, policy, dryRun: false }, never, () => {});
  const store = await openLocation(location);
  const left = (await store.list()).filter(({ key }) => !sets.some(({ archiveKey }) => key.startsWith(archiveKey)));
  assert.deepEqual([left, await store.listRemains()], [[], []], `${what}: remains`);
}

/** Every one where a crash means something else each time; of the parts the first and the last. */
function occurrencesOf(step: DurableStep, count: number): number[] {
  if (step === 'store.write') return [...new Set([1, count])].filter((one) => one > 0);
  return Array.from({ length: count }, (_, index) => index + 1);
}

async function killEverywhere(newPlace: (name: string) => Place): Promise<void> {
  await withDatabase(async (database, admin) => {
    await admin.query(
      'CREATE TABLE t (id INT PRIMARY KEY, filler LONGBLOB); INSERT INTO t SELECT seq, RANDOM_BYTES(1024) FROM seq_1_to_300',
    );
    await withWorkplace(async ({ folder }) => {
      const config = join(folder, 'config.yaml');
      const { host, port, user, password } = testServer();
      await writeFile(config, `main: ${JSON.stringify({ db: database, host, port, user, password })}\n`);
      const runIn = async (place: Place, plan: CrashMoment | 'count', use: (workplace: Workplace) => Promise<void>) =>
        await withWorkplace(async (workplace) => {
          const around = ['--location', place.url, '--work', workplace.folder, '--time-zone', 'UTC', '--json'];
          const argv = ['backup', '--config', config, '--all-tables', '--name', 'test', '--app', 'app', ...around];
          const ending = await runCrashChild(plan, argv);
          await use(workplace);
          return ending;
        });

      const { code, counts, output } = await runIn(newPlace('clean'), 'count', async () => {});
      assert.equal(code, 0, output);
      assert.ok((counts['store.write'] ?? 0) > 2, 'the archive goes up in parts');
      const kills = momentsOf(STEPS, counts, occurrencesOf);
      assert.ok(kills.length >= 12, `${kills.length} kills`);
      const waiting = kills.entries();
      const lane = async () => {
        for (const [at, kill] of waiting) {
          const place = newPlace(`kill-${at}`);
          const what = nameOfMoment(kill);
          const ending = await runIn(place, kill, (workplace) => assertRecovers(place.location, workplace, what));
          assert.equal(ending.signal, 'SIGKILL', `${what} did not come: ${ending.output}`);
        }
      };
      await Promise.all([lane(), lane()]);
    });
  });
}

const lendBuckets: Lend = async (use) => {
  const bucket = await newBucket();
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: bucket.accessKeyId, AWS_SECRET_ACCESS_KEY: bucket.secretAccessKey });
  await use((prefix) => ({
    url: `s3://${bucket.bucket}/${prefix}?endpoint=${encodeURIComponent(bucket.endpoint!)}`,
    location: { ...bucket, prefix },
  }));
};

const lendFolders: Lend = async (use) => {
  await withBkrepo(async ({ location }) => {
    Object.assign(process.env, { BKREPO_USERNAME: basic.user, BKREPO_PASSWORD: basic.password });
    const { endpoint, project, repository } = location;
    await use((folder) => ({
      url: `bkrepo://${new URL(endpoint).host}/${project}/${repository}/${folder}?insecure=1`,
      location: { ...location, folder },
    }));
  });
};

for (const [name, lend] of Object.entries({ 'a bucket': lendBuckets, BKREPO: lendFolders })) {
  test(`a process killed at any step of an upload to ${name} leaves whole sets only, and the next prune cleans up`, async () => {
    await lend(killEverywhere);
  });
}
