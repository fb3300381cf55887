import { isCoreTable } from '../bklog/core-tables';
import type { ConnectionSettings } from '../model/connection-settings';
import { withConnection } from '../mysql/connection';
import type { DescribeConnectionResult, DescribedTable } from './contract';

const TYPES: Readonly<Record<string, DescribedTable['type']>> = {
  'BASE TABLE': 'table',
  VIEW: 'view',
  'SYSTEM VIEW': 'view',
  SEQUENCE: 'sequence',
};

/** What a connection offers: the server, its databases, and the tables of the chosen one with estimates. */
export async function describeConnection(
  { settings }: { readonly settings: ConnectionSettings },
  signal: AbortSignal,
): Promise<DescribeConnectionResult> {
  return await withConnection(settings, signal, async (connection) => {
    const databases = await connection.query(
      `SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA
        WHERE SCHEMA_NAME NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys') ORDER BY SCHEMA_NAME`,
    );
    const tables = await connection.query(
      `SELECT TABLE_NAME AS name, TABLE_TYPE AS type, ENGINE AS engine, TABLE_ROWS AS table_rows, DATA_LENGTH AS bytes
         FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME`,
      [settings.database],
    );
    return {
      server: { flavour: connection.server.flavour, version: connection.server.version },
      database: settings.database,
      databases: databases.map(({ name }) => name ?? ''),
      tables: tables.map((table) => ({
        name: table.name ?? '',
        type: TYPES[table.type ?? ''] ?? 'other',
        engine: table.engine ?? '',
        rowsEstimate: Number(table.table_rows ?? 0),
        bytesEstimate: Number(table.bytes ?? 0),
        core: isCoreTable(table.name ?? ''),
      })),
    };
  });
}
