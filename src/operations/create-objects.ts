import { isOperationError } from '../errors/operation-error';
import type { Finding } from '../model/verification';
import { quoteName, type SourceConnection } from '../mysql/connection';
import type { ObjectStatement } from '../mysql/set-definitions';
import { driverCode } from '../mysql/source-error';

/**
 * Runs a statement of a set; one that the server refuses is bad news about the set, not a failure of the run. The
 * server's message may quote values of rows: the code alone is passed on.
 */
export async function attemptStatement(
  connection: SourceConnection,
  object: string,
  statement: string,
): Promise<Finding | undefined> {
  try {
    await connection.query(statement);
    return undefined;
  } catch (error) {
    const code = driverCode(error instanceof Error ? error.cause : undefined);
    if (!code.startsWith('ER_') || isOperationError(error, 'OP_SOURCE_DENIED')) throw error;
    if (isOperationError(error, 'OP_STORE_FULL')) throw error;
    return { code: 'OP_RESTORE_REFUSED', object, message: `the server refuses ${object}: ${code}` };
  }
}

export interface ObjectChoice {
  /** Which of the objects; absent: all. */
  readonly isChosen?: (object: ObjectStatement) => boolean;
  /** What is there by that name makes place. */
  readonly replace: boolean;
}

/** Creates views, routines, triggers and events of one database in the schema `schema`, each in its own session settings. */
export async function createObjects(
  connection: SourceConnection,
  schema: string,
  objects: readonly ObjectStatement[],
  { isChosen = () => true, replace }: ObjectChoice,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const chosen = objects.filter((object) => object.kind === undefined || isChosen(object));
  await connection.query(`USE ${quoteName(schema)}`);
  if (replace) await dropObjects(connection, schema, chosen);
  let unset: Finding | undefined;
  for (const { statement, kind, name } of chosen) {
    const object = kind ? `${schema}: ${kind} ${name}` : schema;
    if (kind && unset) {
      // Under other settings its text could mean something else.
      findings.push({ ...unset, object, message: `${object} is not created: ${unset.message}` });
      continue;
    }
    const refused = await attemptStatement(connection, kind ? object : `the settings of ${schema}`, statement);
    if (!kind) unset = refused;
    else if (refused) findings.push(refused);
  }
  return findings;
}

/** Drops views, routines, triggers and events by name, where they are. With a package goes its body. */
export async function dropObjects(
  connection: SourceConnection,
  schema: string,
  objects: readonly { readonly kind?: string | undefined; readonly name?: string | undefined }[],
): Promise<void> {
  const named = objects.filter(({ kind, name }) => kind && kind !== 'other' && name);
  const drops = new Set(
    named.map(({ kind, name = '' }) => `DROP ${kind?.toUpperCase()} IF EXISTS ${at(schema, name)}`),
  );
  for (const drop of drops) {
    if (!drop.startsWith('DROP PACKAGE')) await connection.query(drop);
    else if (connection.server.flavour === 'mariadb') await inOracleMode(connection, drop);
  }
}

/** MariaDB knows packages in this sql_mode only, MySQL in none. */
async function inOracleMode(connection: SourceConnection, statement: string): Promise<void> {
  const [before] = await connection.query('SELECT @@SESSION.sql_mode AS mode');
  await connection.query("SET SESSION sql_mode = 'ORACLE'");
  await connection.query(statement);
  await connection.query('SET SESSION sql_mode = ?', [before?.mode ?? '']);
}

function at(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
