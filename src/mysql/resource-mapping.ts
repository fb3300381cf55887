import { createHash } from 'node:crypto';
import { OperationError } from '../errors/operation-error';
import { MAPPING_STATUSES, type MappingRow, type MappingStatus, type MigrationKind } from '../model/migration';
import { quoteName, type SourceConnection, type TextRow } from './connection';

/** As migrate_tool creates it (bklog `home_application/management/commands/migrate_tool.py`), in utf8mb4. */
const OLD_COLUMNS = `id int NOT NULL AUTO_INCREMENT, bk_biz_id int NOT NULL, origin_bk_biz_id int NOT NULL,
  index_set_id int DEFAULT 0, origin_index_set_id int NOT NULL, space_uid varchar(255) NOT NULL,
  status varchar(32) NOT NULL, details text, PRIMARY KEY (id)`;

/** What was added: NULL in rows of the old tool, which goes on working. */
const ADDED: Readonly<Record<string, string>> = {
  origin_env: 'varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL',
  kind: 'varchar(16) CHARACTER SET ascii COLLATE ascii_bin NULL',
  origin_id: 'bigint NULL',
  target_id: 'bigint NULL',
  name: 'varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL',
  run_id: 'varchar(64) CHARACTER SET ascii COLLATE ascii_bin NULL',
  attempts: 'int NULL',
  updated_at: 'datetime(6) NULL',
};
const KEY = 'uk_env_kind_origin';

/** What is known of an item before BK-LOG is asked for it. */
export interface MappingItem {
  readonly environment: string;
  readonly kind: MigrationKind;
  readonly originId: number;
  readonly originIndexSetId: number;
  readonly originBusiness: number;
  readonly business: number;
  readonly space: string;
  readonly name: string;
}

/** The durable record of a migration: one row for each item, written before the call and after it. */
export class ResourceMapping {
  private constructor(
    private readonly connection: SourceConnection,
    private readonly table: string,
  ) {}

  /**
   * Creates the table where it is missing, adds columns to one of migrate_tool, and holds the migration of `environment`
   * until the connection closes; read only, it does none of that. Errors: OP_BUSY, OP_SOURCE_DENIED, OP_CONFIG_INVALID for a table of another form.
   */
  static async open(
    connection: SourceConnection,
    table: string,
    environment: string,
    options: { readonly isReadOnly?: boolean } = {},
  ): Promise<ResourceMapping> {
    if (options.isReadOnly) return new ResourceMapping(connection, table);
    const digest = createHash('sha256')
      .update(`${connection.settings.database}\0${table}\0${environment}`)
      .digest('hex')
      .slice(0, 32);
    // A run that has just ended may still be leaving the server.
    const [lock] = await connection.query('SELECT GET_LOCK(?, 2) AS held', [`bklog_migrate_${digest}`]);
    if (lock?.held !== '1') {
      throw new OperationError('OP_BUSY', `a migration of environment ${environment} is under way`, {
        details: { environment, table },
      });
    }
    const mapping = new ResourceMapping(connection, table);
    await mapping.#prepare();
    return mapping;
  }

  async #prepare(): Promise<void> {
    const place = quoteName(this.table);
    await this.connection.query(`CREATE TABLE IF NOT EXISTS ${place} (${OLD_COLUMNS}) DEFAULT CHARSET=utf8mb4`);
    const names = await this.#columns();
    const strange = ['bk_biz_id', 'origin_index_set_id', 'status', 'details'].find((name) => !names.has(name));
    if (strange) {
      throw new OperationError('OP_CONFIG_INVALID', `the table ${this.table} has no column ${strange}`, {
        details: { table: this.table, column: strange },
        remedy: 'Name the mapping table of migrate_tool, or a table that does not exist yet.',
      });
    }
    const missing = Object.entries(ADDED).filter(([name]) => !names.has(name));
    if (missing.length === 0) return;
    const clauses = missing.map(([name, type]) => `ADD COLUMN ${quoteName(name)} ${type}`);
    const key = `ADD UNIQUE KEY ${KEY} (origin_env, kind, origin_id)`;
    await this.connection.query(`ALTER TABLE ${place} ${[...clauses, key].join(', ')}`);
  }

  async #columns(): Promise<Set<string>> {
    const columns = await this.connection.query(
      'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?',
      [this.table],
    );
    return new Set(columns.map(({ name }) => (name ?? '').toLowerCase()));
  }

  /** Rows of one environment, and those of migrate_tool, in the order they were written. */
  async rows(environment: string): Promise<MappingRow[]> {
    const columns = await this.#columns();
    if (columns.size === 0) return [];
    const isOld = !columns.has('origin_env');
    if (isOld) return (await this.connection.query(`SELECT * FROM ${quoteName(this.table)} ORDER BY id`)).map(toRow);
    const rows = await this.connection.query(
      `SELECT * FROM ${quoteName(this.table)} WHERE origin_env = ? OR origin_env IS NULL ORDER BY id`,
      [environment],
    );
    return rows.map(toRow);
  }

  /** Says that BK-LOG is about to be asked for an item. The answer is the id of its row: one for each item, for ever. */
  async begin(item: MappingItem, runId: string): Promise<number> {
    const { environment, kind, originId, originIndexSetId, originBusiness, business, space, name } = item;
    await this.connection.query(
      `INSERT INTO ${quoteName(this.table)} (origin_env, kind, origin_id, origin_index_set_id, origin_bk_biz_id, bk_biz_id,
         space_uid, name, run_id, index_set_id, target_id, status, details, attempts, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 'init', '', 1, UTC_TIMESTAMP(6))
       ON DUPLICATE KEY UPDATE bk_biz_id = VALUES(bk_biz_id), space_uid = VALUES(space_uid), name = VALUES(name),
         run_id = VALUES(run_id), status = 'init', details = '', attempts = COALESCE(attempts, 0) + 1,
         updated_at = VALUES(updated_at)`,
      [environment, kind, originId, originIndexSetId, originBusiness, business, space, name, runId],
    );
    const [row] = await this.connection.query(
      `SELECT id FROM ${quoteName(this.table)} WHERE origin_env = ? AND kind = ? AND origin_id = ?`,
      [environment, kind, originId],
    );
    return Number(row?.id);
  }

  /** Says what became of it. */
  async finish(
    id: number,
    end: {
      readonly status: MappingStatus;
      readonly targetId?: number;
      readonly indexSetId?: number;
      readonly details?: string;
    },
  ): Promise<void> {
    const { status, targetId = 0, indexSetId = 0, details = '' } = end;
    await this.connection.query(
      `UPDATE ${quoteName(this.table)} SET status = ?, target_id = ?, index_set_id = ?, details = ?, updated_at = UTC_TIMESTAMP(6)
        WHERE id = ?`,
      [status, targetId, indexSetId, asciiOnly(details), id],
    );
  }

  /** Says that an item whose answer was lost was found in the target. */
  async adopt(
    item: Pick<MappingItem, 'environment' | 'kind' | 'originId'>,
    targetId: number,
    indexSetId: number,
  ): Promise<void> {
    await this.connection.query(
      `UPDATE ${quoteName(this.table)} SET status = 'success', details = '', target_id = ?, index_set_id = ?,
         updated_at = UTC_TIMESTAMP(6) WHERE origin_env = ? AND kind = ? AND origin_id = ?`,
      [targetId, indexSetId, item.environment, item.kind, item.originId],
    );
  }
}

/** The old table is utf8, which has no room for every character. */
function asciiOnly(text: string): string {
  return text.slice(0, 16_000).replace(/[\u0080-\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** What `asciiOnly` wrote, and JSON of migrate_tool, as people read it. */
function readable(text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function toRow(row: TextRow): MappingRow {
  const number = (name: string) => Number(row[name] ?? 0);
  const status = MAPPING_STATUSES.find((known) => known === row.status) ?? 'fail';
  const kind = row.kind === 'collector' || row.kind === 'index-set' ? row.kind : undefined;
  return {
    ...{ id: number('id'), environment: row.origin_env ?? undefined, kind, status },
    ...{
      originId: row.origin_id === null || row.origin_id === undefined ? undefined : number('origin_id'),
      name: row.name ?? '',
    },
    ...{ originIndexSetId: number('origin_index_set_id'), originBusiness: number('origin_bk_biz_id') },
    ...{ business: number('bk_biz_id'), space: row.space_uid ?? '', targetId: number('target_id') },
    ...{ indexSetId: number('index_set_id'), details: readable(row.details ?? ''), attempts: number('attempts') },
    ...{ runId: row.run_id ?? '', updatedAt: row.updated_at ?? '' },
  };
}
