import { type ContentCheck, readArchive } from '../archive/archive-reader';
import { findSet } from '../catalog/catalog';
import type { ErrorCode } from '../errors/error-catalogue';
import { cleanUpAfter, isOperationError, OperationError } from '../errors/operation-error';
import type { ObjectKey } from '../model/ids';
import { type ManifestFile, manifestSchema, type SealedManifest } from '../model/manifest';
import type { Finding } from '../model/verification';
import { quoteName, type SourceConnection, withConnection } from '../mysql/connection';
import { isCaseSensitive, readObjectNames } from '../mysql/existing-objects';
import { withScratchSchemas } from '../mysql/scratch-schemas';
import { readSetDefinitions, type SetDefinitions } from '../mysql/set-definitions';
import { withLoadingSessions } from '../mysql/table-loader';
import { planRestore, type RestorePlan } from '../plan/plan-restore';
import type { ObjectStore } from '../store/object-store';
import type { ProgressListener } from '../support/progress';
import type { RestoreSetRequest, RestoreSetResult } from './contract';
import { openLocation } from './open-location';
import { LOADING_SESSIONS, SetLoader } from './set-loader';

/**
 * Restores a set into a server that has none of its objects.
 * 1. read the whole archive: a damaged set is refused before the first write
 * 2. plan; what exists in the target is a blocker
 * 3. load beside the target, in scratch schemas; add keys; read back and compare with the manifest
 * 4. create missing databases and move all tables by one RENAME TABLE
 * 5. create views, routines, triggers and events; what the server refuses of these is a finding
 * Until step 4 the target is untouched, and whatever ends the run drops the scratch schemas.
 * Errors: OP_ARCHIVE_*, OP_RESTORE_REFUSED with the blockers, OP_RESTORE_DIFFERS, OP_SOURCE_*, OP_CONFIG_INVALID.
 */
export async function restoreSet(
  request: RestoreSetRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<RestoreSetResult> {
  const store = openLocation(request.location);
  await store.check({ write: false });
  const sealed = await findSet(store, request.set);
  const names = targetNames(sealed, request.database);
  const definitions = await readWholeSet(store, sealed, names, request.keepDefiners, signal, onProgress);
  return await withConnection({ ...request.settings, database: 'information_schema' }, undefined, async (keeper) => {
    const plan = await makePlan(keeper, sealed, names, definitions);
    if (request.dryRun) return { plan, dryRun: true, findings: [], rows: 0, tables: 0 };
    refuseBlockers(plan);
    refuseOtherPlan(plan, request.confirm);
    const findings = await withScratchSchemas(keeper, sealed.setId, [...names.keys()], (scratch) =>
      withLoadingSessions(
        { ...request.settings, database: 'information_schema' },
        LOADING_SESSIONS,
        signal,
        async (connections) => {
          const { keepDefiners } = request;
          const options = { schemas: scratch, names, keepDefiners, withSequences: false, signal, onProgress };
          const loader = new SetLoader(connections, sealed, options);
          await withSequences(keeper, plan, names, definitions, async () => {
            await load(loader, store, sealed, request, signal);
            signal.throwIfAborted();
            await moveTables(keeper, sealed, scratch, names, definitions);
          });
          await addObjects(loader, keeper, names);
          return loader.findings;
        },
      ),
    );
    const tables = sealed.files.filter(({ kind }) => kind === 'table');
    const rows = tables.reduce((sum, file) => sum + (file.rows ?? 0), 0);
    return { plan, dryRun: false, findings, rows, tables: tables.length };
  });
}

/** A set of one database can go into another name; of several, each keeps its own. */
function targetNames(sealed: SealedManifest, wanted: string | undefined): Map<string, string> {
  const databases = [...new Set(sealed.files.map(({ database }) => database))];
  if (wanted && databases.length > 1) {
    throw new OperationError('OP_CONFIG_INVALID', `the set holds ${databases.length} databases, not one to rename`, {
      details: { databases },
      remedy: 'Restore it under its own names, into a server that has none of them.',
    });
  }
  return new Map(databases.map((database) => [database, wanted ?? database]));
}

async function readWholeSet(
  store: ObjectStore,
  sealed: SealedManifest,
  names: ReadonlyMap<string, string>,
  keepDefiners: boolean,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<Map<string, SetDefinitions>> {
  const definitions = new Map<string, SetDefinitions>();
  const takeSchema = (file: ManifestFile): ContentCheck => {
    const chunks: Buffer[] = [];
    return {
      write: (chunk) => void chunks.push(Buffer.from(chunk)),
      end: () => {
        const script = Buffer.concat(chunks).toString('utf8');
        definitions.set(file.database, readSetDefinitions(script, names, { keepDefiners }));
        return [];
      },
    };
  };
  const { key } = sealed.archive;
  const { findings, stored } = await readArchive(store.get(key as ObjectKey, signal), {
    object: key,
    expected: manifestSchema.parse(sealed),
    signal,
    // The rows of table files are looked at while they are loaded, and proven by reading them back.
    checkContent: (file) => (file.kind === 'schema' ? takeSchema(file) : undefined),
    onBytes: (bytes) => onProgress({ phase: 'read', bytes }),
  });
  refuseDamage(key, findings);
  if (stored?.sha256 !== sealed.archive.sha256) {
    throw new OperationError('OP_ARCHIVE_CORRUPT', `${key} does not have the hash its seal announces`, {
      details: { key },
    });
  }
  return definitions;
}

function refuseDamage(key: string, findings: readonly Finding[]): void {
  const [first] = findings;
  if (!first) return;
  throw new OperationError(first.code as ErrorCode, first.message, {
    details: { key, findings: findings.slice(0, 10) },
  });
}

async function makePlan(
  connection: SourceConnection,
  sealed: SealedManifest,
  names: ReadonlyMap<string, string>,
  definitions: ReadonlyMap<string, SetDefinitions>,
): Promise<RestorePlan> {
  const wanted = [...names].map(([database, target]) => {
    const { tables, objects } = definitions.get(database)!;
    const others = objects.flatMap(({ kind, name }) => (kind && name ? [`${kind} ${name}`] : []));
    return {
      database,
      target,
      names: [...new Set([...[...tables.keys()].map((table) => `table ${table}`), ...others])],
    };
  });
  const existing = [];
  for (const database of new Set(names.values())) {
    existing.push({ database, ...(await readObjectNames(connection, database)) });
  }
  return planRestore({ sealed, wanted, existing, isCaseSensitive: await isCaseSensitive(connection) });
}

function refuseBlockers({ blockers, archiveKey }: RestorePlan): void {
  if (blockers.length === 0) return;
  const shown = blockers.slice(0, 5).map(({ object }) => object);
  throw new OperationError(
    'OP_RESTORE_REFUSED',
    `${blockers.length} objects of ${archiveKey} exist in the target: ${shown.join(', ')}${blockers.length > 5 ? ', …' : ''}`,
    {
      details: { blockers: blockers.slice(0, 100), count: blockers.length },
      remedy: 'Nothing was changed. Restore into another server or database name, or rename what is there first.',
    },
  );
}

function refuseOtherPlan(plan: RestorePlan, confirm: string | undefined): void {
  if (confirm === undefined || confirm === plan.hash) return;
  throw new OperationError('OP_RESTORE_REFUSED', 'the confirmed plan is not the one that would be carried out now', {
    details: { confirmed: confirm, plan: plan.hash, setId: plan.setId },
    remedy: 'Nothing was changed. Look at the plan again: the newest set or the target has changed since.',
  });
}

async function load(
  loader: SetLoader,
  store: ObjectStore,
  sealed: SealedManifest,
  { settings }: RestoreSetRequest,
  signal: AbortSignal,
): Promise<void> {
  const { key } = sealed.archive;
  const reading = await readArchive(store.get(key as ObjectKey, signal), {
    object: key,
    expected: manifestSchema.parse(sealed),
    signal,
    checkContent: (file) => (file.kind === 'schema' ? loader.takeSchema(file) : loader.takeTable(file)),
  });
  await loader.rest();
  if (loader.failure) throw loader.failure;
  refuseDamage(key, reading.findings);
  await loader.addKeys();
  await withConnection({ ...settings, database: 'information_schema' }, signal, (reader) => loader.compare(reader));
  refuseDamage(key, loader.findings);
}

const SEQUENCE_NAME = /^CREATE SEQUENCE (`(?:[^`]|``)+`)/;

/**
 * Defaults of columns name sequences with their database, so these are created in place. A failure takes them back, and
 * the empty databases that the restore created.
 */
async function withSequences(
  keeper: SourceConnection,
  plan: RestorePlan,
  names: ReadonlyMap<string, string>,
  definitions: ReadonlyMap<string, SetDefinitions>,
  use: () => Promise<void>,
): Promise<void> {
  const created: string[] = [];
  try {
    for (const [database, { sequences, database: createDatabase }] of definitions) {
      if (sequences.length === 0) continue;
      const target = quoteName(names.get(database)!);
      await keeper.query(createDatabase);
      await keeper.query(`USE ${target}`);
      for (const statement of sequences) {
        await keeper.query(statement);
        const sequence = SEQUENCE_NAME.exec(statement)?.[1];
        if (sequence) created.push(`${target}.${sequence}`);
      }
    }
    await use();
  } catch (error) {
    await cleanUpAfter(error, async () => {
      for (const name of created) await keeper.query(`DROP SEQUENCE IF EXISTS ${name}`);
      for (const { action, target } of plan.steps) {
        if (action !== 'create-database') continue;
        const { exists, names: left } = await readObjectNames(keeper, target);
        if (exists && left.length === 0) await keeper.query(`DROP DATABASE ${quoteName(target)}`);
      }
    });
    throw isOperationError(error, 'OP_SOURCE_DENIED') ? withGrant(error, names) : error;
  }
}

function withGrant(error: OperationError, names: ReadonlyMap<string, string>): OperationError {
  return new OperationError(error.code, error.message, {
    cause: error,
    details: error.details,
    remedy: `Nothing was changed. Grant CREATE, INSERT, SELECT, ALTER and DROP on ${[...names.values()].join(', ')}.*, and run again.`,
  });
}

/** The tables are in place by now: a failure here must say so. */
async function addObjects(
  loader: SetLoader,
  keeper: SourceConnection,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  try {
    await loader.addObjects(keeper, names, { withEvents: true });
  } catch (error) {
    if (!isOperationError(error)) throw error;
    throw new OperationError(
      error.code,
      `all tables are restored, but not all views, routines, triggers and events: ${error.message}`,
      {
        cause: error,
        details: error.details,
        retry: 'never',
        remedy: 'Create the rest from schema/DATABASE.sql of the archive.',
      },
    );
  }
}

/** One statement moves all tables of all databases: either all are there or none. */
async function moveTables(
  connection: SourceConnection,
  sealed: SealedManifest,
  scratch: ReadonlyMap<string, string>,
  names: ReadonlyMap<string, string>,
  definitions: ReadonlyMap<string, SetDefinitions>,
): Promise<void> {
  for (const { database } of definitions.values()) await connection.query(database);
  const moves = sealed.files
    .filter(({ kind }) => kind === 'table')
    .map(({ database, table = '' }) => {
      const at = (schema: string) => `${quoteName(schema)}.${quoteName(table)}`;
      return `${at(scratch.get(database)!)} TO ${at(names.get(database)!)}`;
    });
  if (moves.length === 0) return;
  await connection.query(`RENAME TABLE ${moves.join(', ')}`);
}
