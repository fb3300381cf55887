import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateSchema, RECOVERY_STEPS } from '../../src/model/certificate';
import { newRunId } from '../../src/model/ids';
import { retentionPolicySchema } from '../../src/model/retention-policy';
import { carryOut } from '../../src/operations/carry-out';
import { backUp } from '../support/backup';
import { settingsFor, sourceOf, type Workplace, withDatabase, withWorkplace } from '../support/database';

const never = new AbortController().signal;
const certificatesIn = (folder: string) => readdirSync(folder).filter((name) => name.includes('.certificate-'));

async function verifyAt(level: 'intact' | 'restorable', workplace: Workplace, database: string, set = 'latest') {
  const request = { ...workplace, runId: newRunId(), set, level, scratch: settingsFor(database) };
  return await carryOut('verifySet', request, never, () => {});
}

async function listed({ location }: Workplace) {
  return (await carryOut('listSets', { location }, never, () => {})).sets;
}

async function prune(workplace: Workplace) {
  const policy = retentionPolicySchema.parse({ keepDays: 0, failedDays: 0 });
  return await carryOut('prune', { ...workplace, runId: newRunId(), policy, dryRun: false }, never, () => {});
}

test('a restore that was proven leaves a certificate: bound to the bytes, every table with its hash, every step timed', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query(`CREATE TABLE t (id INT PRIMARY KEY, w VARCHAR(40), KEY (w)); INSERT INTO t SELECT seq, MD5(seq) FROM seq_1_to_5000;
      CREATE TABLE u (id INT PRIMARY KEY)`);
    await withWorkplace(async (workplace) => {
      const { path } = workplace.location;
      const { sealed } = await backUp(workplace, [sourceOf(database, ['t', 'u'])]);
      await verifyAt('intact', workplace, database);
      assert.deepEqual(certificatesIn(path), [], 'only a restore is one');

      const { certificate: written, verification } = await verifyAt('restorable', workplace, database);
      assert.deepEqual(certificatesIn(path), [written?.key]);
      const certificate = certificateSchema.parse(JSON.parse(readFileSync(join(path, written!.key), 'utf8')));
      const archive = readFileSync(join(path, sealed.archive.key));
      assert.equal(certificate.archiveSha256, createHash('sha256').update(archive).digest('hex'));
      assert.deepEqual(
        certificate.tables,
        sealed.files
          .filter(({ kind }) => kind === 'table')
          .map(({ database: of, table, rows, sha256 }) => ({ database: of, table, rows, sha256 })),
      );
      assert.deepEqual(certificate.tables.map(({ table, rows }) => [table, rows]).sort(), [
        ['t', 5000],
        ['u', 0],
      ]);
      assert.deepEqual(
        certificate.steps.map(({ step }) => step),
        RECOVERY_STEPS,
      );
      const spent = certificate.steps.reduce((sum, { ms }) => sum + ms, 0);
      assert.deepEqual([certificate.recoveryMs, written?.recoveryMs], [spent, spent]);
      assert.ok(
        // What went on beside loading may leave nothing to wait for.
        certificate.steps.every(({ step, ms }) => ms > 0 || !['read', 'load'].includes(step)),
        JSON.stringify(certificate),
      );
      const { version, flavour } = sealed.snapshots[0]!.server;
      assert.deepEqual([certificate.server.version, certificate.server.flavour], [version, flavour]);
      assert.deepEqual(
        [certificate.setId, certificate.snapshotAt, certificate.verifiedAt],
        [sealed.setId, sealed.snapshotAt, verification.verifiedAt],
      );
      const { recoveryMs, server, verifiedAt } = certificate;
      assert.deepEqual((await listed(workplace))[0]?.certificate, { verifiedAt, recoveryMs, server });
    });
  });
});

test('a set with a certificate is proven restorable, also when its notes are gone, and the certificate goes with the set', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)');
    await withWorkplace(async (workplace) => {
      const { path } = workplace.location;
      const first = await backUp(workplace, [sourceOf(database, ['t'])]);
      await verifyAt('restorable', workplace, database);
      // As copied from elsewhere without them.
      for (const name of readdirSync(path).filter((each) => each.includes('.verification-'))) {
        writeFileSync(join(path, name), '');
      }
      await backUp(workplace, [sourceOf(database, ['t'])]);
      await verifyAt('intact', workplace, database);
      const kept = await prune(workplace);
      assert.deepEqual(kept.removed, []);
      assert.deepEqual(kept.plan.sets[1]?.reasons, ['newest restorable set']);

      await verifyAt('restorable', workplace, database);
      assert.deepEqual((await prune(workplace)).removed, [first.sealed.archive.key]);
      assert.equal(certificatesIn(path).length, 1);
      assert.ok(!readdirSync(path).some((name) => name.includes(first.sealed.setId)));
    });
  });
});

test('a certificate of other bytes proves nothing, and a restore that differs leaves none', async () => {
  await withDatabase(async (database, admin) => {
    await admin.query('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)');
    await withWorkplace(async (workplace) => {
      const { path } = workplace.location;
      const first = await backUp(workplace, [sourceOf(database, ['t'])]);
      const { certificate } = await verifyAt('restorable', workplace, database);
      const second = await backUp(workplace, [sourceOf(database, ['t'])]);
      const copied = certificate!.key.replace(first.sealed.archive.key, second.sealed.archive.key);
      writeFileSync(join(path, copied), readFileSync(join(path, certificate!.key)));
      const [newest] = await listed(workplace);
      assert.deepEqual([newest?.setId, newest?.certificate], [second.sealed.setId, undefined]);

      writeFileSync(join(path, second.sealed.archive.key), 'not an archive');
      const damaged = await verifyAt('restorable', workplace, database);
      assert.deepEqual([damaged.verification.outcome, damaged.certificate], ['findings', undefined]);
      assert.equal(certificatesIn(path).length, 2);
    });
  });
});
