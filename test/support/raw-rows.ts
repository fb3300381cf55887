import { readFileSync } from 'node:fs';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { IdMapDocument } from '../../src/bklog/id-map';
import { ROW_TABLES } from '../../src/bklog/row-tables';
import type { RestoreSetResult } from '../../src/operations/contract';
import { backUp, type RestoreChange, restore } from './backup';
import { clusteringTables } from './clustering-tables';
import { connect, sourceOf, type Workplace, withDatabase, withWorkplace } from './database';

export type Cells = Readonly<Record<string, string | number | null>>;

export const TABLES = ROW_TABLES.map(({ name }) => name);

export const ID_MAP: IdMapDocument = {
  environment: 'ee',
  offset: 1_000_000,
  businesses: [
    { from: 2, to: 100 },
    { from: 3, to: 2 },
  ],
  storageClusters: [{ from: 15, to: 4 }],
};

/** Creates the tables that rows can be mapped into. */
export async function createRowTables(admin: Connection): Promise<void> {
  const text = readFileSync('scripts/demo-data/schema.sql', 'utf8');
  const statements = [...text.matchAll(/^CREATE TABLE IF NOT EXISTS `(\w+)`[\s\S]*?;/gm)];
  for (const [statement, table = ''] of statements) if (TABLES.includes(table)) await admin.query(statement);
  for (const statement of clusteringTables()) await admin.query(statement);
}

const BY_TABLE: Readonly<Record<string, Cells>> = {
  log_databus_collectorconfig: { bk_biz_id: 2, target_nodes: '[]', collector_config_name: 'c' },
  log_search_logindexset: { space_uid: 'bkcc__2', project_id: 0, index_set_name: 's', scenario_id: 'log' },
  log_search_logindexsetdata: { bk_biz_id: 2, type: 'result_table', result_table_id: '2_bklog.x', scenario_id: 'log' },
  log_search_favoritegroup: {
    ...{ name: 'g', group_type: 'public', space_uid: 'bkcc__2', source_app_code: 'bk_log_search' },
    ...{ source_type: 'index_set' },
  },
  log_search_favorite: {
    ...{ name: 'f', space_uid: 'bkcc__2', display_fields: '[]', source_app_code: 'bk_log_search' },
    ...{ index_set_type: 'single', source_type: 'index_set' },
  },
  log_clustering_clusteringconfig: { bk_biz_id: 2 },
  log_clustering_noticegroup: { bk_biz_id: 2 },
  log_clustering_signaturestrategysettings: { bk_biz_id: 2 },
  log_clustering_clusteringremark: { bk_biz_id: 2 },
  log_clustering_clusteringsubscription: { space_uid: 'bkcc__2' },
  log_clustering_regextemplate: { space_uid: 'bkcc__2' },
};

/** Inserts a row; what `cells` does not say is what a row of that table usually has. */
export async function insertRow(admin: Connection, database: string, table: string, cells: Cells): Promise<void> {
  await admin.query("SET sql_mode = '', time_zone = '+00:00'");
  const audit = { created_at: '2024-03-08 10:21:35.104233', created_by: 'zhangsan', updated_by: 'zhangsan' };
  await admin.query('INSERT INTO ?? SET ?', [`${database}.${table}`, { ...audit, ...BY_TABLE[table], ...cells }]);
}

/** All rows by key, every cell as text, bytes as they are. */
export async function readRows(database: string, table: string): Promise<Map<string, Record<string, string | null>>> {
  const admin = await connect(database);
  try {
    await admin.query("SET NAMES utf8mb4; SET time_zone = '+00:00'");
    const [rows] = await admin.query<RowDataPacket[]>({
      sql: `SELECT * FROM ${table}`,
      typeCast: (field) => field.string('utf8'),
    });
    const { key } = ROW_TABLES.find(({ name }) => name === table)!;
    return new Map(rows.map((row) => [String(row[key]), row as Record<string, string | null>]));
  } finally {
    await admin.end();
  }
}

export interface Migration {
  readonly admin: Connection;
  readonly source: string;
  readonly target: string;
  readonly workplace: Workplace;
  /** Backs the source up, once, and maps it into the target. */
  readonly run: (change?: RestoreChange, idMap?: IdMapDocument) => Promise<RestoreSetResult>;
}

/** Lends two empty BK-LOG databases; `run` takes the rows of the one into the other. */
export async function withMigration(use: (migration: Migration) => Promise<void>): Promise<void> {
  await withDatabase(async (source, admin) => {
    await createRowTables(admin);
    await withDatabase(async (target, other) => {
      await createRowTables(other);
      await withWorkplace(async (workplace) => {
        let isTaken = false;
        const run: Migration['run'] = async (change = {}, idMap = ID_MAP) => {
          if (!isTaken) await backUp(workplace, [sourceOf(source, TABLES)]);
          isTaken = true;
          const options = { policy: 'skip' as const, database: target, idMap, ...change.options };
          return await restore(workplace, { ...change, options });
        };
        await use({ admin, source, target, workplace, run });
      });
    });
  });
}

/** What a result says about one table. */
export function countsOf({ plan }: RestoreSetResult, table: string) {
  const { rows, deleted, inserted, same, leftOut } = plan.rows!.tables.find((item) => item.table === table)!;
  return {
    rows,
    deleted,
    inserted,
    same,
    leftOut: Object.fromEntries(leftOut.map((item) => [item.reason, item.keys])),
  };
}
