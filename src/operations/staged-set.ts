import type { ConnectionSettings } from '../model/connection-settings';
import type { ManifestFile, SealedManifest } from '../model/manifest';
import type { RestoreOptions } from '../model/restore-options';
import type { TargetServer } from '../model/target-state';
import { quoteName, type SourceConnection } from '../mysql/connection';
import { qualifiedName } from '../mysql/row-packets';
import { withScratchSchemas } from '../mysql/scratch-schemas';
import type { SetDefinitions } from '../mysql/set-definitions';
import type { RestorePlan, SelectedDatabase } from '../plan/restore-plan';
import type { ObjectStore } from '../store/object-store';
import { durableStep } from '../support/durable-step';
import type { ProgressListener } from '../support/progress';
import type { SetAdapter } from './adapt-set';
import type { Definitions } from './move-into-place';
import { readSetFiles } from './read-set-files';
import { refuseDamage } from './read-whole-set';
import { type SetLoader, withSetLoader } from './set-loader';

/** What every step of one restore needs. */
export interface Run {
  readonly sealed: SealedManifest;
  readonly options: RestoreOptions;
  readonly selection: readonly SelectedDatabase[];
  readonly server: TargetServer;
  readonly adapter: SetAdapter;
  /** As the target shall have them. */
  readonly definitions: Definitions;
  readonly settings: ConnectionSettings;
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

export function definitionOptions(
  selection: readonly SelectedDatabase[],
  { keepDefiners }: RestoreOptions,
  database: string,
) {
  const { tables, whole } = selection.find((item) => item.database === database)!;
  return { keepDefiners, wanted: { database, whole, tables: new Set(tables.map(({ table = '' }) => table)) } };
}

/** Lends the set loaded into scratch schemas, with keys, compared with the manifest, and filtered. */
export async function withStaged<T>(
  keeper: SourceConnection,
  run: Run,
  { targets }: RestorePlan,
  use: (scratch: ReadonlyMap<string, string>) => Promise<T>,
): Promise<T> {
  const { sealed, selection, settings, adapter, signal, onProgress } = run;
  const names = new Map(selection.map(({ database, target }) => [database, target]));
  const tables = selection.flatMap((item) => item.tables);
  return await withScratchSchemas(keeper, sealed.setId, [...names.keys()], async (scratch) => {
    const inAnyOrder = (file: ManifestFile) => adapter.isReordered(file);
    // Rows that go into a table that stays meet its own foreign keys there.
    const staysBehind = (database: string, table: string) =>
      targets
        .find((target) => target.database === database)
        ?.tables.some(({ name, action }) => name === table && action === 'fill') === true;
    const staging = { schemas: scratch, names, withSequences: false, inAnyOrder, staysBehind, signal, onProgress };
    const definitions = (database: string) => ({
      ...definitionOptions(selection, run.options, database),
      stagedIn: scratch,
      adapt: (held: SetDefinitions) => adapter.adapt(database, held),
    });
    await withSetLoader(settings, tables, { ...staging, definitions }, async (loader) => {
      await load(loader, run);
      await loader.settle();
      await durableStep('restore.add-keys', () => loader.addForeignKeys());
      refuseDamage(sealed.archive.key, loader.findings, { staging: [...scratch.values()] });
    });
    await filterRows(keeper, run, scratch);
    return await use(scratch);
  });
}

async function load(loader: SetLoader, { sealed, store, signal }: Run): Promise<void> {
  const take = (file: ManifestFile) => (file.kind === 'schema' ? loader.takeSchema(file) : loader.takeTable(file));
  const findings = await readSetFiles(store, sealed, take, signal);
  if (findings.length > 0 || loader.failure) await loader.stop();
  refuseDamage(sealed.archive.key, findings);
}

/** After the comparison, so that the whole table is proven first. */
async function filterRows(keeper: SourceConnection, { options, selection }: Run, scratch: ReadonlyMap<string, string>) {
  if (!options.where) return;
  const { column, value } = options.where;
  for (const { database, tables } of selection) {
    for (const { table = '' } of tables) {
      const place = qualifiedName(scratch.get(database)!, table);
      await keeper.query(`DELETE FROM ${place} WHERE NOT (${quoteName(column)} <=> ?)`, [value]);
    }
  }
}
