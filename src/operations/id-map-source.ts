import { readFile } from 'node:fs/promises';
import { type IdMap, type IdMapDocument, idMapDocument, toIdMap } from '../bklog/id-map';
import { idMapFromCsv, idMapFromRows } from '../bklog/read-id-map';
import { OperationError } from '../errors/operation-error';
import { toOperationError } from '../errors/to-operation-error';
import type { ConnectionSettings } from '../model/connection-settings';
import { withConnection } from '../mysql/connection';
import { type EnvironmentTables, readEnvironmentRows } from '../mysql/environment-tables';

/** Where an id map comes from: typed in, a file, or the tables that the CMDB migration keeps. */
export type IdMapSource =
  | IdMapDocument
  /** JSON, or with the ending .csv lines `old,new` of businesses, which leave the offset open. */
  | { readonly environment: string; readonly path: string; readonly offset?: number | string | undefined }
  | { readonly environment: string; readonly settings: ConnectionSettings; readonly tables: EnvironmentTables };

/** Errors: OP_CONFIG_INVALID naming the file, table or field, OP_SOURCE_*. */
export async function readIdMap(source: IdMapSource, signal: AbortSignal): Promise<IdMap> {
  if ('path' in source) return await readFromFile(source);
  if (!('tables' in source)) return toIdMap(source);
  return await withConnection(source.settings, signal, async (connection) =>
    idMapFromRows(source.environment, await readEnvironmentRows(connection, source.tables)),
  );
}

/** The document of a file that names its environment. Errors: OP_CONFIG_INVALID naming the file. */
export async function readIdMapFile(path: string, signal: AbortSignal): Promise<IdMapDocument> {
  return idMapDocument(await readIdMap({ environment: '', path }, signal));
}

async function readFromFile(source: Extract<IdMapSource, { path: string }>): Promise<IdMap> {
  const { path, environment, offset } = source;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw toOperationError(error, `reading ${path}`);
  });
  if (path.toLowerCase().endsWith('.csv')) return idMapFromCsv({ environment, offset, businesses: text });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new OperationError('OP_CONFIG_INVALID', `${path} is not JSON`, { details: { path }, cause });
  }
  const isObject = typeof document === 'object' && document !== null && !Array.isArray(document);
  const map = toIdMap(isObject ? { environment, ...(document as object) } : document, path);
  if (environment && map.environment !== environment) {
    throw new OperationError(
      'OP_CONFIG_INVALID',
      `${path} is the id map of ${map.environment}, not of ${environment}`,
      {
        details: { path, environment: map.environment, wanted: environment },
      },
    );
  }
  return map;
}
