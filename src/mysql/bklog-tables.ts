import {
  COLLECTING_STEP,
  COLLECTOR_COLUMNS,
  COLLECTOR_TABLE,
  INDEX_COLUMNS,
  INDEX_SET_COLUMNS,
  INDEX_SET_TABLE,
  INDEX_TABLE,
  PROJECT_TABLE,
  type RecordColumn,
  STEP_TABLE,
} from '../model/collector-columns';
import { quoteName, type SourceConnection, type TextRow } from './connection';
import { qualifiedName } from './row-packets';

/** Rows are read in pages of this many, so that memory does not grow with the platform. */
const PAGE_ROWS = 500;

/** A database of the platform, inside a snapshot. */
export interface Place {
  readonly connection: SourceConnection;
  readonly database: string;
}

const columnList = (columns: readonly RecordColumn[]): string =>
  [...new Set(columns.map(({ column }) => quoteName(column)))].join(', ');

async function* pages(
  { connection, database }: Place,
  table: string,
  key: string,
  columns: string,
  condition: string,
): AsyncGenerator<TextRow[]> {
  let last: string | undefined;
  for (;;) {
    const after = last === undefined ? '' : ` AND ${quoteName(key)} > ?`;
    const rows = await connection.query(
      `SELECT ${columns} FROM ${qualifiedName(database, table)} WHERE ${condition}${after} ORDER BY ${quoteName(key)} LIMIT ${PAGE_ROWS}`,
      last === undefined ? [] : [last],
    );
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE_ROWS) return;
    last = rows.at(-1)?.[key] ?? undefined;
  }
}

/** Live collectors, by their id. */
export function collectorPages(log: Place): AsyncGenerator<TextRow[]> {
  return pages(log, COLLECTOR_TABLE, 'collector_config_id', columnList(COLLECTOR_COLUMNS), 'is_deleted = 0');
}

/** Live index sets of calculated and of third-party data, by their id; those of collectors come with the collectors. */
export function indexSetPages(log: Place, withSpace: boolean): AsyncGenerator<TextRow[]> {
  const columns = `${columnList(INDEX_SET_COLUMNS)}${withSpace ? ', space_uid' : ''}`;
  const condition = "is_deleted = 0 AND scenario_id IN ('bkdata', 'es')";
  return pages(log, INDEX_SET_TABLE, 'index_set_id', columns, condition);
}

async function rowsWhere(
  { connection, database }: Place,
  table: string,
  columns: string,
  key: string,
  ids: readonly string[],
  more = '',
): Promise<TextRow[]> {
  if (ids.length === 0) return [];
  return await connection.query(
    `SELECT ${columns} FROM ${qualifiedName(database, table)} WHERE ${quoteName(key)} IN (?)${more}`,
    [ids],
  );
}

/** The `params` of the collecting step of each subscription, as text; null where the column is. */
export async function stepParams(
  nodeman: Place,
  subscriptions: readonly string[],
): Promise<Map<string, string | null>> {
  const more = ` AND step_id = '${COLLECTING_STEP}' ORDER BY id`;
  const rows = await rowsWhere(nodeman, STEP_TABLE, 'subscription_id, params', 'subscription_id', subscriptions, more);
  return new Map(rows.map(({ subscription_id, params }) => [subscription_id ?? '', params ?? null]));
}

/** Live index rows of each index set, in the order of their ids. */
export async function indexRows(log: Place, sets: readonly string[]): Promise<Map<string, TextRow[]>> {
  const columns = columnList(INDEX_COLUMNS);
  const rows = await rowsWhere(
    log,
    INDEX_TABLE,
    columns,
    'index_set_id',
    sets,
    ' AND is_deleted = 0 ORDER BY index_id',
  );
  const bySet = new Map<string, TextRow[]>();
  for (const row of rows) {
    const own = bySet.get(row.index_set_id ?? '');
    if (own) own.push(row);
    else bySet.set(row.index_set_id ?? '', [row]);
  }
  return bySet;
}

/** The business of each project; soft-deleted projects count, as in export.py. */
export async function projectBusinesses(log: Place, projects: readonly string[]): Promise<Map<string, string | null>> {
  const rows = await rowsWhere(log, PROJECT_TABLE, 'project_id, bk_biz_id', 'project_id', projects);
  return new Map(rows.map(({ project_id, bk_biz_id }) => [project_id ?? '', bk_biz_id ?? null]));
}

/** Which of these index sets are live. */
export async function liveIndexSets(log: Place, sets: readonly string[]): Promise<Set<string>> {
  const rows = await rowsWhere(log, INDEX_SET_TABLE, 'index_set_id', 'index_set_id', sets, ' AND is_deleted = 0');
  return new Set(rows.map(({ index_set_id }) => index_set_id ?? ''));
}

/** Index sets that live index rows name and that are not live, with the number of those rows. */
export async function orphanedIndexRows({ connection, database }: Place): Promise<TextRow[]> {
  const [rows, sets] = [qualifiedName(database, INDEX_TABLE), qualifiedName(database, INDEX_SET_TABLE)];
  return await connection.query(
    `SELECT d.index_set_id, COUNT(*) AS n FROM ${rows} AS d LEFT JOIN ${sets} AS s
      ON s.index_set_id = d.index_set_id AND s.is_deleted = 0
      WHERE d.is_deleted = 0 AND s.index_set_id IS NULL GROUP BY d.index_set_id ORDER BY d.index_set_id LIMIT 1000`,
  );
}

export async function hasColumn({ connection, database }: Place, table: string, column: string): Promise<boolean> {
  const [row] = await connection.query(
    'SELECT COUNT(*) AS n FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND COLUMN_NAME = ?',
    [database, table, column],
  );
  return row?.n === '1';
}

/** The ids of spaces, by which businesses of other kinds are numbered (`-id`); none where the table is not there. */
export async function spaceIds(log: Place, spaces: readonly string[]): Promise<Map<string, string>> {
  if (spaces.length === 0 || !(await hasColumn(log, 'log_search_space', 'space_uid'))) return new Map();
  const rows = await rowsWhere(log, 'log_search_space', 'id, space_uid', 'space_uid', spaces);
  return new Map(rows.map(({ id, space_uid }) => [space_uid ?? '', id ?? '']));
}

/** The tables that the documents are made of. */
export function tablesOfDocuments(isNodeman: boolean, database: string): { database: string; table: string }[] {
  const tables = isNodeman ? [STEP_TABLE] : [COLLECTOR_TABLE, INDEX_SET_TABLE, INDEX_TABLE, PROJECT_TABLE];
  return tables.map((table) => ({ database, table }));
}
