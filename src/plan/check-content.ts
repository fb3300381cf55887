import type { CellRule, CellWatch, ContentRule, RowsRule } from '../model/content-rule';
import type { Manifest, ManifestFile } from '../model/manifest';
import type { Suspicion } from '../model/verification';
import { type CellCheck, cellCheck, nameOfRule, type WatchedRow } from './cell-checks';
import { checkRowCounts } from './check-row-counts';

/** Keys are shown to people: a longer one is cut. */
const MAX_KEY_LETTERS = 60;

export interface ContentRules {
  /** Apply as far as the set has their tables and columns. */
  readonly defaults: readonly ContentRule[];
  /** Somebody wrote them for this set: one that does not fit it is reported. */
  readonly own: readonly ContentRule[];
}

/** Rules at work on one set while it is read. */
export interface ContentCheckRun {
  /** What the rules need of a table file; undefined: nothing. */
  watch(file: ManifestFile): CellWatch | undefined;
  /** What the cells say; only after all files were read. */
  cellSuspicions(): Suspicion[];
  /** What the manifests alone say: numbers of rows against an older set, and rules that do not fit the set. */
  readonly manifestSuspicions: readonly Suspicion[];
}

/** `previous`: an older set of the same app and name; without it numbers of rows are not compared. */
export function startContentCheck(
  manifest: Manifest,
  previous: Manifest | undefined,
  rules: ContentRules,
  options: { readonly maxValues?: number } = {},
): ContentCheckRun {
  const tables = manifest.files.filter(({ kind }) => kind === 'table');
  const all = [...rules.defaults, ...rules.own];
  const misfits = rules.own.flatMap((rule) => misfitOf(rule, tables));
  const checks = all
    .filter((rule): rule is CellRule => rule.kind !== 'rows')
    .map((rule) => cellCheck(rule, options.maxValues))
    .filter(({ needs }) => needs.every((need) => !lackOf(need, tables)));
  const rowsRules = all.filter((rule): rule is RowsRule => rule.kind === 'rows');
  return {
    manifestSuspicions: [...misfits, ...(previous ? checkRowCounts(manifest, previous, rowsRules) : [])],
    watch: (file) => watch(file, checks),
    cellSuspicions: () => checks.flatMap((check) => check.suspicions()),
  };
}

function misfitOf(rule: ContentRule, tables: readonly ManifestFile[]): Suspicion[] {
  const needs = rule.kind === 'rows' ? rowsNeeds(rule) : cellCheck(rule).needs;
  const lack = needs.map((need) => lackOf(need, tables)).find(Boolean);
  if (!lack) return [];
  const name = rule.kind === 'rows' ? `rows ${rule.table}` : nameOfRule(rule);
  const message = `the rule ${name} was not checked: ${lack}`;
  return [{ code: 'OP_CONFIG_INVALID', object: needs[0]?.table ?? '', message, rule: rule.kind }];
}

function rowsNeeds({ table }: RowsRule): { table: string; columns: readonly string[] }[] {
  return table === undefined ? [] : [{ table, columns: [] }];
}

function lackOf(
  { table, columns }: { readonly table: string; readonly columns: readonly string[] },
  tables: readonly ManifestFile[],
): string | undefined {
  const files = tables.filter((file) => file.table === table);
  if (files.length === 0) return `no table ${table} in the set`;
  const column = columns.find((name) => files.some((file) => !file.columns?.some((each) => each.name === name)));
  return column === undefined ? undefined : `table ${table} has no column ${column}`;
}

function watch(file: ManifestFile, checks: readonly CellCheck[]): CellWatch | undefined {
  const table = file.table ?? '';
  const mine = checks.filter(({ needs }) => needs.some((need) => need.table === table));
  if (mine.length === 0) return undefined;
  const keys = file.orderedBy ?? [];
  const wanted = mine.flatMap(({ needs }) => needs.filter((need) => need.table === table).flatMap((n) => n.columns));
  const columns = [...new Set([...wanted, ...keys])];
  const position = new Map(columns.map((column, index) => [column, index]));
  let cells: readonly (string | null)[] = [];
  // One object for all rows: checks look at it at once and keep nothing of it.
  const row: WatchedRow = {
    cell: (column) => cells[position.get(column) ?? -1] ?? null,
    key: () => keys.map((column) => `${column} ${cut(row.cell(column))}`).join(', '),
  };
  return {
    columns,
    onRow(next) {
      cells = next;
      for (const check of mine) check.take(table, row);
    },
  };
}

function cut(cell: string | null): string {
  const text = cell ?? 'NULL';
  return text.length > MAX_KEY_LETTERS ? `${text.slice(0, MAX_KEY_LETTERS)}…` : text;
}
