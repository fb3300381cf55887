import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import { apiSettingsSchema } from '../../src/model/api-settings';
import { newRunId } from '../../src/model/ids';
import { carryOut } from '../../src/operations/carry-out';
import type {
  MigrateRequest,
  MigrateResult,
  UndoMigrationRequest,
  UndoMigrationResult,
} from '../../src/operations/contract';
import { DOCUMENT_NAMES } from '../../src/operations/migration-documents';
import { type BkLogGateway, DEFAULT_APP, withBkLogGateway } from './bklog-gateway';
import { settingsFor, withDatabase, withWorkplace } from './database';

export const TABLE = 'bk_log_search_resource_mapping';
const step = (path: string) => [
  { id: 'bkunifylogbeat', params: { context: { local: [{ paths: [path], filters: [], delimiter: '|' }] } } },
];
export const collector = (id: number, change: object = {}) => ({
  ...{
    created_by: 'zhangsan',
    collector_config_id: id,
    collector_config_name: `采集${id}`,
    collector_scenario_id: 'row',
  },
  ...{ bk_biz_id: 2, description: '', category_id: 'os', subscription_id: id, target_object_type: 'HOST' },
  ...{ target_node_type: 'TOPO', target_nodes: '[{"bk_inst_id": 2, "bk_obj_id": "biz"}]', index_set_id: 900 + id },
  ...{ etl_config: 'bk_log_text', table_id: `2_bklog.name_${id}x`, steps: step(`/${id}.log`) },
  ...change,
});
export const indexSet = (id: number, change: object = {}) => ({
  ...{ created_by: 'lisi', index_set_id: id, index_set_name: `索引集${id}`, project_id: 11, scenario_id: 'bkdata' },
  ...{ category_id: 'os', source_id: null, is_trace_log: 0, view_roles: '', bk_biz_id: 2 },
  ...{ indexes: [{ bk_biz_id: 2, index_set_id: id, result_table_id: `2_table_${id}` }] },
  ...change,
});
export const COLLECTORS = [collector(1), collector(2), collector(3)];
export const INDEX_SETS = [indexSet(11), indexSet(12)];

/** Writes the two documents of export.py by their names, where a preparation looks for them. */
export function writeDocuments(
  folder: string,
  documents: { readonly collectors: unknown; readonly indexSets: unknown } = {
    collectors: COLLECTORS,
    indexSets: INDEX_SETS,
  },
): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, DOCUMENT_NAMES.collectors), JSON.stringify(documents.collectors));
  writeFileSync(join(folder, DOCUMENT_NAMES.indexSets), JSON.stringify(documents.indexSets));
  return folder;
}

/** The tables of the CMDB migration: `ee` as in the scene's map, `sg`, and `half`, which has no business. */
export async function createEnvironmentTables(admin: Connection, offsets = 'cc_EnvIDOffset'): Promise<void> {
  await admin.query(`CREATE TABLE ${offsets} (env VARCHAR(64) PRIMARY KEY, \`offset\` BIGINT NOT NULL);
    INSERT INTO ${offsets} VALUES ('ee', 2000000), ('sg', 5000000), ('half', 1);
    CREATE TABLE cc_EnvBizMap (id INT AUTO_INCREMENT PRIMARY KEY, bk_env VARCHAR(64), bk_old_biz_id INT, bk_new_biz_id INT);
    INSERT INTO cc_EnvBizMap (bk_env, bk_old_biz_id, bk_new_biz_id) VALUES ('ee', 2, 7), ('sg', 2, 2002)`);
}

/** A source of three collectors and two index sets, a target behind a gateway, and the database of the records. */
export interface Scene {
  readonly gateway: BkLogGateway;
  readonly admin: Connection;
  readonly database: string;
  readonly folder: string;
  readonly paths: { readonly collectors: string; readonly indexSets: string };
  run(change?: Partial<MigrateRequest>): Promise<MigrateResult>;
  undo(change?: Partial<UndoMigrationRequest>): Promise<UndoMigrationResult>;
}

export async function withScene(
  use: (scene: Scene) => Promise<void>,
  documents: { readonly collectors: object[]; readonly indexSets: object[] } = {
    collectors: COLLECTORS,
    indexSets: INDEX_SETS,
  },
): Promise<void> {
  await withDatabase((database, admin) =>
    withWorkplace(({ folder, workRoot, journalPath }) =>
      withBkLogGateway({}, async (gateway) => {
        const paths = { collectors: join(folder, 'collectors.json'), indexSets: join(folder, 'sets.json') };
        writeFileSync(paths.collectors, JSON.stringify(documents.collectors));
        writeFileSync(paths.indexSets, JSON.stringify(documents.indexSets));
        const { bk_app_code: appCode, bk_app_secret: appSecret } = DEFAULT_APP;
        const common = () => ({
          ...{ runId: newRunId(), workRoot, journalPath, dryRun: false },
          api: apiSettingsSchema.parse({ url: gateway.url, appCode, appSecret, timeoutMs: 300, concurrency: 2 }),
          mapping: { settings: settingsFor(database), table: TABLE },
        });
        const idMap = { environment: 'ee', offset: 2_000_000, businesses: [{ from: 2, to: 7 }] };
        const signal = new AbortController().signal;
        const run = async (change: Partial<MigrateRequest> = {}) => {
          const request = {
            ...common(),
            documents: { ...paths, idMap },
            filter: {},
            clusterMap: {},
            retryFailed: false,
            ...change,
          };
          return await carryOut('migrate', request, signal, () => {});
        };
        const undo = async (change: Partial<UndoMigrationRequest> = {}) => {
          const request = { ...common(), environment: 'ee', run: 'latest', ...change };
          return await carryOut('undoMigration', request, signal, () => {});
        };
        await use({ gateway, admin, database, folder, paths, run, undo });
      }),
    ),
  );
}

/** Each item is there exactly once, with one final record that names it. */
export async function assertWhole({ gateway, admin }: Scene): Promise<void> {
  const [rows] = await admin.query(`SELECT kind, origin_id, target_id, status FROM ${TABLE} ORDER BY kind, origin_id`);
  const found = rows as { kind: string; origin_id: number; target_id: number; status: string }[];
  assert.deepEqual(
    found.map(({ kind, origin_id, status }) => [kind, origin_id, status]),
    [...[1, 2, 3].map((id) => ['collector', id, 'success']), ...[11, 12].map((id) => ['index-set', id, 'success'])],
  );
  const byId = (list: readonly { id: number; name: string }[]) => list.map(({ id, name }) => `${id} ${name}`).sort();
  const recorded = (kind: string, name: (id: number) => string) =>
    byId(found.filter((row) => row.kind === kind).map((row) => ({ id: row.target_id, name: name(row.origin_id) })));
  assert.deepEqual(
    byId(gateway.collectors().map((row) => ({ id: row.collector_config_id, name: row.collector_config_name }))),
    recorded('collector', (id) => `采集${id}`),
  );
  const own = gateway.indexSets().filter(({ index_set_name: name }) => name.startsWith('索引集'));
  assert.deepEqual(
    byId(own.map((row) => ({ id: row.index_set_id, name: row.index_set_name }))),
    recorded('index-set', (id) => `索引集${id}`),
  );
}
