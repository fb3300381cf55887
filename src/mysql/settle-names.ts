import { dropLeftOut } from './compare-mapped';
import { quoteName, type SourceConnection } from './connection';
import { type MappedTable, noteTable, SOURCE_KEY } from './mapped-table';
import { qualifiedName } from './row-packets';

const place = ({ mapped }: MappedTable) => qualifiedName(mapped.database, mapped.table);

/**
 * Leaves out every row that names a row which is neither inserted nor known, and then those that named it, until all
 * names lead somewhere. `trusted` are tables of the target whose rows count because the id map leads to them by name.
 */
export async function settleNames(
  connection: SourceConnection,
  tables: readonly MappedTable[],
  trusted: readonly { readonly name: string; readonly key: string }[],
): Promise<void> {
  const [first] = tables;
  if (!first) return;
  const known = noteTable(first, 'known_rows');
  const names = noteTable(first, 'row_names');
  const places = [
    ...tables.map(({ name, key, mapped }) => ({ name, key, at: mapped })),
    ...trusted.map(({ name, key }) => ({ name, key, at: { database: first.live.database, table: name } })),
  ];
  for (const { name, key, at } of places) {
    await connection.query(
      `INSERT IGNORE INTO ${known} SELECT DISTINCT ?, n.to_id FROM ${names} AS n
         JOIN ${qualifiedName(at.database, at.table)} AS m ON m.${quoteName(key)} = n.to_id WHERE n.to_table = ?`,
      [name, name],
    );
  }
  for (let dropped = 1; dropped > 0; ) {
    dropped = 0;
    for (const table of tables) dropped += await leaveOutDangling(connection, table);
  }
}

async function leaveOutDangling(connection: SourceConnection, table: MappedTable): Promise<number> {
  const known = noteTable(table, 'known_rows');
  await connection.query(
    `INSERT INTO ${noteTable(table, 'left_out')} (table_name, source_key, reason, detail)
     SELECT ?, m.${SOURCE_KEY}, 'dangling', MIN(CONCAT(n.stands_at, ' names ', n.to_table, ' ', n.to_id))
       FROM ${noteTable(table, 'row_names')} AS n JOIN ${place(table)} AS m ON m.${SOURCE_KEY} = n.source_key
       LEFT JOIN ${known} AS k ON k.table_name = n.to_table AND k.id = n.to_id
      WHERE n.table_name = ? AND k.id IS NULL GROUP BY m.${SOURCE_KEY} ORDER BY m.${SOURCE_KEY}`,
    [table.name, table.name],
  );
  // Before they go: their keys in the target are not known elsewhere.
  await connection.query(
    `DELETE k FROM ${known} AS k JOIN ${place(table)} AS m ON k.table_name = ? AND k.id = m.${quoteName(table.key)}
       JOIN ${noteTable(table, 'left_out')} AS o ON o.table_name = ? AND o.source_key = m.${SOURCE_KEY}`,
    [table.name, table.name],
  );
  return await dropLeftOut(connection, table);
}
