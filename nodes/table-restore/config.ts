import type { NodeDef } from 'node-red';

/** What the form saves, with the form's defaults. */
export const DEFAULTS = {
  name: '',
  /** `restore`: plan, and restore when the plan is confirmed; `plan`: never restore; `undo`, `discard`: of a restore. */
  action: 'restore',
  /** Id of an archive-location. */
  location: '',
  /** A set id, an archive name or `latest`, of type `setType`. */
  set: 'latest',
  setType: 'str',
  /** Id of a db-connection: the server that is restored into. */
  connection: '',
  /** What becomes of tables that are there: swap, fail, replace or skip. */
  policy: 'swap',
  /** Databases of the set, between commas; empty: all. */
  databases: '',
  /** Tables of the set, between commas; empty: all. */
  tables: '',
  /** `column = value`; empty: all rows. */
  where: '',
  /** Another name for the database, when one is restored; empty: its own. */
  database: '',
  /** Path of an id map as JSON: rows of BK-LOG go into the tables of another BK-LOG; empty: ids stay. */
  idMap: '',
  /** Keep the accounts that defined views, triggers, routines and events. */
  keepDefiners: true,
  /** The preview loads the set beside the target and says what would become of each row. */
  rows: false,
  /** Go ahead without `msg.confirm`. */
  unattended: false,
  version: 1,
};
export type TableRestoreConfig = NodeDef & typeof DEFAULTS;
