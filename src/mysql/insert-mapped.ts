import { quoteName, type SourceConnection } from './connection';
import { type MappedTable, noteTable, SOURCE_KEY } from './mapped-table';
import { qualifiedName } from './row-packets';

const place = ({ mapped }: MappedTable) => qualifiedName(mapped.database, mapped.table);

/** Inserts all mapped rows, in the order of their key. Gives their number. */
export async function insertRows(
  connection: SourceConnection,
  table: MappedTable,
  { withNewIds }: { readonly withNewIds: boolean },
): Promise<number> {
  await connection.query(`${insertSelect(table, withNewIds)} ORDER BY m.${SOURCE_KEY}`);
  return await affectedRows(connection);
}

/** Inserts groups one by one under new ids, which the rows of `members` get in `column`. Gives the number of groups. */
export async function insertGroups(
  connection: SourceConnection,
  table: MappedTable,
  members: MappedTable | undefined,
  column: string,
): Promise<number> {
  const sources = await connection.query(
    `SELECT m.${SOURCE_KEY} AS source FROM ${place(table)} AS m ORDER BY m.${SOURCE_KEY}`,
  );
  for (const { source } of sources) {
    const key = BigInt(source ?? '');
    await connection.query(`${insertSelect(table, true)} WHERE m.${SOURCE_KEY} = ${key}`);
    const [made] = await connection.query('SELECT LAST_INSERT_ID() AS id');
    await connection.query(`UPDATE ${noteTable(table, 'group_ids')} SET group_id = ? WHERE group_id = ${-key}`, [
      made?.id,
    ]);
    if (!members) continue;
    const group = quoteName(column);
    await connection.query(`UPDATE ${place(members)} SET ${group} = ? WHERE ${group} = ${-key}`, [made?.id]);
  }
  return sources.length;
}

function insertSelect({ columns, key, live, mapped }: MappedTable, withNewIds: boolean): string {
  const names = columns.map(({ name }) => name).filter((name) => !withNewIds || name !== key);
  return `INSERT INTO ${qualifiedName(live.database, live.table)} (${names.map(quoteName).join(', ')})
    SELECT ${names.map((name) => `m.${quoteName(name)}`).join(', ')} FROM ${qualifiedName(mapped.database, mapped.table)} AS m`;
}

async function affectedRows(connection: SourceConnection): Promise<number> {
  const [row] = await connection.query('SELECT ROW_COUNT() AS n');
  return Number(row?.n ?? 0);
}
