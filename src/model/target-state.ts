/** A server that is restored into, as it is now. */

export interface TargetObject {
  readonly kind:
    | 'table'
    | 'view'
    | 'sequence'
    | 'procedure'
    | 'function'
    | 'package'
    | 'package body'
    | 'trigger'
    | 'event';
  readonly name: string;
  /** The table that a trigger belongs to. */
  readonly table?: string;
}

/** A table as it lives in the target now. */
export interface TargetTable {
  readonly name: string;
  readonly definitionSha256: string;
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly hasKey: boolean;
  readonly engine: string;
}

/** A foreign key of the target, wherever its table lives. */
export interface TargetReference {
  readonly database: string;
  readonly table: string;
  readonly constraint: string;
  readonly toTable: string;
}

/** What a restore has to know of one database that it goes into. */
export interface TargetState {
  readonly database: string;
  readonly exists: boolean;
  readonly objects: readonly TargetObject[];
  /** Of the tables that were asked for, those that are there. */
  readonly tables: readonly TargetTable[];
  /** Foreign keys that point to a table of this database. */
  readonly references: readonly TargetReference[];
}

export interface TargetServer {
  readonly flavour: 'mariadb' | 'mysql';
  readonly version: string;
  /** Each collation it knows, by its full name, with the character set. */
  readonly collations: ReadonlyMap<string, string>;
  /** The collation of each character set where a definition names none. */
  readonly defaultCollations: ReadonlyMap<string, string>;
  readonly engines: ReadonlySet<string>;
  /** Tables may differ in case alone. */
  readonly isCaseSensitive: boolean;
  readonly isReadOnly: boolean;
  /** Host of the server this one replicates, when it can be seen. */
  readonly replicates?: string;
}
