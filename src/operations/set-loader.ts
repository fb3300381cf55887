import type { ContentCheck } from '../archive/archive-reader';
import type { ConnectionSettings } from '../model/connection-settings';
import type { ManifestFile } from '../model/manifest';
import type { Finding } from '../model/verification';
import { quoteName, type SourceConnection, withConnection } from '../mysql/connection';
import { LoadEncoder } from '../mysql/load-encoder';
import {
  type DefinitionOptions,
  type ObjectStatement,
  readSetDefinitions,
  type SetDefinitions,
} from '../mysql/set-definitions';
import { type LoadResult, type LoadWarning, withLoadingSessions } from '../mysql/table-loader';
import { durableStep } from '../support/durable-step';
import type { ProgressListener } from '../support/progress';
import { attemptStatement, createObjects } from './create-objects';
import { LoadLanes } from './load-lanes';
import { TableFinisher } from './table-finisher';

/** Rows go to the server in blocks of about this size, each in memory until it is in: 8 MiB. */
const BLOCK_BYTES = 8 * 1024 * 1024;
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
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
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
      return await use(new SetLoader(lanes, finisher, tables, options), lanes[0]!);
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
  readonly #warnings = new Map<string, LoadWarning>();
  #failure: unknown;
  #tablesDone = 0;
  #rows = 0;

  readonly #connection: SourceConnection;
  readonly #lanes: LoadLanes;
  readonly #finisher: TableFinisher;
  readonly #tables: readonly ManifestFile[];
  readonly #options: LoadOptions;

  /** Definitions go over the first connection, rows over all of them. */
  constructor(
    connections: readonly SourceConnection[],
    finisher: TableFinisher,
    tables: readonly ManifestFile[],
    options: LoadOptions,
  ) {
    this.#connection = connections[0]!;
    this.#lanes = new LoadLanes(connections, options.signal);
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
    const object = `${database}.${table}`;
    const encoder = new LoadEncoder(file.path, columns);
    const target = { database: this.#schemaOf(database), table, columns };
    let block: Buffer[] = [];
    let bytes = 0;
    const send = async () => {
      const full = block;
      block = [];
      bytes = 0;
      const onLoaded = ({ rows, warning }: LoadResult) => {
        this.#rows += rows;
        if (warning) this.#warnings.set(object, warning);
      };
      const inOrder = file.orderedBy?.length === 0;
      await durableStep('restore.load-rows', () =>
        this.#carried(this.#lanes.send(target, full, { inOrder, onLoaded })),
      );
      const progress = { tables: this.#tables.length, tablesDone: this.#tablesDone, rows: this.#rows };
      this.#options.onProgress({ phase: 'load', table, ...progress });
    };
    return {
      write: async (chunk) => {
        if (this.failure) throw this.failure;
        const lines = encoder.push(chunk);
        block.push(lines);
        bytes += lines.length;
        if (bytes >= BLOCK_BYTES) await send();
      },
      end: async () => {
        encoder.end();
        if (bytes > 0) await send();
        await this.#carried(this.#lanes.settle());
        this.#tablesDone += 1;
        const staged = this.#definitions.get(database)?.tables.get(table);
        const warning = this.#warnings.get(object);
        if (staged) this.#finisher.add({ file, schema: target.database, staged, warning });
        return [];
      },
    };
  }

  /** Waits for what is under way, also when the archive was damaged in the middle of a table. */
  async rest(): Promise<void> {
    await this.#lanes.rest();
    await this.#finisher.rest();
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
        if (addForeignKeys.length === 0 || this.#isLost(object)) continue;
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
