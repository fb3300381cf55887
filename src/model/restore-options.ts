import { z } from 'zod';

/**
 * What becomes of tables that the target has already.
 * swap: they make place for the restored ones and are kept beside the database until undo or discard
 * fail: they stop the restore
 * replace: they make place and are dropped
 * skip: they stay; rows whose key they lack are inserted
 */
export const RESTORE_POLICIES = ['swap', 'fail', 'replace', 'skip'] as const;
export type RestorePolicy = (typeof RESTORE_POLICIES)[number];

/** What of a set is restored, where to, and how. */
export const restoreOptionsSchema = z.object({
  policy: z.enum(RESTORE_POLICIES).default('swap'),
  /** Databases of the set; absent: all. */
  databases: z.array(z.string().min(1)).min(1).optional(),
  /** Tables of the set, as `table` or `database.table`; absent: all, with views, routines and events. */
  tables: z.array(z.string().min(1)).min(1).optional(),
  /** Only rows with this value in this column, compared as the server compares; tables without the column are left out. */
  where: z.object({ column: z.string().min(1), value: z.string() }).optional(),
  /** Another name for the database, when one is restored. */
  database: z.string().min(1).max(64).optional(),
  /** Keep the accounts that defined views, triggers, routines and events; otherwise they belong to the restoring account. */
  keepDefiners: z.boolean().default(true),
  /** An id map as an operator writes it (`idMapDocumentSchema`): rows of BK-LOG go into tables of another BK-LOG. */
  idMap: z.record(z.string(), z.unknown()).optional(),
});
export type RestoreOptions = z.infer<typeof restoreOptionsSchema>;

/** Reads `column = value`, the value quoted or not. Undefined when it is something else. */
export function parseRowFilter(text: string): { column: string; value: string } | undefined {
  const [, quoted, plain, single, double, bare] =
    /^\s*(?:`((?:[^`]|``)+)`|([\p{L}\p{N}_$]+))\s*=\s*(?:'([^']*)'|"([^"]*)"|([^\s'"]+))\s*$/u.exec(text) ?? [];
  const column = quoted?.replaceAll('``', '`') ?? plain;
  const value = single ?? double ?? bare;
  return column === undefined || value === undefined ? undefined : { column, value };
}
