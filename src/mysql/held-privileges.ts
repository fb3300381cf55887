import type { SourceConnection } from './connection';
import { driverCode } from './source-error';

const PART = '(\\*|`(?:[^`]|``)*`)';
/** Without a word before the place: a privilege on one routine says nothing about the others. */
const GRANT = new RegExp(`^GRANT (.+?) ON (?:TABLE )?${PART}\\.${PART} TO `);

/**
 * What the account may do in a database: at every level, by its active roles and by PUBLIC too, as SHOW GRANTS tells both.
 * The tables of information_schema know no roles, and show the privileges of others to those who may read `mysql`.
 */
export class HeldPrivileges {
  readonly #grants: readonly string[] | undefined;

  /** `grants`: lines of SHOW GRANTS; absent: the server checks no privileges. */
  constructor(grants: readonly string[] | undefined) {
    this.#grants = grants;
  }

  /** One of these is held there; without a table on all of the database, without a place on all of the server. */
  includes(
    privileges: readonly string[],
    place: { readonly database?: string; readonly table?: string } = {},
  ): boolean {
    if (!this.#grants) return true;
    return this.#grants.some((line) => {
      const [, list = '', database = '', table = ''] = GRANT.exec(line) ?? [];
      if (!(table === '*' ? isWithin(place.database, database) : isSame(place, database, table))) return false;
      const held = list.split(', ');
      return held.includes('ALL PRIVILEGES') || privileges.some((privilege) => held.includes(privilege));
    });
  }
}

export async function readHeldPrivileges(connection: SourceConnection): Promise<HeldPrivileges> {
  try {
    const rows = await connection.query('SHOW GRANTS');
    return new HeldPrivileges(rows.flatMap((row) => Object.values(row).map((line) => line ?? '')));
  } catch (error) {
    if (driverCode(error instanceof Error ? error.cause : undefined) !== 'ER_OPTION_PREVENTS_STATEMENT') throw error;
    return new HeldPrivileges(undefined); // --skip-grant-tables
  }
}

const unquote = (name: string) => name.slice(1, -1).replaceAll('``', '`');

function isSame(place: { readonly database?: string; readonly table?: string }, database: string, table: string) {
  return unquote(database) === place.database && unquote(table) === place.table;
}

/** A database is granted by a pattern of LIKE; `*` is every one. */
function isWithin(database: string | undefined, quoted: string): boolean {
  if (quoted === '*') return true;
  if (database === undefined) return false;
  const pattern = unquote(quoted).replace(/\\(.)|([\s\S])/g, (_, plain?: string, other = '') => {
    if (plain !== undefined) return literal(plain);
    return other === '_' ? '.' : other === '%' ? '.*' : literal(other);
  });
  return new RegExp(`^${pattern}$`, 's').test(database);
}

const literal = (character: string) => character.replace(/[.*+?^${}()|[\]\\]/, '\\$&');
