import type { IdMap, Mappings } from './id-map';
import { BIGINT_MAX, readId, writeId } from './id-number';
import type { IdKind, Reference } from './reference';

/**
 * Why a reference keeps its old id: `unmapped` no mapping names it; `ambiguous` nobody can tell whether it is an id;
 * `out-of-range` no such id exists or the place cannot hold the new one; `already-mapped` it is one of the target's;
 * `unreadable` something else stands there; `missing` nothing stands there; `dangling` the record it names is not there.
 */
export const FINDING_REASONS = [
  'unmapped',
  'ambiguous',
  'out-of-range',
  'already-mapped',
  'unreadable',
  'missing',
  'dangling',
] as const;
export type FindingReason = (typeof FINDING_REASONS)[number];

export type Mapped<T> = { readonly to: T } | { readonly reason: FindingReason };

const fails = (reason: FindingReason): { readonly reason: FindingReason } => ({ reason });

/** The new value of what stands at `reference`. `owner` is the business of the record, where the reference asks for one. */
export function mapValue(value: unknown, reference: Reference, map: IdMap, owner?: bigint): Mapped<unknown> {
  const { form, kind, length = Number.POSITIVE_INFINITY } = reference;
  if (form === 'unknown') return isEmpty(value) ? { to: value } : fails('ambiguous');
  if (staysAsItIs(kind, map) || value === '') return { to: value };
  if (form === 'prefix') return fitting(mapPrefix(value, map, owner), length);
  if (form === 'list') return fitting(mapList(value, reference, map), length);
  return fitting(mapWhole(value, reference, map), length);
}

function fitting(mapped: Mapped<unknown>, length: number): Mapped<unknown> {
  return 'to' in mapped && typeof mapped.to === 'string' && mapped.to.length > length ? fails('out-of-range') : mapped;
}

/** BK-LOG's own ids without mappings: the target hands out new ones. */
function staysAsItIs(kind: IdKind, map: IdMap): boolean {
  if (kind === 'index-set') return !map.indexSets;
  if (kind === 'collector') return !map.collectors;
  return kind === 'view-role' && !map.viewRoles;
}

function mapWhole(value: unknown, { kind, max = BIGINT_MAX }: Reference, map: IdMap): Mapped<unknown> {
  if (kind === 'space') return typeof value === 'string' ? mapSpace(value, map) : fails('unreadable');
  if (kind === 'dynamic-group') return typeof value === 'string' ? look(value, map.dynamicGroups) : fails('unreadable');
  const old = readId(value);
  if (old === undefined) return fails(Number.isInteger(value) ? 'out-of-range' : 'unreadable');
  const mapped = mapNumber(old, kind, map);
  if ('reason' in mapped) return mapped;
  const to = mapped.to > max ? undefined : writeId(mapped.to, value);
  return to === undefined ? fails('out-of-range') : { to };
}

function mapNumber(old: bigint, kind: IdKind, map: IdMap): Mapped<bigint> {
  if (old > BIGINT_MAX || old < -BIGINT_MAX) return fails('out-of-range');
  switch (kind) {
    case 'business':
      return look(old, map.businesses);
    case 'index-set':
      return look(old, map.indexSets);
    case 'collector':
      return look(old, map.collectors);
    case 'view-role':
      return look(old, map.viewRoles);
    case 'storage-cluster':
      return look(old, map.storageClusters);
    case 'cloud':
      // 0 is the area that is reached directly, in every environment (bk-sops).
      return old === 0n ? { to: old } : shift(old, map.offset);
    default:
      return shift(old, map.offset);
  }
}

/** CMDB counts from 1, and the offset is above every id of its environment: what lies beyond was shifted before. */
function shift(old: bigint, offset: bigint): Mapped<bigint> {
  if (old <= 0n) return fails('out-of-range');
  if (offset > 0n && old > offset) return fails('already-mapped');
  const to = old + offset;
  return to <= 0n || to > BIGINT_MAX ? fails('out-of-range') : { to };
}

function look<T>(old: T, mappings: Mappings<T> | undefined): Mapped<T> {
  const to = mappings?.forward.get(old);
  if (to !== undefined) return { to };
  return fails(mappings?.backward.has(old) ? 'already-mapped' : 'unmapped');
}

/** `bkcc__7` names business 7 (bkm_space/utils.py); the separator is the first double underscore. */
function mapSpace(uid: string, map: IdMap): Mapped<string> {
  const separator = uid.indexOf('__');
  if (separator < 1) return fails('unreadable');
  if (uid.slice(0, separator) !== 'bkcc') return look(uid, map.spaces);
  const business = readId(uid.slice(separator + 2));
  if (business === undefined || business <= 0n) return fails('unreadable');
  const mapped = look(business, map.businesses);
  return 'to' in mapped ? { to: `bkcc__${mapped.to}` } : mapped;
}

const PREFIX = /^(space_)?([1-9]\d*)(?=_)/;

/**
 * Only a leading `<business>_` is an id; the original replaced its digits wherever they stood (migrate_tool.py). A
 * table of BK-LOG says so by `_bklog`; any other name begins with an id if the record belongs to that business.
 */
function mapPrefix(value: unknown, map: IdMap, owner: bigint | undefined): Mapped<unknown> {
  if (typeof value !== 'string') return fails('unreadable');
  const [prefix, space, digits = ''] = PREFIX.exec(value) ?? [];
  if (prefix === undefined) return { to: value };
  const rest = value.slice(prefix.length);
  const business = space ? -BigInt(digits) : BigInt(digits);
  const isCertain = /^_bklog[._]/.test(rest) || business === owner;
  if (!isCertain && (owner !== undefined || !map.businesses.forward.has(business))) return fails('ambiguous');
  const mapped = mapNumber(business, 'business', map);
  if ('reason' in mapped) return mapped;
  return { to: mapped.to < 0n ? `space_${-mapped.to}${rest}` : `${mapped.to}${rest}` };
}

/** A string with a comma before and after, or what the API makes of it: a list. */
function mapList(value: unknown, reference: Reference, map: IdMap): Mapped<unknown> {
  const isText = typeof value === 'string';
  if (isText && !/^,.*,$/.test(value)) return fails('unreadable');
  if (!isText && !Array.isArray(value)) return fails('unreadable');
  const old: readonly unknown[] = isText ? value.slice(1, -1).split(',') : (value as unknown[]);
  const mapped = old.map((one) => mapWhole(one, reference, map));
  const failed = mapped.find((one) => 'reason' in one);
  if (failed) return failed;
  const ids = mapped.flatMap((one) => ('to' in one ? [one.to] : []));
  return { to: isText ? `,${ids.join(',')},` : ids };
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return ['', '{}', '[]', 'null'].includes(text.replace(/\s/g, ''));
}
