import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Connection } from 'mysql2/promise';
import { Chance } from '../support/chance';
import { testServer, withDatabase, withWorkplace } from '../support/database';
import { bkLogSchema, randomBkLog } from '../support/random-bklog';

const CANARY = 'canary-password-91ab';

interface Outcome {
  status: number | null;
  out: string;
  err: string;
  // biome-ignore lint/suspicious/noExplicitAny: a JSON report
  report: any;
}

/** Runs the built command as an operator does. */
function run(args: readonly string[], env: Record<string, string> = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/src/cli.js', ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  const report = args.includes('--json') && stdout ? JSON.parse(stdout) : undefined;
  return { status, out: stdout, err: stderr, report };
}

interface Scene {
  readonly folder: string;
  readonly location: string;
  readonly work: string;
  readonly database: string;
  config(document: unknown): string;
  drop(database: string): Promise<void>;
  readonly admin: Connection;
}

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withDatabase(async (database, admin) => {
    await admin.query(
      'CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3); CREATE TABLE u (id INT PRIMARY KEY)',
    );
    await withWorkplace(async ({ folder, location }) => {
      mkdirSync(location.path);
      const config = (document: unknown) => {
        const path = join(folder, 'config.yaml');
        writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document));
        return path;
      };
      const drop = async (name: string) => void (await admin.query(`DROP DATABASE IF EXISTS \`${name}\``));
      await use({ folder, location: location.path, work: join(folder, 'w'), database, config, drop, admin });
    });
  });
}

const section = (database: string, change: object = {}) => ({ db: database, ...testServer(), ...change });

/** How a config file names a variable of the environment. */
const environment = (name: string) => `\${${name}}`;

test('backup, list, verify, restore and prune from the command line, with their reports and exit statuses', async () => {
  await withScene(async ({ location, work, database, config, folder, drop }) => {
    const place = ['--location', `file://${location}`, '--work', work, '--json'];
    const path = config({ it: section(database, { password: environment('BK_TEST_PASSWORD') }) });
    const env = { BK_TEST_PASSWORD: testServer().password };
    const backup = run(['backup', '--config', path, '--all-tables', ...place], env);
    assert.equal(backup.status, 0, backup.err);
    assert.deepEqual(
      [backup.report.operation, backup.report.outcome, backup.report.tables, backup.report.rows],
      ['backup', 'completed', 2, 3],
    );
    assert.equal(backup.report.verification.outcome, 'passed');
    assert.equal(backup.err, '');

    const part = run(['backup', '--config', path, '--tables', `t,${database}.u`, '--name', 'part', ...place], env);
    assert.equal(part.report.tables, 2, part.err);
    const listed = run(['list', ...place]);
    assert.deepEqual([listed.status, listed.report.sets.length], [0, 2]);
    assert.match(run(['list', '--location', location]).out, /part .* intact passed/);

    for (const subject of ['latest', part.report.setId, part.report.archive.key]) {
      const verified = run(['verify', subject, '--level', 'readable', ...place]);
      assert.deepEqual([verified.status, verified.report.rows], [0, 3], `${subject}: ${verified.err}`);
    }
    const archive = join(location, part.report.archive.key);
    assert.equal(run(['verify', archive, '--level', 'readable', '--work', work]).status, 0);
    const lone = join(folder, 'lone.json');
    writeFileSync(lone, '[\n{"id":1}\n');
    const cut = run(['verify', lone, '--level', 'readable', '--json', '--work', work]);
    assert.deepEqual([cut.status, cut.report.findings[0].code], [2, 'OP_ARCHIVE_TRUNCATED']);

    const copy = `${database}_copy`;
    const target = ['--config', path, '--section', 'it', '--database', copy, ...place];
    const planned = run(['restore', 'latest', '--dry-run', ...target], env);
    assert.deepEqual([planned.status, planned.report.tables, planned.report.plan.blockers], [0, 0, []], planned.err);
    try {
      const restored = run(['restore', 'latest', ...target], env);
      assert.deepEqual([restored.status, restored.report.tables, restored.report.rows], [0, 2, 3], restored.err);
      const fail = [...target, '--policy', 'fail'];
      const again = run(['restore', 'latest', ...fail], env);
      assert.deepEqual([again.status, again.report.failure.code], [1, 'OP_RESTORE_REFUSED']);
      const blocked = run(['restore', 'latest', '--dry-run', ...fail], env);
      assert.deepEqual([blocked.status, blocked.report.plan.blockers.length], [2, 2]);
      const looked = run(['restore', 'latest', '--dry-run', '--diff', ...target], env);
      assert.deepEqual([looked.status, looked.report.differences.length], [0, 2], looked.err);
      const plan = join(folder, 'plan.json');
      writeFileSync(plan, looked.out);
      const carriedOut = ['restore', '--plan', plan, '--config', path, '--section', 'it', ...place];
      const swapped = run(carriedOut, env);
      assert.deepEqual([swapped.status, swapped.report.rows], [0, 3], swapped.err);
      const undo = ['--config', path, '--section', 'it', '--json', '--work', work];
      const undone = run(['restore', '--undo', swapped.report.setId, ...undo], env);
      assert.deepEqual([undone.status, undone.report.tables], [0, 2], undone.err);
      const none = run(['restore', '--discard', swapped.report.setId, ...undo], env);
      assert.deepEqual([none.status, none.report.failure.code], [1, 'OP_RESTORE_REFUSED']);
      writeFileSync(plan, looked.out.replace('"policy":"swap"', '"policy":"replace"'));
      assert.deepEqual(run(carriedOut, env).report.failure.code, 'OP_CONFIG_INVALID');
    } finally {
      await drop(copy);
    }

    const bytes = readFileSync(archive);
    bytes[bytes.length >> 1]! ^= 4;
    writeFileSync(archive, bytes);
    const bad = run(['verify', 'latest', ...place]);
    assert.deepEqual([bad.status, bad.report.outcome], [2, 'completed-with-findings']);

    const plan = run(['prune', '--keep-days', '0', '--failed-days', '0', '--dry-run', ...place]);
    assert.deepEqual([plan.status, plan.report.removed], [0, []]);
    assert.equal(readdirSync(location).filter((name) => name.endsWith('.tar.gz')).length, 2);
    const pruned = run(['prune', '--keep-days', '0', '--failed-days', '0', ...place]);
    assert.equal(pruned.status, 0, pruned.err);
    // One set of each name: the newest verified one, and one that nothing newer replaces.
    assert.deepEqual(pruned.report.removed, []);
  });
});

test('a suspicious set ends backup and verify with status 2, pauses prune, is listed, and is accepted by --accept', async () => {
  await withScene(async ({ folder, location, work, database, config, admin }) => {
    const place = ['--location', location, '--work', work];
    const path = config({ it: section(database) });
    const rules = join(folder, 'rules.json');
    writeFileSync(rules, JSON.stringify({ rules: [{ kind: 'range', table: 't', column: 'id', max: 0 }] }));
    const backup = () => run(['backup', '--config', path, '--all-tables', ...place, '--json']);
    assert.equal(backup().status, 0);
    await admin.query('DELETE FROM t WHERE id > 2');
    const lost = backup();
    assert.deepEqual([lost.status, lost.report.verification.outcome], [2, 'passed'], lost.err);
    assert.match(lost.report.findings[0].message, /^table t lost 33.3 % of its rows: 3 rows/);
    assert.match(run(['list', ...place]).out, /intact passed, suspicious\n/);
    const verified = run(['verify', 'latest', ...place]);
    assert.deepEqual([verified.status, /: intact passed\n {2}OP_CONTENT_SUSPICIOUS: /.test(verified.out)], [2, true]);
    assert.match(run(['prune', '--keep-days', '0', ...place]).out, /pruning is paused: set .* --accept\)\nremoved 0,/);

    const own = run(['verify', 'latest', '--level', 'readable', '--rules', rules, '--json', ...place]);
    assert.deepEqual(
      own.report.suspicions.map(({ rule }: { rule: string }) => rule),
      ['rows', 'range'],
    );
    const tooLow = run(['verify', 'latest', '--rules', rules, '--json', ...place]);
    assert.deepEqual([tooLow.status, tooLow.report.failure.code], [1, 'OP_CONFIG_INVALID']);

    const accepted = run(['verify', 'latest', '--accept', ...place]);
    assert.deepEqual([accepted.status, /\n {2}accepted: table t lost/.test(accepted.out)], [0, true], accepted.out);
    assert.match(run(['list', ...place]).out, /intact passed, suspicious, accepted\n/);
    assert.match(run(['prune', '--keep-days', '0', ...place]).out, /\nremoved 1,/);
    const trial = ['--level', 'restorable', '--config', path, '--section', 'it'];
    const proven = run(['verify', 'latest', ...trial, '--json', ...place]);
    assert.deepEqual([proven.status, proven.report.certificate.recoveryMs > 0], [0, true], proven.err);
    assert.match(run(['list', ...place]).out, /restorable passed, restored in [\d.]+ s/);
    assert.equal(run(['list', ...place, '--json']).report.sets[0].certificate.server.flavour, 'mariadb');
    assert.match(run(['verify', 'latest', '--accept', ...place]).out, /nothing suspicious to accept/);
  });
});

test('a config file that is wrong says what and where, and never repeats a value', async () => {
  await withScene(async ({ location, work, database, config }) => {
    const cases: [unknown, RegExp, (readonly string[])?][] = [
      [`a: [${CANARY}\n b: }`, /is not YAML \(line \d+\)/],
      ['just text', /has no sections/],
      [{ it: { ...section(database), db: undefined } }, /section it .*: db/],
      [{ it: section(database, { port: 'many' }) }, /port: is not a port/],
      [{ it: section(database, { passwort: CANARY }) }, /passwort/],
      [{ it: section(database, { password: environment('NOT_SET_ANYWHERE') }) }, /NOT_SET_ANYWHERE/],
      [{ it: section(database) }, /no section other/, ['--section', 'other']],
      [{ it: section(database, { password: CANARY }) }, /OP_SOURCE_DENIED/],
      [{ it: section(database, { port: 1 }) }, /OP_SOURCE_UNREACHABLE/],
      [{ it: section(database) }, /OP_SOURCE_MISSING: no table nope/, ['--tables', 'nope']],
      [{ it: section(database), again: section(database) }, /comes from two sources/, ['--all-tables']],
    ];
    for (const [document, message, more = []] of cases) {
      const args = ['backup', '--config', config(document), '--location', location, '--work', work, ...more];
      const { status, err, out } = run(args);
      assert.equal(status, 1, err);
      assert.match(err, message);
      assert.ok(!`${err}${out}`.includes(CANARY), err);
      assert.deepEqual(readdirSync(location), []);
    }
    const missing = run(['backup', '--config', '/nowhere/config.yaml', '--location', location]);
    assert.deepEqual([missing.status, /\/nowhere\/config.yaml/.test(missing.err)], [1, true]);
  });
});

test('a command line that cannot be understood ends with status 64 and says which word', () => {
  const cases: [string[], RegExp][] = [
    [[], /no command/],
    [['backups'], /no command "backups"/],
    [['list'], /--location is missing/],
    [['backup', '--location', '/x'], /--config is missing/],
    [['verify', '--location', '/x'], /needs one SET or FILE/],
    [['verify', 'latest', '--location', '/x', '--level', 'perfect'], /--level is one of/],
    [['verify', '/x/lone.json', '--accept'], /--accept needs a SET and its --location/],
    [['verify', '/x/lone.json', '--rules', 'r'], /--rules needs a SET and its --location/],
    [['prune', '--location', '/x', '--accept'], /does not take --accept/],
    [['restore', 'latest', '--location', '/x'], /--config is missing/],
    [['restore', '--location', '/x', '--config', 'c'], /needs one of SET, --plan FILE/],
    [['restore', 'latest', '--undo', 'latest', '--config', 'c'], /needs one of SET, --plan FILE/],
    [['restore', 'latest', '--config', 'c'], /--location is missing/],
    [['restore', 'latest', '--location', '/x', '--config', 'c', '--diff'], /--diff needs --dry-run/],
    [['restore', 'latest', '--location', '/x', '--config', 'c', '--where', 'a > 1'], /--where is not of the form/],
    [['restore', 'latest', '--location', '/x', '--config', 'c', '--policy', 'merge'], /--policy is one of/],
    [['prune', '--location', '/x', '--keep-days', '-1'], /--keep-days/],
    [['prune', '--location', '/x', '--keep-days', 'two'], /--keep-days is not a whole number/],
    [['list', '--location', 's3://bucket'], /--location/],
    [['list', '--location', '/x', '--keep-days', '1'], /does not take --keep-days/],
    [['list', '--location', '/x', '--time-zone', 'Mars'], /--time-zone/],
    [['list', 'extra', '--location', '/x'], /one word too many/],
    [['list', '--nonsense'], /nonsense/],
  ];
  for (const [args, message] of cases) {
    const { status, err, out } = run(args);
    assert.deepEqual([status, out], [64, ''], `${args.join(' ')}: ${err}`);
    assert.match(err, message, args.join(' '));
  }
  assert.match(run(['--help']).out, /Exit status: 0/);
  assert.match(run(['--version']).out, /^\d+\.\d+\.\d+\n$/);
});

test('a location that is missing or a file is refused before anything is read', async () => {
  await withScene(async ({ folder, work, database, config }) => {
    const path = config({ it: section(database) });
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const location of [join(folder, 'missing', 'deep'), join(file, 'below'), file]) {
      const { status, report } = run([
        'backup',
        '--config',
        path,
        '--all-tables',
        '--location',
        location,
        '--work',
        work,
        '--json',
      ]);
      assert.deepEqual([status, report.failure.code], [1, 'OP_STORE_UNREACHABLE']);
      assert.ok(!existsSync(work), 'nothing was exported for it');
    }
  });
});

test('export writes the documents of export.py into a folder, and says what is odd', async () => {
  await withScene(async ({ folder, work, database, config, admin }) => {
    const other = `${database}_nodeman`;
    const names = { bk_nodeman: other, bk_log_search: database, sg_migration: `${database}_sg` };
    try {
      for (const statement of bkLogSchema(names)) await admin.query(statement);
      for (const statement of randomBkLog(new Chance(5), { names }).sql) await admin.query(statement);
      const path = config({ bk_nodeman: section(other), bk_log_search: section(database) });
      const out = join(folder, 'out');
      const exported = run(['export', '--config', path, '--out', out, '--work', work, '--json']);
      assert.deepEqual([exported.status, exported.report.outcome], [2, 'completed-with-findings'], exported.err);
      assert.deepEqual(readdirSync(out).sort(), ['log_databus_collectorconfig.json', 'log_search_logindexset.json']);
      const [collectors] = exported.report.documents;
      assert.equal(JSON.parse(readFileSync(collectors.path, 'utf8')).length, collectors.records);
      assert.ok(exported.report.findings.every(({ message }: { message: string }) => message.length > 0));
      const half = config({ bk_log_search: section(database) });
      const refused = run(['export', '--config', half, '--out', out, '--work', work, '--json']);
      assert.deepEqual([refused.status, refused.report.failure.code], [1, 'OP_CONFIG_INVALID']);
      assert.match(refused.err, /has no section bk_nodeman/);
    } finally {
      for (const name of Object.values(names)) await admin.query(`DROP DATABASE IF EXISTS \`${name}\``);
    }
  });
});
