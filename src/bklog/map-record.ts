import { invariant } from '../errors/operation-error';
import { type BkLogRecord, type FoundReference, findReferences, own } from './find-references';
import type { IdMap } from './id-map';
import { readId } from './id-number';
import { type Pointer, replaceInJsonText } from './json-text';
import { type FindingReason, mapValue } from './map-id';
import type { Reference } from './reference';

/** A reference of a record that keeps its old id. */
export interface IdFinding {
  /** Where it stands: `target_nodes[1].bk_host_id`. */
  readonly reference: string;
  readonly value: unknown;
  readonly reason: FindingReason;
}

export interface MappedRecord {
  /** Every reference without a finding has its new id, every other one its old id. */
  readonly record: BkLogRecord;
  /** Not empty: the record must not be used as it is. Whether to stop, to skip it or to keep it is the caller's policy. */
  readonly findings: readonly IdFinding[];
}

interface Change {
  readonly pointer: Pointer;
  readonly from: unknown;
  readonly to: unknown;
}

/** The record as the target must hold it. Nothing but declared references changes, not even blanks of a JSON text. */
export function mapRecord(record: BkLogRecord, references: readonly Reference[], map: IdMap): MappedRecord {
  const { changes, findings } = decide(record, references, map);
  return { record: changes.length === 0 ? record : (applyChanges(record, changes) as BkLogRecord), findings };
}

/** What `mapRecord` would find; nothing is changed. */
export function checkRecord(record: BkLogRecord, references: readonly Reference[], map: IdMap): readonly IdFinding[] {
  return decide(record, references, map).findings;
}

/** A pointer as people write it. */
export function formatPointer(pointer: Pointer): string {
  return pointer.map((key, at) => (typeof key === 'number' ? `[${key}]` : at === 0 ? key : `.${key}`)).join('');
}

function decide(record: BkLogRecord, references: readonly Reference[], map: IdMap) {
  const mapped = new Map<string, Change>();
  const findings = new Map<string, IdFinding>();
  for (const found of findReferences(record, references)) {
    const { pointer, value } = found;
    const at = formatPointer(pointer);
    const outcome = judge(found, record, map);
    if ('reason' in outcome) {
      findings.set(`${at} ${outcome.reason}`, { reference: at, value, reason: outcome.reason });
      continue;
    }
    invariant(!mapped.has(at), `two references are declared at ${at}`);
    mapped.set(at, { pointer, from: value, to: outcome.to });
  }
  return {
    changes: [...mapped.values()].filter(({ from, to }) => from !== to),
    findings: [...findings.values()],
  };
}

function judge({ reference, value, around, isUnreadable }: FoundReference, record: BkLogRecord, map: IdMap) {
  if (isUnreadable) return { reason: 'unreadable' as const };
  if (value === null) return { reason: 'missing' as const };
  const owners = [around, record].flatMap((holder) => (reference.owner ?? []).map((key) => readId(own(holder, key))));
  return mapValue(
    value,
    reference,
    map,
    owners.find((business) => business !== undefined),
  );
}

/** A copy of `value` with its changes; a text that is changed within is JSON and stays a text. */
function applyChanges(value: unknown, changes: readonly Change[], depth = 0): unknown {
  const whole = changes.find(({ pointer }) => pointer.length === depth);
  if (whole) return whole.to;
  if (typeof value === 'string') {
    return replaceInJsonText(
      value,
      changes.map(({ pointer, to }) => ({ pointer: pointer.slice(depth), value: to })),
    );
  }
  const byKey = new Map<string | number, Change[]>();
  for (const change of changes) {
    const key = change.pointer[depth]!;
    const sameKey = byKey.get(key);
    if (sameKey) sameKey.push(change);
    else byKey.set(key, [change]);
  }
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  for (const [key, deeper] of byKey) Reflect.set(copy, key, applyChanges(Reflect.get(copy, key), deeper, depth + 1));
  return copy;
}
