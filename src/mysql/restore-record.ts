import { z } from 'zod';
import { OperationError } from '../errors/operation-error';
import { quoteName, type SourceConnection } from './connection';
import { qualifiedName } from './row-packets';
import { createSchema } from './scratch-schemas';

/**
 * What a restore has to remember on the server itself, so that a crash can be finished or taken back, and a restore
 * undone: written before the tables move, removed by undo and discard.
 */
const recordSchema = z.object({
  kind: z.literal('restore-record'),
  formatVersion: z.literal(1),
  setId: z.string(),
  archiveKey: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  /** The restore's options, as they were given. */
  options: z.record(z.string(), z.unknown()),
  databases: z.array(
    z.object({
      database: z.string(),
      target: z.string(),
      /** The restore creates the database. */
      isNew: z.boolean(),
      /** Schema in which its replaced tables are kept. */
      before: z.string(),
      tables: z.array(
        z.object({
          name: z.string(),
          /** Name of the table that makes place; absent: there is none. */
          replaces: z.string().optional(),
          /** A table with triggers cannot leave its database with them: its name there until they are dropped. */
          stopover: z.string().optional(),
          /** Rows that the restore brings; absent where a filter chose among them. */
          rows: z.number().optional(),
        }),
      ),
      objects: z.array(z.object({ kind: z.string(), name: z.string() })),
      sequences: z.array(z.string()),
      /** Definitions of the database as they were, as a schema file; what undo creates again. */
      script: z.string(),
    }),
  ),
});
export interface RestoreRecord extends z.infer<typeof recordSchema> {
  /** The tables are in place: the record's own table is renamed by the same statement. */
  readonly isMoved: boolean;
}
export type RecordedDatabase = RestoreRecord['databases'][number];

const PATTERN = /^_before_(\d{14}_[a-z0-9]{10})$/;
const schemaOf = (setId: string) => `_before_${setId}`;
const tableOf = (setId: string, isMoved: boolean) => qualifiedName(schemaOf(setId), isMoved ? 'moved' : 'begun');

/** The part of the move that says it happened. */
export function recordMove(setId: string): string {
  return `${tableOf(setId, false)} TO ${tableOf(setId, true)}`;
}

export async function writeRecord(connection: SourceConnection, record: RestoreRecord): Promise<void> {
  const table = tableOf(record.setId, record.isMoved);
  await createSchema(connection, schemaOf(record.setId), '\\_before\\_%');
  await connection.query(
    `CREATE TABLE IF NOT EXISTS ${table} (id INT PRIMARY KEY, content LONGTEXT CHARACTER SET utf8mb4 NOT NULL) ENGINE=InnoDB`,
  );
  await connection.query(`REPLACE INTO ${table} VALUES (1, ?)`, [JSON.stringify(record)]);
}

/** Errors: OP_RESTORE_REFUSED when there is one and it cannot be read. */
export async function readRecord(connection: SourceConnection, setId: string): Promise<RestoreRecord | undefined> {
  const tables = await connection.query(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN ('begun', 'moved')",
    [schemaOf(setId)],
  );
  if (tables.length === 0) return undefined;
  const isMoved = tables.some(({ name }) => name === 'moved');
  const [row] = await connection.query(`SELECT content FROM ${tableOf(setId, isMoved)} WHERE id = 1`);
  if (!row?.content) return undefined; // a crash came between the table and its row: nothing was begun
  try {
    return { ...recordSchema.parse(JSON.parse(row.content)), isMoved };
  } catch (cause) {
    throw new OperationError(
      'OP_RESTORE_REFUSED',
      `the record of an earlier restore in ${schemaOf(setId)} is damaged`,
      {
        cause,
        details: { schema: schemaOf(setId) },
        remedy: `Look into ${schemaOf(setId)} and the schemas beside it; move what you need, and drop them by hand.`,
      },
    );
  }
}

/** All restores that can still be undone, oldest first. */
export async function listRecords(connection: SourceConnection): Promise<RestoreRecord[]> {
  const schemas = await connection.query('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
  const records: RestoreRecord[] = [];
  for (const { name } of schemas) {
    const setId = PATTERN.exec(name ?? '')?.[1];
    const record = setId ? await readRecord(connection, setId) : undefined;
    if (record) records.push(record);
  }
  return records.sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

export async function removeRecord(connection: SourceConnection, setId: string): Promise<void> {
  await connection.query(`DROP DATABASE IF EXISTS ${quoteName(schemaOf(setId))}`);
}
