import { OperationError } from '../errors/operation-error';
import { quoteName, type SourceConnection, type TextRow } from './connection';

/** The tables that the CMDB migration keeps, by their names of this deployment. */
export interface EnvironmentTables {
  readonly offsets: string;
  readonly businesses: string;
}

/**
 * All rows of both tables. Another tool of the platform spells their names in small letters, so on a server that tells
 * the two apart either is taken. Errors: OP_SOURCE_MISSING naming the table.
 */
export async function readEnvironmentRows(
  connection: SourceConnection,
  tables: EnvironmentTables,
): Promise<{ readonly offsets: TextRow[]; readonly businesses: TextRow[] }> {
  return {
    offsets: await rowsOf(connection, tables.offsets, 'env, `offset`'),
    businesses: await rowsOf(connection, tables.businesses, 'bk_env, bk_old_biz_id, bk_new_biz_id'),
  };
}

async function rowsOf(connection: SourceConnection, table: string, columns: string): Promise<TextRow[]> {
  const found = await connection.query(
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND LOWER(TABLE_NAME) = LOWER(?)',
    [table],
  );
  const names = found.flatMap(({ name }) => name ?? []);
  const name = names.find((one) => one === table) ?? names[0];
  if (name === undefined) {
    throw new OperationError('OP_SOURCE_MISSING', `${connection.settings.database} has no table ${table}`, {
      details: { database: connection.settings.database, table },
      remedy: 'Name the database of the CMDB migration, and its tables of offsets and of businesses.',
    });
  }
  return await connection.query(`SELECT ${columns} FROM ${quoteName(name)}`);
}
