import { readArchive } from '../archive/archive-reader';
import { OperationError } from '../errors/operation-error';
import type { ConnectionSettings } from '../model/connection-settings';
import type { ObjectKey } from '../model/ids';
import { manifestSchema, type SealedManifest } from '../model/manifest';
import type { Finding } from '../model/verification';
import { withConnection } from '../mysql/connection';
import { withScratchSchemas } from '../mysql/scratch-schemas';
import { withLoadingSessions } from '../mysql/table-loader';
import type { ObjectStore } from '../store/object-store';
import type { ProgressListener } from '../support/progress';
import { LOADING_SESSIONS, SetLoader } from './set-loader';

/**
 * Restores a set into scratch schemas of a server, compares every table with the manifest, and drops them.
 * 1. definitions of each database: tables without secondary keys
 * 2. rows, through LOAD DATA, while the archive is read
 * 3. secondary keys, foreign keys; views, triggers, routines. Events are left out: they would run
 * 4. every table read back as a backup reads it: number of rows and hash
 * Bad news is returned as findings; what keeps the trial from being carried out is thrown.
 */
export async function tryRestore(
  store: ObjectStore,
  sealed: SealedManifest,
  settings: ConnectionSettings,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<Finding[]> {
  const tables = sealed.files.filter(({ kind }) => kind === 'table');
  const databases = [...new Set(sealed.files.map(({ database }) => database))];
  // The keeper of the schemas is not cut by an abort: it has to drop them.
  return await withConnection(settings, undefined, (keeper) =>
    withScratchSchemas(keeper, sealed.setId, databases, (scratch) =>
      withLoadingSessions(settings, LOADING_SESSIONS, signal, async (connections) => {
        const options = {
          schemas: scratch,
          names: scratch,
          definitions: () => ({ keepDefiners: false }),
          withSequences: true,
          signal,
          onProgress,
        };
        const trial = new SetLoader(connections, tables, options);
        const reading = await readArchive(store.get(sealed.archive.key as ObjectKey, signal), {
          object: sealed.archive.key,
          expected: manifestSchema.parse(sealed),
          signal,
          checkContent: (file) => (file.kind === 'schema' ? trial.takeSchema(file) : trial.takeTable(file)),
        });
        await trial.rest();
        if (trial.failure) throw trial.failure;
        if (reading.findings.length > 0) return [...reading.findings];
        await trial.addKeys();
        await trial.addObjects();
        await withConnection(settings, signal, (reader) => trial.compare(reader));
        return trial.findings;
      }),
    ),
  );
}

/** A level that needs a server, and none was named. */
export function scratchMissing(): OperationError {
  return new OperationError('OP_CONFIG_INVALID', 'verifying at "restorable" needs a server for the scratch schemas', {
    details: { field: 'scratch' },
    remedy:
      'Name a connection whose account may create schemas: --config and --section, or the scratch connection of verify.',
  });
}
