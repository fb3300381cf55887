import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BkLogApi } from '../../../src/bklog/api/bklog-api';
import { BkLogClient } from '../../../src/bklog/api/bklog-client';
import type { ErrorCode } from '../../../src/errors/error-catalogue';
import { isOperationError } from '../../../src/errors/operation-error';
import { type ApiSettings, apiSettingsSchema } from '../../../src/model/api-settings';
import {
  type BkLogGateway,
  DEFAULT_APP,
  type GatewayOptions,
  MISBEHAVIOURS,
  type MisbehaviourKind,
  withBkLogGateway,
} from '../../support/bklog-gateway';

const BODY = {
  ...{ bk_biz_id: 7, collector_config_name: 'nginx 访问日志', collector_config_name_en: 'nginx_access' },
  ...{ collector_scenario_id: 'row', category_id: 'os', target_object_type: 'HOST', target_node_type: 'TOPO' },
  ...{
    target_nodes: [{ bk_inst_id: 7, bk_obj_id: 'biz' }],
    params: { paths: ['/var/log/a.log'], conditions: { type: 'none' } },
  },
};

async function withApi<T>(
  use: (api: BkLogApi, gateway: BkLogGateway) => Promise<T>,
  change: {
    readonly settings?: Partial<ApiSettings>;
    readonly options?: GatewayOptions;
    readonly signal?: AbortSignal;
  } = {},
): Promise<T> {
  return await withBkLogGateway(change.options ?? {}, async (gateway) => {
    const { bk_app_code: appCode, bk_app_secret: appSecret } = DEFAULT_APP;
    const settings = apiSettingsSchema.parse({
      url: `${gateway.url}/`,
      appCode,
      appSecret,
      timeoutMs: 400,
      ...change.settings,
    });
    const client = await BkLogClient.open(settings, change.signal ?? new AbortController().signal, 5);
    try {
      return await use(new BkLogApi(client), gateway);
    } finally {
      client.close();
    }
  });
}

const codeOf = async (work: Promise<unknown>): Promise<ErrorCode | 'ok'> => {
  try {
    await work;
    return 'ok';
  } catch (error) {
    assert.ok(isOperationError(error), String(error));
    return error.code;
  }
};

test('a collector is looked for, created in the name of its creator, listed and deleted; an index set too', async () => {
  await withApi(async (api, gateway) => {
    assert.deepEqual(await api.isNameFree(7, 'nginx_access'), { allowed: true, message: '' });
    const created = await api.createCollector(BODY, '张三');
    assert.equal((await api.isNameFree(7, 'nginx_access')).allowed, false);
    const [listed] = await api.collectors(7);
    assert.equal(listed?.collector_config_id, created.collector_config_id);
    assert.equal(gateway.collectors()[0]?.created_by, '张三');
    const set = await api.createIndexSet(
      {
        ...{ index_set_name: '支付', space_uid: 'bkcc__7', scenario_id: 'bkdata' },
        indexes: [{ bk_biz_id: 7, result_table_id: '7_pay' }],
      },
      'lisi',
    );
    assert.ok((await api.indexSets(7)).some(({ index_set_id }) => index_set_id === set.index_set_id));
    const [cluster] = await api.clusters(1003);
    assert.equal(cluster?.storage_cluster_id, 31);
    await api.deleteIndexSet(set.index_set_id);
    await api.deleteCollector(created.collector_config_id);
    assert.deepEqual([gateway.collectors().length, await api.collectors(7)], [0, []]);
  });
});

test('thousands of collectors come page by page, in either form of the list', async () => {
  for (const listShape of ['actual', 'documented'] as const) {
    await withApi(
      async (api) => {
        for (let at = 0; at < 1005; at += 1) {
          await api.createCollector(
            { ...BODY, collector_config_name: `n${at}`, collector_config_name_en: `name_${at}x` },
            'admin',
          );
        }
        assert.equal(new Set((await api.collectors(7)).map((row) => row.collector_config_id)).size, 1005);
      },
      { options: { listShape }, settings: { timeoutMs: 20_000 } },
    );
  }
});

/** What a read and a write end with when it happens once; `ok`: it was tried again. And how many collectors there are then. */
const ONCE: Readonly<Record<MisbehaviourKind, readonly [ErrorCode | 'ok', ErrorCode | 'ok', number]>> = {
  unauthorized: ['OP_API_DENIED', 'OP_API_DENIED', 0],
  forbidden: ['OP_API_DENIED', 'OP_API_DENIED', 0],
  'rate-limited': ['ok', 'ok', 1],
  'server-error': ['ok', 'OP_API_UNCERTAIN', 0],
  'bad-gateway': ['ok', 'OP_API_UNCERTAIN', 0],
  refused: ['ok', 'OP_API_UNCERTAIN', 0],
  html: ['ok', 'OP_API_UNCERTAIN', 0],
  'duplicate-name': ['ok', 'OP_API_REFUSED', 0], // a read hears that the name is taken
  'no-clusters': ['ok', 'OP_API_UNCERTAIN', 0], // an answer of another form
  'silent-before': ['ok', 'OP_API_UNCERTAIN', 0],
  'reset-before': ['ok', 'OP_API_UNCERTAIN', 0],
  slow: ['ok', 'ok', 1],
  'silent-after': ['ok', 'OP_API_UNCERTAIN', 1],
  'reset-after': ['ok', 'OP_API_UNCERTAIN', 1],
  'gateway-timeout-after': ['ok', 'OP_API_UNCERTAIN', 1],
  'half-json': ['ok', 'OP_API_UNCERTAIN', 1],
  'half-created': ['ok', 'OP_API_UNCERTAIN', 1],
};

for (const kind of MISBEHAVIOURS) {
  test(`"${kind}": a read passes over it where it can; a write is never sent twice when it may have happened`, async () => {
    await withApi(async (api, gateway) => {
      const [read, write, made] = ONCE[kind];
      gateway.misbehave({ kind, delayMs: 50, retryAfterSeconds: 0.02, match: { path: /pre_check/ } });
      assert.equal(await codeOf(api.isNameFree(7, 'nginx_access')), read, 'read');
      gateway.misbehave({ kind, delayMs: 50, retryAfterSeconds: 0.02, match: { path: /fast_create/ } });
      assert.equal(await codeOf(api.createCollector(BODY, 'admin')), write, 'write');
      assert.equal(gateway.collectors().length, made);
      assert.equal(gateway.writes().length, kind === 'rate-limited' ? 2 : 1);
    });
  });
}

test('a gateway that stays busy, is not there, or knows another app ends with its own code; an abort ends at once', async () => {
  await withApi(async (api, gateway) => {
    gateway.misbehave({ kind: 'rate-limited', times: 100, retryAfterSeconds: 0.01 });
    assert.equal(await codeOf(api.createCollector(BODY, 'admin')), 'OP_API_BUSY');
    assert.equal(gateway.writes().length, 6);
  });
  const denied = await withApi((api) => codeOf(api.collectors(7)), { settings: { appSecret: 'wrong' } });
  assert.equal(denied, 'OP_API_DENIED');
  const nowhere = await withApi((api) => codeOf(api.createCollector(BODY, 'admin')), {
    settings: { url: 'http://127.0.0.1:1/api' },
  });
  assert.equal(nowhere, 'OP_API_UNREACHABLE');
  const stop = new AbortController();
  await withApi(
    async (api, gateway) => {
      gateway.misbehave({ kind: 'silent-before', times: 10 });
      const work = api.collectors(7);
      setTimeout(() => stop.abort(new Error('stopped')), 50);
      await assert.rejects(work, /stopped/);
    },
    { signal: stop.signal, settings: { timeoutMs: 60_000 } },
  );
});

test('settings without an app or a token, or with no address, are refused by field; secrets are in no message', async () => {
  for (const settings of [{ url: 'ftp://x' }, { url: 'http://x' }, { url: 'http://x', appCode: 'a' }]) {
    assert.equal(apiSettingsSchema.safeParse(settings).success, false, JSON.stringify(settings));
  }
  await withApi(
    async (api) => {
      const error = await api.collectors(7).catch((thrown: unknown) => thrown);
      assert.ok(isOperationError(error));
      assert.doesNotMatch(JSON.stringify([error.message, error.details, error.remedy]), /canary-secret/);
    },
    { settings: { appSecret: 'canary-secret' } },
  );
});

test('calls begin no faster than they may, however many wait, and an abort ends the waiting', async () => {
  await withApi(
    async (api, gateway) => {
      await Promise.all(Array.from({ length: 6 }, () => api.clusters(7)));
      const times = gateway.requests().map(({ atMs }) => atMs);
      const gaps = times.slice(1).map((at, index) => at - times[index]!);
      // Clocks and timers are off by a millisecond or two; six calls take five pauses.
      assert.ok(Math.max(...times) - Math.min(...times) >= 5 * 50 - 10, `${gaps}`);
    },
    { settings: { callsPerSecond: 20 } },
  );
  const abort = new AbortController();
  await withApi(
    async (api, gateway) => {
      await api.clusters(7);
      const waiting = api.clusters(7);
      abort.abort(new Error('stopped'));
      await assert.rejects(waiting, /stopped/);
      assert.equal(gateway.requests().length, 1);
    },
    { settings: { callsPerSecond: 0.1 }, signal: abort.signal },
  );
});
