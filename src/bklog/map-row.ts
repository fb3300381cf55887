import { TABLE_REFERENCES } from './bklog-references';
import { type BkLogRecord, findReferences } from './find-references';
import type { IdMap } from './id-map';
import { readId } from './id-number';
import { formatPointer, type IdFinding, mapRecord } from './map-record';
import type { Reference } from './reference';
import { COLLECTOR_TABLE, INDEX_SET_TABLE, type RowTable } from './row-tables';

/** An id in a row that names a row of another table, in ids of the target. */
export interface NamedRow {
  /** Where it stands: `index_set_ids[1]`. */
  readonly at: string;
  readonly table: string;
  readonly id: bigint;
}

export interface MappedRow {
  /** Columns that change, with their new text. */
  readonly changes: Readonly<Record<string, string>>;
  /** Not empty: the row must not be inserted. */
  readonly findings: readonly IdFinding[];
  readonly names: readonly NamedRow[];
}

const TABLES_OF_KINDS = new Map([
  ['collector', COLLECTOR_TABLE],
  ['index-set', INDEX_SET_TABLE],
] as const);
type OwnKind = 'collector' | 'index-set';

/** The columns that mapping a row has to read, without its key. Empty: the rows name nothing. */
export function mappedColumns({ name, key, references = [] }: RowTable): string[] {
  const declared = referencesOf(name).flatMap(({ path, where = [], owner = [] }) => [
    path[0]!,
    ...where.map((condition) => condition.key.split('.')[0]!),
    ...owner,
  ]);
  const own = references.flatMap(({ column, whenEmpty }) => [column, ...(whenEmpty ? [whenEmpty] : [])]);
  const isKeyMapped = referencesOf(name).some(({ isKey }) => isKey);
  return [...new Set([...declared, ...own])].filter((column) => column !== key || isKeyMapped);
}

/** `row` holds each column as the server prints it. An absent value is no id: it stays absent. */
export function mapRow(table: RowTable, row: Readonly<Record<string, string | null>>, map: IdMap): MappedRow {
  const references = referencesOf(table.name);
  const { record, findings } = mapRecord(row, references, map);
  const changed = Object.entries(record).filter(([column, value]) => value !== row[column]);
  return {
    changes: Object.fromEntries(changed.map(([column, value]) => [column, String(value)])),
    findings: findings.filter(({ reason }) => reason !== 'missing'),
    names: [...namedByKind(record, references), ...namedByColumn(row, table)],
  };
}

function namedByKind(record: BkLogRecord, references: readonly Reference[]): NamedRow[] {
  const relevant = references.filter(({ kind, isKey }) => !isKey && TABLES_OF_KINDS.has(kind as OwnKind));
  return findReferences(record, relevant).flatMap(({ reference, pointer, value }) => {
    const id = readId(value);
    const table = TABLES_OF_KINDS.get(reference.kind as OwnKind)!;
    return id === undefined ? [] : [{ at: formatPointer(pointer), table, id }];
  });
}

function namedByColumn(row: Readonly<Record<string, string | null>>, { references = [] }: RowTable): NamedRow[] {
  return references.flatMap(({ column, table, none, whenEmpty }) => {
    const id = readId(row[column]);
    const counts = whenEmpty === undefined || !row[whenEmpty];
    return id === undefined || none.includes(String(id)) || !counts ? [] : [{ at: column, table, id }];
  });
}

const referencesOf = (table: string): readonly Reference[] => TABLE_REFERENCES[table] ?? [];
