import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import type { ExportSource, PrepareMigrationRequest, StoreSetResult } from '../../src/operations/contract';
import { restore } from '../support/backup';
import { Chance } from '../support/chance';
import { connect, settingsFor, sourceOf, type Workplace, withSchema, withWorkplace } from '../support/database';
import { bkLogSchema, type DatabaseNames, randomBkLog } from '../support/random-bklog';
import { withUnpacked } from '../support/read-archive';

const FILES = ['log_databus_collectorconfig.json', 'log_search_logindexset.json'] as const;
const signal = new AbortController().signal;

interface Scene extends Workplace {
  readonly names: DatabaseNames;
  backUp(sources?: readonly ExportSource[]): Promise<StoreSetResult>;
  fetch(): Promise<string>;
  prepare(archivePath: string, change?: Partial<PrepareMigrationRequest>): ReturnType<typeof prepareMigration>;
}
const prepareMigration = (request: PrepareMigrationRequest) => carryOut('prepareMigration', request, signal, () => {});

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withSchema(({ database: bk_nodeman }) =>
    withSchema(({ database: bk_log_search }) =>
      withSchema(({ database: sg_migration }) =>
        withWorkplace(async (workplace) => {
          const names = { bk_nodeman, bk_log_search, sg_migration };
          const admin = await connect();
          const random = randomBkLog(new Chance(5), { names, collectors: 40, indexSets: 30 });
          for (const statement of [...bkLogSchema(names), ...random.sql]) await admin.query(statement);
          await admin.end();
          const { workRoot, journalPath, location, folder } = workplace;
          const around = { runId: newRunId(), workRoot, journalPath };
          const collectors = { nodeman: settingsFor(bk_nodeman), log: settingsFor(bk_log_search) };
          await use({
            ...workplace,
            names,
            backUp: async (sources = []) => {
              const request = { ...around, app: 'app', name: 'test', timeZone: 'UTC', sources, collectors };
              const { setId, workDirectory } = await carryOut('exportTables', request, signal, () => {});
              return await carryOut('storeSet', { ...around, location, workDirectory, setId }, signal, () => {});
            },
            fetch: async () => {
              const request = { ...around, location, set: 'latest', directory: join(folder, 'fetched') };
              return (await carryOut('fetchSet', request, signal, () => {})).archivePath;
            },
            prepare: (archivePath, change = {}) =>
              prepareMigration({
                ...{ ...around, documents: { archivePath }, unmapped: 'skip' as const },
                idMap: { environment: 'ee', offset: 2_000_000, businesses: [{ from: 2, to: 7 }] },
                ...{ directory: join(folder, 'migration'), ...change },
              }),
          });
        }),
      ),
    ),
  );
}

test('tables and documents of one moment are one set: ordinary tools open it, verify reads it, a restore leaves them alone', async () => {
  await withScene(async (scene) => {
    const { workRoot, journalPath, location, names } = scene;
    const source = sourceOf(names.bk_log_search, ['log_databus_collectorconfig', 'log_search_logindexset']);
    const { sealed } = await scene.backUp([source]);
    const directory = join(scene.folder, 'exported');
    const exported = await carryOut(
      'exportCollectors',
      {
        ...{ runId: newRunId(), workRoot, journalPath, directory },
        ...{ nodeman: settingsFor(names.bk_nodeman), log: settingsFor(names.bk_log_search) },
      },
      signal,
      () => {},
    );
    const inSet = sealed.files.filter(({ kind }) => kind === 'document');
    assert.deepEqual(
      inSet.map(({ path, rows, bytes, sha256 }) => [path, rows, bytes, sha256]),
      exported.documents.map(({ records, bytes, sha256 }, at) => [`collectors/${FILES[at]}`, records, bytes, sha256]),
    );
    await withUnpacked(join(location.path, sealed.archive.key), async (folder) => {
      execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder });
      for (const { path, rows } of inSet) {
        assert.equal(
          execFileSync('jq', ['length', join(folder, path)])
            .toString()
            .trim(),
          String(rows),
        );
      }
      const file = { runId: newRunId(), workRoot, journalPath, path: join(folder, inSet[0]!.path), level: 'readable' };
      const alone = await carryOut('verifyFile', file as never, signal, () => {});
      assert.deepEqual([alone.verification.outcome, alone.rows], ['passed', inSet[0]!.rows]);
    });
    const check = { runId: newRunId(), workRoot, journalPath, location, set: 'latest' };
    const read = await carryOut('verifySet', { ...check, level: 'readable' }, signal, () => {});
    assert.deepEqual([read.verification.outcome, read.rows], ['passed', sum(sealed.files.filter(isTable))]);
    const scratch = settingsFor('mysql');
    const proven = await carryOut('verifySet', { ...check, level: 'restorable', scratch }, signal, () => {});
    assert.equal(proven.verification.outcome, 'passed');
    const { tables, rows } = await restore(scene, { options: { policy: 'replace' } });
    assert.deepEqual([tables, rows], [2, sum(sealed.files.filter(isTable))]);
  });
});

const isTable = ({ kind }: { readonly kind: string }) => kind === 'table';
const sum = (files: readonly { readonly rows?: number | undefined }[]) =>
  files.reduce((all, { rows = 0 }) => all + rows, 0);

test('documents alone are a set that nobody can call restorable', async () => {
  await withScene(async (scene) => {
    const { workRoot, journalPath, location } = scene;
    const { sealed } = await scene.backUp();
    assert.deepEqual(
      sealed.files.map(({ kind }) => kind),
      ['document', 'document'],
    );
    const check = { runId: newRunId(), workRoot, journalPath, location, set: 'latest' };
    const request = { ...check, level: 'restorable' as const, scratch: settingsFor('mysql') };
    await assert.rejects(
      carryOut('verifySet', request, signal, () => {}),
      /no tables, only documents/,
    );
    await assert.rejects(restore(scene), /no tables, only documents/);
  });
});

test('a migration is prepared from a fetched set, and from nothing of a damaged one', async () => {
  await withScene(async (scene) => {
    const { sealed } = await scene.backUp();
    const archivePath = await scene.fetch();
    const directory = join(scene.folder, 'migration');
    const prepared = await scene.prepare(archivePath);
    assert.deepEqual(
      [prepared.setId, prepared.collectors, prepared.indexSets],
      [sealed.setId, ...sealed.files.map(({ rows }) => rows)],
    );
    const hashes = FILES.map((name) =>
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
    );
    assert.deepEqual(
      hashes,
      sealed.files.map(({ sha256 }) => sha256),
    );

    const bytes = readFileSync(archivePath);
    const elsewhere = join(scene.folder, 'other');
    for (const at of [Math.floor(bytes.length / 3), bytes.length - 40]) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1;
      writeFileSync(archivePath, damaged);
      await assert.rejects(
        scene.prepare(archivePath, { directory: elsewhere }),
        /OP_ARCHIVE|corrupt|hash|unpack|bytes/i,
      );
    }
    writeFileSync(archivePath, bytes.subarray(0, bytes.length - 100));
    await assert.rejects(scene.prepare(archivePath, { directory: elsewhere }), { code: 'OP_ARCHIVE_TRUNCATED' });
    assert.equal(existsSync(join(elsewhere, 'migration.json')), false);
  });
});

test('a set without documents says so, and how to get some', async () => {
  await withScene(async (scene) => {
    const { workRoot, journalPath, location, names } = scene;
    const around = { runId: newRunId(), workRoot, journalPath };
    const sources = [sourceOf(names.bk_log_search, ['log_search_logindexset'])];
    const request = { ...around, app: 'app', name: 'test', timeZone: 'UTC', sources };
    const { setId, workDirectory } = await carryOut('exportTables', request, signal, () => {});
    await carryOut('storeSet', { ...around, location, workDirectory, setId }, signal, () => {});
    await assert.rejects(scene.prepare(await scene.fetch()), {
      ...{ code: 'OP_CONFIG_INVALID', message: /holds no log_databus_collectorconfig\.json/ },
      remedy: /whose contents are collectors/,
    });
  });
});

test('documents that shrink are suspicious, as tables are', async () => {
  await withScene(async (scene) => {
    const { workRoot, journalPath, location, names } = scene;
    const verify = async () => {
      const check = { runId: newRunId(), workRoot, journalPath, location, set: 'latest', level: 'intact' as const };
      return (await carryOut('verifySet', check, signal, () => {})).openSuspicions.map(({ message }) => message);
    };
    await scene.backUp();
    assert.deepEqual(await verify(), []);
    const admin = await connect(names.bk_log_search);
    await admin.query('DELETE FROM log_databus_collectorconfig');
    await admin.end();
    await scene.backUp();
    assert.match((await verify()).join(), /document collectors\/log_databus_collectorconfig\.json became empty/);
  });
});
