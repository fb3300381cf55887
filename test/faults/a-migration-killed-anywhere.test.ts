import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { test } from 'node:test';
import { type DurableStep, MIGRATE_STEPS, UNDO_MIGRATION_STEPS } from '../../src/support/durable-step';
import { DEFAULT_APP } from '../support/bklog-gateway';
import { type CrashMoment, momentsOf, nameOfMoment, runCrashChild } from '../support/crash-run';
import { testServer } from '../support/database';
import { assertWhole, type Scene, TABLE, withScene } from '../support/migration';

interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

const environmentOf = ({ password }: { readonly password: string }) => ({
  BKLOG_APP_CODE: DEFAULT_APP.bk_app_code,
  BKLOG_APP_SECRET: DEFAULT_APP.bk_app_secret,
  MYSQL_PWD: password,
});

function argvOf({ gateway, database, folder, paths }: Scene, more: readonly string[]): string[] {
  const { host, port, user } = testServer();
  const documents = more.includes('--undo') ? [] : ['-c', paths.collectors, '-i', paths.indexSets];
  return [
    ...['migrate', '-e', 'ee', ...documents, '--api', gateway.url, '--work', folder, '--concurrency', '1'],
    ...['--mysql_host', host, '--mysql_port', String(port), '--mysql_user', user, '--mysql_db', database, ...more],
  ];
}

/** The command line in a process of its own, so that it can be killed while the gateway lives. */
function start(scene: Scene, more: readonly string[] = []): { child: ChildProcess; end: Promise<Outcome> } {
  const argv = argvOf(scene, more);
  const env = environmentOf(testServer());
  const child = spawn(process.execPath, ['dist/src/cli.js', ...argv], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const end = new Promise<Outcome>((resolve) => child.once('close', (status) => resolve({ status, out, err })));
  return { child, end };
}

async function withEnvironment(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withScene(async (scene) => {
    await scene.admin.query(`CREATE TABLE cc_EnvIDOffset (env VARCHAR(64) PRIMARY KEY, \`offset\` BIGINT NOT NULL);
      INSERT INTO cc_EnvIDOffset VALUES ('ee', 2000000);
      CREATE TABLE cc_EnvBizMap (id INT AUTO_INCREMENT PRIMARY KEY, bk_env VARCHAR(64), bk_old_biz_id INT, bk_new_biz_id INT);
      INSERT INTO cc_EnvBizMap (bk_env, bk_old_biz_id, bk_new_biz_id) VALUES ('ee', 2, 7), ('sg', 2, 2002)`);
    await use(scene);
  });
}

test('the command plans, creates and says so; a wrong environment, a list that is none and a confirmed plan that moved are refused', async () => {
  await withEnvironment(async (scene) => {
    const plan = await start(scene, ['--dry-run', '--json']).end;
    assert.equal(plan.status, 0, plan.err);
    const { hash, counts } = JSON.parse(plan.out).plan;
    assert.deepEqual([counts.create, scene.gateway.writes().length], [5, 0]);
    const done = await start(scene, ['--confirm', hash]).end;
    assert.equal(done.status, 0, done.err);
    assert.match(done.out, /^5 create; created 5 in ee \(run [a-z0-9]{16}\)\n$/);
    await assertWhole(scene);
    const moved = await start(scene, ['--confirm', hash]).end;
    assert.deepEqual([moved.status, /not what the plan was made for/.test(moved.err)], [1, true]);
    const elsewhere = await start(scene, ['-e', 'nowhere']).end;
    assert.match(elsewhere.err, /no environment nowhere[\s\S]*Choose one of ee/);
    assert.equal((await start(scene, ['--clusters', 'x']).end).status, 64);
  });
});

test('killed by SIGKILL while BK-LOG carries out any of its calls, the next run completes and doubles nothing', async () => {
  let kills = 0;
  for (let nth = 1, wasKilled = true; wasKilled; nth += 1) {
    wasKilled = false;
    await withEnvironment(async (scene) => {
      let writes = 0;
      let victim: ChildProcess | undefined;
      scene.gateway.watch({
        onCall: ({ method }: { method: string }) => {
          if (method !== 'POST') return;
          writes += 1;
          if (writes !== nth || wasKilled) return;
          wasKilled = true;
          victim?.kill('SIGKILL');
        },
      });
      const { child, end } = start(scene);
      victim = child;
      assert.equal((await end).status, wasKilled ? null : 0);
      kills += wasKilled ? 1 : 0;
      await assertNextRunCompletes(scene);
    });
  }
  assert.equal(kills, 5);
});

async function assertNextRunCompletes(scene: Scene): Promise<void> {
  const again = await start(scene).end;
  assert.equal(again.status, 0, again.err + again.out);
  await assertWhole(scene);
  scene.gateway.forgetRequests();
  assert.equal((await start(scene).end).status, 0);
  assert.deepEqual(scene.gateway.writes(), []);
}

/** Counts the steps of one whole run, then runs it again and again and kills it at every one of them. */
async function killAtEveryStep(
  steps: readonly DurableStep[],
  more: readonly string[],
  prepare: (scene: Scene) => Promise<unknown>,
  check: (scene: Scene) => Promise<void>,
): Promise<number> {
  Object.assign(process.env, environmentOf(testServer()));
  let moments: CrashMoment[] = [];
  await withEnvironment(async (scene) => {
    await prepare(scene);
    const { counts, code, output } = await runCrashChild('count', argvOf(scene, more));
    assert.equal(code, 0, output);
    moments = momentsOf(steps, counts);
  });
  for (const moment of moments) {
    await withEnvironment(async (scene) => {
      await prepare(scene);
      const { signal, output } = await runCrashChild(moment, argvOf(scene, more));
      assert.equal(signal, 'SIGKILL', `${nameOfMoment(moment)}: ${output}`);
      await check(scene);
    });
  }
  return moments.length;
}

test('killed by SIGKILL before or after any step of any item, the next run completes and doubles nothing', async () => {
  const kills = await killAtEveryStep(MIGRATE_STEPS, [], async () => {}, assertNextRunCompletes);
  assert.equal(kills, 30);
});

test('an undo killed before or after any step of any item is completed by the next', async () => {
  const undo = ['--undo', 'latest'];
  const kills = await killAtEveryStep(
    UNDO_MIGRATION_STEPS,
    undo,
    (scene) => scene.run(),
    async (scene) => {
      const again = await start(scene, undo).end;
      assert.equal(again.status, 0, again.err + again.out);
      assert.deepEqual(scene.gateway.collectors(), []);
      const [rows] = await scene.admin.query(`SELECT COUNT(*) AS n FROM ${TABLE} WHERE status <> 'removed'`);
      assert.deepEqual(rows, [{ n: 0 }]);
    },
  );
  assert.equal(kills, 20);
});
