import {
  COLLECTING_STEP,
  COLLECTOR_COLUMNS,
  INDEX_COLUMNS,
  INDEX_SET_COLUMNS,
  type RecordColumn,
} from '../model/collector-columns';
import type { Finding } from '../model/verification';
import { type PythonDict, PythonJsonError, PythonNumber, type PythonValue, parsePython } from './python-json';

/** A row as text: what the server printed, or null. */
type Row = Readonly<Record<string, string | null>>;

/** A record of one of export.py's documents, and what is odd about it: it is written all the same. */
export interface ExportedRecord {
  readonly record: PythonDict;
  readonly findings: readonly Finding[];
}

const toNumber = (text: string | null): PythonValue => (text === null ? null : new PythonNumber(text));

function toRecord(row: Row, columns: readonly RecordColumn[]): [string, PythonValue][] {
  return columns.map(({ key, column, isNumber }) => {
    const value = row[column] ?? null;
    return [key, isNumber ? toNumber(value) : value];
  });
}

/** Somebody else sends the logs: no agent is told what to read (bklog `apps/log_databus/handlers/collector`). */
const WITHOUT_SUBSCRIPTION = new Set(['custom', 'client']);

function odd(object: string, message: string): Finding {
  return { code: 'OP_CONTENT_SUSPICIOUS', object, message: `${object} ${message}` };
}

/**
 * The record of a live collector, with the step of its subscription. `params` holds the steps' parameters by
 * subscription, as text; `liveSets` the index sets that are there. Where export.py ended with a traceback the record
 * says so in its step, and there is a finding.
 */
export function collectorRecord(
  row: Row,
  params: ReadonlyMap<string, string | null>,
  liveSets: ReadonlySet<string>,
): ExportedRecord {
  const { subscription_id: subscription, index_set_id: set } = row;
  const object = `collector ${row.collector_config_id} (${row.collector_config_name})`;
  const findings: Finding[] = [];
  let step: PythonDict = new Map();
  if (!subscription) {
    if (!WITHOUT_SUBSCRIPTION.has(row.collector_scenario_id ?? '')) {
      findings.push(odd(object, 'has no subscription: nothing says what it reads'));
    }
  } else if (!params.has(subscription)) {
    findings.push(odd(object, `names subscription ${subscription}, which has no step ${COLLECTING_STEP}`));
  } else {
    const read = readParams(params.get(subscription) ?? null);
    if (read.error) findings.push(odd(object, `has a step whose params ${read.error}: it is written without them`));
    step = new Map<string, PythonValue>([['id', COLLECTING_STEP], ...Object.entries(read)]);
  }
  if (set && !liveSets.has(set))
    findings.push(odd(object, `names index set ${set}, which is not there or was deleted`));
  return { record: new Map<string, PythonValue>([...toRecord(row, COLLECTOR_COLUMNS), ['steps', [step]]]), findings };
}

function readParams(text: string | null): { readonly params: PythonValue; readonly error?: string } {
  try {
    if (text === null) return { params: null, error: 'are NULL' };
    return { params: parsePython(text) };
  } catch (error) {
    if (!(error instanceof PythonJsonError)) throw error;
    return { params: null, error: `cannot be read: the text ${error.reason}` };
  }
}

export interface IndexSetContext {
  /** By project. */
  readonly businesses: ReadonlyMap<string, string | null>;
  /** The live index rows of each set. */
  readonly indexes: ReadonlyMap<string, readonly Row[]>;
  /** Ids by space. */
  readonly spaces: ReadonlyMap<string, string>;
}

/**
 * The record of a live index set that belongs to no collector, with its index rows. A project that is not there ended
 * export.py; the business is found by the space, or the first index row, instead.
 */
export function indexSetRecord(row: Row, { businesses, indexes, spaces }: IndexSetContext): ExportedRecord {
  const { index_set_id: id, project_id: project } = row;
  const object = `index set ${id} (${row.index_set_name})`;
  const own = indexes.get(id ?? '') ?? [];
  const findings: Finding[] = [];
  if (own.length === 0) findings.push(odd(object, 'has no index'));
  let business = businesses.get(project ?? '') ?? null;
  if (!businesses.has(project ?? '')) {
    business = businessOfSpace(row.space_uid ?? '', spaces) ?? own[0]?.bk_biz_id ?? null;
    const found = business === null ? 'no business is found for it' : `its business is taken to be ${business}`;
    findings.push(odd(object, `names project ${project}, which is not there: ${found}`));
  } else if (business === null) findings.push(odd(object, `belongs to project ${project}, which has no business`));
  const record = new Map<string, PythonValue>([
    ...toRecord(row, INDEX_SET_COLUMNS),
    ['bk_biz_id', toNumber(business)],
    ['indexes', own.map((index) => new Map(toRecord(index, INDEX_COLUMNS)))],
  ]);
  return { record, findings };
}

/** `bkcc__2` is business 2, any other space the negative of its id (bklog `bkm_space/utils.py`). */
function businessOfSpace(space: string, ids: ReadonlyMap<string, string>): string | undefined {
  const business = /^bkcc__(-?\d+)$/.exec(space)?.[1];
  if (business !== undefined) return business;
  const id = ids.get(space);
  return id === undefined ? undefined : `-${id}`;
}

/** Index rows of a set that is not live: export.py left them out without a word. */
export function orphanFinding({ index_set_id, n }: Row): Finding {
  return odd(`index set ${index_set_id}`, `is not there or was deleted, and live index rows name it: ${n}`);
}
