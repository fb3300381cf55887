import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isOperationError } from '../../src/errors/operation-error';
import { carryOut } from '../../src/operations/carry-out';
import type { CleanExportsResult } from '../../src/operations/cleaned-exports';
import { CLEAN_EXPORTS_STEPS, type DurableStep, observeDurableSteps } from '../../src/support/durable-step';
import { momentsOf, nameOfMoment, runCrashChild } from '../support/crash-run';
import { connect, settingsFor, testServer } from '../support/database';
import { BKREPO_URL, cleaningOf, type ExportScene, fileOf, withExports } from '../support/export-tasks';

const NOBODY = 65_534;

async function clean(scene: ExportScene, dryRun: boolean, change: object = {}): Promise<CleanExportsResult> {
  const request = { ...cleaningOf(scene, change), dryRun };
  return await carryOut('cleanExports', request, new AbortController().signal, () => {});
}

async function refusal(act: Promise<unknown>): Promise<{ code: string; message: string; remedy: string }> {
  const error = await act.then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => thrown,
  );
  assert.ok(isOperationError(error), String(error));
  return error;
}

test('a dry run lists every row with what would be done and changes nothing; applied, it is done, and a second run has nothing to do', async () => {
  await withExports(async (scene) => {
    const { task, file, has, state } = scene;
    const [old, young, gone] = [fileOf(1), fileOf(2), fileOf(3)];
    for (const name of [old, young]) file(name, 1234);
    file('not-an-export.txt');
    const ids = {
      old: await task({ file: old, state: 'download_expired' }),
      young: await task({ file: young, hoursAgo: 47 }),
      gone: await task({ file: gone }),
      sync: await task({ type: 'sync' }),
      failed: await task({ state: 'failed', completedHoursAgo: null }),
      empty: await task({ file: '' }),
      linked: await task({ file: young, completedHoursAgo: 23 }),
      remote: await task({ file: fileOf(4), url: BKREPO_URL }),
      done: await task({ file: fileOf(5), isClean: true }),
      fresh: await task({ state: null, hoursAgo: 23, completedHoursAgo: null }),
      stuck: await task({ state: 'download_log', hoursAgo: 25, completedHoursAgo: null }),
      stuckOld: await task({ state: 'export_upload', file: fileOf(6), url: null, completedHoursAgo: null }),
      stuckSync: await task({ state: null, type: 'sync', hoursAgo: 25, completedHoursAgo: null }),
      stuckClean: await task({ state: null, isClean: true, completedHoursAgo: null }),
    };
    file(fileOf(6), 66);
    const before = await scene.rows();

    const plan = await clean(scene, true);
    assert.deepEqual(await scene.rows(), before);
    assert.ok(has(old) && has(fileOf(6)));
    const listed = (result: CleanExportsResult) =>
      Object.fromEntries(
        Object.entries(ids).map(([name, id]) => {
          const found = result.tasks.find((one) => one.id === id);
          return [name, found && [found.file, ...found.marks].join(' ')];
        }),
      );
    const expected = {
      ...{ old: 'remove clean', young: undefined, gone: 'gone clean', sync: 'none clean', failed: 'none clean' },
      ...{ empty: 'none clean', linked: 'leave', remote: 'leave', done: undefined, fresh: undefined },
      ...{ stuck: 'leave failed', stuckOld: 'remove failed clean', stuckSync: undefined, stuckClean: 'leave failed' },
    };
    assert.deepEqual(listed(plan), expected);
    const totals = {
      ...{ tasks: 10, files: 2, bytes: 1300, gone: 1, withoutFile: 3, markedClean: 6, markedFailed: 3 },
      ...{ left: 2, refused: 0, changed: 0 },
    };
    assert.deepEqual(plan.totals, totals);
    assert.ok(plan.tasks.every(({ outcome, did, reasons }) => outcome === 'planned' && !did.length && reasons.length));

    const done = await clean(scene, false);
    assert.deepEqual([listed(done), done.totals, done.findings], [expected, totals, []]);
    assert.ok(done.tasks.every(({ outcome }) => outcome === 'done'));
    assert.deepEqual([old, fileOf(6), young, 'not-an-export.txt'].map(has), [false, false, true, true]);
    const states = await Promise.all(Object.values(ids).map(state));
    assert.deepEqual(Object.fromEntries(Object.keys(ids).map((name, at) => [name, states[at]])), {
      ...{ old: 'download_expired 1', young: 'success 0', gone: 'success 1', sync: 'success 1', failed: 'failed 1' },
      ...{ empty: 'success 1', linked: 'success 0', remote: 'success 0', done: 'success 1', fresh: 'null 0' },
      ...{ stuck: 'failed 0', stuckOld: 'failed 1', stuckSync: 'null 0', stuckClean: 'failed 1' },
    });
    // Nothing else of any row is touched.
    const withoutMarks = (rows: object[]) =>
      rows.map((row) => ({ ...row, is_clean: 0, export_status: '', failed_reason: '' }));
    const after = await scene.rows();
    assert.deepEqual(withoutMarks(after), withoutMarks(before));
    const reasons = after.map((row) => (row as { failed_reason: string | null }).failed_reason).filter(Boolean);
    assert.equal(reasons.length, 3);
    for (const [at, was] of ['download_log', 'export_upload', 'created'].entries()) {
      assert.match(reasons[at]!, new RegExp(`^still running more than 24 hours .*\\(${was}\\): .* run \\w+$`));
    }
    const again = await clean(scene, false);
    assert.deepEqual([again.totals.tasks, again.totals.left], [2, 2]);
    assert.ok(!JSON.stringify([plan, done]).includes('canary'), 'a signed link is in no report');
    const journal = readFileSync(scene.workplace.journalPath, 'utf8');
    assert.match(journal, /"operation":"clean-exports"[^\n]*"outcome":"completed"/);
  });
});

test('times are compared in UTC by the clock of the server, whatever its time zone', async () => {
  await withExports(async (scene) => {
    const { admin, task, file } = scene;
    const [[zone]] = (await admin.query('SELECT @@GLOBAL.time_zone AS zone')) as unknown as [[{ zone: string }]];
    try {
      await admin.query("SET GLOBAL time_zone = '+08:00'");
      for (const nth of [1, 2]) file(fileOf(nth));
      const stored = "'%Y-%m-%d %H:%i:%s.%f'";
      await task({ file: fileOf(1), createdAt: `DATE_FORMAT(UTC_TIMESTAMP(6) - INTERVAL 2881 MINUTE, ${stored})` });
      await task({ file: fileOf(2), createdAt: `DATE_FORMAT(UTC_TIMESTAMP(6) - INTERVAL 2879 MINUTE, ${stored})` });
      const { tasks } = await clean(scene, false);
      assert.deepEqual(
        tasks.map(({ fileName }) => fileName),
        [fileOf(1)],
      );
    } finally {
      await admin.query('SET GLOBAL time_zone = ?', [zone.zone]);
    }
  });
});

test('no name, link or folder leads out of the folder; each is told as a finding and its row stays', async () => {
  await withExports(async (scene) => {
    const { task, file, folder, workplace } = scene;
    const outside = join(workplace.folder, 'outside.tar.gz');
    writeFileSync(outside, 'precious');
    symlinkSync(outside, join(folder, 'link.tar.gz'));
    symlinkSync(workplace.folder, join(folder, 'up'));
    mkdirSync(join(folder, 'a-folder.tar.gz'));
    file(fileOf(1));
    const names = ['../outside.tar.gz', outside, 'link.tar.gz', 'up/outside.tar.gz', 'a-folder.tar.gz', '..', '.'];
    for (const name of names) await task({ file: name });
    await task({ file: fileOf(1) });
    const before = await scene.rows();
    const plan = await clean(scene, true);
    const done = await clean(scene, false);
    for (const { findings, totals } of [plan, done]) {
      assert.deepEqual(
        findings.map(({ code }) => code),
        names.map(() => 'OP_EXPORT_UNSAFE'),
      );
      assert.deepEqual([totals.refused, totals.files, totals.markedClean], [names.length, 1, 1]);
    }
    assert.equal(readFileSync(outside, 'utf8'), 'precious');
    assert.ok(names.every((_, at) => done.tasks[at]?.outcome === 'refused'));
    assert.deepEqual((await scene.rows()).slice(0, -1), before.slice(0, -1));
  });
});

test('a folder that is missing, not mounted or without any file of the table is refused: nothing has gone', async () => {
  await withExports(async (scene) => {
    const { task, file, folder } = scene;
    await task({ file: fileOf(1) });
    await task({ type: 'sync' });
    const before = await scene.rows();
    const refused = async (change: object) => {
      const { code, message, remedy } = await refusal(clean(scene, false, change));
      assert.equal(code, 'OP_STORE_UNREACHABLE');
      return `${message} ${remedy}`;
    };
    assert.match(await refused({ folder: join(folder, 'missing') }), /no folder .*Mount the share/);
    assert.match(await refused({ requireMount: true }), /nothing is mounted/);
    assert.match(await refused({}), /has none of the files that .*export_task names, 1 .*accept missing files/);
    file('foreign.tar.gz');
    assert.match(await refused({}), /has none of the files/);
    assert.equal((await refusal(clean(scene, true))).code, 'OP_STORE_UNREACHABLE');
    assert.deepEqual(await scene.rows(), before);

    await task({ file: fileOf(2), hoursAgo: 1 });
    file(fileOf(2));
    assert.equal((await clean(scene, true)).totals.gone, 1);
    unlinkSync(join(folder, fileOf(2)));
    assert.equal((await clean(scene, false, { acceptMissing: true })).totals.gone, 1);
  });
});

test('where the toggle names another store, a file without a link that is not here stays told, and its secrets stay there', async () => {
  await withExports(async (scene) => {
    const { task, file, toggle } = scene;
    file(fileOf(9));
    await task({ file: fileOf(9), hoursAgo: 1 });
    const id = await task({ file: fileOf(1), url: null, state: 'failed' });
    assert.equal((await clean(scene, true)).totals.gone, 1);
    await toggle('nfs');
    assert.equal((await clean(scene, true)).totals.gone, 1);
    await toggle('cos', 'feature_async_export_external');
    const done = await clean(scene, false);
    assert.deepEqual([done.totals.gone, done.totals.left, await scene.state(id)], [0, 1, 'failed 0']);
    assert.ok(!JSON.stringify(done).includes('canary'));
  });
});

/** Does something, once, at a moment of the run; like another program in the middle of it. */
async function cleanWith(
  scene: ExportScene,
  [step, moment]: readonly [DurableStep, 'before' | 'after'],
  act: () => void,
): Promise<CleanExportsResult> {
  let isDone = false;
  observeDurableSteps((current, now) => {
    if (isDone || current !== step || now !== moment) return;
    isDone = true;
    act();
  });
  try {
    return await clean(scene, false);
  } finally {
    observeDurableSteps(undefined);
    assert.ok(isDone, `${moment} ${step} did not come`);
  }
}

test('a file that cannot be removed leaves its row and is told; the others go on', async () => {
  await withExports(async (scene) => {
    const { task, file, has, state, folder } = scene;
    const ids = [await task({ file: fileOf(1) }), await task({ file: fileOf(2) }), await task({ file: fileOf(3) })];
    for (const nth of [1, 2, 3]) file(fileOf(nth));
    const swapped = await cleanWith(scene, ['exports.remove-file', 'after'], () => {
      unlinkSync(join(folder, fileOf(2)));
      mkdirSync(join(folder, fileOf(2)));
    });
    assert.deepEqual(
      swapped.tasks.map(({ outcome }) => outcome),
      ['done', 'refused', 'done'],
    );
    assert.deepEqual(
      swapped.findings.map(({ code, object }) => [code, object.split(' ').at(-1)]),
      [['OP_EXPORT_UNSAFE', ids[1]]],
    );
    assert.deepEqual([has(fileOf(2)), await state(ids[1]!)], [true, 'success 0']);
  });
});

test('a folder that becomes read only refuses file by file, each row staying as it was', async () => {
  await withExports(async (scene) => {
    const { task, file, has, state, folder, workplace } = scene;
    const ids = [await task({ file: fileOf(1) }), await task({ file: fileOf(2) }), await task({ type: 'sync' })];
    for (const nth of [1, 2]) file(fileOf(nth));
    // Root may remove everything everywhere.
    const isRoot = process.getuid?.() === 0;
    for (const path of [folder, workplace.folder]) if (isRoot) chownSync(path, NOBODY, NOBODY);
    if (isRoot) process.seteuid!(NOBODY);
    try {
      const done = await cleanWith(scene, ['exports.remove-file', 'after'], () => chmodSync(folder, 0o555));
      assert.deepEqual(
        done.tasks.map(({ outcome }) => outcome),
        ['done', 'refused', 'done'],
      );
      assert.deepEqual([done.findings.map(({ code }) => code), has(fileOf(2))], [['OP_STORE_DENIED'], true]);
    } finally {
      if (isRoot) process.seteuid!(0);
      chmodSync(folder, 0o755);
    }
    assert.deepEqual(await Promise.all(ids.map(state)), ['success 1', 'success 0', 'success 1']);
  });
});

test('a share that is unmounted in the middle ends the run: what is not there has not gone', async () => {
  await withExports(async (scene) => {
    const { task, file, state, folder } = scene;
    const ids = [await task({ file: fileOf(1) }), await task({ file: fileOf(2) })];
    for (const nth of [1, 2]) file(fileOf(nth));
    const ended = cleanWith(scene, ['exports.remove-file', 'after'], () => {
      renameSync(folder, `${folder}-share`);
      mkdirSync(folder);
    });
    const { code, message } = await refusal(ended);
    assert.match(
      `${code} ${message}`,
      /^OP_STORE_UNREACHABLE .*another folder than at the beginning.*1 files removed, 1 marked as clean/,
    );
    assert.deepEqual(await Promise.all(ids.map(state)), ['success 1', 'success 0']);
  });
});

test('what the platform changes meanwhile is not overwritten: the row is left to the next run', async () => {
  await withExports(async (scene) => {
    const { database, task, file, has, state } = scene;
    for (const nth of [1, 2, 3, 4]) file(fileOf(nth));
    const expired = await task({ file: fileOf(1) });
    const cleaned = await task({ file: fileOf(2) });
    const finished = await task({ file: fileOf(3), state: 'export_upload', completedHoursAgo: null });
    const renamed = await task({ file: fileOf(4) });
    // The platform holds all four rows, and its changes appear while the first one is about to be marked.
    const platform = await connect(database);
    await platform.query(`BEGIN;
      UPDATE export_task SET export_status = 'download_expired' WHERE id = ${expired};
      UPDATE export_task SET is_clean = 1 WHERE id = ${cleaned};
      UPDATE export_task SET export_status = 'success', completed_at = UTC_TIMESTAMP(6) WHERE id = ${finished};
      UPDATE export_task SET file_name = 'other.tar.gz' WHERE id = ${renamed}`);
    const committed: Promise<unknown>[] = [];
    try {
      const done = await cleanWith(scene, ['exports.mark-clean', 'before'], () => {
        committed.push(platform.query('COMMIT'));
      });
      assert.deepEqual(
        done.tasks.map(({ outcome, did }) => [outcome, ...did].join(' ')),
        ['changed removed', 'changed', 'changed', 'changed'],
      );
      assert.deepEqual([done.totals.changed, done.totals.files, done.totals.markedClean], [4, 1, 0]);
    } finally {
      await Promise.all(committed);
      await platform.end();
    }
    const states = () => Promise.all([expired, cleaned, finished, renamed].map(state));
    assert.deepEqual(await states(), ['download_expired 0', 'success 1', 'success 0', 'success 0']);
    assert.deepEqual([1, 2, 3, 4].map(fileOf).map(has), [false, true, true, true]);
    const next = await clean(scene, false);
    assert.deepEqual([next.totals.gone, next.totals.left], [2, 1]);
    assert.deepEqual(await states(), ['download_expired 1', 'success 1', 'success 0', 'success 1']);
    assert.ok(has(fileOf(3)), 'its link works for a day');
  });
});

test('a row that somebody holds is left to the next run after a few seconds', async () => {
  await withExports(async (scene) => {
    const { database, task, state } = scene;
    const [held, free] = [await task({ type: 'sync' }), await task({ type: 'sync' })];
    const other = await connect(database);
    try {
      await other.query(`BEGIN; SELECT id FROM export_task WHERE id = ${held} FOR UPDATE`);
      const done = await clean(scene, false);
      assert.deepEqual([done.totals.changed, done.totals.markedClean], [1, 1]);
      assert.deepEqual([await state(held), await state(free)], ['success 0', 'success 1']);
    } finally {
      await other.end();
    }
  });
});

test('a run that is stopped says how far it came', async () => {
  await withExports(async (scene) => {
    const { task, file, has } = scene;
    for (const nth of [1, 2]) {
      file(fileOf(nth));
      await task({ file: fileOf(nth) });
    }
    const stop = new AbortController();
    observeDurableSteps((step, moment) => {
      if (step === 'exports.mark-clean' && moment === 'after') stop.abort();
    });
    try {
      const run = carryOut('cleanExports', { ...cleaningOf(scene), dryRun: false }, stop.signal, () => {});
      assert.match((await refusal(run)).message, /1 files removed, 1 marked as clean/);
    } finally {
      observeDurableSteps(undefined);
    }
    assert.deepEqual([has(fileOf(1)), has(fileOf(2))], [false, true]);
  });
});

test('two runs at once remove each file once and mark each row once', async () => {
  await withExports(async (scene) => {
    const { task, file, rows } = scene;
    for (let nth = 1; nth <= 30; nth += 1) {
      file(fileOf(nth));
      await task({ file: fileOf(nth) });
    }
    const both = await Promise.all([clean(scene, false), clean(scene, false)]);
    const sum = (of: 'files' | 'markedClean') => both.reduce((total, { totals }) => total + totals[of], 0);
    assert.deepEqual([sum('files'), sum('markedClean')], [30, 30]);
    assert.ok((await rows()).every((row) => (row as { is_clean: number }).is_clean === 1));
  });
});

test('killed before or after any step, the next run completes; no row is clean whose file is there', async () => {
  await withExports(async (scene) => {
    const { task, file, has, state, folder, database, workplace } = scene;
    file(fileOf(99));
    await task({ file: fileOf(99), hoursAgo: 1 });
    const config = join(workplace.folder, 'config.yaml');
    writeFileSync(config, JSON.stringify({ bk_log_search: { db: database, ...testServer() } }));
    const argv = ['clean-exports', '--config', config, '--folder', folder, '--work', workplace.folder, '--apply'];
    const add = async (nth: number) => {
      file(fileOf(nth));
      return await task({ file: fileOf(nth), state: 'export_upload', completedHoursAgo: null });
    };
    const first = await add(1);
    const counted = await runCrashChild('count', argv);
    assert.deepEqual([counted.code, await state(first)], [0, 'failed 1'], counted.output);
    const moments = momentsOf(CLEAN_EXPORTS_STEPS, counted.counts);
    assert.equal(moments.length, 6, 'each step, before and after');
    for (const [at, moment] of moments.entries()) {
      const id = await add(at + 2);
      const { signal, output } = await runCrashChild(moment, argv);
      assert.equal(signal, 'SIGKILL', `${nameOfMoment(moment)}: ${output}`);
      const isMarked = (await state(id)).endsWith('1');
      assert.ok(!(isMarked && has(fileOf(at + 2))), nameOfMoment(moment));
      const { findings } = await clean(scene, false);
      assert.deepEqual([await state(id), has(fileOf(at + 2)), findings], ['failed 1', false, []], nameOfMoment(moment));
    }
  });
});

test('the table has its old name in an old deployment; a database without it, and missing privileges, are told with what to do', async () => {
  await withExports(async (scene) => {
    const { admin, database, task, state } = scene;
    const user = `u_${database.slice(-10)}`;
    const id = await task({ type: 'sync' });
    const asUser = (dryRun: boolean) =>
      carryOut(
        'cleanExports',
        { ...cleaningOf(scene), settings: settingsFor(database, { user, password: 'p' }), dryRun },
        new AbortController().signal,
        () => {},
      );
    await admin.query(`CREATE USER ${user}@'%' IDENTIFIED BY 'p'`);
    try {
      await admin.query(`GRANT SELECT ON ${database}.feature_toggle_featuretoggle TO ${user}@'%'`);
      const unseen = await refusal(asUser(true));
      assert.equal(unseen.code, 'OP_SOURCE_DENIED');
      const grant =
        /GRANT SELECT, UPDATE \(`is_clean`, `export_status`, `failed_reason`\) ON `\w+`.`export_task` TO '\w+'@'%'/;
      assert.match(unseen.remedy, grant);
      await admin.query(`GRANT SELECT ON ${database}.export_task TO ${user}@'%'`);
      assert.equal((await asUser(true)).totals.withoutFile, 1);
      const unwritable = await refusal(asUser(false));
      assert.deepEqual([unwritable.code, await state(id)], ['OP_SOURCE_DENIED', 'success 0']);
      await admin.query(grant.exec(unwritable.remedy)![0]);
      // The secrets beside the type of the store need not be readable.
      await admin.query(`REVOKE SELECT ON ${database}.feature_toggle_featuretoggle FROM ${user}@'%'`);
      assert.equal((await asUser(false)).totals.withoutFile, 1);
    } finally {
      await admin.query(`DROP USER ${user}@'%'`);
    }
    await admin.query('UPDATE export_task SET is_clean = 0; RENAME TABLE export_task TO log_search_asynctask');
    await admin.query(
      `CREATE USER ${user}@'%' IDENTIFIED BY 'p'; GRANT SELECT ON ${database}.log_search_asynctask TO ${user}@'%'`,
    );
    try {
      assert.equal((await asUser(true)).totals.withoutFile, 1);
    } finally {
      await admin.query(`DROP USER ${user}@'%'`);
    }
    const { table, totals } = await clean(scene, false);
    assert.deepEqual([table, totals.markedClean], [`${database}.log_search_asynctask`, 1]);
    await admin.query('ALTER TABLE log_search_asynctask DROP COLUMN export_type');
    assert.match((await refusal(clean(scene, true))).message, /has not the columns/);
    await admin.query('DROP TABLE log_search_asynctask');
    const missing = await refusal(clean(scene, true));
    assert.match(`${missing.code} ${missing.message}`, /^OP_SOURCE_MISSING .* has no table export_task/);
  });
});

test('the command says what it would do, and does it with --apply', async () => {
  await withExports(async (scene) => {
    const { task, file, has, folder, database, workplace } = scene;
    file(fileOf(1), 2048);
    await task({ file: fileOf(1) });
    await task({ file: '../x' });
    const config = join(workplace.folder, 'config.yaml');
    writeFileSync(config, JSON.stringify({ bk_log_search: { db: database, ...testServer() } }));
    const argv = ['clean-exports', '--config', config, '--folder', folder, '--work', workplace.folder];
    const plan = await runCrashChild('count', argv);
    assert.equal(plan.code, 2, plan.output);
    assert.match(
      plan.output,
      /^remove +task \d+ success bk_log_search_901_\S+ +2\.0 KiB +mark as clean +\(older than 2 days\)/,
    );
    assert.match(plan.output, /OP_EXPORT_UNSAFE: .*leads out of the folder\nwould remove 1 file, 2\.0 KiB, from /);
    assert.ok(has(fileOf(1)));
    const done = await runCrashChild('count', [...argv, '--apply', '--json']);
    const report = JSON.parse(done.output);
    assert.deepEqual([report.outcome, report.totals.files, has(fileOf(1))], ['completed-with-findings', 1, false]);
    const wrong = await runCrashChild('count', [...argv, '--keep-days', '0']);
    assert.deepEqual([wrong.code, /--keep-days is below 1/.test(wrong.output)], [64, true]);
  });
});
