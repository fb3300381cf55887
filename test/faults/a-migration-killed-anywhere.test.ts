import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { test } from 'node:test';
import { DEFAULT_APP } from '../support/bklog-gateway';
import { testServer } from '../support/database';
import { assertWhole, type Scene, withScene } from '../support/migration';

interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line in a process of its own, so that it can be killed while the gateway lives. */
function start(
  { gateway, database, folder, paths }: Scene,
  more: readonly string[] = [],
): { child: ChildProcess; end: Promise<Outcome> } {
  const { host, port, user, password } = testServer();
  const args = [
    ...['dist/src/cli.js', 'migrate', '-e', 'ee', '-c', paths.collectors, '-i', paths.indexSets, '--api', gateway.url],
    ...['--mysql_host', host, '--mysql_port', String(port), '--mysql_user', user, '--mysql_db', database],
    ...['--work', folder, '--concurrency', '1', ...more],
  ];
  const env = {
    BKLOG_APP_CODE: DEFAULT_APP.bk_app_code,
    BKLOG_APP_SECRET: DEFAULT_APP.bk_app_secret,
    MYSQL_PWD: password,
  };
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
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
    assert.deepEqual([done.status, done.out.trim()], [0, '5 create; created 5 in ee'], done.err);
    await assertWhole(scene);
    const moved = await start(scene, ['--confirm', hash]).end;
    assert.deepEqual([moved.status, /not what the plan was made for/.test(moved.err)], [1, true]);
    const elsewhere = await start(scene, ['-e', 'nowhere']).end;
    assert.match(elsewhere.err, /no environment nowhere[\s\S]*Choose one of ee/);
    assert.equal((await start(scene, ['--clusters', 'x']).end).status, 64);
  });
});

test('killed by SIGKILL before or after BK-LOG carries out any of its calls, the next run completes and doubles nothing', async () => {
  let kills = 0;
  for (const moment of ['onCall', 'onAnswer'] as const) {
    for (let nth = 1, wasKilled = true; wasKilled; nth += 1) {
      wasKilled = false;
      await withEnvironment(async (scene) => {
        let writes = 0;
        let victim: ChildProcess | undefined;
        scene.gateway.watch({
          [moment]: ({ method }: { method: string }) => {
            if (method !== 'POST') return;
            writes += 1;
            if (writes !== nth || wasKilled) return;
            wasKilled = true;
            victim?.kill('SIGKILL');
          },
        });
        const { child, end } = start(scene);
        victim = child;
        const { status, err } = await end;
        if (wasKilled) {
          kills += 1;
          assert.equal(status, null);
          const again = await start(scene).end;
          assert.equal(again.status, 0, again.err + again.out);
        } else assert.equal(status, 0, err);
        await assertWhole(scene);
        scene.gateway.forgetRequests();
        assert.equal((await start(scene).end).status, 0);
        assert.deepEqual(scene.gateway.writes(), []);
      });
    }
  }
  assert.equal(kills, 10);
});
