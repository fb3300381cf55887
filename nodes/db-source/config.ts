import type { NodeDef } from 'node-red';
import { OperationError, type TableChoice } from '../../src/index';

/** What the form saves, with the form's defaults. */
export const DEFAULTS = {
  name: '',
  /** Id of a db-connection. */
  connection: '',
  /** Another database of the same server; empty: the connection's own. */
  database: '',
  /** `core`: BK-LOG's core tables; `all`: every table there is at run time; `chosen`: `tables`. */
  preset: 'core',
  tables: [] as string[],
  version: 1,
};
export type DbSourceConfig = NodeDef & typeof DEFAULTS;

/** Errors: OP_CONFIG_INVALID for a preset this release does not know. */
export function toTableChoice({ preset, tables }: Pick<typeof DEFAULTS, 'preset' | 'tables'>): TableChoice {
  switch (preset) {
    case 'core':
    case 'all':
      return { kind: preset };
    case 'chosen':
      return { kind: 'named', tables };
    default:
      throw new OperationError('OP_CONFIG_INVALID', `db-source: no preset "${preset}"`, {
        details: { accepted: ['core', 'all', 'chosen'] },
      });
  }
}
