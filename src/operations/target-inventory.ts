import type { BkLogApi } from '../bklog/api/bklog-api';
import type { TargetCollector, TargetInventory } from '../plan/plan-migration';

/** What the target has in the businesses that a migration touches. Errors: OP_API_*. */
export async function readInventory(
  api: BkLogApi,
  items: readonly { readonly kind: string | undefined; readonly business?: number }[],
): Promise<TargetInventory> {
  const businessesOf = (kind: string) =>
    new Set(items.flatMap((item) => (item.kind === kind && item.business !== undefined ? [item.business] : [])));
  const collectors = new Map<number, TargetCollector[]>();
  for (const business of businessesOf('collector')) {
    const rows = await api.collectors(business);
    collectors.set(
      business,
      rows.map((row) => ({
        id: row.collector_config_id,
        name: row.collector_config_name,
        englishName: row.collector_config_name_en ?? '',
        indexSetId: row.index_set_id ?? undefined,
      })),
    );
  }
  const indexSets = new Map<number, { id: number; name: string }[]>();
  for (const business of businessesOf('index-set')) {
    const rows = await api.indexSets(business);
    indexSets.set(
      business,
      rows.map(({ index_set_id: id, index_set_name: name }) => ({ id, name })),
    );
  }
  return { collectors, indexSets };
}
