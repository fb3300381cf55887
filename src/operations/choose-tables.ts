import { BKLOG_CORE_TABLES, isCoreTable } from '../bklog/core-tables';
import { OperationError } from '../errors/operation-error';
import type { SelectedTable } from '../model/backup-set';
import type { DescribeConnectionResult, DescribedTable } from './contract';

export type TableChoice =
  | { readonly kind: 'core' }
  | { readonly kind: 'all' }
  | { readonly kind: 'named'; readonly tables: readonly string[] };

/**
 * The tables of one connection that a choice means, with their estimates. Errors: OP_SOURCE_MISSING for a named or
 * core table that is not there, OP_CONFIG_INVALID for a view or when nothing is left.
 */
export function chooseTables(described: DescribeConnectionResult, choice: TableChoice): SelectedTable[] {
  const { database, tables } = described;
  const byName = new Map(tables.map((table) => [table.name, table]));
  const chosen = namesOf(described, choice).map((name) => {
    const table = byName.get(name);
    if (!table) throw missing(database, name);
    if (table.type !== 'table') {
      throw new OperationError('OP_CONFIG_INVALID', `${database}.${name} is a ${table.type}, not a table`, {
        details: { database, table: name, type: table.type },
        remedy: `Take ${name} out of the selection.`,
      });
    }
    return toSelected(table);
  });
  if (chosen.length === 0) {
    throw new OperationError('OP_CONFIG_INVALID', `no table of ${database} is chosen`, {
      details: { database, coreTables: Object.values(BKLOG_CORE_TABLES).flat() },
      remedy: `Choose tables of ${database}, or all of them: it holds none of BK-LOG's core tables.`,
    });
  }
  return chosen;
}

function namesOf({ database, tables }: DescribeConnectionResult, choice: TableChoice): readonly string[] {
  switch (choice.kind) {
    case 'named':
      return [...new Set(choice.tables)];
    case 'all':
      return tables.filter(({ type }) => type === 'table').map(({ name }) => name);
    case 'core':
      return BKLOG_CORE_TABLES[database] ?? tables.filter(({ name }) => isCoreTable(name)).map(({ name }) => name);
    default:
      return choice satisfies never;
  }
}

function missing(database: string, table: string): OperationError {
  return new OperationError('OP_SOURCE_MISSING', `no table ${database}.${table}`, { details: { database, table } });
}

function toSelected({ name, rowsEstimate, bytesEstimate }: DescribedTable): SelectedTable {
  return { name, rowsEstimate, bytesEstimate };
}
