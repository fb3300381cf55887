import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LocationSettings } from '../../src/index';
import { openLocation } from '../../src/operations/open-location';
import { basic, withBkrepo } from '../support/bkrepo/server';
import { testServer, withDatabase } from '../support/database';
import { collectBadges, type FlowItem, helper, loadFlow, nextMessage, send, withRuntime } from '../support/runtime';
import { newBucket } from '../support/s3';

const PLAIN = { id: 'place', type: 'archive-location', name: 'the store', tlsRejectUnauthorized: true };

function flow(database: string, location: Record<string, unknown>): FlowItem[] {
  const { host, port } = testServer();
  return [
    { id: 'c', type: 'db-connection', name: 'server', mode: 'direct', host, port: String(port), database },
    { ...PLAIN, ...location } as FlowItem,
    { id: 's', type: 'db-source', connection: 'c', preset: 'all', wires: [['ex']] },
    { id: 'ex', type: 'table-export', setName: 'core', wires: [['st'], []] },
    { id: 'st', type: 'archive-store', action: 'store', location: 'place', wires: [['ve'], []] },
    { id: 've', type: 'verify', location: 'place', level: 'readable', wires: [['end'], ['end']] },
    { id: 'end', type: 'helper' },
    { id: 'catch', type: 'catch', scope: null, wires: [['end']] },
  ];
}

/** Everything that a run leaves where people or programs can see it. */
interface Traces {
  readonly messages: unknown[];
  readonly badges: unknown[];
  readonly texts: string[];
}

function assertSecretNowhere(secret: string, { messages, badges, texts }: Traces): void {
  const forms = [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    JSON.stringify(secret).slice(1, -1),
  ];
  const logged = helper.log().args.map((args) => JSON.stringify(args));
  const everything = [JSON.stringify(messages), JSON.stringify(badges), ...logged, ...texts].join('\n');
  for (const form of forms)
    assert.ok(!everything.includes(form), `a secret is seen: …${everything.split(form)[0]?.slice(-200)}`);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [readFileSync(path, 'latin1')];
  });
}

async function objectsOf(location: LocationSettings): Promise<string[]> {
  const store = await openLocation(location);
  const texts: string[] = [];
  for (const { key } of await store.list()) {
    texts.push(key);
    if (!key.endsWith('.json')) continue;
    for await (const chunk of store.get(key)) texts.push(chunk.toString('latin1'));
  }
  return texts;
}

async function run(messages: unknown[]) {
  const badges = ['st', 've'].map((id) => collectBadges(id));
  const ended = nextMessage('end');
  send('s');
  const { payload, failure } = await ended;
  messages.push(payload, failure);
  return { payload, failure, badges };
}

interface Store {
  readonly name: string;
  readonly location: LocationSettings;
  readonly form: Record<string, unknown>;
  readonly credentials: Record<string, string>;
  /** The credential that is a secret. */
  readonly secret: string;
}

async function storeVerifyAndFail({ location, form, credentials, secret }: Store): Promise<void> {
  const { user, password } = testServer();
  await withRuntime(async (userDir) => {
    await withDatabase(async (database, admin) => {
      await admin.query('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)');
      const messages: unknown[] = [];
      await loadFlow(flow(database, form), { c: { user, password }, place: credentials });
      const good = await run(messages);
      assert.equal(good.payload.report.outcome, 'completed', JSON.stringify(good.failure));
      assert.equal(good.payload.verification.outcome, 'passed');
      const processes = execFileSync('ps', ['axeww', '-o', 'args'], { encoding: 'utf8' });
      const texts = [...filesBelow(userDir), ...(await objectsOf(location)), processes];
      const [own = ''] = texts.splice(texts.indexOf(processes), 1);
      // The server of the tests is told its keys on its command line; we are not.
      texts.push(
        own
          .split('\n')
          .filter((line) => !/radosgw|BKLOG_TEST_S3/.test(line))
          .join('\n'),
      );
      assertSecretNowhere(credentials[secret]!, { messages, badges: good.badges, texts });

      const wrong = 'wrong-canary/4+f1';
      await loadFlow(flow(database, form), { c: { user, password }, place: { ...credentials, [secret]: wrong } });
      const bad = await run(messages);
      assert.equal(bad.failure?.code, 'OP_STORE_DENIED');
      assertSecretNowhere(wrong, { messages, badges: bad.badges, texts: filesBelow(userDir) });
    });
  });
}

test('sets go from Node-RED into a bucket and are verified there; its secret is seen nowhere', async () => {
  const location = await newBucket({ prefix: 'sets' });
  const { endpoint, bucket, accessKeyId, secretAccessKey } = location;
  await storeVerifyAndFail({
    ...{ name: 'S3', location, secret: 'secretAccessKey', credentials: { accessKeyId, secretAccessKey } },
    form: { kind: 's3', endpoint, bucket, prefix: 'sets', addressing: 'path' },
  });
});

test('sets go from Node-RED into a BKREPO repository and are verified there; its secret is seen nowhere', async () => {
  await withBkrepo(async ({ location }) => {
    const { endpoint, project, repository, folder: prefix } = location;
    await storeVerifyAndFail({
      ...{ name: 'BKREPO', location, secret: 'password', credentials: { user: basic.user, password: basic.password } },
      form: { kind: 'bkrepo', endpoint, project, repository, prefix, authorization: 'basic' },
    });
  });
});

test('the test button tries what stands in the form; a stored secret goes only to the store it was stored for', async () => {
  await withBkrepo(async ({ location }) => {
    const { endpoint, project, repository } = location;
    const form = { kind: 'bkrepo', endpoint, project, repository, prefix: '', authorization: 'basic' };
    await withRuntime(async () => {
      await withDatabase(async (database) => {
        const { user, password } = testServer();
        const credentials = { user: basic.user, password: basic.password };
        await loadFlow(flow(database, form), { c: { user, password }, place: credentials });
        const defaults = {
          requireMount: false,
          tlsRejectUnauthorized: true,
          path: '',
          region: '',
          bucket: '',
          addressing: 'path',
        };
        const more = {
          expireDays: '',
          tlsCa: '',
          connection: '',
          toggle: 'feature_async_export',
          name: '',
          accessKeyId: '',
        };
        const body = {
          id: 'place',
          ...defaults,
          ...more,
          ...form,
          version: '1',
          secretAccessKey: '',
          sessionToken: '',
          user: basic.user,
        };
        const url = '/bklog-backup/archive-location/test';
        const post = async (
          change: object,
        ): Promise<{ status: number; body: Record<string, never> & { code?: string } }> =>
          await helper
            .request()
            .post(url)
            .send({ ...body, ...change });
        const stored = await post({ password: '__PWRD__' });
        assert.equal(stored.status, 200, JSON.stringify(stored.body));
        assert.deepEqual(stored.body.done, ['check', 'write', 'read', 'list', 'keep', 'delete']);
        const wrong = await post({ password: 'wrong-canary' });
        assert.deepEqual(
          [wrong.status, (wrong.body as { failed?: { code: string } }).failed?.code],
          [200, 'OP_STORE_DENIED'],
        );
        assert.ok(!JSON.stringify(wrong.body).includes('wrong-canary'));
        for (const change of [{ endpoint: 'http://127.0.0.1:1' }, { kind: 's3' }]) {
          const elsewhere = await post({ ...change, password: '__PWRD__' });
          assert.deepEqual([elsewhere.status, elsewhere.body.code], [422, 'OP_CONFIG_INVALID'], JSON.stringify(change));
        }
        const unknown = await helper
          .request()
          .get('/bklog-backup/archive-location/nobody/export-storage/feature_async_export');
        assert.deepEqual([unknown.status, unknown.body.code], [422, 'OP_CONFIG_INVALID']);
      });
    });
  });
});
