/**
 * Something a definition of a set uses that not every server knows. `object` names it in the set: `db`, `db.table`,
 * `db.table.column`, `db.table: key k`, `db: view v`.
 */
export type Demand = CollationDemand | UniqueKeyDemand | FeatureDemand;

export interface CollationDemand {
  readonly kind: 'collation';
  readonly object: string;
  /**
   * default: of a database or a table
   * session: an object was created under it
   * expression: in a default, generated column, key or CHECK of a table
   * body: in the text of a view, routine, trigger or event
   */
  readonly place: 'default' | 'session' | 'expression' | 'body';
  readonly charset?: string;
  /** Absent: the one the source takes where a character set stands alone. */
  readonly collation?: string;
}

export interface UniqueKeyDemand {
  readonly kind: 'unique-key';
  readonly table: string;
  /** `PRIMARY` for the primary key. */
  readonly key: string;
  readonly columns: readonly string[];
}

export interface FeatureDemand {
  readonly kind: 'feature';
  readonly object: string;
  /** In words: `type uuid`, `engine Aria`, `a key on an expression`. */
  readonly feature: string;
}

/** How the definitions of one database are written for the server they go to. */
export interface DefinitionRewrite {
  readonly flavour: 'mariadb' | 'mysql';
  readonly version: string;
  /** By the name in the set; only those with another name in the target. */
  readonly collations: ReadonlyMap<string, string>;
  /** What each text column of each table shall have. */
  readonly columns: ReadonlyMap<string, ReadonlyMap<string, ColumnText>>;
  /** What the server takes where a definition names a character set alone. */
  readonly defaultCollations: ReadonlyMap<string, string>;
}

export interface ColumnText {
  readonly charset: string;
  readonly collation: string;
}

/** Unicode character sets: what stands alone in a definition is `{charset}_general_ci` there, newer servers think otherwise. */
const UNICODE = new Set(['utf8', 'utf8mb3', 'utf8mb4', 'ucs2', 'utf16', 'utf16le', 'utf32']);

/**
 * What a server meant that named a character set alone. One with another default (utf8mb4 in MySQL 8 and MariaDB 11)
 * spells it out. Undefined where all servers agree.
 */
export function impliedCollation(charset: string): string | undefined {
  return UNICODE.has(charset) ? `${charset}_general_ci` : undefined;
}
