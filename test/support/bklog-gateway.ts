import type { GatewayApp, GatewayToken } from './bklog-gateway/authentication';
import { type Cluster, cluster } from './bklog-gateway/clusters';
import type { Collector } from './bklog-gateway/collector';
import { type Business, type Denial, Environment, type EnvironmentSettings } from './bklog-gateway/environment';
import type { IndexSet } from './bklog-gateway/index-set';
import type { ArmedMisbehaviour, Misbehaviour } from './bklog-gateway/misbehaviour';
import { GatewayServer, type RecordedRequest, type ServerSettings, type Watcher } from './bklog-gateway/server';

export { MISBEHAVIOURS, type Misbehaviour, type MisbehaviourKind } from './bklog-gateway/misbehaviour';
export type { Business, Cluster, Collector, Denial, GatewayApp, GatewayToken, IndexSet, RecordedRequest, Watcher };
export { cluster };

export interface GatewayOptions extends Partial<EnvironmentSettings> {
  /** Default one: {@link DEFAULT_APP}. */
  readonly apps?: readonly GatewayApp[];
  readonly tokens?: readonly GatewayToken[];
  /** Default false: the tenant header is ignored. */
  readonly isMultiTenant?: boolean;
  readonly denied?: readonly Denial[];
  /** Milliseconds a call takes before it has its effect. Default 0. */
  readonly latencyMs?: number;
  /** More calls at a time are refused with 429. Default unlimited. */
  readonly concurrencyLimit?: number;
}

export const DEFAULT_APP: GatewayApp = { bk_app_code: 'bklog-backup', bk_app_secret: 'secret-of-the-app' };

const DEFAULT_BUSINESSES: readonly Business[] = [
  { bk_biz_id: 7, bk_biz_name: '蓝鲸(ee)', space_uid: 'bkcc__7' },
  { bk_biz_id: 1003, bk_biz_name: 'DemoBiz(ee)', space_uid: 'bkcc__1003' },
  { bk_biz_id: 2002, bk_biz_name: '蓝鲸(sg)', space_uid: 'bkcc__2002' },
  { bk_biz_id: -17, bk_biz_name: 'OTLP 演示项目', space_uid: 'bkci__otlp-demo' },
];

/** Business 1003 has a cluster of its own. */
const DEFAULT_CLUSTERS: readonly Cluster[] = [
  cluster(15, 2),
  cluster(4, 1, { storage_usage: 70 }),
  cluster(31, 0, { bk_biz_id: 1003 }),
  cluster(40, 1, { storage_type: 'doris' }),
];

/** A BK-LOG behind its API gateway, on this machine, that keeps what it is told and misbehaves on command. */
export class BkLogGateway {
  readonly #environment: Environment;
  readonly #server: GatewayServer;
  readonly #settings: ServerSettings;
  readonly #armed: ArmedMisbehaviour[];
  readonly #requests: RecordedRequest[];

  private constructor(options: GatewayOptions) {
    const { apps = [DEFAULT_APP], tokens = [], isMultiTenant = false } = options;
    this.#environment = new Environment({
      businesses: options.businesses ?? DEFAULT_BUSINESSES,
      clusters: options.clusters ?? DEFAULT_CLUSTERS,
      unreadableTables: options.unreadableTables ?? [],
      listShape: options.listShape ?? 'actual',
      resultTablesOutliveCollectors: options.resultTablesOutliveCollectors ?? false,
      ...(options.users ? { users: options.users } : {}),
    });
    this.#environment.denials.push(...(options.denied ?? []));
    this.#armed = [];
    this.#requests = [];
    this.#settings = {
      environment: this.#environment,
      credentials: { apps, tokens, isMultiTenant },
      armed: this.#armed,
      requests: this.#requests,
      latencyMs: options.latencyMs ?? 0,
      watchers: [],
      concurrencyLimit: options.concurrencyLimit ?? Number.POSITIVE_INFINITY,
    };
    this.#server = new GatewayServer(this.#settings);
  }

  static async open(options: GatewayOptions = {}): Promise<BkLogGateway> {
    const gateway = new BkLogGateway(options);
    await gateway.#server.listen();
    return gateway;
  }

  /** With gateway name and stage, without a slash at the end. */
  get url(): string {
    return this.#server.url;
  }

  /** The web host behind the gateway: its health check (4.8). */
  get hostUrl(): string {
    return this.#server.origin;
  }

  /** Living collectors in the order they were made. */
  collectors(): Collector[] {
    return [...this.#environment.collectors.values()].filter((row) => !row.is_deleted);
  }

  deletedCollectors(): Collector[] {
    return [...this.#environment.collectors.values()].filter((row) => row.is_deleted);
  }

  /** Living index sets, those of collectors among them. */
  indexSets(): IndexSet[] {
    return [...this.#environment.indexSets.values()].filter((row) => !row.is_deleted);
  }

  /** Every call since the beginning or {@link forgetRequests}, refused ones too. */
  requests(): readonly RecordedRequest[] {
    return [...this.#requests];
  }

  /** The calls that were meant to change something, whatever became of them. */
  writes(): readonly RecordedRequest[] {
    return this.#requests.filter(({ method }) => method !== 'GET');
  }

  forgetRequests(): void {
    this.#requests.length = 0;
  }

  /** The most calls there were at a time. */
  get maxConcurrent(): number {
    return this.#server.maxConcurrent;
  }

  set latencyMs(ms: number) {
    this.#settings.latencyMs = ms;
  }

  /** From now on. Several are tried in the order they were told; the answer counts how often this one happened. */
  misbehave(misbehaviour: Misbehaviour): { readonly done: number } {
    const armed = { ...misbehaviour, seen: 0, done: 0 };
    this.#armed.push(armed);
    return armed;
  }

  behave(): void {
    this.#armed.length = 0;
  }

  /** For a test that kills its client after exactly this call. */
  watch(watcher: Watcher): void {
    this.#settings.watchers.push(watcher);
  }

  deny(denial: Denial): void {
    this.#environment.denials.push(denial);
  }

  allowAll(): void {
    this.#environment.denials.length = 0;
  }

  /** Names that the metadata service knows without a collector: 3631113 and 3631114. */
  takeNames(names: { readonly dataNames?: readonly string[]; readonly resultTables?: readonly string[] }): void {
    for (const name of names.dataNames ?? []) this.#environment.dataNames.add(name);
    for (const name of names.resultTables ?? []) this.#environment.resultTables.add(name);
  }

  /** Fails when the stand-in itself had a defect. */
  async close(): Promise<void> {
    await this.#server.close();
  }
}

/** The header of {@link DEFAULT_APP}, or of what is given instead. */
export function authorization(user: string, app: GatewayApp = DEFAULT_APP): Record<string, string> {
  const { bk_app_code, bk_app_secret } = app;
  return { 'X-Bkapi-Authorization': JSON.stringify({ bk_app_code, bk_app_secret, bk_username: user }) };
}

/** Lends a gateway and closes it, also when `use` fails. */
export async function withBkLogGateway<T>(
  options: GatewayOptions,
  use: (gateway: BkLogGateway) => Promise<T>,
): Promise<T> {
  const gateway = await BkLogGateway.open(options);
  let result: T;
  try {
    result = await use(gateway);
  } catch (error) {
    // The test's own failure is the one to report.
    await gateway.close().catch(() => {});
    throw error;
  }
  await gateway.close();
  return result;
}
