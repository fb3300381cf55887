import { OperationError } from '../errors/operation-error';
import { quoteName, type SourceConnection } from './connection';

const PREFIX = 'bklog_scratch_';
const PATTERN = /^(bklog_scratch_\d{14}_[a-z0-9]{10})_\d+$/;

/** LIKE pattern of the scratch schemas of a set. */
export function scratchPattern(setId: string): string {
  return `${PREFIX}${setId}`.replaceAll('_', '\\_').concat('%');
}

/**
 * Lends one empty schema for each database of a set, on a server that may hold anything else, and drops them whatever
 * happens; `connection` is for that alone. A lock of the server, which dies with the connection, tells living schemas
 * from what a crash left: leftovers of any set are dropped first. Nothing but schemas of this name pattern is dropped.
 * Errors: OP_BUSY when this set is being tried on this server, OP_SOURCE_DENIED with the GRANT, OP_SOURCE_*.
 */
export async function withScratchSchemas<T>(
  connection: SourceConnection,
  setId: string,
  databases: readonly string[],
  use: (scratch: ReadonlyMap<string, string>) => Promise<T>,
): Promise<T> {
  const name = `${PREFIX}${setId}`;
  const [lock] = await connection.query('SELECT GET_LOCK(?, 0) AS held', [name]);
  if (lock?.held !== '1') {
    throw new OperationError('OP_BUSY', `set ${setId} is being restored for a test on this server already`, {
      details: { setId, server: connection.settings.host },
    });
  }
  await dropLeftovers(connection, name);
  const scratch = new Map(databases.map((database, index) => [database, `${name}_${index}`]));
  const drop = async () => {
    for (const schema of scratch.values()) await connection.query(`DROP DATABASE IF EXISTS ${quoteName(schema)}`);
    await connection.query('SELECT RELEASE_LOCK(?) AS released', [name]);
  };
  let result: T;
  try {
    for (const schema of scratch.values()) await createSchema(connection, schema, 'bklog\\_scratch\\_%');
    result = await use(scratch);
  } catch (error) {
    await drop().catch(() => undefined); // a lost connection: the next trial finds and drops what is left
    throw error;
  }
  // What was done counts, also when the server is lost now: the next run finds and drops what is left.
  await drop().catch(() => undefined);
  return result;
}

/** Creates a schema of ours; `pattern` is what an account needs rights on. Errors: OP_SOURCE_DENIED with the GRANT. */
export async function createSchema(connection: SourceConnection, schema: string, pattern: string): Promise<void> {
  try {
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${quoteName(schema)} CHARACTER SET utf8mb4`);
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== 'OP_SOURCE_DENIED') throw error;
    const grant = `GRANT ALL ON \`${pattern}\`.* TO '${connection.settings.user}'@'%'`;
    throw new OperationError('OP_SOURCE_DENIED', `${connection.settings.name} may not create the schema ${schema}`, {
      cause: error,
      details: { user: connection.settings.user, grant },
      remedy: `Run on ${connection.settings.host}: ${grant}`,
    });
  }
}

async function dropLeftovers(connection: SourceConnection, ownLock: string): Promise<void> {
  const schemas = await connection.query('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
  for (const { name } of schemas) {
    const lock = PATTERN.exec(name ?? '')?.[1];
    if (!name || !lock) continue;
    const [state] = await connection.query('SELECT IS_FREE_LOCK(?) AS free', [lock]);
    if (lock === ownLock || state?.free === '1') await connection.query(`DROP DATABASE ${quoteName(name)}`);
  }
}
