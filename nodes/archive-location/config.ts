import type { NodeDef } from 'node-red';
import { type LocationSettings, locationSettingsSchema, parseOrRefuse } from '../../src/index';

/** What the form saves, with the form's defaults. */
export const DEFAULTS = {
  name: '',
  kind: 'folder',
  path: '',
  requireMount: false,
  version: 1,
};
export type ArchiveLocationConfig = NodeDef & typeof DEFAULTS;

/** Errors: OP_CONFIG_INVALID naming the field. */
export function toLocationSettings({ name, kind, path, requireMount }: typeof DEFAULTS): LocationSettings {
  return parseOrRefuse(
    locationSettingsSchema,
    { name: name || path, kind, path: path.trim(), requireMount },
    `archive-location ${name || path}`,
  );
}
