import type { ContentCheck } from '../archive/archive-reader';
import type { ConnectionSettings } from '../model/connection-settings';
import type { ManifestFile } from '../model/manifest';
import type { Finding } from '../model/verification';
import { quoteName, type SourceConnection, withConnection } from '../mysql/connection';
import { LoadEncoder } from '../mysql/load-encoder';
import { insertBlock } from '../mysql/row-inserter';
import {
  type DefinitionOptions,
  type ObjectStatement,
  readSetDefinitions,
  type SetDefinitions,
} from '../mysql/set-definitions';
import { type BlockLoader, type LoadResult, loadBlock, withLoadingSessions } from '../mysql/table-loader';
import { durableStep } from '../support/durable-step';
import type { ProgressListener } from '../support/progress';
import { RowSetHash } from '../support/row-set-hash';
import { attemptStatement, createObjects } from './create-objects';
import { LoadLanes } from './load-lanes';
import { TableFinisher } from './table-finisher';

/** Sessions that load rows side by side. */
const LANES = 2;

export interface LoadOptions {
  /** Where the rows of each database go: an empty schema. */
  readonly schemas: ReadonlyMap<string, string>;
  /** What definitions call each database. */
  readonly names: ReadonlyMap<string, string>;
  readonly definitions: (database: string) => DefinitionOptions;
  /** Create sequences beside the tables; otherwise they are where `names` says already. */
  readonly withSequences: boolean;
  /** Tables whose rows the server sorts otherwise than their file: compared as a set. Asked after their definition was read. */
  readonly inAnyOrder: (file: ManifestFile) => boolean;
  /** Tables that are only read from and dropped: they get no foreign keys. */
  readonly staysBehind?: (database: string, table: string) => boolean;
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

interface SessionOptions extends LoadOptions {
  /**
   * The server lets one statement at a time into a table with AUTO_INCREMENT (innodb_autoinc_lock_mode below 2, MariaDB's
   * default): another block would only wait in a lane that another table can use.
   */
  readonly countersLock: boolean;
  readonly load: BlockLoader;
}

/** Lends a loader with sessions of its own, cut by an abort. Errors: those of opening a connection. */
export async function withSetLoader<T>(
  settings: ConnectionSettings,
  tables: readonly ManifestFile[],
  options: LoadOptions,
  use: (loader: SetLoader, connection: SourceConnection) => Promise<T>,
): Promise<T> {
  const { signal, onProgress } = options;
  return await withConnection(settings, signal, (reader) =>
    withLoadingSessions(settings, LANES + 1, signal, async ([keys, ...lanes]) => {
      const finisher = new TableFinisher(keys!, reader, { tables: tables.length, signal, onProgress });
      const variables = await keys!.query(
        "SHOW VARIABLES WHERE Variable_name IN ('innodb_autoinc_lock_mode', 'local_infile')",
      );
      const is = (name: string, value: string) =>
        variables.some((row) => row.Variable_name === name && row.Value === value);
      const way = {
        countersLock: !is('innodb_autoinc_lock_mode', '2'),
        load: is('local_infile', 'OFF') ? insertBlock : loadBlock,
      };
      return await use(new SetLoader(lanes, finisher, tables, { ...options, ...way }), lanes[0]!);
    }),
  );
}

/**
 * Loads a set into empty schemas while its archive is read, and finishes each table beside that: keys, comparison. What
 * the server refuses is a finding; `failure` is what keeps the work from being carried out.
 */
export class SetLoader {
  readonly #findings: Finding[] = [];
  readonly #definitions = new Map<string, SetDefinitions>();
  #failure: unknown;
  #tablesDone = 0;
  #rows = 0;

  readonly #connection: SourceConnection;
  readonly #lanes: LoadLanes;
  readonly #finisher: TableFinisher;
  readonly #tables: readonly ManifestFile[];
  readonly #options: SessionOptions;

  /** Definitions go over the first connection, rows over all of them. */
  constructor(
    connections: readonly SourceConnection[],
    finisher: TableFinisher,
    tables: readonly ManifestFile[],
    options: SessionOptions,
  ) {
    this.#connection = connections[0]!;
    this.#lanes = new LoadLanes(connections, options.load, options.signal);
    this.#finisher = finisher;
    this.#tables = tables;
    this.#options = options;
  }

  get findings(): readonly Finding[] {
    return [...this.#findings, ...this.#finisher.findings];
  }

  /** What keeps the work from being carried out; damage and refusals are findings. */
  get failure(): unknown {
    return this.#failure ?? this.#finisher.failure;
  }

  #schemaOf(database: string): string {
    return this.#options.schemas.get(database)!;
  }

  takeSchema(file: ManifestFile): ContentCheck | undefined {
    if (!this.#options.schemas.has(file.database)) return undefined;
    const chunks: Buffer[] = [];
    return {
      write: (chunk) => void chunks.push(Buffer.from(chunk)),
      end: async () => {
        const definitions = readSetDefinitions(
          Buffer.concat(chunks).toString('utf8'),
          this.#options.names,
          this.#options.definitions(file.database),
        );
        this.#definitions.set(file.database, definitions);
        await durableStep('restore.stage', () => this.#stage(file.database, definitions));
        return [];
      },
    };
  }

  async #stage(database: string, { sequences, tables }: SetDefinitions): Promise<void> {
    await this.#connection.query(`USE ${quoteName(this.#schemaOf(database))}`);
    for (const statement of this.#options.withSequences ? sequences : []) {
      await this.#attempt(`${database}: sequence`, statement);
    }
    for (const [table, { create }] of tables) await this.#attempt(`${database}.${table}`, create);
  }

  takeTable(file: ManifestFile): ContentCheck | undefined {
    const { database, table = '', columns = [] } = file;
    if (!this.#tables.some(({ path }) => path === file.path)) return undefined;
    if (this.#isLost(`${database}.${table}`)) return undefined; // its definition was refused: nothing to load into
    const encoder = new LoadEncoder(file.path, columns);
    const target = { database: this.#schemaOf(database), table, columns };
    const rowSet = this.#options.inAnyOrder(file) ? new RowSetHash() : undefined;
    const staged = this.#definitions.get(database)?.tables.get(table);
    const isSerial = file.orderedBy?.length === 0 || (this.#options.countersLock && staged?.hasCounter === true);
    const loads: Promise<LoadResult>[] = [];
    const send = async (block: Buffer) => {
      if (isSerial) await loads.at(-1);
      const { loaded } = await this.#lanes.send(target, block);
      loads.push(loaded.then((result) => this.#count(table, result)));
      loads.at(-1)?.catch(() => undefined); // whoever waits for the table meets the failure
    };
    const carry = (block: Buffer) => durableStep('restore.load-rows', () => this.#carried(send(block)));
    return {
      write: async (chunk) => {
        if (this.failure) throw this.failure;
        rowSet?.update(chunk);
        for (const block of encoder.push(chunk)) await carry(block);
      },
      end: async () => {
        const rest = encoder.end();
        if (rest.length > 0) await carry(rest);
        const results = await this.#carried(Promise.all(loads));
        this.#tablesDone += 1;
        const warning = results.find((result) => result.warning)?.warning;
        if (staged) this.#finisher.add({ file, schema: target.database, staged, warning, rowSet });
        return [];
      },
    };
  }

  #count(table: string, result: LoadResult): LoadResult {
    this.#rows += result.rows;
    const progress = { tables: this.#tables.length, tablesDone: this.#tablesDone, rows: this.#rows };
    this.#options.onProgress({ phase: 'load', table, ...progress });
    return result;
  }

  /** Waits for what is under way after damage or a failure, so that nothing goes on behind the back of whoever cleans up. */
  async stop(): Promise<void> {
    await this.#lanes.rest();
    await this.#finisher.rest();
    if (this.failure) throw this.failure;
  }

  /** Remembers a failure of the server before the archive reader makes a finding of it. */
  async #carried<R>(work: Promise<R>): Promise<R> {
    try {
      return await work;
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }

  #isLost(object: string): boolean {
    return this.findings.some((finding) => finding.object === object);
  }

  async #attempt(object: string, statement: string): Promise<void> {
    try {
      const refused = await attemptStatement(this.#connection, object, statement);
      if (refused) this.#findings.push(refused);
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }

  /** Waits until every table has its keys and was compared. */
  async settle(): Promise<void> {
    await this.#finisher.settle();
  }

  /** After all secondary keys: a foreign key may need one. */
  async addForeignKeys(): Promise<void> {
    for (const [database, { tables }] of this.#definitions) {
      await this.#connection.query(`USE ${quoteName(this.#schemaOf(database))}`);
      for (const [table, { addForeignKeys }] of tables) {
        const object = `${database}.${table}`;
        const isNeeded = addForeignKeys.length > 0 && this.#options.staysBehind?.(database, table) !== true;
        if (!isNeeded || this.#isLost(object)) continue;
        await this.#attempt(object, `ALTER TABLE ${quoteName(table)} ${addForeignKeys.join(', ')}`);
      }
    }
  }

  /** Creates views, routines and triggers beside the tables. Events are left out: they would run. */
  async addObjects(): Promise<void> {
    for (const [database, { objects }] of this.#definitions) {
      const choice = { isChosen: ({ kind }: ObjectStatement) => kind !== 'event', replace: false };
      this.#findings.push(...(await createObjects(this.#connection, this.#schemaOf(database), objects, choice)));
    }
  }
}
