import { isAbsolute } from 'node:path';
import type { NodeDef } from 'node-red';
import { z } from 'zod';
import { parseOrRefuse, UNMAPPED_POLICIES } from '../../src/index';

/** What the form saves, with the form's defaults. */
export const DEFAULTS = {
  name: '',
  /** `set`: the documents of the fetched set in the message; `folder`: the two files that export.py wrote. */
  documents: 'set',
  /** For `folder`: where they are, of type `folderType`. */
  folder: '',
  folderType: 'str',
  /** Where the id map comes from: `tables` of a connection, a `file`, or the `form`. */
  map: 'tables',
  /** The environment of the documents, as the id map names it; empty: a JSON file names it. */
  environment: '',
  /** For `tables`: id of a db-connection, and the tables that the CMDB migration keeps. */
  connection: '',
  offsetTable: 'cc_EnvIDOffset',
  businessTable: 'cc_EnvBizMap',
  /** For `file`: JSON, or with the ending .csv lines `old,new` of businesses. */
  file: '',
  /** For `form` and a CSV file: added to every id of CMDB except those of businesses. */
  offset: '',
  /** For `form`: old ids of businesses and new ones. */
  businesses: [] as { from: string; to: string }[],
  /** What becomes of records that name something without a counterpart: stop, skip or keep. */
  unmapped: 'stop',
  /** The folder that receives the prepared migration. */
  directory: '',
  version: 1,
};
export type IdMapperConfig = NodeDef & typeof DEFAULTS;

const filled = z.string().trim().min(1, 'is empty');
/** Whole numbers, which the engine checks where it knows their limits. */
const id = z.union([z.string(), z.number()]);
const common = {
  documents: z.enum(['set', 'folder']),
  unmapped: z.enum(UNMAPPED_POLICIES),
  directory: filled.refine(isAbsolute, 'is no absolute path'),
};
const formSchema = z.discriminatedUnion('map', [
  z.object({ ...common, map: z.literal('tables'), environment: filled, offsetTable: filled, businessTable: filled }),
  z.object({ ...common, map: z.literal('file'), environment: z.string().trim(), file: filled, offset: id }),
  z.object({
    ...common,
    map: z.literal('form'),
    environment: filled,
    offset: id,
    businesses: z.array(z.object({ from: id, to: id })),
  }),
]);
export type MapperSettings = z.infer<typeof formSchema>;

/** Takes what a form saved: what does not belong to its id map is left out. Errors: OP_CONFIG_INVALID naming the field. */
export function readMapperConfig(saved: typeof DEFAULTS, name: string): MapperSettings {
  return parseOrRefuse(formSchema, saved, name);
}
