import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { retentionPolicySchema } from '../../src/model/retention-policy';
import type { S3Location } from '../../src/model/s3-location';
import { carryOut } from '../../src/operations/carry-out';
import { openLocation } from '../../src/operations/open-location';
import { momentsOf, nameOfMoment, runCrashChild } from '../support/crash-run';
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

function commandLine(config: string, { folder }: Workplace, { bucket, prefix, endpoint }: S3Location): string[] {
  const location = `s3://${bucket}/${prefix}?endpoint=${encodeURIComponent(endpoint!)}`;
  const around = ['--location', location, '--work', folder, '--time-zone', 'UTC', '--json'];
  return ['backup', '--config', config, '--all-tables', '--name', 'test', '--app', 'app', ...around];
}

/** Right after the kill: whole sets or none; after a prune: nothing else. */
async function assertRecovers(location: S3Location, { workRoot, journalPath, runId }: Workplace, what: string) {
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

test('a process killed at any step of an upload to a bucket leaves whole sets only, and the next prune cleans up', async () => {
  await withDatabase(async (database, admin) => {
    // More than one part of 8 MiB, compressed.
    await admin.query(
      'CREATE TABLE t (id INT PRIMARY KEY, filler LONGBLOB); INSERT INTO t SELECT seq, RANDOM_BYTES(1024) FROM seq_1_to_10240',
    );
    const bucket = await newBucket();
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: bucket.accessKeyId,
      AWS_SECRET_ACCESS_KEY: bucket.secretAccessKey,
    });
    await withWorkplace(async ({ folder }) => {
      const config = join(folder, 'config.yaml');
      const { host, port, user, password } = testServer();
      await writeFile(config, `main: ${JSON.stringify({ db: database, host, port, user, password })}\n`);
      const inNewPlace = async (prefix: string, use: (location: S3Location, workplace: Workplace) => Promise<void>) =>
        await withWorkplace(async (workplace) => await use({ ...bucket, prefix }, workplace));

      const kills: ReturnType<typeof momentsOf> = [];
      await inNewPlace('clean', async (location, workplace) => {
        const ending = await runCrashChild('count', commandLine(config, workplace, location));
        assert.equal(ending.code, 0, ending.output);
        assert.ok((ending.counts['store.write'] ?? 0) > 1, 'the archive goes up in parts');
        kills.push(...momentsOf(STEPS, ending.counts));
      });
      assert.ok(kills.length >= 12, `${kills.length} kills`);
      const waiting = kills.entries();
      const lane = async () => {
        for (const [at, kill] of waiting) {
          await inNewPlace(`kill-${at}`, async (location, workplace) => {
            const { signal, output } = await runCrashChild(kill, commandLine(config, workplace, location));
            assert.equal(signal, 'SIGKILL', `${nameOfMoment(kill)} did not come: ${output}`);
            await assertRecovers(location, workplace, nameOfMoment(kill));
          });
        }
      };
      await Promise.all([lane(), lane()]);
    });
  });
});
