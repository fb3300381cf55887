import { z } from 'zod';
import { isOperationError } from '../../errors/operation-error';
import type { MigrationKind } from '../../model/migration';
import type { BkLogClient } from './bklog-client';

const id = z.coerce.number().int();
const loose = z.looseObject;

const preCheckSchema = loose({ allowed: z.boolean(), message: z.string().nullish() });
const createdCollectorSchema = loose({
  collector_config_id: id,
  bk_data_id: id.nullish(),
  subscription_id: id.nullish(),
  index_set_id: id.nullish(),
});
export type CreatedCollector = z.infer<typeof createdCollectorSchema>;

const collectorSchema = loose({
  collector_config_id: id,
  collector_config_name: z.string(),
  collector_config_name_en: z.string().nullish(),
  bk_biz_id: id,
  index_set_id: id.nullish(),
  bk_data_id: id.nullish(),
  subscription_id: id.nullish(),
});
export type ListedCollector = z.infer<typeof collectorSchema>;
/** The documented form, and the one that the paginator really gives (bklog `apps/utils/drf.py`). */
const collectorPageSchema = z.union([
  loose({ total: z.number(), list: z.array(collectorSchema) }).transform(({ total, list }) => ({ total, list })),
  loose({ count: z.number(), results: z.array(collectorSchema) }).transform(({ count, results }) => ({
    total: count,
    list: results,
  })),
]);

const indexSetSchema = loose({ index_set_id: id, index_set_name: z.string(), scenario_id: z.string().nullish() });
export type ListedIndexSet = z.infer<typeof indexSetSchema>;

const clusterSchema = loose({
  storage_cluster_id: id,
  storage_cluster_name: z.string().nullish(),
  priority: z.number().nullish(),
  registered_system: z.string().nullish(),
  bk_biz_id: id.nullish(),
  /** Percent. */
  storage_usage: z.number().nullish(),
});
export type Cluster = z.infer<typeof clusterSchema>;

/** Collectors of a page; the gateway takes no more. */
const PAGE_ITEMS = 1000;

/** There is no collector, index set or object of this id (bklog `apps/exceptions.py`). */
const ABSENT = new Set(['3631001', '3631101', '3623301', '3600404']);

/** The resources of BK-LOG that a migration uses (bklog `support-files/apigw/resources.yaml`). Errors: OP_API_*. */
export class BkLogApi {
  constructor(private readonly client: BkLogClient) {}

  /** Whether an English name is free in a business, and if not, why. */
  async isNameFree(business: number, name: string): Promise<{ readonly allowed: boolean; readonly message: string }> {
    const { allowed, message } = await this.client.call(
      {
        ...{ method: 'GET', path: '/databus_collectors/pre_check/', doing: `looking whether ${name} is free` },
        query: { bk_biz_id: business, collector_config_name_en: name },
      },
      preCheckSchema,
    );
    return { allowed, message: message ?? '' };
  }

  /** Not idempotent, not atomic: after OP_API_UNCERTAIN look it up by its name. */
  async createCollector(body: Readonly<Record<string, unknown>>, user: string): Promise<CreatedCollector> {
    const doing = `creating collector ${body.collector_config_name_en}`;
    return await this.client.call(
      { method: 'POST', path: '/databus_collectors/fast_create/', doing, body, user },
      createdCollectorSchema,
    );
  }

  /** Every living collector of a business. */
  async collectors(business: number): Promise<ListedCollector[]> {
    const found: ListedCollector[] = [];
    for (let page = 1; ; page += 1) {
      const { total, list } = await this.client.call(
        {
          ...{ method: 'GET', path: '/databus_collectors/', doing: `listing the collectors of business ${business}` },
          query: { bk_biz_id: business, page, pagesize: PAGE_ITEMS },
        },
        collectorPageSchema,
      );
      found.push(...list);
      if (list.length === 0 || found.length >= total) return found;
    }
  }

  async deleteCollector(collector: number): Promise<void> {
    const path = `/databus_collectors/${collector}/`;
    await this.client.call({ method: 'DELETE', path, doing: `deleting collector ${collector}` }, z.unknown());
  }

  /** Belongs to `user`, whom nothing can change afterwards. */
  async createIndexSet(body: Readonly<Record<string, unknown>>, user: string): Promise<ListedIndexSet> {
    const doing = `creating index set ${body.index_set_name}`;
    return await this.client.call({ method: 'POST', path: '/index_set/', doing, body, user }, indexSetSchema);
  }

  /**
   * The index sets of a business that the user may search, those of collectors among them. BK-LOG completes the space
   * of a business that is below 0 (bklog `apps/middleware`).
   */
  async indexSets(business: number): Promise<ListedIndexSet[]> {
    return await this.client.call(
      {
        ...{ method: 'GET', path: '/search_index_set/', doing: `listing the index sets of business ${business}` },
        query: business > 0 ? { space_uid: `bkcc__${business}` } : { bk_biz_id: business },
      },
      z.array(indexSetSchema),
    );
  }

  async deleteIndexSet(set: number): Promise<void> {
    const path = `/index_set/${set}/`;
    await this.client.call({ method: 'DELETE', path, doing: `deleting index set ${set}` }, z.unknown());
  }

  /** Whether BK-LOG has it. A list does not tell: it holds what the user may see. */
  async isThere(kind: MigrationKind, id: number): Promise<boolean> {
    const path = kind === 'collector' ? `/databus_collectors/${id}/` : `/index_set/${id}/`;
    try {
      await this.client.call({ method: 'GET', path, doing: `looking at ${kind} ${id}` }, z.unknown());
      return true;
    } catch (error) {
      if (isOperationError(error, 'OP_API_REFUSED') && ABSENT.has(String(error.details.apiCode))) return false;
      throw error;
    }
  }

  /** The Elasticsearch clusters that a business may use. */
  async clusters(business: number): Promise<Cluster[]> {
    return await this.client.call(
      {
        ...{ method: 'GET', path: '/databus_storage/cluster_groups/', doing: `listing the clusters of ${business}` },
        query: { bk_biz_id: business },
      },
      z.array(clusterSchema),
    );
  }
}
