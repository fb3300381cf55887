import type { MatchPart } from '../model/row-match';
import { readUniqueKeys } from './absent-rows';
import { quoteName, type SourceConnection } from './connection';
import { countRows, type MappedTable, noteTable, SOURCE_KEY } from './mapped-table';
import { qualifiedName } from './row-packets';

/** Why a row is left out that the target has no room for. */
const CONFLICT = 'conflict';

const place = ({ mapped }: MappedTable) => qualifiedName(mapped.database, mapped.table);
const livePlace = ({ live }: MappedTable) => qualifiedName(live.database, live.table);

/** Rows `t` that are the row `m`. Columns that this BK-LOG does not have yet do not count. */
export function matchCondition(table: MappedTable, parts: readonly MatchPart[]): string {
  const has = (column: string) => table.columns.some(({ name }) => name === column);
  return parts
    .flatMap(({ columns, unless }) => {
      const agree = columns.filter(has).map(table.agree).join(' AND ');
      if (!agree || !unless) return agree || [];
      return `(m.${quoteName(unless.column)} IN (${unless.is.map((text) => `'${text}'`).join(', ')}) OR (${agree}))`;
    })
    .join(' AND ');
}

/**
 * Takes out the rows that are in the target: the same ones, whose number is given, and other ones, which are conflicts.
 * `matchedBy` absent: rows are known by their key, and those that are the same are noted as known where a row names them.
 */
export async function takeOutPresent(
  connection: SourceConnection,
  table: MappedTable,
  matchedBy: readonly MatchPart[] | undefined,
): Promise<number> {
  const match = matchedBy ? matchCondition(table, matchedBy) : table.agree(table.key);
  const compared = table.columns.map(({ name }) => name).filter((name) => name !== table.key);
  const isSame = compared.map(table.same).join(' AND ') || 'TRUE';
  const there = `EXISTS (SELECT 1 FROM ${livePlace(table)} AS t WHERE ${match})`;
  const thereSame = `EXISTS (SELECT 1 FROM ${livePlace(table)} AS t WHERE ${match} AND ${isSame})`;
  const same = await countRows(connection, table.mapped, thereSame);
  if (!matchedBy) {
    await connection.query(
      `INSERT IGNORE INTO ${noteTable(table, 'known_rows')}
       SELECT DISTINCT ?, n.to_id FROM ${noteTable(table, 'row_names')} AS n
         JOIN ${place(table)} AS m ON m.${quoteName(table.key)} = n.to_id WHERE n.to_table = ? AND ${thereSame}`,
      [table.name, table.name],
    );
  }
  const differing = compared.map((name) => `IF(${table.same(name)}, NULL, ?)`);
  await connection.query(
    `INSERT INTO ${noteTable(table, 'left_out')} (table_name, source_key, reason, detail)
     SELECT ?, m.${SOURCE_KEY}, ?, CONCAT('the target has another one, with another ', COALESCE((
       SELECT CONCAT_WS(', ', ${differing.join(', ')}) FROM ${livePlace(table)} AS t WHERE ${match} LIMIT 1), ''))
       FROM ${place(table)} AS m WHERE ${there} AND NOT ${thereSame} ORDER BY m.${SOURCE_KEY}`,
    [table.name, CONFLICT, ...compared],
  );
  await connection.query(`DELETE m FROM ${place(table)} AS m WHERE ${there}`);
  return same;
}

/** Takes out the rows that a unique key other than that of the id has no room for, in the target or beside each other. */
export async function takeOutClashes(connection: SourceConnection, table: MappedTable): Promise<void> {
  const keys = await readUniqueKeys(connection, table.mapped, table.live);
  for (const { columns, parts, condition } of keys) {
    if (columns.includes(table.key)) continue;
    const shared = `the same ${columns.join(', ')}`;
    const note = (detail: string, from: string, value: string) =>
      connection.query(
        `INSERT INTO ${noteTable(table, 'left_out')} (table_name, source_key, reason, detail)
         SELECT ?, s.${SOURCE_KEY}, ?, CONCAT(?, ${value}) FROM ${place(table)} AS s ${from} ORDER BY s.${SOURCE_KEY}`,
        [table.name, CONFLICT, detail],
      );
    const found = `SELECT MIN(t.${quoteName(table.key)}) FROM ${livePlace(table)} AS t WHERE ${condition}`;
    await note(`${shared} as row `, `WHERE (${found}) IS NOT NULL`, `(${found}), ' of the target'`);
    await dropLeftOut(connection, table);
    const cells = parts.map((part, at) => `${part} AS k${at}`);
    const first = `SELECT MIN(s.${SOURCE_KEY}) AS first, ${cells.join(', ')} FROM ${place(table)} AS s
      GROUP BY ${parts.map((_, at) => `k${at}`).join(', ')} HAVING COUNT(*) > 1`;
    const same = parts.map((part, at) => `d.k${at} = ${part}`).join(' AND ');
    const join = `JOIN (${first}) AS d ON ${same} WHERE s.${SOURCE_KEY} > d.first`;
    await note(`${shared} as row `, join, "d.first, ' of the set'");
    await dropLeftOut(connection, table);
  }
}

/** Takes out what is noted as left out. Gives the number of rows. */
export async function dropLeftOut(connection: SourceConnection, table: MappedTable): Promise<number> {
  await connection.query(
    `DELETE m FROM ${place(table)} AS m JOIN ${noteTable(table, 'left_out')} AS o
        ON o.table_name = ? AND o.source_key = m.${SOURCE_KEY}`,
    [table.name],
  );
  const [row] = await connection.query('SELECT ROW_COUNT() AS n');
  return Number(row?.n ?? 0);
}
