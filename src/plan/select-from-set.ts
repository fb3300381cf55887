import { OperationError } from '../errors/operation-error';
import { databasesOf, type ManifestFile, type SealedManifest } from '../model/manifest';
import type { RestoreOptions } from '../model/restore-options';
import { refuseUnmappable } from './refuse-unmappable';
import type { SelectedDatabase } from './restore-plan';

/** Errors: OP_SOURCE_MISSING for a name that the set does not have, OP_CONFIG_INVALID for options that contradict. */
export function selectFromSet(sealed: SealedManifest, options: RestoreOptions): SelectedDatabase[] {
  const all = databasesOf(sealed);
  const tablesOf = (database: string) =>
    sealed.files.filter((file) => file.kind === 'table' && file.database === database);
  if (all.length === 0) throw noTables(sealed);
  const missing = [
    ...(options.databases ?? []).filter((name) => !all.includes(name)),
    ...(options.tables ?? []).filter((name) => !all.some((database) => tablesOf(database).some(isNamed(name)))),
  ];
  if (missing.length > 0) {
    throw new OperationError('OP_SOURCE_MISSING', `the set ${sealed.setId} has no ${missing.join(', ')}`, {
      details: { missing, databases: all },
    });
  }
  const selected = (options.databases ?? all).flatMap((database) => {
    const held = tablesOf(database);
    const tables = held.filter(
      (file) =>
        (options.tables?.some((name) => isNamed(name)(file)) ?? true) &&
        (!options.where || file.columns?.some(({ name }) => name === options.where?.column)),
    );
    const whole = tables.length === held.length && !options.tables && !options.where;
    return tables.length > 0 || whole ? [{ database, target: options.database ?? database, tables, whole }] : [];
  });
  if (selected.length === 0) {
    throw new OperationError('OP_CONFIG_INVALID', `nothing of the set ${sealed.setId} is selected`, {
      details: { ...options },
      remedy: options.where ? 'Name a column that the selected tables have.' : 'Name tables of the chosen databases.',
    });
  }
  if (options.database && selected.length > 1) {
    const databases = selected.map(({ database }) => database);
    throw new OperationError('OP_CONFIG_INVALID', `${databases.length} databases cannot go into one name`, {
      details: { databases },
      remedy: 'Select one database of the set, or restore them under their own names.',
    });
  }
  if (options.where && (options.policy === 'swap' || options.policy === 'replace')) {
    throw new OperationError('OP_CONFIG_INVALID', `some rows of a table cannot ${options.policy} the whole table`, {
      details: { policy: options.policy, where: options.where },
      remedy: 'With a row filter choose policy skip (insert rows whose key is absent) or fail (the tables are absent).',
    });
  }
  if (options.idMap) refuseUnmappable(selected, options.policy);
  return selected;
}

/** A set of documents alone. */
export function noTables({ setId }: SealedManifest): OperationError {
  return new OperationError('OP_CONFIG_INVALID', `the set ${setId} has no tables, only documents of collectors`, {
    details: { setId },
    remedy: 'Choose a set with tables. Collectors come into a BK-LOG by a migration.',
  });
}

function isNamed(name: string): (file: ManifestFile) => boolean {
  return ({ database, table }) => table === name || `${database}.${table}` === name;
}
