import type { NodeDef } from 'node-red';
import { z } from 'zod';
import { parseOrRefuse } from '../../src/index';

/** What the form saves, with the form's defaults. */
export const DEFAULTS = {
  name: '',
  /** `tables` of the set, `collectors` (the documents of export.py), or both. */
  contents: 'tables' as 'tables' | 'collectors' | 'tables,collectors',
  /** Ids of the db-connections to BK-LOG's two databases; for collectors only. */
  logConnection: '',
  nodemanConnection: '',
  /** Scope in the archive's name; retention counts the sets of one name. */
  setName: 'core',
  /** Application code, first part of the archive's name. */
  app: 'bk_log_search',
  /** Reading connections per server. */
  parallel: '2',
  /** gzip level 1..9; empty: the engine's default. */
  compressionLevel: '',
  /** IANA zone of the time in the archive's name; empty: the host's. */
  timeZone: '',
  version: 1,
};
export type TableExportConfig = NodeDef & typeof DEFAULTS;

const exportConfigSchema = z.object({
  contents: z.enum(['tables', 'collectors', 'tables,collectors']),
  setName: z.string().min(1, 'is empty'),
  app: z.string().min(1, 'is empty'),
  parallel: z.coerce.number().int().min(1).max(16),
  compressionLevel: z.union([z.literal('').transform(() => undefined), z.coerce.number().int().min(1).max(9)]),
  timeZone: z.string(),
});

/** Errors: OP_CONFIG_INVALID naming the field. */
export function readExportConfig(config: typeof DEFAULTS): z.infer<typeof exportConfigSchema> {
  return parseOrRefuse(exportConfigSchema, config, 'table-export');
}
