import type { ManifestFile } from '../model/manifest';
import type { Finding } from '../model/verification';
import { quoteName, type SourceConnection } from '../mysql/connection';
import { readBack } from '../mysql/read-back';
import { alterationsInPlace, type StagedTable } from '../mysql/sql-text';
import type { LoadWarning } from '../mysql/table-loader';
import { durableStep } from '../support/durable-step';
import type { ProgressListener } from '../support/progress';
import type { RowSetHash } from '../support/row-set-hash';
import { attemptStatement } from './create-objects';

export interface LoadedTable {
  readonly file: ManifestFile;
  readonly schema: string;
  readonly staged: StagedTable;
  readonly warning: LoadWarning | undefined;
  /** Of the file, where the server sorts the rows otherwise: they are compared in any order. */
  readonly rowSet: RowSetHash | undefined;
}

/** Adds the secondary keys of loaded tables and compares them with the manifest, one table at a time, while others load. */
export class TableFinisher {
  readonly findings: Finding[] = [];
  /** What ended the work; tables after it are left alone. */
  failure: unknown;
  #queue = Promise.resolve();
  #tablesDone = 0;

  /** Keys go over `keys`, set up for loading; `reader` is a session as a backup has it. */
  constructor(
    private readonly keys: SourceConnection,
    private readonly reader: SourceConnection,
    private readonly options: {
      readonly tables: number;
      readonly signal: AbortSignal;
      readonly onProgress: ProgressListener;
    },
  ) {}

  /** Queues a table that has all its rows. */
  add(table: LoadedTable): void {
    this.#queue = this.#queue.then(async () => {
      await durableStep('restore.add-keys', () => this.#addKeys(table));
      await durableStep('restore.compare', () => this.#compare(table));
    });
    this.#queue.catch((error: unknown) => {
      this.failure ??= error;
    });
  }

  /** Waits for every queued table. Errors: what ended the work. */
  async settle(): Promise<void> {
    await this.#queue;
  }

  /** Waits until nothing is under way, whatever came of it. */
  async rest(): Promise<void> {
    await Promise.allSettled([this.#queue]);
  }

  async #addKeys({ file, schema, staged }: LoadedTable): Promise<void> {
    if (staged.addKeys.length === 0) return;
    await this.keys.query(`USE ${quoteName(schema)}`);
    for (const clauses of alterationsInPlace(staged.addKeys)) {
      const alteration = `ALTER TABLE ${quoteName(file.table ?? '')} ${clauses.join(', ')}`;
      const refused = await attemptStatement(this.keys, `${file.database}.${file.table}`, alteration);
      if (refused) this.findings.push(refused);
    }
  }

  async #compare({ file, schema, warning, rowSet }: LoadedTable): Promise<void> {
    const { table = '', columns = [], rows } = file;
    const { tables, signal, onProgress } = this.options;
    const object = `${file.database}.${table}`;
    onProgress({ phase: 'compare', table, tables, tablesDone: this.#tablesDone });
    const back = await readBack(this.reader, schema, table, { columns, inAnyOrder: rowSet !== undefined }, signal);
    this.#tablesDone += 1;
    if (back.rows === rows && back.sha256 === (rowSet?.digest() ?? file.sha256)) return;
    const where = warning?.column ? `; look at column ${warning.column} (server code ${warning.code})` : '';
    const what = back.rows === rows ? 'other content' : `${back.rows} rows`;
    this.findings.push({
      code: 'OP_RESTORE_DIFFERS',
      object,
      message: `restored, ${object} has ${what}, the set has ${rows} rows${where}`,
    });
  }
}
