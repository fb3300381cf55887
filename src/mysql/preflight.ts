import { OperationError } from '../errors/operation-error';
import { quoteName, type SourceConnection } from './connection';
import { currentAccount } from './consistent-snapshot';
import { qualifiedName } from './row-packets';
import { driverCode } from './source-error';

const SNAPSHOT_ENGINES = new Set(['InnoDB', 'ROCKSDB', 'TokuDB']);

/**
 * Says no before work starts: every table must exist, be a table, lie in an engine with snapshots, and be readable.
 * Errors: OP_SOURCE_MISSING, OP_CONFIG_INVALID (a view), OP_SNAPSHOT_REFUSED (engine), OP_VALUE_UNSUPPORTED
 * (history of a system-versioned table), OP_SOURCE_DENIED with the GRANT that is missing.
 */
export async function checkTables(
  connection: SourceConnection,
  database: string,
  tables: readonly string[],
): Promise<void> {
  const known = await connection.query(
    'SELECT TABLE_NAME AS name, TABLE_TYPE AS type, ENGINE AS engine FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    [database],
  );
  const byName = new Map(known.map((row) => [row.name ?? '', row]));
  const details = { connection: connection.settings.name, database };

  await checkSelect(connection, database, tables);
  const missing = tables.filter((table) => !byName.has(table));
  if (missing.length > 0) {
    throw new OperationError('OP_SOURCE_MISSING', `no table ${missing.join(', ')} in ${database}`, {
      details: { ...details, tables: missing },
    });
  }
  const typeOf = (table: string) => byName.get(table)?.type ?? '';
  const views = tables.filter((table) => /VIEW/.test(typeOf(table)));
  if (views.length > 0) {
    throw new OperationError('OP_CONFIG_INVALID', `${views.join(', ')} in ${database} is a view, not a table`, {
      details: { ...details, views },
      remedy: 'Take views out of the selection; with all tables of a database chosen their definitions are kept.',
    });
  }
  const versioned = tables.filter((table) => typeOf(table) === 'SYSTEM VERSIONED');
  if (versioned.length > 0) {
    throw new OperationError('OP_VALUE_UNSUPPORTED', `${versioned.join(', ')} in ${database} keeps row history`, {
      details: { ...details, tables: versioned },
      remedy: 'The history of system-versioned tables cannot be kept exactly: exclude these tables.',
    });
  }
  const other = tables.filter((table) => !SNAPSHOT_ENGINES.has(byName.get(table)?.engine ?? ''));
  if (other.length > 0) {
    const engines = Object.fromEntries(other.map((table) => [table, byName.get(table)?.engine ?? 'unknown']));
    const named = other.map((table) => `${table} (${engines[table]})`).join(', ');
    throw new OperationError('OP_SNAPSHOT_REFUSED', `no consistent read of ${named} in ${database}`, {
      details: { ...details, engines },
      remedy: `ALTER TABLE ${quoteName(database)}.${quoteName(other[0]!)} ENGINE=InnoDB, or exclude these tables.`,
    });
  }
}

/** Asks the server itself, table by table: parsing grants would miss roles and wildcards. */
async function checkSelect(connection: SourceConnection, database: string, tables: readonly string[]): Promise<void> {
  const denied: string[] = [];
  for (const table of tables) {
    try {
      // The columns stay inside: the driver refuses some names, and every one must be readable.
      await connection.query(
        `SELECT COUNT(*) AS n FROM (SELECT * FROM ${qualifiedName(database, table)} LIMIT 0) AS t`,
      );
    } catch (error) {
      const code = driverCode(error instanceof Error ? error.cause : undefined);
      if (['ER_TABLEACCESS_DENIED_ERROR', 'ER_COLUMNACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR'].includes(code)) {
        denied.push(table);
      } else if (code !== 'ER_NO_SUCH_TABLE') {
        throw error;
      }
    }
  }
  if (denied.length === 0) return;
  const account = await currentAccount(connection);
  const grants = denied.map((table) => `GRANT SELECT ON ${qualifiedName(database, table)} TO ${account}`);
  throw new OperationError('OP_SOURCE_DENIED', `${account} may not read ${denied.join(', ')} in ${database}`, {
    details: { connection: connection.settings.name, database, tables: denied, grants },
    remedy: `Run on ${connection.settings.name}: ${grants.join('; ')};`,
  });
}
