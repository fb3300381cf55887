import { z } from 'zod';
import type { MigrationCandidate } from '../model/migration';
import { DOCUMENT_REFERENCES } from './bklog-references';
import type { BkLogRecord } from './find-references';
import type { IdMap } from './id-map';
import type { FindingReason } from './map-id';
import { type IdFinding, mapRecord } from './map-record';
import { sourceEnglishName } from './migration-names';
import { parseSteps } from './steps/parse-steps';
import { isRefused, type Loss, type Refusal, type RefusalReason } from './steps/step-result';
import { readTargetNodes } from './steps/target-nodes';

/** What a candidate would be created with; names and storage cluster are chosen when it is. */
export interface PreparedItem {
  readonly candidate: MigrationCandidate;
  readonly body: Readonly<Record<string, unknown>>;
  /** The creator in the source, in whose name it is created. */
  readonly creator: string;
}

/** BK-LOG's limit of a description. */
const LONGEST_DESCRIPTION = 64;

const whole = z.union([
  z.number().int(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const collectorSchema = z.looseObject({
  created_by: text,
  collector_config_id: whole,
  collector_config_name: z.string().min(1),
  collector_scenario_id: z.string().min(1),
  bk_biz_id: whole.nullish(),
  description: text,
  category_id: text,
  target_object_type: text,
  target_node_type: text,
  target_nodes: z.unknown(),
  /** Not in the documents of export.py, and believed where somebody added it. */
  environment: z.string().nullish(),
  index_set_id: whole.nullish(),
  etl_config: text,
  table_id: z.string().nullish(),
  steps: z.unknown(),
});
const indexSetSchema = z.looseObject({
  created_by: text,
  index_set_id: whole,
  index_set_name: z.string().min(1),
  bk_biz_id: whole.nullish(),
  scenario_id: z.string(),
  category_id: text,
  is_trace_log: z.union([z.number(), z.boolean()]).nullish(),
  time_field: z.string().nullish(),
  time_field_type: z.string().nullish(),
  time_field_unit: z.string().nullish(),
  view_roles: z.string().nullish(),
  indexes: z.array(z.looseObject({ bk_biz_id: whole.nullish(), result_table_id: z.string() })),
});

const REASONS: Partial<Record<FindingReason, string>> = {
  unmapped: 'has no counterpart in the target',
  ambiguous: 'can mean several things',
};

const told = ({ reference, value, reason }: IdFinding): string =>
  `${reference} ${JSON.stringify(value)} ${REASONS[reason] ?? `is ${reason}`}`;

const FRAMES: Readonly<Record<RefusalReason, string>> = {
  no_source_definition: 'nothing says what it reads',
  malformed_definition: 'its step is not usable',
  value_unsupported: 'its step is not usable',
  scenario_unsupported: 'it cannot be created through the API',
};

/** Where a collector's parameters stand in its step: everybody means them. */
const IN_STEP = /^steps\[\d+\]\.params\.context\.local\[\d+\]\./;
const toldLoss = ({ field, reason }: Loss) => `its ${field.replace(IN_STEP, '')} ${reason}`;

/** Reasons are joined by semicolons. */
const toldRefusal = ({ reason, field, text: why }: Refusal) => {
  const frame = field.startsWith('target_nodes') ? 'its target nodes are not usable' : FRAMES[reason];
  return `${frame}: ${why.replaceAll('; ', ', ')}`;
};

function refusedRecord(kind: MigrationCandidate['kind'], record: BkLogRecord, error: z.ZodError): PreparedItem {
  const id = Number(record[kind === 'collector' ? 'collector_config_id' : 'index_set_id']);
  const { path = [], message = '' } = error.issues[0] ?? {};
  const candidate: MigrationCandidate = {
    ...{ kind, originId: Number.isSafeInteger(id) ? id : 0, originIndexSetId: 0, originBusiness: 0, name: '' },
    ...{ unmapped: [], losses: [], refusals: [`its record is not one of export.py: ${path.join('.')}: ${message}`] },
  };
  return { candidate, body: {}, creator: '' };
}

/** A collector record of export.py as the target would get it. Never throws: what is in the way is in the candidate. */
export function prepareCollector(record: BkLogRecord, map: IdMap): PreparedItem {
  const parsed = collectorSchema.safeParse(record);
  if (!parsed.success) return refusedRecord('collector', record, parsed.error);
  const source = parsed.data;
  const mapped = mapRecord(record, DOCUMENT_REFERENCES.collectors, map);
  // A column without a list names no ids: it counts as an empty one, which is told as a loss.
  const findings = mapped.findings.filter(({ reference }) => reference !== 'target_nodes');
  const { business, unmapped } = placeOf({ ...mapped, findings }, source.bk_biz_id);
  const steps = parseSteps({ scenario: source.collector_scenario_id, steps: source.steps, definition: source });
  const targets = readTargetNodes(mapped.record.target_nodes, source.target_node_type);
  const losses = [steps, targets].flatMap((part) => (isRefused(part) ? [] : part.losses.map(toldLoss)));
  const refusals = [steps, targets].flatMap((part) => (isRefused(part) ? [toldRefusal(part.refusal)] : []));
  if (source.etl_config && source.etl_config !== 'bk_log_text') {
    losses.push(`its clean rule ${source.etl_config} is not in the documents: it is created as plain text`);
  }
  const description = [...source.description];
  if (description.length > LONGEST_DESCRIPTION)
    losses.push(`its description is cut at ${LONGEST_DESCRIPTION} characters`);
  const { collector_config_id: id, collector_config_name: name } = source;
  return {
    candidate: {
      ...{ kind: 'collector', originId: id, originIndexSetId: source.index_set_id ?? 0, name },
      ...{
        originBusiness: source.bk_biz_id ?? 0,
        englishName: sourceEnglishName(source.table_id ?? null, { id, name }),
      },
      ...(business === undefined ? {} : { business, ...spaceOf(business) }),
      ...{ unmapped, refusals, losses },
    },
    body: {
      ...{ bk_biz_id: business, collector_scenario_id: source.collector_scenario_id },
      ...{
        description: description.slice(0, LONGEST_DESCRIPTION).join(''),
        category_id: source.category_id || 'application_check',
      },
      ...{ target_object_type: source.target_object_type, target_node_type: source.target_node_type },
      target_nodes: isRefused(targets) ? [] : targets.nodes,
      ...(isRefused(steps) ? {} : { params: steps.params, environment: environmentOf(source, steps.params) }),
      ...(isRefused(steps) || steps.dataEncoding === undefined ? {} : { data_encoding: steps.dataEncoding }),
    },
    creator: source.created_by,
  };
}

/** An index set record of export.py as the target would get it. A set of a third-party cluster needs that cluster mapped. */
export function prepareIndexSet(record: BkLogRecord, map: IdMap, cluster?: number): PreparedItem {
  const parsed = indexSetSchema.safeParse(record);
  if (!parsed.success) return refusedRecord('index-set', record, parsed.error);
  const source = parsed.data;
  const mapped = mapRecord(record, DOCUMENT_REFERENCES.indexSets, map);
  const { business, unmapped } = placeOf(mapped, source.bk_biz_id);
  const isThirdParty = source.scenario_id === 'es';
  const refusals: string[] = [];
  if (source.indexes.length === 0) refusals.push('it has no index');
  if (!isThirdParty && source.scenario_id !== 'bkdata')
    refusals.push(`index sets of scenario ${source.scenario_id} come with their collector`);
  if (isThirdParty && cluster === undefined) refusals.push('no cluster of the target stands for its own');
  if (isThirdParty && !source.time_field) refusals.push('it has no time field');
  if (isThirdParty && source.time_field_type === 'long' && !source.time_field_unit)
    refusals.push('its time is a number without a unit');
  const tables = source.indexes.map(({ result_table_id: table }) => table);
  const twice = tables.find((table, at) => tables.indexOf(table) !== at);
  if (twice !== undefined) refusals.push(`it names ${twice} twice`);
  const losses = source.view_roles ? ['BK-LOG discards the roles that may see it'] : [];
  const indexes = z.array(z.looseObject({})).parse(mapped.record.indexes);
  return {
    candidate: {
      ...{ kind: 'index-set', originId: source.index_set_id, originIndexSetId: source.index_set_id },
      ...{ originBusiness: source.bk_biz_id ?? 0, name: source.index_set_name },
      ...(business === undefined ? {} : { business, ...spaceOf(business) }),
      ...{ unmapped, refusals, losses },
    },
    body: {
      ...{ scenario_id: source.scenario_id, category_id: source.category_id || 'other_rt' },
      ...(isThirdParty ? { storage_cluster_id: cluster } : {}),
      ...{ is_trace_log: Boolean(source.is_trace_log) },
      ...(source.time_field ? { time_field: source.time_field } : {}),
      ...(source.time_field_type ? { time_field_type: source.time_field_type } : {}),
      ...(source.time_field_unit ? { time_field_unit: source.time_field_unit } : {}),
      indexes: indexes.map(({ bk_biz_id = null, result_table_id }) => ({
        bk_biz_id: asNumber(bk_biz_id),
        result_table_id,
      })),
    },
    creator: source.created_by,
  };
}

const asNumber = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

function placeOf(
  { record, findings }: { readonly record: BkLogRecord; readonly findings: readonly IdFinding[] },
  origin: number | null | undefined,
): { readonly business: number | undefined; readonly unmapped: string[] } {
  const unmapped = findings.map(told);
  if (origin === null || origin === undefined)
    return { business: undefined, unmapped: ['it has no business', ...unmapped] };
  const isMapped = !findings.some(({ reference }) => reference === 'bk_biz_id');
  return { business: isMapped ? Number(record.bk_biz_id) : undefined, unmapped };
}

/** A CMDB business has a space of its own name; which space another kind of business is, only the target knows. */
function spaceOf(business: number): { readonly space?: string } {
  return business > 0 ? { space: `bkcc__${business}` } : {};
}

const WINDOWS_PATH = /^[A-Za-z]:[\\/]/;

/** The system of the hosts; where nobody says it, paths with a drive letter do. */
function environmentOf(
  { environment, collector_scenario_id: scenario }: z.infer<typeof collectorSchema>,
  { paths }: Readonly<Record<string, unknown>>,
): string {
  if (environment === 'linux' || environment === 'windows') return environment;
  const hasDrive = Array.isArray(paths) && paths.some((path) => WINDOWS_PATH.test(String(path)));
  return scenario === 'wineventlog' || hasDrive ? 'windows' : 'linux';
}
