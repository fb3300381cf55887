import type { TableAt } from './absent-rows';
import type { SourceConnection } from './connection';
import { qualifiedName } from './row-packets';
import { readCreateStatement } from './table-schema';

/** The next id that a table hands out. From its definition, because information_schema may be a day old. */
export async function readNextId(connection: SourceConnection, { database, table }: TableAt): Promise<number> {
  const statement = await readCreateStatement(connection, database, table);
  return Number(/^\).*? AUTO_INCREMENT=(\d+)/m.exec(statement)?.[1] ?? 1);
}

/** Lets a table hand out ids from `nextId` on; never lowers it. Ends a transaction. */
export async function raiseNextId(connection: SourceConnection, at: TableAt, nextId: number): Promise<void> {
  await connection.query(`ALTER TABLE ${qualifiedName(at.database, at.table)} AUTO_INCREMENT = ${nextId}`);
}
