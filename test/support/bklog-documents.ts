import { collectorRecord, indexSetRecord } from '../../src/bklog/collector-export';
import { formatPython } from '../../src/bklog/python-json';
import type { RandomBkLog, Row } from './random-bklog';

type TextRow = Record<string, string | null>;
type Record_ = Record<string, unknown>;

const asText = (row: Row): TextRow =>
  Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell === null ? null : String(cell)]));
const live = (rows: readonly Row[]) => rows.filter((row) => Number(row.is_deleted) === 0).map(asText);

/** The records of the two documents, as a reader of the files gets them. */
export function documentsOf({ databases: { bk_log_search: log, bk_nodeman } }: Pick<RandomBkLog, 'databases'>): {
  readonly collectors: Record_[];
  readonly indexSets: Record_[];
} {
  const params = new Map(
    bk_nodeman.node_man_subscriptionstep
      .filter((step) => step.step_id === 'bkunifylogbeat')
      .map((step) => [String(step.subscription_id), step.params === null ? null : String(step.params)]),
  );
  const sets = live(log.log_search_logindexset);
  const liveSets = new Set(sets.map(({ index_set_id }) => index_set_id ?? ''));
  const indexes = new Map<string, TextRow[]>();
  for (const row of live(log.log_search_logindexsetdata)) {
    indexes.set(row.index_set_id ?? '', [...(indexes.get(row.index_set_id ?? '') ?? []), row]);
  }
  const businesses = new Map(
    log.log_search_projectinfo.map(asText).map(({ project_id, bk_biz_id }) => [project_id ?? '', bk_biz_id ?? null]),
  );
  const spaces = new Map(log.log_search_space.map(asText).map(({ space_uid, id }) => [space_uid ?? '', id ?? '']));
  const parsed = (record: Parameters<typeof formatPython>[0]) => JSON.parse(formatPython(record)) as Record_;
  return {
    collectors: live(log.log_databus_collectorconfig).map((row) =>
      parsed(collectorRecord(row, params, liveSets).record),
    ),
    indexSets: sets
      .filter(({ scenario_id }) => scenario_id === 'bkdata' || scenario_id === 'es')
      .map((row) => parsed(indexSetRecord(row, { businesses, indexes, spaces }).record)),
  };
}
