import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { idMapDocumentSchema } from '../bklog/id-map';
import { OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import { COLLECTOR_TABLE, INDEX_SET_TABLE } from '../model/collector-columns';
import { parseOrRefuse } from '../model/parse';

/** The documents of export.py, by their names. */
export const DOCUMENT_NAMES = { collectors: `${COLLECTOR_TABLE}.json`, indexSets: `${INDEX_SET_TABLE}.json` } as const;
/** Written last: a folder with it is prepared. */
export const MIGRATION_FILE = 'migration.json';

/** What a prepared folder says of itself. */
export const migrationFileSchema = z.object({
  kind: z.literal('migration'),
  formatVersion: z.literal(1),
  preparedAt: z.string(),
  /** The set that the documents are of; absent: they lay in a folder. */
  setId: z.string().optional(),
  idMap: idMapDocumentSchema,
  /** Items that stay out, as `kind id`: something of theirs has no counterpart. */
  leftOut: z.array(z.string()),
});
export type MigrationFile = z.infer<typeof migrationFileSchema>;

const documentSchema = z.array(z.record(z.string(), z.unknown()));

/** A document of export.py; `object` is where it comes from. Errors: OP_CONFIG_INVALID naming that. */
export async function readDocument(path: string | undefined, object = path): Promise<Record<string, unknown>[]> {
  if (path === undefined) return [];
  try {
    return documentSchema.parse(JSON.parse(await readText(path)));
  } catch (cause) {
    if (cause instanceof OperationError) throw cause;
    throw new OperationError('OP_CONFIG_INVALID', `${object} is not a document of export.py: a JSON array of records`, {
      details: { path: object },
      cause,
      remedy: `Name ${DOCUMENT_NAMES.collectors} and ${DOCUMENT_NAMES.indexSets} as they were written, whole.`,
    });
  }
}

/** Reads a prepared folder. Errors: OP_CONFIG_INVALID for one that is none, or not whole. */
export async function readMigrationFile(directory: string): Promise<MigrationFile> {
  const path = join(directory, MIGRATION_FILE);
  const text = await readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OperationError('OP_CONFIG_INVALID', `${path} is not JSON`, { details: { path }, cause });
  }
  return parseOrRefuse(migrationFileSchema, value, path);
}

export async function* fileBlocks(path: string): AsyncGenerator<Buffer> {
  for await (const block of createReadStream(path)) yield block as Buffer;
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    throw toOperationError(error, `reading ${path}`);
  });
}
