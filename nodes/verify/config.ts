import type { NodeDef } from 'node-red';
import { OperationError, VERIFY_LEVELS, type VerifyLevel } from '../../src/index';

/** What the form saves, with the form's defaults. */
export const DEFAULTS = {
  name: '',
  /** Id of an archive-location. */
  location: '',
  level: 'intact',
  /** The set to verify, of type `setType`; by default the one that archive-store has just sealed. */
  set: 'payload.archive.key',
  setType: 'msg',
  /** For `restorable`: id of a db-connection whose account may create schemas. */
  scratch: '',
  /** Path of a file with content rules; empty: those of BK-LOG alone. */
  rules: '',
  version: 1,
};
export type VerifyConfig = NodeDef & typeof DEFAULTS;

/** Errors: OP_CONFIG_INVALID for a level there is not. */
export function toLevel(level: string): VerifyLevel {
  const found = VERIFY_LEVELS.find((name) => name === level);
  if (found) return found;
  throw new OperationError('OP_CONFIG_INVALID', `verify: no level "${level}"`, {
    details: { accepted: VERIFY_LEVELS },
  });
}
