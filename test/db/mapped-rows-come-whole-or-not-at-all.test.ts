import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { isOperationError, OperationError } from '../../src/errors/operation-error';
import { observeDurableSteps, ROW_STEPS } from '../../src/support/durable-step';
import { restore } from '../support/backup';
import { momentsOf, nameOfMoment, runCrashChild } from '../support/crash-run';
import { connect, testServer } from '../support/database';
import { differences, readContent } from '../support/database-content';
import { ID_MAP, insertRow, type Migration, readRows, withMigration } from '../support/raw-rows';

const COLLECTOR = 'log_databus_collectorconfig';
const GROUP = 'log_search_favoritegroup';
const FAVORITE = 'log_search_favorite';

/** Collectors, which are inserted before groups and favourites. */
async function fill({ admin, source }: Migration): Promise<void> {
  for (const id of [1, 2, 3]) {
    await insertRow(admin, source, COLLECTOR, { collector_config_id: id, collector_config_name: `c${id}` });
    await insertRow(admin, source, GROUP, { id, name: `g${id}` });
    await insertRow(admin, source, FAVORITE, { id, group_id: id, name: `f${id}` });
  }
}

/** Without the counters of AUTO_INCREMENT, which move before the transaction. */
async function contentOf(target: string): Promise<Map<string, string>> {
  const admin = await connect(target);
  try {
    const content = await readContent(admin, target);
    return new Map([...content].map(([name, text]) => [name, text.replace(/ AUTO_INCREMENT=\d+/, '')]));
  } finally {
    await admin.end();
  }
}

/** Runs a migration; when its rows are compared and AUTO_INCREMENT is about to be raised, it waits for `meddle`. */
async function runWith({ target, run }: Migration, meddle: (rival: Connection) => Promise<void>) {
  const [holder, rival] = [await connect(target), await connect(target)];
  let meddling: Promise<void> | undefined;
  observeDurableSteps((step, moment) => {
    if (step !== 'restore.raise-ids' || moment !== 'before') return;
    meddling ??= meddle(rival).finally(() => holder.query('COMMIT'));
  });
  try {
    // An open reader of a table holds back its ALTER TABLE.
    await holder.query(`START TRANSACTION; SELECT COUNT(*) FROM ${COLLECTOR}`);
    return await run().finally(() => meddling);
  } finally {
    observeDurableSteps(undefined);
    await holder.end();
    await rival.end();
  }
}

const isRefusedWhole = (code: 'OP_RESTORE_REFUSED' | 'OP_SOURCE_LOST') => (error: unknown) => {
  assert.ok(isOperationError(error, code), String(error));
  assert.match(error.remedy, /^No row was inserted/);
  return true;
};

test('a row of the same name that is written while the set is compared ends the restore without any row', async () => {
  await withMigration(async (migration) => {
    const { target, run } = migration;
    await fill(migration);
    const meddle = (rival: Connection) => insertRow(rival, target, GROUP, { name: 'g3', space_uid: 'bkcc__100' });
    await assert.rejects(runWith(migration, meddle), isRefusedWhole('OP_RESTORE_REFUSED'));
    const left = [await readRows(target, COLLECTOR), await readRows(target, GROUP), await readRows(target, FAVORITE)];
    assert.deepEqual(
      left.map(({ size }) => size),
      [0, 1, 0],
    );
    const { rows, findings } = await run();
    assert.deepEqual([rows, findings], [8, []], 'the next run takes that group as the one of the favourites');
  });
});

test('a session that is killed between the rows leaves none of them', async () => {
  await withMigration(async (migration) => {
    const { admin, target, run } = migration;
    await fill(migration);
    const before = await contentOf(target);
    const killer = await connect();
    const killRun = async (): Promise<number> => {
      for (let attempt = 0; attempt < 100; attempt += 1) {
        const [found] = await killer.query<RowDataPacket[]>(
          `SELECT trx_mysql_thread_id AS id, trx_rows_modified AS n FROM information_schema.INNODB_TRX
            WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE 'INSERT INTO \`${target}\`.\`${GROUP}\`%'`,
        );
        if (found[0]) {
          await killer.query(`KILL ${found[0].id}`);
          return Number(found[0].n);
        }
        // The server renews the list only when nobody has asked for a tenth of a second.
        await sleep(150);
      }
      throw new Error('the run never waited for its group');
    };
    let killed: Promise<number> | undefined;
    const meddle = async (rival: Connection) => {
      await rival.query('START TRANSACTION');
      await insertRow(rival, target, GROUP, { name: 'g2', space_uid: 'bkcc__100' });
      killed = killRun();
    };
    try {
      await assert.rejects(runWith(migration, meddle), isRefusedWhole('OP_SOURCE_LOST'));
      assert.ok((await killed!) >= 4, 'three collectors and a group were in by then');
    } finally {
      await killer.end();
    }
    assert.deepEqual(differences(before, await contentOf(target)), []);
    const [schemas] = await admin.query<RowDataPacket[]>("SHOW DATABASES LIKE 'bklog\\_scratch\\_%'");
    assert.deepEqual(schemas, []);
    assert.equal((await run()).rows, 9);
  });
});

test('an abort while the rows are committed says that all of them are there or none', async () => {
  await withMigration(async (migration) => {
    const { target, workplace, run } = migration;
    await fill(migration);
    await run({ dryRun: true });
    const abort = new AbortController();
    observeDurableSteps((step, moment) => {
      if (step === 'restore.fill' && moment === 'before') abort.abort(new OperationError('OP_ABORTED', 'stopped'));
    });
    const options = { policy: 'skip' as const, database: target, idMap: ID_MAP };
    try {
      await assert.rejects(restore(workplace, { options }, abort.signal), (error) => {
        assert.ok(isOperationError(error, 'OP_ABORTED'), String(error));
        assert.match(error.remedy, /^Either all rows are in the target or none\. Run the same restore again/);
        return true;
      });
    } finally {
      observeDurableSteps(undefined);
    }
    const { rows, findings } = await run();
    const there = (await readRows(target, FAVORITE)).size + (await readRows(target, COLLECTOR)).size;
    assert.deepEqual([findings, there], [[], 6]);
    assert.ok(rows === 9 || rows === 0, `${rows} rows`);
  });
});

test('a process that is killed at any step leaves all rows or none, and the next run brings the rest', async () => {
  const moments = momentsOf([...ROW_STEPS, 'restore.fill'], { 'restore.raise-ids': 1, 'restore.fill': 1 });
  for (const moment of moments) {
    await withMigration(async (migration) => {
      const { target, workplace, run } = migration;
      const { folder, location } = workplace;
      await fill(migration);
      await run({ dryRun: true });
      const [config, map] = [join(folder, 'config.yaml'), join(folder, 'map.json')];
      writeFileSync(config, JSON.stringify({ it: { db: target, ...testServer() } }));
      writeFileSync(map, JSON.stringify(ID_MAP));
      const place = ['--location', location.path, '--config', config, '--work', workplace.workRoot];
      const argv = ['restore', 'latest', '--database', target, '--map', map, '--policy', 'skip', ...place];
      const { signal, output } = await runCrashChild(moment, argv);
      assert.equal(signal, 'SIGKILL', `${nameOfMoment(moment)}: ${output}`);
      await untilFree();
      const sizes = async () => [
        ...[await readRows(target, COLLECTOR), await readRows(target, GROUP), await readRows(target, FAVORITE)],
      ];
      const isThere = moment.step === 'restore.fill' && moment.moment === 'after';
      const wanted = isThere ? [3, 3, 3] : [0, 0, 0];
      assert.deepEqual(
        (await sizes()).map(({ size }) => size),
        wanted,
        nameOfMoment(moment),
      );
      const { rows, findings } = await run();
      assert.deepEqual([rows, findings], [isThere ? 0 : 9, []], nameOfMoment(moment));
    });
  }
});

/** The server notices after a moment that a client is gone; until then it keeps the lock of the restore. */
async function untilFree(): Promise<void> {
  const admin = await connect();
  try {
    for (let attempt = 0; attempt < 500; attempt += 1) {
      const [[lock]] = await admin.query<RowDataPacket[]>("SELECT IS_FREE_LOCK('bklog_restore') AS free");
      if (lock?.free === 1) return;
      await sleep(20);
    }
    throw new Error('the session of the killed run did not end');
  } finally {
    await admin.end();
  }
}
