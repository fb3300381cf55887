import type { MatchPart } from '../model/row-match';
import { dropLeftOut, matchCondition, takeOutClashes } from './compare-mapped';
import { quoteName, type SourceConnection } from './connection';
import { countRows, type MappedTable, noteTable, SOURCE_KEY } from './mapped-table';
import { qualifiedName } from './row-packets';

const place = ({ mapped }: MappedTable) => qualifiedName(mapped.database, mapped.table);

/**
 * Finds for each row the oldest row of the target that is the same one; what is left is to be inserted, the oldest of
 * those that are the same one. `group_ids` leads from the key in the set to the id in the target, or, of a row that has
 * none yet, to its key in the set below 0. Gives the number of rows that are there or are one with another.
 */
export async function matchGroups(
  connection: SourceConnection,
  table: MappedTable,
  matchedBy: readonly MatchPart[],
  ageColumn: string,
): Promise<number> {
  const match = matchCondition(table, matchedBy);
  const live = qualifiedName(table.live.database, table.live.table);
  const before = await countRows(connection, table.mapped);
  const ids = noteTable(table, 'group_ids');
  const key = quoteName(table.key);
  const age = quoteName(ageColumn);
  await connection.query(
    `INSERT INTO ${ids} SELECT m.${SOURCE_KEY}, (
       SELECT t.${key} FROM ${live} AS t WHERE ${match} ORDER BY t.${age}, t.${key} LIMIT 1) FROM ${place(table)} AS m
      WHERE EXISTS (SELECT 1 FROM ${live} AS t WHERE ${match})`,
  );
  await connection.query(`DELETE m FROM ${place(table)} AS m JOIN ${ids} AS g ON g.source_id = m.${SOURCE_KEY}`);
  await connection.query(
    `INSERT INTO ${ids} SELECT m.${SOURCE_KEY}, -(
       SELECT t.${SOURCE_KEY} FROM ${place(table)} AS t WHERE ${match} ORDER BY t.${age}, t.${SOURCE_KEY} LIMIT 1)
       FROM ${place(table)} AS m`,
  );
  await connection.query(
    `DELETE m FROM ${place(table)} AS m JOIN ${ids} AS g ON g.source_id = m.${SOURCE_KEY}
      WHERE g.group_id <> -m.${SOURCE_KEY}`,
  );
  const there = before - (await countRows(connection, table.mapped));
  await takeOutClashes(connection, table);
  await connection.query(
    `DELETE g FROM ${ids} AS g JOIN ${noteTable(table, 'left_out')} AS o
        ON o.table_name = ? AND g.group_id = -o.source_key`,
    [table.name],
  );
  return there;
}

/** Gives rows the ids of their groups as `group_ids` has them; those whose group is not in it are left out. */
export async function assignGroups(
  connection: SourceConnection,
  table: MappedTable,
  column: string,
  groupTable: string,
): Promise<void> {
  const ids = noteTable(table, 'group_ids');
  const group = quoteName(column);
  await connection.query(
    `INSERT INTO ${noteTable(table, 'left_out')} (table_name, source_key, reason, detail)
     SELECT ?, m.${SOURCE_KEY}, 'dangling', CONCAT(?, m.${group}) FROM ${place(table)} AS m
       LEFT JOIN ${ids} AS g ON g.source_id = m.${group} WHERE g.source_id IS NULL ORDER BY m.${SOURCE_KEY}`,
    [table.name, `${column} names ${groupTable} `],
  );
  await dropLeftOut(connection, table);
  await connection.query(
    `UPDATE ${place(table)} AS m SET m.${group} = (SELECT g.group_id FROM ${ids} AS g WHERE g.source_id = m.${group})`,
  );
}
