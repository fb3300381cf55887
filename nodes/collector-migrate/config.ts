import type { NodeDef } from 'node-red';
import { z } from 'zod';
import { type MigrateRequest, type MigrationChoice, parseOrRefuse } from '../../src/index';

/** What the form saves, with the form's defaults. */
export const DEFAULTS = {
  name: '',
  /** `migrate`: plan, and migrate when the plan is confirmed; `undo`: the same with what one run created. */
  action: 'migrate',
  /** Id of a bklog-api: the target. */
  api: '',
  /** Id of a db-connection: where the records of migrations are kept. */
  connection: '',
  table: 'bk_log_search_resource_mapping',
  /** A business of the source; empty: all. */
  business: '',
  /** Ids of the source, between commas; empty: all. */
  collectors: '',
  indexSets: '',
  /** A cluster of the target for all collectors; empty: chosen for each business. */
  storageCluster: '',
  /** Clusters of the target for third-party index sets, by the source's id; `*`: for all others. */
  clusters: [] as { from: string; to: string }[],
  retryFailed: false,
  /** What somebody decided for single items in the plan, by `kind id`. */
  choices: {} as Record<string, MigrationChoice>,
  /** Undo: the environment whose items were migrated, and the id of the run or `latest`. */
  environment: 'payload.environment',
  environmentType: 'msg',
  run: 'latest',
  runType: 'str',
  /** Go ahead without `msg.confirm`. */
  unattended: false,
  version: 1,
};
export type CollectorMigrateConfig = NodeDef & typeof DEFAULTS;

const id = z
  .string()
  .trim()
  .regex(/^\d{1,15}$/, 'is not an id')
  .transform(Number);
const business = z
  .string()
  .trim()
  .regex(/^-?\d{1,15}$/, 'is not a business id')
  .transform(Number);
const empty = z
  .string()
  .regex(/^\s*$/)
  .transform(() => undefined);
const list = z
  .string()
  .transform((text) => text.split(',').filter((item) => item.trim()))
  .pipe(z.array(id))
  .transform((ids) => (ids.length > 0 ? ids : undefined));
const clusters = z
  .array(z.object({ from: z.union([z.literal('*'), id.transform(String)]), to: id }))
  .refine((rows) => new Set(rows.map(({ from }) => from)).size === rows.length, 'names a cluster twice')
  .transform((rows) => Object.fromEntries(rows.map(({ from, to }) => [from, to])));

const formSchema = z.object({
  business: z.union([empty, business], 'is not a business id'),
  collectors: list,
  indexSets: list,
  storageCluster: z.union([empty, id], 'is not a cluster id'),
  clusters,
  retryFailed: z.boolean(),
  choices: z.record(z.string(), z.enum(['leave-out', 'retry'])),
});

/** What is migrated and how, of a request. Errors: OP_CONFIG_INVALID naming the field. */
export function toMigrateOptions(
  saved: typeof DEFAULTS,
  name: string,
): Pick<MigrateRequest, 'filter' | 'clusterMap' | 'storageCluster' | 'retryFailed' | 'choices'> {
  const form = parseOrRefuse(formSchema, saved, name);
  return {
    filter: {
      ...(form.business === undefined ? {} : { business: form.business }),
      ...(form.collectors ? { collectorIds: form.collectors } : {}),
      ...(form.indexSets ? { indexSetIds: form.indexSets } : {}),
    },
    clusterMap: form.clusters,
    ...(form.storageCluster === undefined ? {} : { storageCluster: form.storageCluster }),
    retryFailed: form.retryFailed,
    choices: form.choices,
  };
}
