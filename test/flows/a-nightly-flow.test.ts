import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RowDataPacket } from 'mysql2/promise';
import { connect, testServer, withDatabase, withWorkplace } from '../support/database';
import { collectBadges, type FlowItem, helper, loadFlow, nextMessage, send, withRuntime } from '../support/runtime';

const CANARY = 'canary-password-7d1f';

function connection(id: string, database: string, change: Record<string, unknown> = {}): FlowItem {
  const { host, port } = testServer();
  return {
    id,
    type: 'db-connection',
    name: `server ${id}`,
    mode: 'direct',
    host,
    port: String(port),
    database,
    ...change,
  };
}
function credentials(password = testServer().password) {
  return { user: testServer().user, password };
}

/** db-source → db-source → table-export → archive-store → verify → retention, with a sink behind every output. */
function nightlyFlow(first: string, second: string, path: string): FlowItem[] {
  return [
    connection('c1', first),
    connection('c2', second),
    { id: 'place', type: 'archive-location', name: 'the folder', kind: 'folder', path },
    { id: 's1', type: 'db-source', connection: 'c1', preset: 'all', wires: [['s2']] },
    { id: 's2', type: 'db-source', connection: 'c2', preset: 'chosen', tables: ['t'], wires: [['ex']] },
    { id: 'ex', type: 'table-export', setName: 'core', wires: [['st'], ['progress']] },
    { id: 'st', type: 'archive-store', action: 'store', location: 'place', wires: [['ve'], ['progress']] },
    { id: 've', type: 'verify', location: 'place', level: 'readable', wires: [['re'], ['bad']] },
    { id: 're', type: 'retention', location: 'place', dryRun: false, wires: [['end']] },
    { id: 'end', type: 'helper' },
    { id: 'bad', type: 'helper' },
    { id: 'progress', type: 'helper' },
    { id: 'catch', type: 'catch', scope: null, wires: [['failed']] },
    { id: 'failed', type: 'helper' },
  ];
}

interface Scene {
  readonly userDir: string;
  readonly path: string;
  readonly flow: FlowItem[];
  readonly database: string;
}

async function withScene(rows: number, use: (scene: Scene) => Promise<void>): Promise<void> {
  await withRuntime(async (userDir) => {
    await withDatabase(async (first, admin) => {
      await withDatabase(async (second, other) => {
        await admin.query(`CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(600) NOT NULL);
          INSERT INTO t SELECT seq, REPEAT(MD5(seq), 18) FROM seq_1_to_${rows};
          CREATE VIEW v AS SELECT id FROM t`);
        await other.query('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)');
        await withWorkplace(async ({ location }) => {
          const { path } = location;
          await mkdir(path);
          await use({ userDir, path, flow: nightlyFlow(first, second, path), database: first });
        });
      });
    });
  });
}

const workDirectories = (userDir: string): Promise<string[]> =>
  readdir(join(userDir, 'bklog-backup/work')).catch(() => []);
const filesIn = (path: string): Promise<string[]> => readdir(path).catch(() => []);

test('a nightly flow ends with a sealed, verified, kept set, and the message keeps what it brought', async () => {
  await withScene(50, async ({ userDir, path, flow }) => {
    await loadFlow(flow, { c1: credentials(), c2: credentials() });
    const badges = collectBadges('ve');
    send('s1', { payload: 1, topic: 'mine' });
    const { payload, topic } = await nextMessage('end');
    assert.equal(topic, 'mine');
    assert.equal(payload.kind, 'backup-set');
    assert.deepEqual(
      payload.sources.map(({ tables }: { tables: { name: string }[] }) => tables.map(({ name }) => name)),
      [['t'], ['t']],
    );
    assert.deepEqual(payload.verification, { level: 'readable', outcome: 'passed', findings: [] });
    assert.equal(payload.report.outcome, 'completed');
    assert.equal(payload.report.operation, 'prune');
    assert.equal(payload.retention.plan.sets[0].action, 'keep');
    const files = await filesIn(path);
    assert.ok(files.includes(payload.archive.key) && files.includes(`${payload.archive.key}.manifest.json`));
    assert.deepEqual(await workDirectories(userDir), []);
    assert.equal(badges.at(-1)?.fill, 'green');
    assert.ok(JSON.stringify(payload).length < 20_000, 'the message carries a description, never rows');
    const journal = (await readFile(join(userDir, 'bklog-backup/runs.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      journal.filter(({ event }) => event === 'finished').map(({ operation }) => operation),
      ['export', 'store', 'verify', 'prune'],
    );
    assert.equal(new Set(journal.map(({ runId }) => runId)).size, 1, 'one message is one story in the journal');
  });
});

test('damage in the archive leaves verify by its second output with a yellow badge', async () => {
  await withScene(50, async ({ path, flow }) => {
    await loadFlow(flow, { c1: credentials(), c2: credentials() });
    send('s1');
    const { payload } = await nextMessage('end');
    const archive = join(path, payload.archive.key);
    const bytes = await readFile(archive);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await writeFile(archive, bytes);
    const badges = collectBadges('ve');
    send('ve', { payload });
    const found = await nextMessage('bad');
    assert.equal(found.payload.verification.outcome, 'findings');
    assert.equal(found.payload.report.outcome, 'completed-with-findings');
    assert.match(found.payload.verification.findings[0].code, /^OP_ARCHIVE_/);
    assert.equal(badges.at(-1)?.fill, 'yellow');
  });
});

test('a suspicious set leaves verify by its second output, whole as it is, until msg.accept says that it is right', async () => {
  await withScene(50, async ({ userDir, flow, database }) => {
    const rules = join(userDir, 'rules.json');
    await writeFile(rules, JSON.stringify({ rules: [{ kind: 'range', table: 't', column: 'id', min: 2 }] }));
    await loadFlow(replace(flow, 've', { rules }), { c1: credentials(), c2: credentials() });
    send('s1');
    const first = (await nextMessage('bad')).payload;
    assert.deepEqual(
      first.verification.suspicions.map(({ rule }: { rule: string }) => rule),
      ['range'],
    );
    const admin = await connect(database);
    try {
      await admin.query('DELETE FROM t WHERE id > 20');
    } finally {
      await admin.end();
    }
    const badges = collectBadges('ve');
    send('s1');
    const { payload } = await nextMessage('bad');
    assert.deepEqual([payload.verification.outcome, payload.verification.findings], ['passed', []]);
    assert.match(payload.report.findings[0].message, /^table t lost 60 % of its rows: 50 rows in set/);
    assert.equal(payload.report.outcome, 'completed-with-findings');
    assert.deepEqual(
      [badges.at(-1)?.fill, /OP_\w+/.exec(badges.at(-1)?.text ?? '')?.[0]],
      ['yellow', 'OP_CONTENT_SUSPICIOUS'],
    );

    const accepted = nextMessage('end');
    send('ve', { payload, accept: true });
    const end = (await accepted).payload;
    assert.equal('suspicions' in end.verification, false);
    assert.ok(!JSON.stringify(end.retention.plan).includes('paused'));
  });
});

test('a failure reaches catch nodes once, with code and remedy, and no secret is in it', async () => {
  await withScene(5, async ({ userDir, flow }) => {
    const cases: {
      change: (items: FlowItem[]) => FlowItem[];
      to?: string;
      message?: object;
      code: string;
      password?: string;
    }[] = [
      { change: (items) => items, password: CANARY, code: 'OP_SOURCE_DENIED' },
      { change: (items) => replace(items, 'c1', { port: '1' }), code: 'OP_SOURCE_UNREACHABLE' },
      { change: (items) => replace(items, 'c1', { database: 'no_such_database' }), code: 'OP_SOURCE_MISSING' },
      { change: (items) => replace(items, 's1', { preset: 'chosen', tables: ['gone'] }), code: 'OP_SOURCE_MISSING' },
      { change: (items) => replace(items, 's1', { preset: 'chosen', tables: ['v'] }), code: 'OP_CONFIG_INVALID' },
      { change: (items) => replace(items, 's1', { connection: 'nobody' }), code: 'OP_CONFIG_INVALID' },
      { change: (items) => replace(items, 's2', { connection: 'c1' }), code: 'OP_CONFIG_INVALID' },
      { change: (items) => replace(items, 'place', { path: '/proc/nowhere' }), code: 'OP_STORE_UNREACHABLE' },
      { change: (items) => replace(items, 'place', { requireMount: true }), code: 'OP_STORE_UNREACHABLE' },
      { change: (items) => items, to: 'ex', message: { payload: 'text' }, code: 'OP_CONFIG_INVALID' },
      {
        change: (items) => items,
        to: 'ex',
        message: { payload: { kind: 'backup-set', sources: 3 } },
        code: 'OP_CONFIG_INVALID',
      },
      { change: (items) => items, to: 'st', message: { payload: null }, code: 'OP_CONFIG_INVALID' },
      { change: (items) => items, to: 've', message: { payload: {} }, code: 'OP_CONFIG_INVALID' },
      { change: (items) => replace(items, 've', { set: 'latest', setType: 'str' }), to: 've', code: 'OP_SET_UNKNOWN' },
      { change: (items) => replace(items, 'ex', { parallel: 'many' }), code: 'OP_CONFIG_INVALID' },
    ];
    for (const { change, to = 's1', message = { payload: 1 }, code, password } of cases) {
      await loadFlow(change(flow), { c1: credentials(password), c2: credentials() });
      const seen: unknown[] = [];
      helper.getNode('failed').on('input', (msg: unknown) => seen.push(msg));
      const failed = nextMessage('failed');
      send(to, { ...message });
      const { failure, payload, error } = await failed;
      assert.equal(failure.code, code, JSON.stringify(failure));
      assert.ok(failure.remedy.length > 10 && failure.message.length > 5);
      assert.equal(payload.report.outcome, 'failed');
      assert.equal((error as { code: string }).code, code);
      assert.equal(seen.length, 1);
      assert.ok(!JSON.stringify([failure, payload, error]).includes(CANARY));
      assert.deepEqual(await workDirectories(userDir), [], `${code} left a work directory`);
    }
  });
});

function replace(items: FlowItem[], id: string, change: Record<string, unknown>): FlowItem[] {
  return items.map((item) => (item.id === id ? { ...item, ...change } : item));
}

test('a second message during a run is refused, and msg.cancel ends the run', async () => {
  await withScene(60_000, async ({ userDir, path, flow }) => {
    await loadFlow(flow, { c1: credentials(), c2: credentials() });
    const badges = collectBadges('ex');
    const progress = nextMessage('progress');
    send('s1');
    assert.equal((await progress).payload.operation, 'export');
    const busy = nextMessage('failed');
    send('ex', { payload: { kind: 'backup-set', formatVersion: 1, sources: [] } });
    assert.equal((await busy).failure.code, 'OP_BUSY');
    const stopped = nextMessage('failed');
    send('ex', { cancel: true });
    assert.equal((await stopped).failure.code, 'OP_ABORTED');
    assert.deepEqual(badges.at(-1), { fill: 'grey', shape: 'ring', text: 'OP_ABORTED' });
    assert.deepEqual(await workDirectories(userDir), []);
    assert.deepEqual(await filesIn(path), []);
  });
});

test('a deploy during a run ends it within ten seconds, twice in a row, and leaves nothing', async () => {
  await withScene(60_000, async ({ userDir, path, flow }) => {
    for (let deploy = 1; deploy <= 2; deploy += 1) {
      await loadFlow(flow, { c1: credentials(), c2: credentials() });
      const progress = nextMessage('progress');
      send('s1');
      await progress;
      const startedAt = performance.now();
      await helper.unload();
      assert.ok(performance.now() - startedAt < 10_000);
      assert.deepEqual(await workDirectories(userDir), []);
      assert.deepEqual(await filesIn(path), []);
    }
    await loadFlow(flow, { c1: credentials(), c2: credentials() });
    send('s1');
    assert.equal((await nextMessage('end')).payload.report.outcome, 'completed');
  });
});

test('archive-store lists the sets of a location and fetches the newest into a folder', async () => {
  await withScene(20, async ({ userDir, flow }) => {
    const folder = join(userDir, 'fetched');
    const extra: FlowItem[] = [
      { id: 'li', type: 'archive-store', action: 'list', location: 'place', wires: [['end'], []] },
      { id: 'fe', type: 'archive-store', action: 'fetch', location: 'place', directory: folder, wires: [['end'], []] },
    ];
    await loadFlow([...flow, ...extra], { c1: credentials(), c2: credentials() });
    send('s1');
    const { payload } = await nextMessage('end');
    send('li');
    const listed = await nextMessage('end');
    assert.equal(listed.payload.kind, 'backup-set-list');
    assert.deepEqual(
      listed.payload.sets.map(({ archiveKey, rows }: { archiveKey: string; rows: number }) => [archiveKey, rows]),
      [[payload.archive.key, 22]],
    );
    send('fe');
    const fetched = await nextMessage('end');
    assert.equal(fetched.payload.archivePath, join(folder, payload.archive.key));
    assert.deepEqual(
      (await readdir(folder)).sort(),
      [payload.archive.key, `${payload.archive.key}.manifest.json`].sort(),
    );
  });
});

test('verify at restorable restores the set for a test on the chosen server', async () => {
  await withScene(30, async ({ flow }) => {
    const trial = {
      id: 'tr',
      type: 'verify',
      location: 'place',
      level: 'restorable',
      scratch: 'c1',
      set: 'latest',
      setType: 'str',
    };
    await loadFlow(
      [...flow, { ...trial, wires: [['end'], ['bad']] }, { ...trial, id: 'no', scratch: '', wires: [[], []] }],
      {
        c1: credentials(),
        c2: credentials(),
      },
    );
    send('s1');
    await nextMessage('end');
    send('tr');
    const { payload } = await nextMessage('end');
    const { certificate, ...verification } = payload.verification;
    assert.deepEqual(verification, { level: 'restorable', outcome: 'passed', findings: [] });
    assert.ok(certificate.key.startsWith(`${payload.archive.key}.certificate-`), certificate.key);
    assert.ok(certificate.recoveryMs > 0);
    const failed = nextMessage('failed');
    send('no');
    assert.equal((await failed).failure.code, 'OP_CONFIG_INVALID');
  });
});

test('table-restore tells the plan, carries out that very plan when it is confirmed, and undoes it', async () => {
  await withScene(30, async ({ flow, database }) => {
    const restore = { type: 'table-restore', location: 'place', connection: 'c1', wires: [['end'], ['bad'], []] };
    const items = [
      ...flow,
      { ...restore, id: 'plan', action: 'plan', rows: true },
      { ...restore, id: 'do', action: 'restore' },
      { ...restore, id: 'undo', action: 'undo' },
    ];
    await loadFlow(items, { c1: credentials(), c2: credentials() });
    send('s1');
    await nextMessage('end');
    const other = await connect();
    const views = async () => {
      const [rows] = await other.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM \`${database}\`.v`);
      return Number(rows[0]?.n);
    };
    try {
      await other.query(`DELETE FROM \`${database}\`.t WHERE id <= 7`);
      assert.equal(await views(), 23);
      // Without a confirmation, or with any, a node that only plans leaves by the preview port.
      send('plan', { payload: 1, confirm: 'f'.repeat(64) });
      const { plan: looked, differences } = (await nextMessage('bad')).payload.restore;
      assert.deepEqual(looked.blockers, []);
      const changed = differences.map((item: { table: string; inserted: number }) => `${item.table} ${item.inserted}`);
      assert.ok(changed.includes('t 7'), changed.join());
      send('do');
      const { plan } = (await nextMessage('bad')).payload.restore;
      assert.equal(plan.hash, looked.hash);
      for (const [confirm, code] of [
        ['yes', 'OP_CONFIG_INVALID'],
        ['0'.repeat(64), 'OP_RESTORE_REFUSED'],
      ]) {
        const failed = nextMessage('failed');
        send('do', { payload: 1, confirm });
        assert.equal((await failed).failure.code, code);
      }
      assert.equal(await views(), 23, 'nothing happened yet');
      send('do', { payload: 1, confirm: plan.hash });
      const { payload } = await nextMessage('end');
      assert.deepEqual([payload.restore.tables, payload.restore.rows, payload.report.outcome], [2, 32, 'completed']);
      assert.equal(await views(), 30);
      send('undo');
      const { undo } = (await nextMessage('bad')).payload;
      assert.deepEqual([undo.setId, undo.dryRun, await views()], [plan.setId, true, 30]);
      send('undo', { payload: 1, confirm: undo.setId });
      assert.equal((await nextMessage('end')).payload.undo.tables, 2);
      assert.equal(await views(), 23);
    } finally {
      await other.end();
    }
  });
});
