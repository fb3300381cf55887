import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import { readAll, settingsFor, testServer, type Workplace, withDatabase, withWorkplace } from './database';

/** A task in words; what is missing is that of a finished export of two and a half days ago. */
export interface TaskShape {
  readonly hoursAgo?: number;
  /** Instead of `hoursAgo`: an SQL expression. */
  readonly createdAt?: string;
  readonly completedHoursAgo?: number | null;
  readonly state?: string | null;
  readonly type?: string | null;
  readonly file?: string | null;
  readonly url?: string | null;
  readonly isClean?: boolean;
}

export interface ExportScene {
  readonly admin: Connection;
  readonly database: string;
  readonly workplace: Workplace;
  /** Where the platform keeps its files. */
  readonly folder: string;
  /** Inserts a task and returns its id. */
  task(shape: TaskShape): Promise<string>;
  /** Puts a file of so many bytes into the folder. */
  file(name: string, bytes?: number): void;
  has(name: string): boolean;
  /** `state is_clean` of a task. */
  state(id: string): Promise<string>;
  /** Everything of every row, for comparing. */
  rows(): Promise<object[]>;
  /** What the toggle says about stores. */
  toggle(storageType: string, name?: string): Promise<void>;
}

export const NFS_URL = 'https://bklog.example.com/api/v1/log_extract/tasks/download_file/?target_file=3hJk2Q%3D%3D';
export const BKREPO_URL = 'https://bkrepo.example.com/generic/temporary/download/bklog/x.tar.gz?token=canary-token';
/** The name that BK-LOG gives to the nth file of a test. */
export const fileOf = (nth: number) => `bk_log_search_901_20240501100003_aB3dE6g${String(nth).padStart(3, '0')}.tar.gz`;

/** Lends a database with the table of exports, and a folder for their files. */
export async function withExports(use: (scene: ExportScene) => Promise<void>): Promise<void> {
  await withDatabase(async (database, admin) => {
    await admin.query(definitionsOf(['export_task', 'feature_toggle_featuretoggle']));
    await withWorkplace(async (workplace) => {
      const folder = join(workplace.folder, 'USERRES');
      mkdirSync(folder);
      await use({
        ...{ admin, database, workplace, folder },
        task: (shape) => insertTask(admin, shape),
        file: (name, bytes = 1000) => writeFileSync(join(folder, name), Buffer.alloc(bytes)),
        has: (name) => existsSync(join(folder, name)),
        async state(id) {
          const [row] = await readAll(testServer(), `SELECT * FROM export_task WHERE id = ${id}`, database);
          return `${row?.export_status} ${row?.is_clean}`;
        },
        rows: () => readAll(testServer(), 'SELECT * FROM export_task ORDER BY id', database),
        async toggle(storageType, name = 'feature_async_export') {
          await admin.query(
            `REPLACE INTO feature_toggle_featuretoggle (created_at, created_by, updated_by, is_deleted, name, status,
               is_viewed, feature_config) VALUES (UTC_TIMESTAMP(6), '', '', 0, ?, 'on', 0, ?)`,
            [name, JSON.stringify({ storage_type: storageType, qcloud_secret_key: 'canary-secret' })],
          );
        },
      });
    });
  });
}

/** What one cleaning is asked for. */
export function cleaningOf({ database, workplace, folder }: ExportScene, change: object = {}) {
  const cleaning = { folder, requireMount: false, keepDays: 2, acceptMissing: false };
  return { ...workplace, settings: settingsFor(database), cleaning: { ...cleaning, ...change } };
}

function definitionsOf(tables: readonly string[]): string {
  const text = readFileSync('scripts/demo-data/schema.sql', 'utf8');
  return tables.map((table) => new RegExp(`CREATE TABLE IF NOT EXISTS \`${table}\` [^;]*;`).exec(text)![0]).join('\n');
}

async function insertTask(admin: Connection, shape: TaskShape): Promise<string> {
  const { hoursAgo = 60, completedHoursAgo = hoursAgo, isClean = false } = shape;
  const { state = 'success', type = 'async', file = null, url = file === null ? null : NFS_URL } = shape;
  const createdAt = shape.createdAt ?? `UTC_TIMESTAMP(6) - INTERVAL ${hoursAgo} HOUR`;
  const completedAt = completedHoursAgo === null ? 'NULL' : `UTC_TIMESTAMP(6) - INTERVAL ${completedHoursAgo} HOUR`;
  const [result] = await admin.query(
    `INSERT INTO export_task (created_at, created_by, updated_at, updated_by, request_param, result, file_name, download_url,
       is_clean, completed_at, export_status, export_type, index_set_type, source_app_code, download_count,
       export_total_count, exported_count)
     VALUES (${createdAt}, 'zhangsan', ${createdAt}, 'zhangsan', '{}', 1, ?, ?, ?, ${completedAt}, ?, ?, 'single',
       'bk_log_search', 0, 0, 0)`,
    [file, url, isClean ? 1 : 0, state, type],
  );
  return String((result as { insertId: number }).insertId);
}
