import { OperationError } from '../errors/operation-error';
import { type ExportTask, RUNNING_STATES, STUCK_HOURS } from '../model/export-task';
import { durableStep } from '../support/durable-step';
import { quoteName, type SourceConnection, type TextRow } from './connection';
import { currentAccount } from './consistent-snapshot';
import { qualifiedName } from './row-packets';
import { driverCode } from './source-error';

/** Renamed by migration 0043 of log_search (January 2022): older deployments have the second name. */
const TABLES = ['export_task', 'log_search_asynctask'];
const TOGGLES = 'feature_toggle_featuretoggle';
const PAGE_ROWS = 500;
/** The platform works on the table meanwhile: nobody waits long for a row of it. */
const ROW_LOCK_WAIT_S = 2;

/** Links are told apart by the server: BK-LOG's own name a target_file, those of other stores are signed and stay there. */
const COLUMNS = `id, created_at, completed_at, export_status, export_type, file_name, is_clean,
  CASE WHEN COALESCE(download_url, '') = '' THEN NULL
       WHEN download_url LIKE '%target\\_file=%' THEN 'folder' ELSE 'elsewhere' END AS store`;
const RUNNING = `export_status IS NULL OR export_status IN (${RUNNING_STATES.map((state) => `'${state}'`).join(', ')})`;
/** The row is what was read of it. */
const SAME = `id = ? AND is_clean = ? AND created_at = ? AND export_status <=> ?
  AND CAST(CONVERT(file_name USING utf8mb4) AS BINARY) <=> CAST(? AS BINARY)`;
const sameAs = ({ id, isClean, createdAt, state, fileName }: ExportTask) => [
  ...[id, isClean ? 1 : 0, createdAt, state, fileName],
];

const DENIED = new Set(['ER_TABLEACCESS_DENIED_ERROR', 'ER_COLUMNACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR']);
const LOCKED = new Set(['ER_LOCK_WAIT_TIMEOUT', 'ER_LOCK_DEADLOCK']);
const codeOf = (error: unknown) => driverCode(error instanceof Error ? error.cause : undefined);

/** BK-LOG's table of exports. Every change is made to the row as it was read, or not at all. */
export class ExportTasks {
  private constructor(
    private readonly connection: SourceConnection,
    private readonly name: string,
  ) {}

  /**
   * Finds the table under its name of this deployment. `write`: the account has to be able to change it. Errors:
   * OP_SOURCE_MISSING for the table or a column of it, OP_SOURCE_DENIED with the GRANT.
   */
  static async open(connection: SourceConnection, { write }: { readonly write: boolean }): Promise<ExportTasks> {
    const tasks = new ExportTasks(connection, await findTable(connection));
    if (write) await tasks.#mayWrite();
    return tasks;
  }

  get place(): string {
    return `${this.connection.settings.database}.${this.name}`;
  }

  get #table(): string {
    return qualifiedName(this.connection.settings.database, this.name);
  }

  async #mayWrite(): Promise<void> {
    await this.connection.query('SET SESSION autocommit = 1');
    await this.connection.query(`SET SESSION innodb_lock_wait_timeout = ${ROW_LOCK_WAIT_S}`);
    try {
      // Changes no row: the server says whether it would.
      await this.connection.query(
        `UPDATE ${this.#table} SET is_clean = 1, export_status = 'failed', failed_reason = '' WHERE id = -1`,
      );
    } catch (error) {
      const code = codeOf(error);
      if (DENIED.has(code)) throw await denied(this.connection, this.name);
      if (code !== 'ER_OPTION_PREVENTS_STATEMENT') throw error;
      throw new OperationError('OP_SOURCE_DENIED', `${this.connection.settings.name} is read only`, {
        cause: error,
        details: { connection: this.connection.settings.name, table: this.place },
        remedy: 'Connect to the server that BK-LOG writes to, not to a replica of it.',
      });
    }
  }

  /** The server's clock, in UTC as the times of the table. */
  async now(): Promise<string> {
    const [row] = await this.connection.query('SELECT UTC_TIMESTAMP(6) AS now');
    return row?.now ?? '';
  }

  /**
   * Where files of tasks without a link are: `folder` when no toggle names another store, as BK-LOG's default is.
   * Undefined where the toggles cannot be read. Only the type is selected: beside it are secrets.
   */
  async defaultStore(): Promise<'folder' | undefined> {
    try {
      const rows = await this.connection.query(
        `SELECT JSON_UNQUOTE(JSON_EXTRACT(feature_config, '$.storage_type')) AS type
           FROM ${qualifiedName(this.connection.settings.database, TOGGLES)}
          WHERE name IN ('feature_async_export', 'feature_async_export_external') AND is_deleted = 0`,
      );
      return rows.some(({ type }) => type === 'bkrepo' || type === 'cos') ? undefined : 'folder';
    } catch (error) {
      const code = codeOf(error);
      if (DENIED.has(code) || code === 'ER_NO_SUCH_TABLE' || code === 'ER_BAD_FIELD_ERROR') return undefined;
      throw error;
    }
  }

  /** Tasks of which something may have to be done at `now`, by their ids. */
  async *pages(now: string, keepDays: number): AsyncGenerator<ExportTask[]> {
    let last = '-1';
    for (;;) {
      const rows = await this.connection.query(
        `SELECT ${COLUMNS} FROM ${this.#table}
          WHERE id > ? AND ((is_clean = 0 AND created_at < ? - INTERVAL ? DAY)
             OR (export_type = 'async' AND (${RUNNING}) AND created_at < ? - INTERVAL ${STUCK_HOURS} HOUR))
          ORDER BY id LIMIT ${PAGE_ROWS}`,
        [last, now, keepDays, now],
      );
      if (rows.length > 0) yield rows.map(toTask);
      if (rows.length < PAGE_ROWS) return;
      last = rows.at(-1)?.id ?? last;
    }
  }

  /** Some task names one of these files. */
  async isNamed(files: readonly string[]): Promise<boolean> {
    if (files.length === 0) return false;
    const rows = await this.connection.query(`SELECT 1 AS n FROM ${this.#table} WHERE file_name IN (?) LIMIT 1`, [
      files,
    ]);
    return rows.length > 0;
  }

  async isUnchanged(task: ExportTask): Promise<boolean> {
    const rows = await this.connection.query(`SELECT id FROM ${this.#table} WHERE ${SAME}`, sameAs(task));
    return rows.length > 0;
  }

  /** The answer is false when the row is not what was read of it, or somebody else holds it: nothing was changed. */
  async markClean(task: ExportTask): Promise<boolean> {
    return await durableStep('exports.mark-clean', () => this.#change('is_clean = 1', [], task));
  }

  async markFailed(task: ExportTask, reason: string): Promise<boolean> {
    const change = "export_status = 'failed', failed_reason = ?";
    return await durableStep('exports.mark-failed', () => this.#change(change, [reason], task));
  }

  async #change(change: string, values: readonly string[], task: ExportTask): Promise<boolean> {
    try {
      await this.connection.query(`UPDATE ${this.#table} SET ${change} WHERE ${SAME}`, [...values, ...sameAs(task)]);
    } catch (error) {
      if (LOCKED.has(codeOf(error))) return false;
      throw error;
    }
    const [row] = await this.connection.query('SELECT ROW_COUNT() AS n');
    return row?.n === '1';
  }
}

async function findTable(connection: SourceConnection): Promise<string> {
  const { database, name } = connection.settings;
  let isDenied = false;
  for (const table of TABLES) {
    try {
      await connection.query(`SELECT ${COLUMNS} FROM ${qualifiedName(database, table)} LIMIT 0`);
      return table;
    } catch (error) {
      const code = codeOf(error);
      // Also said of a table that is not there, to an account with privileges on single tables.
      isDenied ||= DENIED.has(code);
      if (code === 'ER_BAD_FIELD_ERROR') {
        throw new OperationError(
          'OP_SOURCE_MISSING',
          `${database}.${table} has not the columns of a table of exports`,
          {
            cause: error,
            details: { connection: name, database, table },
            remedy: 'Clean the exports of this BK-LOG by hand: it is older than any that is known.',
          },
        );
      }
      if (code !== 'ER_NO_SUCH_TABLE' && !DENIED.has(code)) throw error;
    }
  }
  if (isDenied) throw await denied(connection, TABLES[0]!);
  throw new OperationError('OP_SOURCE_MISSING', `${database} has no table ${TABLES.join(' or ')}`, {
    details: { connection: name, database, tables: TABLES },
    remedy: "Name the database of BK-LOG's application, usually bk_log_search.",
  });
}

async function denied(connection: SourceConnection, table: string): Promise<OperationError> {
  const { database, name } = connection.settings;
  const account = await currentAccount(connection);
  const columns = ['is_clean', 'export_status', 'failed_reason'].map(quoteName).join(', ');
  const grants = [`GRANT SELECT, UPDATE (${columns}) ON ${qualifiedName(database, table)} TO ${account}`];
  return new OperationError('OP_SOURCE_DENIED', `${account} may not read and update ${table} in ${database}`, {
    details: { connection: name, database, table, grants },
    remedy: `Run on ${name}: ${grants.join('; ')};`,
  });
}

function toTask(row: TextRow): ExportTask {
  return {
    id: row.id ?? '',
    createdAt: row.created_at ?? '',
    completedAt: row.completed_at ?? null,
    state: row.export_status ?? null,
    type: row.export_type ?? null,
    fileName: row.file_name ?? null,
    isClean: row.is_clean !== '0',
    ...(row.store === 'folder' || row.store === 'elsewhere' ? { store: row.store } : {}),
  };
}
