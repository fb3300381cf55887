import { createHash } from 'node:crypto';
import type { ManifestFile } from '../model/manifest';
import { RowSetHash } from '../support/row-set-hash';
import { keepBytes, planColumn } from './column-codec';
import type { SourceConnection } from './connection';
import { createRowEncoder, ROW_SEPARATOR } from './row-encoder';
import { readRowPackets } from './row-packets';
import { selectStatement } from './select-rows';
import { readTableSchema } from './table-schema';

export interface ReadBack {
  readonly rows: number;
  /** Hash of the table file that an export of this table would write now; in any order, a `RowSetHash` of its rows. */
  readonly sha256: string;
}

/**
 * Reads a table as an export reads it and gives the hash of the file it would write, without writing one. Two tables of
 * equal hash hold the same rows, cell by cell. `file` says in which form each column was kept.
 */
export async function readBack(
  connection: SourceConnection,
  database: string,
  table: string,
  file: Pick<ManifestFile, 'columns' | 'where'> & { readonly inAnyOrder?: boolean },
  signal: AbortSignal,
): Promise<ReadBack> {
  const schema = await readTableSchema(connection, database, table);
  const kept = new Map(file.columns?.map(({ name, encoding }) => [name, encoding]));
  const plans = schema.columns.map((column) => {
    const plan = planColumn(column, `${database}.${table}`);
    return kept.get(column.name) === 'charset-base64' ? keepBytes(plan) : plan;
  });
  const hash = file.inAnyOrder ? new RowSetHash() : createHash('sha256');
  let isEmpty = true;
  const encoder = createRowEncoder(
    plans.map(({ column, encoding }) => ({ name: column.name, encoding })),
    `${database}.${table}`,
    (block) => {
      // Every block begins with the comma after the row before it; the first has the bracket instead.
      if (isEmpty) hash.update('[\n').update(block.subarray(ROW_SEPARATOR.length));
      else hash.update(block);
      isEmpty = false;
    },
  );
  const sql = selectStatement(schema, plans, file.where ? [`(${file.where})`] : []);
  const rows = await readRowPackets(connection, sql, { object: `${database}.${table}`, signal }, encoder.encode);
  encoder.flush();
  hash.update(isEmpty ? '[\n]\n' : '\n]\n');
  return { rows, sha256: hash instanceof RowSetHash ? hash.digest() : hash.digest('hex') };
}
