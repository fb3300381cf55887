import { statfs } from 'node:fs/promises';
import { CompressionGate, DEFAULT_COMPRESSION_LEVEL } from '../archive/gzip-members';
import { AheadBudget } from '../archive/table-file';
import { createWorkDirectory, describeSpooledSet, removeWorkDirectory } from '../catalog/work-directory';
import { cleanUpAfter, isOperationError, OperationError } from '../errors/operation-error';
import { newBackupSetId } from '../model/ids';
import { FORMAT_VERSION, type Manifest, MINIMUM_READER_VERSION } from '../model/manifest';
import { withConnection } from '../mysql/connection';
import { type MemberSnapshot, type SnapshotMember, withConsistentSnapshot } from '../mysql/consistent-snapshot';
import { checkTables } from '../mysql/preflight';
import { hashDefinition, readCreateStatement, readTableSchema, type TableSchema } from '../mysql/table-schema';
import { planBackupOrder, planBytesNeeded } from '../plan/plan-backup';
import { archiveKey } from '../store/store-keys';
import type { ProgressListener } from '../support/progress';
import { TOOL_VERSION } from '../support/release';
import { type DocumentSources, documentMembers, type Findings } from './collector-documents';
import type { ExportSource, ExportTablesRequest, ExportTablesResult } from './contract';
import { writeDocuments } from './export-documents';
import { type ExportRun, snapshotOf } from './export-run';
import { writeSchemas } from './export-schemas';
import { exportTableRows } from './export-table-rows';

const DEFAULT_PARALLEL = 2;
/** A table altered meanwhile fails the run; one try more, because nightly migrations are short. */
const ATTEMPTS = 2;

/**
 * Takes one consistent snapshot and writes its table files into a work directory.
 * 1. check names, tables, engines, privileges and disk space, before anything is written
 * 2. open the snapshot on all servers at one moment
 * 3. write the definitions of each database
 * 4. write each table, small ones first, large ones in key ranges side by side
 * 5. write the documents of collectors, when asked for
 * 6. check that no definition moved meanwhile, and describe what was written
 * On any failure nothing of it stays. Errors: OP_SOURCE_*, OP_SNAPSHOT_REFUSED, OP_SCHEMA_CHANGED,
 * OP_VALUE_UNSUPPORTED, OP_STORE_FULL, OP_CONFIG_INVALID, OP_ABORTED.
 */
export async function exportTables(
  request: ExportTablesRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<ExportTablesResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await exportOnce(request, signal, onProgress);
    } catch (error) {
      if (!isOperationError(error, 'OP_SCHEMA_CHANGED') || attempt === ATTEMPTS) throw error;
    }
  }
}

interface Chosen {
  readonly source: ExportSource;
  readonly schema: TableSchema;
  readonly where?: string;
}

async function exportOnce(
  request: ExportTablesRequest,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<ExportTablesResult> {
  const startedAt = new Date();
  const setId = newBackupSetId(startedAt, request.timeZone);
  archiveKey(request.app, request.name, setId); // refuses a bad name before any work
  refuseSources(request);

  onProgress({ phase: 'preflight' });
  const chosen = await preflight(request, signal);
  const directory = await createWorkDirectory(request.workRoot, setId, request.runId);
  try {
    await checkSpace(directory, planBytesNeeded(chosen.map(({ schema }) => schema)));
    onProgress({ phase: 'snapshot' });
    const members = toMembers(chosen, request.collectors);
    const parallel = request.parallel ?? DEFAULT_PARALLEL;
    return await withConsistentSnapshot(members, { parallel, signal }, async (snapshots) => {
      const level = request.compressionLevel ?? DEFAULT_COMPRESSION_LEVEL;
      const run: ExportRun = {
        directory,
        level,
        gate: new CompressionGate(),
        budget: new AheadBudget(),
        signal,
        onProgress,
      };
      const schemas = await writeSchemas(run, request.sources, chosen, snapshots);
      const tables = await exportTableRows(
        run,
        planBackupOrder(
          chosen.map(({ source, schema, where }) => ({
            database: schema.database,
            table: schema.table,
            bytesEstimate: schema.bytesEstimate,
            source: source.name,
            schema,
            snapshot: snapshotOf(snapshots, source),
            ...(where ? { where } : {}),
          })),
        ),
      );
      const documents = request.collectors && (await writeDocuments(run, request.collectors, snapshots));
      await assertUnchanged(chosen, snapshots);
      const written = [...schemas.files, ...tables, ...(documents?.files ?? [])];
      const manifest: Manifest = {
        kind: 'backup-set-manifest',
        formatVersion: FORMAT_VERSION,
        minimumReaderVersion: MINIMUM_READER_VERSION,
        toolVersion: TOOL_VERSION,
        setId,
        app: request.app,
        name: request.name,
        startedAt: startedAt.toISOString(),
        snapshotAt: latest(snapshots.map(({ coordinates }) => coordinates.serverTime)),
        timeZone: request.timeZone,
        parents: [],
        snapshots: snapshots.map(({ coordinates }) => coordinates),
        files: written.map(({ file }) => file),
        notes: [...schemas.notes, ...(documents ? toNotes(documents.findings) : [])],
      };
      await describeSpooledSet(directory, {
        manifest,
        spool: written.map(({ name, spooled }) => ({
          name,
          spoolBytes: spooled.spoolBytes,
          spoolSha256: spooled.spoolSha256,
        })),
      });
      return { setId, workDirectory: directory, manifest };
    });
  } catch (error) {
    await cleanUpAfter(error, () => removeWorkDirectory(directory));
    throw error;
  }
}

/** What is odd about collectors is kept as it is: no damage of the set, and told in it. `export` tells all of it. */
const MOST_NOTES = 20;

function toNotes({ list, count }: Findings): string[] {
  const notes = list.slice(0, MOST_NOTES).map(({ message }) => message);
  return count > notes.length ? [...notes, `and ${count - notes.length} more oddities of collectors`] : notes;
}

/** Files are named by database and table, so a database can come from one source only. */
function refuseSources({ sources, collectors }: ExportTablesRequest): void {
  const seen = new Map<string, string>();
  for (const { database, name } of sources) {
    const other = seen.get(database);
    if (other !== undefined) {
      throw new OperationError('OP_CONFIG_INVALID', `database ${database} comes from two sources: ${other}, ${name}`, {
        details: { database, sources: [other, name] },
        remedy: `Choose all tables of ${database} in one source.`,
      });
    }
    seen.set(database, name);
  }
  if (sources.length === 0 && !collectors) {
    throw new OperationError('OP_CONFIG_INVALID', 'no source is chosen', {
      remedy: 'Put a db-source before table-export, name a section, or export the collectors.',
    });
  }
}

async function preflight(request: ExportTablesRequest, signal: AbortSignal): Promise<Chosen[]> {
  const chosen: Chosen[] = [];
  for (const source of request.sources) {
    await withConnection(source.settings, signal, async (connection) => {
      const names = source.tables.map(({ name }) => name);
      await checkTables(connection, source.database, names);
      for (const { name, where } of source.tables) {
        const schema = await readTableSchema(connection, source.database, name);
        chosen.push({ source, schema, ...(where ? { where } : {}) });
      }
    });
  }
  return chosen;
}

async function checkSpace(directory: string, bytesNeeded: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const bytesFree = bavail * bsize;
  if (bytesFree >= bytesNeeded) return;
  throw new OperationError(
    'OP_STORE_FULL',
    `work directory has ${bytesFree} bytes free, about ${bytesNeeded} are needed`,
    {
      details: { path: directory, bytesFree, bytesNeeded },
    },
  );
}

/** What is read by one account of one server shares its connections. */
function toMembers(chosen: readonly Chosen[], collectors: DocumentSources | undefined): SnapshotMember[] {
  const single = chosen.map(({ source, schema }): SnapshotMember => {
    const tables = [{ database: schema.database, table: schema.table }];
    return { names: [source.name], settings: source.settings, tables };
  });
  const members = new Map<string, SnapshotMember>();
  for (const { names, settings, tables } of [...single, ...(collectors ? documentMembers(collectors) : [])]) {
    const key = JSON.stringify([settings.host, settings.port, settings.user]);
    const member = members.get(key) ?? { names: [], settings, tables: [] };
    const known = new Set(member.tables.map(({ database, table }) => `${database}.${table}`));
    members.set(key, {
      settings: member.settings,
      names: [...new Set([...member.names, ...names])],
      tables: [...member.tables, ...tables.filter(({ database, table }) => !known.has(`${database}.${table}`))],
    });
  }
  return [...members.values()];
}

async function assertUnchanged(chosen: readonly Chosen[], snapshots: readonly MemberSnapshot[]): Promise<void> {
  for (const { source, schema } of chosen) {
    const connection = snapshotOf(snapshots, source).readers[0]!;
    const now = await readCreateStatement(connection, schema.database, schema.table);
    if (hashDefinition(now) !== schema.definitionSha256) throw schemaChanged(schema);
  }
}

function schemaChanged({ database, table }: { database: string; table: string }): OperationError {
  return new OperationError('OP_SCHEMA_CHANGED', `${database}.${table} was altered during the export`, {
    details: { database, table },
  });
}

/** ISO 8601 in UTC sorts as text. */
function latest(times: readonly string[]): string {
  return [...times].sort().at(-1) ?? '';
}
