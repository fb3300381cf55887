import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { type ContentCheck, readArchive } from '../archive/archive-reader';
import { isOperationError, OperationError } from '../errors/operation-error';
import type { ConnectionSettings } from '../model/connection-settings';
import type { ObjectKey } from '../model/ids';
import { type ManifestFile, manifestSchema, type SealedManifest } from '../model/manifest';
import type { Finding } from '../model/verification';
import { quoteName, type SourceConnection, withConnection } from '../mysql/connection';
import { LoadEncoder } from '../mysql/load-encoder';
import { readBack } from '../mysql/read-back';
import { withScratchSchemas } from '../mysql/scratch-schemas';
import { driverCode } from '../mysql/source-error';
import { renameDatabases, type StagedTable, splitStatements, stageTable } from '../mysql/sql-text';
import { LOADING_SESSION, type LoadWarning, loadTable } from '../mysql/table-loader';
import type { ObjectStore } from '../store/object-store';
import type { ProgressListener } from '../support/progress';

/** Feeds of a table may run this far ahead of the server: 4 MiB. */
const FEED_BYTES = 4 * 1024 * 1024;

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
  const databases = [...new Set(sealed.files.map(({ database }) => database))];
  // The keeper of the schemas is not cut by an abort: it has to drop them.
  return await withConnection(settings, undefined, (keeper) =>
    withScratchSchemas(keeper, sealed.setId, databases, (scratch) =>
      withConnection(settings, signal, async (connection) => {
        for (const statement of LOADING_SESSION) await connection.query(statement);
        const trial = new Trial(connection, scratch, sealed, signal, onProgress);
        const reading = await readArchive(store.get(sealed.archive.key as ObjectKey, signal), {
          object: sealed.archive.key,
          expected: manifestSchema.parse(sealed),
          signal,
          checkContent: (file) => (file.kind === 'schema' ? trial.takeSchema(file) : trial.takeTable(file)),
        });
        await trial.endFeed();
        if (trial.failure) throw trial.failure;
        if (reading.findings.length > 0) return [...reading.findings];
        await trial.addKeysAndObjects();
        await withConnection(settings, signal, (reader) => trial.compare(reader));
        return trial.findings;
      }),
    ),
  );
}

interface Definitions {
  /** Sequences, which defaults of columns use. */
  readonly earlier: readonly string[];
  readonly tables: ReadonlyMap<string, StagedTable>;
  /** Statements for after the rows, in their order. */
  readonly later: readonly string[];
}

const TABLE = /^CREATE TABLE `((?:[^`]|``)+)`/;
const SETTING = /^(SET |\/\*!\d+ SET |CREATE DATABASE |USE )/;
const EVENT = /^CREATE (DEFINER=\S+ )?EVENT /;
const SEQUENCE = /^(CREATE SEQUENCE |DO SETVAL\()/;
const DEFINER = /\bDEFINER=`(?:[^`]|``)*`@`(?:[^`]|``)*`\s*/;

function readDefinitions(script: string, scratch: ReadonlyMap<string, string>): Definitions {
  const earlier: string[] = [];
  const tables = new Map<string, StagedTable>();
  const later: string[] = [];
  for (const original of splitStatements(script)) {
    const statement = renameDatabases(original, scratch);
    const name = TABLE.exec(statement)?.[1]?.replaceAll('``', '`');
    if (name !== undefined) tables.set(name, stageTable(statement));
    else if (SEQUENCE.test(statement)) earlier.push(statement);
    // Accounts of the source need not exist here; who defines an object is not what is tried.
    else if (!EVENT.test(statement) && !isSetting(statement)) later.push(statement.replace(DEFINER, ''));
  }
  return { earlier, tables, later };
}

/** Settings of the whole file are the trial's own affair; those of one object come with it. */
function isSetting(statement: string): boolean {
  return SETTING.test(statement) && (!statement.startsWith('SET SQL_MODE=') || statement.includes('@OLD_'));
}

class Trial {
  readonly findings: Finding[] = [];
  /** What keeps the trial from being carried out; damage and refusals are findings. */
  failure: unknown;
  #feed: { readonly stream: PassThrough; readonly settled: Promise<unknown> } | undefined;
  readonly #definitions = new Map<string, Definitions>();
  readonly #warnings = new Map<string, LoadWarning>();
  #tablesDone = 0;
  #rows = 0;

  constructor(
    private readonly connection: SourceConnection,
    private readonly scratch: ReadonlyMap<string, string>,
    private readonly sealed: SealedManifest,
    private readonly signal: AbortSignal,
    private readonly onProgress: ProgressListener,
  ) {}

  get #tables(): ManifestFile[] {
    return this.sealed.files.filter(({ kind }) => kind === 'table');
  }

  #schemaOf(database: string): string {
    return this.scratch.get(database)!;
  }

  takeSchema(file: ManifestFile): ContentCheck {
    const chunks: Buffer[] = [];
    return {
      write: (chunk) => void chunks.push(Buffer.from(chunk)),
      end: async () => {
        const definitions = readDefinitions(Buffer.concat(chunks).toString('utf8'), this.scratch);
        this.#definitions.set(file.database, definitions);
        await this.connection.query(`USE ${quoteName(this.#schemaOf(file.database))}`);
        for (const statement of definitions.earlier) await this.#attempt(`${file.database}: sequence`, statement);
        for (const [table, { create }] of definitions.tables) await this.#attempt(`${file.database}.${table}`, create);
        return [];
      },
    };
  }

  takeTable(file: ManifestFile): ContentCheck | undefined {
    const { database, table = '', columns = [] } = file;
    if (this.#isLost(`${database}.${table}`)) return undefined; // its definition was refused: nothing to load into
    const encoder = new LoadEncoder(file.path, columns);
    const feed = new PassThrough({ highWaterMark: FEED_BYTES });
    const target = { database: this.#schemaOf(database), table, columns };
    const loading = loadTable(this.connection, target, feed, this.signal);
    // Reported where `loading` is awaited.
    this.#feed = { stream: feed, settled: loading.catch(() => undefined) };
    return {
      write: async (chunk) => {
        const isRoom = feed.write(encoder.push(chunk));
        if (!isRoom) await Promise.race([once(feed, 'drain'), this.#carried(loading)]);
        this.onProgress({
          phase: 'load',
          table,
          tables: this.#tables.length,
          tablesDone: this.#tablesDone,
          rows: this.#rows + encoder.rows,
        });
      },
      end: async () => {
        encoder.end();
        feed.end();
        const { rows, warning } = await this.#carried(loading);
        if (warning) this.#warnings.set(`${database}.${table}`, warning);
        this.#rows += rows;
        this.#tablesDone += 1;
        return [];
      },
    };
  }

  /** Ends a table that was left in the middle, because the archive was damaged or the trial stopped. */
  async endFeed(): Promise<void> {
    if (!this.#feed?.stream.writableEnded)
      this.#feed?.stream.destroy(new Error('the archive ended in the middle of a table'));
    await this.#feed?.settled;
  }

  /** Remembers a failure of the server before the archive reader makes a finding of it. */
  async #carried<R>(work: Promise<R>): Promise<R> {
    try {
      return await work;
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  #isLost(object: string): boolean {
    return this.findings.some((finding) => finding.object === object);
  }

  /** Runs a statement of the set; one that the server refuses is bad news about the set, not a failure of the trial. */
  async #attempt(object: string, statement: string): Promise<void> {
    try {
      await this.connection.query(statement);
    } catch (error) {
      this.signal.throwIfAborted();
      const code = driverCode(error instanceof Error ? error.cause : undefined);
      if (!code.startsWith('ER_') || isOperationError(error, 'OP_SOURCE_DENIED')) {
        this.failure ??= error;
        throw error;
      }
      // The server's message may quote values of rows: the code alone is passed on.
      this.findings.push({ code: 'OP_RESTORE_REFUSED', object, message: `the server refuses ${object}: ${code}` });
    }
  }

  async addKeysAndObjects(): Promise<void> {
    for (const [database, { tables, later }] of this.#definitions) {
      await this.connection.query(`USE ${quoteName(this.#schemaOf(database))}`);
      const alter = async (table: string, clauses: readonly string[]) => {
        const object = `${database}.${table}`;
        if (clauses.length > 0 && !this.#isLost(object)) {
          await this.#attempt(object, `ALTER TABLE ${quoteName(table)} ${clauses.join(', ')}`);
        }
      };
      for (const [table, { addKeys }] of tables) await alter(table, addKeys);
      for (const [table, { addForeignKeys }] of tables) await alter(table, addForeignKeys);
      for (const statement of later) {
        const name = /^CREATE .*?(VIEW|TRIGGER|PROCEDURE|FUNCTION|SEQUENCE) (`(?:[^`]|``)+`)/s.exec(statement);
        await this.#attempt(name ? `${database}: ${name[1]?.toLowerCase()} ${name[2]}` : database, statement);
      }
    }
  }

  /** Over a session of its own: the trial's has the settings of loading and of the last object. */
  async compare(reader: SourceConnection): Promise<void> {
    let tablesDone = 0;
    for (const file of this.#tables) {
      const object = `${file.database}.${file.table}`;
      if (this.#isLost(object)) continue;
      this.onProgress({ phase: 'compare', table: file.table ?? '', tables: this.#tables.length, tablesDone });
      const back = await readBack(
        reader,
        this.#schemaOf(file.database),
        file.table ?? '',
        { columns: file.columns ?? [] },
        this.signal,
      );
      tablesDone += 1;
      if (back.rows === file.rows && back.sha256 === file.sha256) continue;
      const warning = this.#warnings.get(object);
      const where = warning?.column ? `; look at column ${warning.column} (server code ${warning.code})` : '';
      const what = back.rows === file.rows ? 'other content' : `${back.rows} rows`;
      this.findings.push({
        code: 'OP_RESTORE_DIFFERS',
        object,
        message: `restored, ${object} has ${what}, the set has ${file.rows} rows${where}`,
      });
    }
  }
}

/** A level that needs a server, and none was named. */
export function scratchMissing(): OperationError {
  return new OperationError('OP_CONFIG_INVALID', 'verifying at "restorable" needs a server for the scratch schemas', {
    details: { field: 'scratch' },
    remedy:
      'Name a connection whose account may create schemas: --config and --section, or the scratch connection of verify.',
  });
}
