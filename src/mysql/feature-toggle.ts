import { OperationError } from '../errors/operation-error';
import type { SourceConnection } from './connection';

const TABLE = 'feature_toggle_featuretoggle';

/**
 * The configuration in a row of BK-LOG's table of feature toggles, as its JSON text; `undefined` when the row has none.
 * BK-LOG's exports ignore the status of the row, and so do we (apps/log_search/tasks/async_export.py). Nothing is
 * written. Errors: OP_SOURCE_MISSING for the table or the row, OP_SOURCE_DENIED.
 */
export async function readToggleConfig(connection: SourceConnection, name: string): Promise<string | undefined> {
  const { database } = connection.settings;
  const [table] = await connection.query(
    'SELECT 1 AS found FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?',
    [TABLE],
  );
  const missing = (what: string) =>
    new OperationError('OP_SOURCE_MISSING', `${database} has no ${what}`, {
      details: { connection: connection.settings.name, database, table: TABLE, row: name },
      remedy: `Point the connection to the database of BK-LOG's application, with SELECT on ${TABLE}.`,
    });
  if (!table) throw missing(`table ${TABLE} that this account can see`);
  const [row] = await connection.query(`SELECT feature_config FROM ${TABLE} WHERE name = ? AND is_deleted = 0`, [name]);
  if (!row) throw missing(`row "${name}" in ${TABLE}`);
  return row.feature_config ?? undefined;
}
