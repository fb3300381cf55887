import type { NodeDef } from 'node-red';

/** What the form saves, with the form's defaults. */
export const DEFAULTS = {
  name: '',
  /** `plan`: say what a restore would do; `restore`: do it. */
  action: 'plan',
  /** Id of an archive-location. */
  location: '',
  /** A set id, an archive name or `latest`, of type `setType`. */
  set: 'latest',
  setType: 'str',
  /** Id of a db-connection: the server that is restored into. */
  connection: '',
  /** Another name for the database, for a set of one; empty: its own. */
  database: '',
  /** Keep the accounts that defined views, triggers, routines and events. */
  keepDefiners: true,
  /** Restore without `msg.confirm`. */
  unattended: false,
  version: 1,
};
export type TableRestoreConfig = NodeDef & typeof DEFAULTS;
