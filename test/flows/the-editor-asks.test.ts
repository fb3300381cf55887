import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { DEFAULT_APP, withBkLogGateway } from '../support/bklog-gateway';
import { connect, testServer, withDatabase, withWorkplace } from '../support/database';
import { createEnvironmentTables } from '../support/migration';
import { helper, loadFlow, withRuntime } from '../support/runtime';

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the endpoint gave
  body: any;
}
const get = async (url: string): Promise<Answer> => await helper.request().get(url);
const post = async (url: string, body: object): Promise<Answer> => await helper.request().post(url).send(body);

async function withDeployed(use: (database: string, form: Record<string, unknown>) => Promise<void>): Promise<void> {
  const { host, port, user, password } = testServer();
  await withRuntime(async () => {
    await withDatabase(async (database, admin) => {
      await admin.query('CREATE TABLE t (id INT PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t');
      await withWorkplace(async ({ location }) => {
        await mkdir(location.path);
        const form = { id: 'c', name: '', mode: 'direct', host, port: String(port), database };
        await loadFlow(
          [
            { ...form, type: 'db-connection' },
            { id: 'place', type: 'archive-location', name: 'the folder', kind: 'folder', path: location.path },
          ],
          { c: { user, password } },
        );
        await use(database, { ...form, user });
      });
    });
  });
}

test('the form lists databases, tables and views of the live server', async () => {
  await withDeployed(async (database) => {
    const { status, body } = await get('/bklog-backup/db-connection/c/tables');
    assert.equal(status, 200);
    assert.equal(body.database, database);
    assert.ok(body.databases.includes(database));
    assert.deepEqual(
      body.tables.map(({ name, type }: { name: string; type: string }) => [name, type]),
      [
        ['t', 'table'],
        ['v', 'view'],
      ],
    );
    const unknown = await get('/bklog-backup/db-connection/nobody/tables');
    assert.deepEqual([unknown.status, unknown.body.code], [422, 'OP_CONFIG_INVALID']);
  });
});

test('the test button tries the form; a stored password goes only where it was stored for', async () => {
  await withDeployed(async (_database, form) => {
    const url = '/bklog-backup/db-connection/test';
    const stored = await post(url, { ...form, password: '__PWRD__' });
    assert.equal(stored.status, 200, JSON.stringify(stored.body));
    const typed = await post(url, { ...form, password: 'wrong-canary' });
    assert.deepEqual([typed.status, typed.body.code], [422, 'OP_SOURCE_DENIED']);
    assert.ok(!JSON.stringify(typed.body).includes('wrong-canary'));
    for (const change of [{ host: '127.0.0.2' }, { port: '1' }, { user: 'other' }]) {
      const elsewhere = await post(url, { ...form, ...change, password: '__PWRD__' });
      assert.deepEqual([elsewhere.status, elsewhere.body.code], [422, 'OP_CONFIG_INVALID'], JSON.stringify(change));
    }
    const garbage = await post(url, { id: 3 });
    assert.deepEqual([garbage.status, garbage.body.code], [422, 'OP_CONFIG_INVALID']);
  });
});

test('the retention form gets a plan for the policy as it stands in the form, and a clear answer for a wrong one', async () => {
  await withDeployed(async () => {
    const url = '/bklog-backup/archive-location/place/retention-plan';
    const plan = await get(`${url}?keepDays=3&keepLast=&timeZone=Asia/Shanghai`);
    assert.equal(plan.status, 200, JSON.stringify(plan.body));
    assert.deepEqual([plan.body.policy.keepDays, plan.body.policy.timeZone], [3, 'Asia/Shanghai']);
    assert.ok(!('keepLast' in plan.body.policy), 'an empty field is no rule');
    const wrong = await get(`${url}?keepDays=-1`);
    assert.deepEqual([wrong.status, wrong.body.code], [422, 'OP_CONFIG_INVALID']);
    const zone = await get(`${url}?timeZone=Mars/Base`);
    assert.equal(zone.status, 422);
  });
});

test('the id-mapper form gets the environments of the tables, and a clear answer where there are none', async () => {
  await withDeployed(async (database) => {
    const url = '/bklog-backup/db-connection/c/environments';
    const missing = await get(url);
    assert.deepEqual([missing.status, missing.body.code], [422, 'OP_SOURCE_MISSING']);
    const admin = await connect(database);
    try {
      await createEnvironmentTables(admin);
    } finally {
      await admin.end();
    }
    const found = await get(url);
    assert.deepEqual(
      [found.status, found.body.environments],
      [
        200,
        [
          { name: 'ee', offset: '2000000', businesses: 1 },
          { name: 'half', offset: '1', businesses: 0 },
          { name: 'sg', offset: '5000000', businesses: 1 },
        ],
      ],
    );
    const named = await get(`${url}?offsetTable=nothing&businessTable=cc_EnvBizMap`);
    assert.match(named.body.message, /no table nothing/);
    assert.equal((await get('/bklog-backup/db-connection/nobody/environments')).body.code, 'OP_CONFIG_INVALID');
  });
});

test('the test of bklog-api looks at one business and writes nothing; a stored secret goes only to the gateway it was stored for', async () => {
  await withBkLogGateway({}, async (gateway) => {
    await withRuntime(async () => {
      const { bk_app_code: appCode, bk_app_secret: appSecret } = DEFAULT_APP;
      await loadFlow([{ id: 'target', type: 'bklog-api', url: gateway.url, appCode }], { target: { appSecret } });
      const url = '/bklog-backup/bklog-api/test';
      const form = {
        ...{ id: 'target', business: '7', name: '', url: gateway.url, appCode, appSecret: '__PWRD__', accessToken: '' },
        ...{ user: 'admin', tenant: '', tlsRejectUnauthorized: true, tlsCa: '', concurrency: '4', callsPerSecond: '' },
        timeout: '75',
      };
      const good = await post(url, form);
      assert.deepEqual([good.status, good.body], [200, { business: 7, clusters: 2, collectors: 0 }]);
      assert.deepEqual(gateway.writes(), []);

      const wrong = await post(url, { ...form, appSecret: 'wrong-canary' });
      assert.deepEqual([wrong.status, wrong.body.code], [422, 'OP_API_DENIED']);
      assert.ok(!JSON.stringify(wrong.body).includes('wrong-canary'));
      for (const change of [{ url: 'http://127.0.0.1:9/api/x/prod' }, { appCode: 'other' }]) {
        const elsewhere = await post(url, { ...form, ...change });
        assert.match(elsewhere.body.message, /stored secret belongs/, JSON.stringify(change));
      }
      const closed = await post(url, { ...form, url: 'http://127.0.0.1:9/api/x/prod', appSecret });
      assert.deepEqual([closed.status, closed.body.code], [422, 'OP_API_UNREACHABLE']);
      gateway.misbehave({ kind: 'html', match: { method: 'GET' }, times: 99 });
      assert.equal((await post(url, form)).body.code, 'OP_API_ANSWER_INVALID');
      gateway.behave();
      gateway.deny({ user: 'admin', action: 'view_business' });
      assert.equal((await post(url, form)).body.code, 'OP_API_DENIED');
      const empty = await post(url, { ...form, appSecret: '' });
      assert.match(empty.body.remedy, /app secret, or an access token/);
    });
  });
});
