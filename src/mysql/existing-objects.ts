import type { SourceConnection } from './connection';

/** Everything with a name in a database, as `table x`, `view x`, `procedure x`, `function x`, `trigger x`, `event x`. */
export async function readObjectNames(
  connection: SourceConnection,
  database: string,
): Promise<{ exists: boolean; names: string[] }> {
  const [schema] = await connection.query(
    'SELECT COUNT(*) AS n FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?',
    [database],
  );
  const rows = await connection.query(
    `SELECT CONCAT(IF(TABLE_TYPE LIKE '%VIEW', 'view ', 'table '), TABLE_NAME) AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?
     UNION ALL SELECT CONCAT(LOWER(ROUTINE_TYPE), ' ', ROUTINE_NAME) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?
     UNION ALL SELECT CONCAT('trigger ', TRIGGER_NAME) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?
     UNION ALL SELECT CONCAT('event ', EVENT_NAME) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?`,
    [database, database, database, database],
  );
  return { exists: schema?.n === '1', names: rows.map(({ name }) => name ?? '') };
}

/** Whether two tables may differ in case alone on this server. */
export async function isCaseSensitive(connection: SourceConnection): Promise<boolean> {
  const [row] = await connection.query('SELECT @@lower_case_table_names AS folding');
  return row?.folding === '0';
}
