import type { ContentCheck } from '../archive/archive-reader';
import { OperationError } from '../errors/operation-error';
import { RECOVERY_STEPS, type RecoveryCertificate, type RecoveryStep } from '../model/certificate';
import type { ConnectionSettings } from '../model/connection-settings';
import { databasesOf, type ManifestFile, type SealedManifest } from '../model/manifest';
import type { Finding } from '../model/verification';
import { withConnection } from '../mysql/connection';
import { scratchPattern, withScratchSchemas } from '../mysql/scratch-schemas';
import type { SetDefinitions } from '../mysql/set-definitions';
import { readTargetServer } from '../mysql/target-state';
import { describeAdaptation } from '../plan/plan-adaptation';
import { noTables } from '../plan/select-from-set';
import type { ObjectStore } from '../store/object-store';
import type { ProgressListener } from '../support/progress';
import { StepClock } from '../support/step-clock';
import { SetAdapter } from './adapt-set';
import { readSetFiles } from './read-set-files';
import { withSetLoader } from './set-loader';
import { watchStatements } from './watch-statements';

/** What a trial found, where it ran and how long each step took. */
export interface Trial extends Pick<RecoveryCertificate, 'server' | 'steps'> {
  readonly findings: readonly Finding[];
  /** What the server has under another name than the set, or does without: no bad news. */
  readonly notes: readonly string[];
}

/**
 * Restores a set into scratch schemas of a server, compares every table with the manifest, and drops them.
 * 1. definitions of each database, fitted to the server as a restore fits them: tables without secondary keys
 * 2. rows, through LOAD DATA, while the archive is read
 * 3. beside that, of each table that is loaded: secondary keys, then read back as a backup reads it: number of rows and hash
 * 4. foreign keys; views, triggers, routines. Events are left out: they would run
 * Bad news is returned as findings; what keeps the trial from being carried out is thrown.
 */
export async function tryRestore(
  store: ObjectStore,
  sealed: SealedManifest,
  settings: ConnectionSettings,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<Trial> {
  const watch = { settings, schemas: scratchPattern(sealed.setId), onProgress };
  return await watchStatements(watch, (watched) => tryWatched(store, sealed, settings, signal, watched));
}

async function tryWatched(
  store: ObjectStore,
  sealed: SealedManifest,
  settings: ConnectionSettings,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<Trial> {
  const clock = new StepClock<RecoveryStep>();
  const tables = sealed.files.filter(({ kind }) => kind === 'table');
  const databases = databasesOf(sealed);
  // Proof of nothing is no proof.
  if (databases.length === 0) throw noTables(sealed);
  // The keeper of the schemas is not cut by an abort: it has to drop them.
  return await withConnection(settings, undefined, (keeper) =>
    withScratchSchemas(keeper, sealed.setId, databases, async (scratch) => {
      const adapter = new SetAdapter(await readTargetServer(keeper), tables);
      const options = {
        schemas: scratch,
        names: scratch,
        definitions: (database: string) => ({
          keepDefiners: false,
          adapt: (held: SetDefinitions) => adapter.adapt(database, held),
        }),
        inAnyOrder: (file: ManifestFile) => adapter.isReordered(file),
        withSequences: true,
        signal,
        onProgress,
      };
      return await withSetLoader(settings, tables, options, async (trial, connection) => {
        const { flavour, version, hostname: host } = connection.server;
        const result = (findings: readonly Finding[]): Trial => ({
          findings: [...refusals(adapter), ...findings],
          notes: [...adapter.adaptations.values()].flatMap(describeAdaptation),
          server: { flavour, version, host },
          steps: RECOVERY_STEPS.map((step) => ({ step, ms: clock.ms(step) })),
        });
        const take = (file: ManifestFile) => (file.kind === 'schema' ? trial.takeSchema(file) : trial.takeTable(file));
        const damage = await readSetFiles(store, sealed, (file) => timed(take(file), clock), signal);
        clock.lap('read');
        if (damage.length > 0 || trial.failure) await trial.stop();
        if (damage.length > 0) return result(damage);
        await trial.settle();
        clock.lap('compare');
        await trial.addForeignKeys();
        clock.lap('keys');
        await trial.addObjects();
        clock.lap('objects');
        return result(trial.findings);
      });
    }),
  );
}

/** What a restore into this server would be refused for. */
function refusals({ adaptations }: SetAdapter): Finding[] {
  return [...adaptations.values()].flatMap(({ blockers }) =>
    blockers.map(({ object, reason }) => ({ code: 'OP_RESTORE_REFUSED', object, message: `${object} ${reason}` })),
  );
}

/** Reading goes on beside loading; what it has to wait for the server is time of loading. */
function timed(check: ContentCheck | undefined, clock: StepClock<RecoveryStep>): ContentCheck | undefined {
  if (!check) return undefined;
  const loading = async <T>(work: () => T | Promise<T>): Promise<T> => {
    clock.lap('read');
    const result = await work();
    clock.lap('load');
    return result;
  };
  return { write: (chunk) => loading(() => check.write(chunk)), end: () => loading(() => check.end()) };
}

/** A level that needs a server, and none was named. */
export function scratchMissing(): OperationError {
  return new OperationError('OP_CONFIG_INVALID', 'verifying at "restorable" needs a server for the scratch schemas', {
    details: { field: 'scratch' },
    remedy:
      'Name a connection whose account may create schemas: --config and --section, or the scratch connection of verify.',
  });
}
