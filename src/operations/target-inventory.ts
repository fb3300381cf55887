import type { BkLogApi } from '../bklog/api/bklog-api';
import type { MigrationCandidate } from '../model/migration';
import type { TargetCollector, TargetInventory } from '../plan/plan-migration';

/** What the target has in the businesses and spaces that a migration touches. Errors: OP_API_*. */
export async function readInventory(
  api: BkLogApi,
  items: readonly Pick<MigrationCandidate, 'business' | 'space'>[] & readonly { readonly kind: string | undefined }[],
): Promise<TargetInventory> {
  const collectors = new Map<number, TargetCollector[]>();
  const indexSets = new Map<string, { id: number; name: string }[]>();
  for (const { kind, business, space } of items) {
    if (kind === 'collector' && business !== undefined && !collectors.has(business)) {
      collectors.set(
        business,
        (await api.collectors(business)).map((row) => ({
          id: row.collector_config_id,
          name: row.collector_config_name,
          englishName: row.collector_config_name_en ?? '',
          indexSetId: row.index_set_id ?? undefined,
        })),
      );
    }
    if (kind === 'index-set' && space !== undefined && !indexSets.has(space)) {
      const rows = await api.indexSets(space);
      indexSets.set(
        space,
        rows.map(({ index_set_id: id, index_set_name: name }) => ({ id, name })),
      );
    }
  }
  return { collectors, indexSets };
}
