import { OperationError } from '../errors/operation-error';
import { DOCUMENT_REFERENCES, TABLE_REFERENCES } from './bklog-references';
import { type BkLogRecord, findReferences } from './find-references';
import type { IdMap } from './id-map';
import { readId } from './id-number';
import { formatPointer, type IdFinding, mapRecord } from './map-record';
import { id, type Reference } from './reference';

/** Says that ids were mapped, from which environment and by which map. */
export interface MappedFrom {
  readonly environment: string;
  readonly mapHash: string;
}

type KnownIds = readonly (number | string | bigint)[];

/** Records of one environment that refer to each other. */
export interface RecordGraph {
  /** Present: the ids are those of a target. Has to travel with the records, or they may be mapped twice. */
  readonly mappedFrom?: MappedFrom;
  /** Collector records of export.py. */
  readonly collectors?: readonly BkLogRecord[];
  /** Index set records of export.py: it leaves out those of collectors, see `knownIndexSets`. */
  readonly indexSets?: readonly BkLogRecord[];
  /** Rows by the name of their table. */
  readonly tables?: Readonly<Record<string, readonly BkLogRecord[]>>;
  /** Index sets that are there without a record, in ids of the records. */
  readonly knownIndexSets?: KnownIds;
}

/** An id that could not be mapped or names nothing, with the record it stands in. */
export interface GraphFinding extends IdFinding {
  /** `collectors`, `indexSets`, `knownIndexSets` or a table. */
  readonly part: string;
  /** Position of the record in its part, from 0. */
  readonly record: number;
}

export interface MappedGraph {
  readonly graph: RecordGraph;
  /** Not empty: the records they name must not be used as they are. */
  readonly findings: readonly GraphFinding[];
}

interface Part {
  readonly name: string;
  readonly references: readonly Reference[];
  readonly records: readonly BkLogRecord[];
}

const KNOWN_INDEX_SETS = { name: 'knownIndexSets', references: [id('index-set', 'ids.*', { isKey: true })] };

/**
 * Maps all records and marks the graph. An inverse map takes the mark away again. Errors: OP_CONFIG_INVALID for a graph
 * that is mapped already, for one that another map mapped, and for a table without declared references.
 */
export function mapGraph(graph: RecordGraph, map: IdMap): MappedGraph {
  refuseWrongMark(graph.mappedFrom, map);
  const parts = partsOf(graph);
  const findings = findDangling(parts);
  const mapped = new Map<string, readonly BkLogRecord[]>();
  for (const { name, references, records } of parts) {
    const results = records.map((record) => mapRecord(record, references, map));
    mapped.set(
      name,
      results.map(({ record }) => record),
    );
    results.forEach((result, record) => {
      findings.push(...result.findings.map((finding) => ({ part: name, record, ...finding })));
    });
  }
  const { mappedFrom: _, ...unmarked } = graph;
  const tables = Object.keys(graph.tables ?? {}).map((name) => [name, mapped.get(name)]);
  return {
    graph: {
      ...unmarked,
      ...(graph.collectors && { collectors: mapped.get('collectors')! }),
      ...(graph.indexSets && { indexSets: mapped.get('indexSets')! }),
      ...(graph.tables && { tables: Object.fromEntries(tables) }),
      ...(graph.knownIndexSets && { knownIndexSets: mapped.get('knownIndexSets')?.[0]?.ids as KnownIds }),
      ...(map.direction === 'forward' && { mappedFrom: { environment: map.environment, mapHash: map.hash } }),
    },
    findings,
  };
}

function partsOf({ collectors, indexSets, tables, knownIndexSets }: RecordGraph): Part[] {
  return [
    ...(collectors ? [{ name: 'collectors', references: DOCUMENT_REFERENCES.collectors, records: collectors }] : []),
    ...(indexSets ? [{ name: 'indexSets', references: DOCUMENT_REFERENCES.indexSets, records: indexSets }] : []),
    ...(knownIndexSets ? [{ ...KNOWN_INDEX_SETS, records: [{ ids: knownIndexSets }] }] : []),
    ...Object.entries(tables ?? {}).map(([name, records]) => ({ name, references: referencesOf(name), records })),
  ];
}

function referencesOf(table: string): readonly Reference[] {
  const references = Object.hasOwn(TABLE_REFERENCES, table) ? TABLE_REFERENCES[table] : undefined;
  if (references) return references;
  throw new OperationError('OP_CONFIG_INVALID', `nobody declared where ${table} keeps ids`, {
    details: { table, declared: Object.keys(TABLE_REFERENCES) },
    remedy: `Leave ${table} out; the details list the tables whose ids can be mapped.`,
  });
}

/** References to a collector or an index set that no record of the graph is; in the ids before the mapping. */
function findDangling(parts: readonly Part[]): GraphFinding[] {
  const known = new Set<string>();
  const referring: { readonly target: string; readonly finding: GraphFinding }[] = [];
  for (const { name, references, records } of parts) {
    const relevant = references.filter(({ kind }) => kind === 'collector' || kind === 'index-set');
    records.forEach((row, record) => {
      for (const { reference, value, pointer } of findReferences(row, relevant)) {
        const number = readId(value);
        if (number === undefined) continue; // found as unreadable where it is mapped
        const target = `${reference.kind} ${number}`;
        if (reference.isKey) known.add(target);
        const finding = { part: name, record, reference: formatPointer(pointer), value, reason: 'dangling' as const };
        if (!reference.isKey) referring.push({ target, finding });
      }
    });
  }
  return referring.filter(({ target }) => !known.has(target)).map(({ finding }) => finding);
}

function refuseWrongMark(mark: MappedFrom | undefined, map: IdMap): void {
  const isForward = map.direction === 'forward';
  if (isForward ? !mark : mark?.mapHash === map.hash) return;
  const problem = isForward
    ? `the ids were mapped already, from ${mark?.environment}`
    : mark
      ? `the ids were mapped from ${mark.environment} by another id map`
      : 'the ids were never mapped';
  throw new OperationError('OP_CONFIG_INVALID', problem, {
    details: { environment: map.environment, mapHash: map.hash, mappedFrom: mark ?? null },
    remedy: isForward
      ? 'Map the records as they were exported; a second mapping would shift every id again.'
      : 'Lead back only what this id map has mapped.',
  });
}
