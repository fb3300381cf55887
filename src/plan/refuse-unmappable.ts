import { FAVORITE_TABLE, GROUP_TABLE, ROW_TABLES } from '../bklog/row-tables';
import { OperationError } from '../errors/operation-error';
import type { RestorePolicy } from '../model/restore-options';
import type { SelectedDatabase } from './restore-plan';

/** Errors: OP_CONFIG_INVALID where a selection with an id map holds what cannot be mapped, by name. */
export function refuseUnmappable(selected: readonly SelectedDatabase[], policy: RestorePolicy): void {
  if (policy === 'swap' || policy === 'replace') {
    throw new OperationError('OP_CONFIG_INVALID', `mapped rows cannot ${policy} the tables of another BK-LOG`, {
      details: { policy },
      remedy: 'With an id map choose policy skip (what has no room is left out) or fail (it stops the restore).',
    });
  }
  const known = new Set(ROW_TABLES.map(({ name }) => name));
  const tables = selected.flatMap(({ database, tables: files }) =>
    files.map(({ table = '' }) => ({ database, table, isKnown: known.has(table) })),
  );
  const usable = tables.filter(({ isKnown }) => isKnown).map(({ table }) => table);
  const foreign = tables.filter(({ isKnown }) => !isKnown).map(({ database, table }) => `${database}.${table}`);
  if (foreign.length > 0) {
    throw new OperationError('OP_CONFIG_INVALID', `rows of ${foreign.join(', ')} cannot be mapped`, {
      details: { tables: foreign, mappable: [...known] },
      remedy:
        usable.length > 0 ? `Select the others: --tables ${usable.join(',')}` : 'Select tables that the details list.',
    });
  }
  const databases = [...new Set(tables.map(({ database }) => database))];
  if (databases.length > 1) {
    throw new OperationError('OP_CONFIG_INVALID', `${databases.join(' and ')} hold rows of one BK-LOG each`, {
      details: { databases },
      remedy: 'Select one of the databases; an id map belongs to one environment.',
    });
  }
  if (usable.includes(FAVORITE_TABLE) && !usable.includes(GROUP_TABLE)) {
    throw new OperationError('OP_CONFIG_INVALID', `${FAVORITE_TABLE} needs ${GROUP_TABLE}`, {
      details: { tables: usable },
      remedy: `Select ${GROUP_TABLE} as well: favourites get the group that matches theirs.`,
    });
  }
}
