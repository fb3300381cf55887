import type { IdMap } from '../bklog/id-map';
import type { IdFinding } from '../bklog/map-record';
import { mappedColumns, mapRow } from '../bklog/map-row';
import {
  COLLECTOR_TABLE,
  DELETED_COLUMN,
  GROUP_COLUMN,
  GROUP_TABLE,
  INDEX_SET_TABLE,
  ROW_TABLES,
  type RowTable,
} from '../bklog/row-tables';
import type { TargetState } from '../model/target-state';
import type { Finding } from '../model/verification';
import { takeOutClashes, takeOutPresent } from '../mysql/compare-mapped';
import type { SourceConnection } from '../mysql/connection';
import {
  type ChangedRow,
  copyRows,
  insertMapped,
  type LeftOutRow,
  type NamedByRow,
  noteLeftOut,
  noteNames,
  readPages,
} from '../mysql/map-staged-rows';
import { countRows, createNoteTables, type MappedTable, noteTable, openMappedTable } from '../mysql/mapped-table';
import { assignGroups, matchGroups } from '../mysql/match-groups';
import { readNextId } from '../mysql/row-floors';
import { settleNames } from '../mysql/settle-names';
import { NAMED_KEYS } from '../plan/plan-rows';
import type { PlannedDatabase } from '../plan/restore-plan';
import type { LeftOutRows, MappedRowCounts, RaisedFloor, RowMapping } from '../plan/row-mapping';

/** Left out rows that are told one by one. */
const TOLD_ROWS = 1000;

interface OpenTable {
  readonly about: RowTable;
  readonly table: MappedTable;
  readonly rows: number;
  readonly deleted: number;
}

export interface DecidedRows {
  readonly mapping: RowMapping;
  /** What the mapped tables hold is to be inserted, in this order. */
  readonly tables: readonly { readonly about: RowTable; readonly table: MappedTable; readonly inserted: number }[];
  readonly findings: readonly Finding[];
}

/**
 * Decides for every staged row what becomes of it, in tables beside the staged ones; memory does not grow with rows.
 * 1. map the ids of each row; one with an id that has no counterpart is left out
 * 2. take out what the target has already, and what a key of the target has no room for
 * 3. leave out what names a row that is not there, until nothing does
 * The target is only read. `connection` must be strict and store 0 as it is.
 */
export async function decideRows(
  connection: SourceConnection,
  { target, tables: planned }: PlannedDatabase,
  schema: string,
  live: TargetState,
  map: IdMap,
): Promise<DecidedRows> {
  await createNoteTables(connection, schema);
  const open: OpenTable[] = [];
  for (const about of ROW_TABLES) {
    const into = planned.find(({ name }) => name === about.name);
    if (!into) continue;
    const staged = { database: schema, table: about.name };
    const place = { database: target, table: into.live ?? into.name };
    const table = await openMappedTable(connection, { ...about, deletedColumn: DELETED_COLUMN }, staged, place);
    const deleted = table.hasDeleted ? await countRows(connection, staged, `m.${DELETED_COLUMN} = 1`) : 0;
    open.push({ about, table, rows: await countRows(connection, staged), deleted });
    await mapTable(connection, about, table, map);
  }
  const same = new Map<string, number>();
  for (const { about, table } of open) same.set(about.name, await compareTable(connection, about, table));
  const tables = open.map(({ table }) => table);
  await settleNames(connection, tables, trustedTables(tables, live, map));
  const counts: MappedRowCounts[] = [];
  const floors: RaisedFloor[] = [];
  for (const { about, table, rows, deleted } of open) {
    const inserted = await countRows(connection, table.mapped);
    const leftOut = await countLeftOut(connection, table);
    counts.push({ table: about.name, rows, deleted, inserted, same: same.get(about.name)!, leftOut });
    if (about.floor === undefined || inserted === 0) continue;
    const from = await readNextId(connection, table.live);
    if (from < about.floor) floors.push({ table: table.live.table, from, to: about.floor });
  }
  return {
    mapping: { environment: map.environment, mapHash: map.hash, target, tables: counts, floors },
    tables: open.map(({ about, table }, at) => ({ about, table, inserted: counts[at]!.inserted })),
    findings: await tellLeftOut(connection, tables[0]!, target, counts),
  };
}

async function mapTable(connection: SourceConnection, about: RowTable, table: MappedTable, map: IdMap): Promise<void> {
  const columns = mappedColumns(about).filter((column) => table.columns.some(({ name }) => name === column));
  if (columns.length === 0) return await copyRows(connection, table, DELETED_COLUMN);
  for await (const page of readPages(connection, table, columns, DELETED_COLUMN)) {
    const kept: ChangedRow[] = [];
    const leftOut: LeftOutRow[] = [];
    const names: NamedByRow[] = [];
    for (const { key, row } of page) {
      const { changes, findings, names: named } = mapRow(about, row, map);
      const [first] = findings;
      if (first) {
        leftOut.push({ key, reason: first.reason, detail: findings.map(describe).join('; ') });
      } else {
        kept.push({ key, row, changes });
        names.push(...named.map((name) => ({ key, ...name })));
      }
    }
    await insertMapped(connection, table, kept);
    await noteLeftOut(connection, table, leftOut);
    await noteNames(connection, table, names);
  }
}

/** Values are told when they look like an id: anything else may be what somebody typed. */
function describe({ reference, value, reason }: IdFinding): string {
  const text = String(value);
  return /^[\w-]{1,64}$/.test(text) ? `${reference} ${text} is ${reason}` : `${reference} is ${reason}`;
}

async function compareTable(connection: SourceConnection, about: RowTable, table: MappedTable): Promise<number> {
  const { name, matchedBy } = about;
  if (name === GROUP_TABLE) return await matchGroups(connection, table, matchedBy!, 'created_at');
  if (matchedBy) await assignGroups(connection, table, GROUP_COLUMN, GROUP_TABLE);
  const same = await takeOutPresent(connection, table, matchedBy);
  await takeOutClashes(connection, table);
  return same;
}

/** Tables that are not selected and whose ids the map names: somebody says which rows of the target are meant. */
function trustedTables(tables: readonly MappedTable[], live: TargetState, map: IdMap) {
  const named = [...(map.collectors ? [COLLECTOR_TABLE] : []), ...(map.indexSets ? [INDEX_SET_TABLE] : [])];
  const isThere = (table: string) => live.objects.some(({ kind, name }) => kind === 'table' && name === table);
  return ROW_TABLES.filter(
    ({ name }) => named.includes(name) && isThere(name) && !tables.some((table) => table.name === name),
  );
}

async function countLeftOut(connection: SourceConnection, table: MappedTable): Promise<LeftOutRows[]> {
  const place = noteTable(table, 'left_out');
  const reasons = await connection.query(
    `SELECT reason, COUNT(*) AS n FROM ${place} WHERE table_name = ? GROUP BY reason ORDER BY reason`,
    [table.name],
  );
  const counted: LeftOutRows[] = [];
  for (const { reason, n } of reasons) {
    const first = await connection.query(
      `SELECT source_key FROM ${place} WHERE table_name = ? AND reason = ? ORDER BY source_key LIMIT ${NAMED_KEYS}`,
      [table.name, reason],
    );
    counted.push({ reason: reason ?? '', rows: Number(n), keys: first.map(({ source_key }) => source_key ?? '') });
  }
  return counted;
}

async function tellLeftOut(
  connection: SourceConnection,
  anyTable: MappedTable,
  target: string,
  counts: readonly MappedRowCounts[],
): Promise<Finding[]> {
  const rows = await connection.query(
    `SELECT table_name, source_key, reason, detail FROM ${noteTable(anyTable, 'left_out')} ORDER BY place LIMIT ${TOLD_ROWS}`,
  );
  const findings = rows.map(({ table_name, source_key, reason, detail }): Finding => {
    const object = `${target}.${table_name} ${source_key}`;
    return { code: 'OP_RESTORE_REFUSED', object, message: `${object} was left out: ${reason}: ${detail}` };
  });
  const total = counts.flatMap(({ leftOut }) => leftOut).reduce((sum, item) => sum + item.rows, 0);
  if (total <= findings.length) return findings;
  const message = `${total - findings.length} more rows were left out; the plan counts them by table and reason`;
  return [...findings, { code: 'OP_RESTORE_REFUSED', object: target, message }];
}
