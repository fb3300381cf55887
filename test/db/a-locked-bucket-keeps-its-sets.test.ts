import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PutObjectLegalHoldCommand } from '@aws-sdk/client-s3';
import { retentionPolicySchema } from '../../src/model/retention-policy';
import { carryOut } from '../../src/operations/carry-out';
import { openLocation } from '../../src/operations/open-location';
import { backUp } from '../support/backup';
import { sourceOf, withDatabase, withWorkplace } from '../support/database';
import { newBucket, s3Client } from '../support/s3';

const never = new AbortController().signal;

test('retention reports sets under object lock as held until then, and removes what is free', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)');
    const location = await newBucket({ days: 1 });
    await withWorkplace(async (workplace) => {
      const around = { ...workplace, location };
      const backUpHere = async () => {
        const { sealed } = await backUp({ ...workplace, location } as never, [sourceOf(database, ['t'])]);
        await carryOut('verifySet', { ...around, set: sealed.setId, level: 'intact' }, never, () => {});
        return sealed;
      };
      const [old] = [await backUpHere(), await backUpHere()];
      const policy = retentionPolicySchema.parse({ keepDays: 0 });
      const pruned = await carryOut('prune', { ...around, policy, dryRun: false }, never, () => {});
      const verdict = pruned.plan.sets.find(({ setId }) => setId === old.setId);
      assert.equal(verdict?.action, 'keep');
      assert.match(verdict?.reasons.join() ?? '', /^held until \d{4}-\d\d-\d\d \d\d:\d\d$/);
      const store = await openLocation(location);
      assert.ok(await store.head(old.archive.key as never), 'it is still there');
      await assert.rejects(
        store.delete(old.archive.key as never),
        (error: { code: string; details: { until: string } }) => {
          assert.equal(error.code, 'OP_OBJECT_HELD');
          const hours = (Date.parse(error.details.until) - Date.now()) / 3_600_000;
          assert.ok(hours > 23 && hours <= 24, error.details.until);
          return true;
        },
      );
      const client = s3Client();
      const hold = { Bucket: location.bucket, Key: old.archive.key, LegalHold: { Status: 'ON' as const } };
      await client.send(new PutObjectLegalHoldCommand(hold));
      client.destroy();
      const again = await carryOut('prune', { ...around, policy, dryRun: true }, never, () => {});
      assert.deepEqual(again.plan.sets.find(({ setId }) => setId === old.setId)?.reasons, ['held by the store']);
    });
  });
});
