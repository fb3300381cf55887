import { knownEnvironments } from '../bklog/read-id-map';
import { withConnection } from '../mysql/connection';
import { readEnvironmentRows } from '../mysql/environment-tables';
import type { ListEnvironmentsRequest, ListEnvironmentsResult } from './contract';

/** Reads which environments the tables of the CMDB migration know. Errors: OP_CONFIG_INVALID, OP_SOURCE_*. */
export async function listEnvironments(
  { settings, tables }: ListEnvironmentsRequest,
  signal: AbortSignal,
): Promise<ListEnvironmentsResult> {
  return await withConnection(settings, signal, async (connection) => ({
    environments: knownEnvironments(await readEnvironmentRows(connection, tables)),
  }));
}
