import type { CellRule } from '../model/content-rule';
import type { Suspicion } from '../model/verification';
import { compareCells } from './compare-cells';

/** Different values of one side of a relation that are held in memory; some hundred megabytes at worst. */
export const MAX_VALUES = 2_000_000;
const EXAMPLES = 3;

export type Cell = string | null;
/** One row of one table, as far as a rule needs it. */
export interface WatchedRow {
  readonly cell: (column: string) => Cell;
  /** The row's key as people read it; empty for a table without a key. */
  readonly key: () => string;
}

/** One rule at work: takes the rows of its tables in any order and says at the end what it thinks. */
export interface CellCheck {
  readonly rule: CellRule;
  readonly needs: readonly { readonly table: string; readonly columns: readonly string[] }[];
  take(table: string, row: WatchedRow): void;
  suspicions(): Suspicion[];
}

export function cellCheck(rule: CellRule, maxValues = MAX_VALUES): CellCheck {
  return rule.kind === 'relation' ? relationCheck(rule, maxValues) : columnCheck(rule);
}

/** The rule in one line, for messages. */
export function nameOfRule(rule: CellRule): string {
  const { kind } = rule;
  if (kind !== 'relation') return `${kind} ${rule.table}.${rule.column}`;
  const { from, to } = rule;
  return `relation ${from.table}.${from.column} -> ${to.table}.${to.column}`;
}

function columnCheck(rule: Exclude<CellRule, { kind: 'relation' }>): CellCheck {
  const isWrong = wrongness(rule);
  const offenders = new Offenders(rule, rule.table);
  return {
    rule,
    needs: [{ table: rule.table, columns: [rule.column, ...Object.keys(rule.where ?? {})] }],
    take(_table, row) {
      if (matches(row, rule.where) && isWrong(row.cell(rule.column))) offenders.add(1, row.key());
    },
    suspicions: () => offenders.suspicions(),
  };
}

function wrongness(rule: Exclude<CellRule, { kind: 'relation' }>): (cell: Cell) => boolean {
  switch (rule.kind) {
    case 'required':
      return (cell) => cell === null || cell === '';
    case 'range': {
      const { min, max } = rule;
      // A cell that cannot be compared with its bound is outside.
      return (cell) =>
        cell !== null &&
        ((min !== undefined && (compareCells(cell, String(min)) ?? -1) < 0) ||
          (max !== undefined && (compareCells(cell, String(max)) ?? 1) > 0));
    }
    case 'one-of': {
      const values = new Set(rule.values.map(toCell));
      return (cell) => cell !== null && !values.has(cell);
    }
    default:
      return rule satisfies never;
  }
}

function relationCheck(rule: Extract<CellRule, { kind: 'relation' }>, maxValues: number): CellCheck {
  const { from, to, where } = rule;
  const targets = new Set<string>();
  /** References by value: the two tables come in any order. */
  const references = new Map<string, { rows: number; readonly key: string }>();
  let isOverflown = false;

  const refer = (row: WatchedRow) => {
    const value = row.cell(from.column);
    if (value === null || value === '' || value === '0' || !matches(row, where)) return;
    const known = references.get(value);
    if (known) known.rows += 1;
    else references.set(value, { rows: 1, key: row.key() });
  };
  return {
    rule,
    needs: [
      { table: from.table, columns: [from.column, ...Object.keys(where ?? {})] },
      { table: to.table, columns: [to.column] },
    ],
    take(table, row) {
      if (isOverflown) return;
      if (table === to.table) {
        const value = row.cell(to.column);
        if (value !== null) targets.add(value);
      }
      if (table === from.table) refer(row);
      if (targets.size <= maxValues && references.size <= maxValues) return;
      isOverflown = true;
      targets.clear();
      references.clear();
    },
    suspicions() {
      const offenders = new Offenders(rule, from.table);
      if (isOverflown) return [offenders.unchecked(`more than ${maxValues} different values`)];
      for (const [value, { rows, key }] of references) if (!targets.has(value)) offenders.add(rows, key);
      return offenders.suspicions();
    },
  };
}

/** Rows that break one rule: how many, and the keys of the first few. */
class Offenders {
  #rows = 0;
  readonly #keys: string[] = [];
  readonly #rule: CellRule;
  readonly #table: string;

  constructor(rule: CellRule, table: string) {
    this.#rule = rule;
    this.#table = table;
  }

  add(rows: number, key: string): void {
    this.#rows += rows;
    if (key !== '' && this.#keys.length < EXAMPLES) this.#keys.push(key);
  }

  suspicions(): Suspicion[] {
    if (this.#rows === 0) return [];
    const count = this.#rows === 1 ? '1 row breaks' : `${this.#rows} rows break`;
    const keys =
      this.#keys.length > 0 ? `: ${this.#keys.join('; ')}${this.#rows > this.#keys.length ? '; …' : ''}` : '';
    return [this.#suspicion(`table ${this.#table}: ${count} the rule ${nameOfRule(this.#rule)}${keys}`)];
  }

  unchecked(why: string): Suspicion {
    return this.#suspicion(`the rule ${nameOfRule(this.#rule)} was not checked: ${why}`);
  }

  #suspicion(message: string): Suspicion {
    return { code: 'OP_CONTENT_SUSPICIOUS', object: this.#table, message, rule: this.#rule.kind };
  }
}

function matches(row: WatchedRow, where: CellRule['where']): boolean {
  return Object.entries(where ?? {}).every(([column, value]) => row.cell(column) === toCell(value));
}

/** A value of a rule as a cell has it: servers print true as 1. */
function toCell(value: string | number | boolean | null): Cell {
  if (value === null) return null;
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}
