import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invariant, OperationError } from '../errors/operation-error';
import { parseOrRefuse } from '../model/parse';
import { idSchema, positiveIdSchema } from './id-number';

/** Old ids and new ones. Two old ids have the same new one only where a map allows it; such a map has no inverse. */
export interface Mappings<T> {
  readonly forward: ReadonlyMap<T, T>;
  readonly backward: ReadonlyMap<T, T>;
}

/**
 * The ids of one source environment and those of the target. Absent kinds of BK-LOG's own ids (`collectors`,
 * `indexSets`, `viewRoles`) stay as they are, because the target hands out new ones while it is written to; what
 * another system counts and no mapping names is unmapped.
 */
export interface IdMap {
  readonly environment: string;
  /** An inverse map leads back; only what was mapped with the same `hash` may go through it. */
  readonly direction: 'forward' | 'inverse';
  /** SHA-256 of the document, the same for a map and its inverse. */
  readonly hash: string;
  /** Added to every CMDB id except business ids (`cc_EnvIDOffset`); below 0 in an inverse map. */
  readonly offset: bigint;
  /** Business ids (`cc_EnvBizMap`); those of spaces that are no CMDB business are below 0. */
  readonly businesses: Mappings<bigint>;
  /** Space uids other than `bkcc__<business>`, which follow from the business. */
  readonly spaces?: Mappings<string>;
  /** Ids of dynamic groups are text that CMDB makes up: no offset leads from one to the other. */
  readonly dynamicGroups?: Mappings<string>;
  /** Several old clusters may become one. */
  readonly storageClusters?: Mappings<bigint>;
  readonly indexSets?: Mappings<bigint>;
  readonly collectors?: Mappings<bigint>;
  readonly viewRoles?: Mappings<bigint>;
}

const pairs = <T>(id: z.ZodType<T>) => z.array(z.looseObject({ from: id, to: id }));
const name = z.string().trim().min(1, 'is empty');
const businessSchema = idSchema.refine((id) => id !== 0n, '0 is no business');
const spaceSchema = name
  .regex(/^.+?__.+$/, 'is no space uid: type__id')
  .refine((uid) => !uid.startsWith('bkcc__'), 'follows from its business: leave it out');

/** An id map as an operator writes it. Lists of pairs, because an object would hide a business that is named twice. */
export const idMapDocumentSchema = z.strictObject({
  environment: name,
  offset: positiveIdSchema,
  businesses: pairs(businessSchema).min(1, 'is empty'),
  spaces: pairs(spaceSchema).optional(),
  dynamicGroups: pairs(name).optional(),
  storageClusters: pairs(positiveIdSchema).optional(),
  indexSets: pairs(positiveIdSchema).optional(),
  collectors: pairs(positiveIdSchema).optional(),
  viewRoles: pairs(positiveIdSchema).optional(),
});
export type IdMapDocument = z.input<typeof idMapDocumentSchema>;
type Pairs<T> = readonly { readonly from: T; readonly to: T }[];

/** Builds an id map from a document, parsed or typed in. Errors: OP_CONFIG_INVALID naming what contradicts. */
export function toIdMap(document: unknown, object = 'id map'): IdMap {
  const parsed = parseOrRefuse(idMapDocumentSchema, document, object);
  for (const { from, to } of parsed.businesses) {
    if (from > 0n !== to > 0n) {
      throw refusal(object, 'businesses', `${from} and ${to} are not of one kind: only one of them is a CMDB business`);
    }
  }
  const one = <T extends bigint | string>(field: keyof IdMapDocument, list: Pairs<T> | undefined) =>
    list && { [field]: toMappings(list, field, object) };
  const kinds = {
    businesses: toMappings(parsed.businesses, 'businesses', object),
    ...one('spaces', parsed.spaces),
    ...one('dynamicGroups', parsed.dynamicGroups),
    ...one('storageClusters', parsed.storageClusters),
    ...one('indexSets', parsed.indexSets),
    ...one('collectors', parsed.collectors),
    ...one('viewRoles', parsed.viewRoles),
  };
  const { environment, offset } = parsed;
  return { environment, direction: 'forward', hash: hashOf(environment, offset, kinds), offset, ...kinds };
}

/** The document of a map, as `toIdMap` reads it. */
export function idMapDocument({ environment, offset, direction, hash: _, ...kinds }: IdMap): IdMapDocument {
  invariant(direction === 'forward', 'an inverse map has no document');
  const lists = Object.entries(kinds).map(([kind, { forward }]) => [
    kind,
    [...forward].map(([from, to]) => ({ from: String(from), to: String(to) })),
  ]);
  return { environment, offset: String(offset), ...Object.fromEntries(lists) };
}

/** The map that leads back. Errors: OP_CONFIG_INVALID when two storage clusters became one. */
export function invertIdMap(map: IdMap): IdMap {
  const swap = <T extends bigint | string>({ forward, backward }: Mappings<T>, field: string): Mappings<T> => {
    if (forward.size === backward.size) return { forward: backward, backward: forward };
    throw refusal(`id map of ${map.environment}`, field, 'several ids have the same target: there is no way back');
  };
  return {
    environment: map.environment,
    direction: map.direction === 'forward' ? 'inverse' : 'forward',
    hash: map.hash,
    offset: -map.offset,
    businesses: swap(map.businesses, 'businesses'),
    ...(map.spaces && { spaces: swap(map.spaces, 'spaces') }),
    ...(map.dynamicGroups && { dynamicGroups: swap(map.dynamicGroups, 'dynamicGroups') }),
    ...(map.storageClusters && { storageClusters: swap(map.storageClusters, 'storageClusters') }),
    ...(map.indexSets && { indexSets: swap(map.indexSets, 'indexSets') }),
    ...(map.collectors && { collectors: swap(map.collectors, 'collectors') }),
    ...(map.viewRoles && { viewRoles: swap(map.viewRoles, 'viewRoles') }),
  };
}

/** A pair that stands there twice is one; the original took the later of two that contradict. */
function toMappings<T extends bigint | string>(list: Pairs<T>, field: string, object: string): Mappings<T> {
  const forward = new Map<T, T>();
  const backward = new Map<T, T>();
  for (const { from, to } of list) {
    const other = forward.get(from);
    if (other !== undefined && other !== to) throw refusal(object, field, `${from} goes to both ${other} and ${to}`);
    const source = backward.get(to);
    if (source !== undefined && source !== from && field !== 'storageClusters') {
      throw refusal(object, field, `${source} and ${from} both go to ${to}`);
    }
    forward.set(from, to);
    backward.set(to, from);
  }
  return { forward, backward };
}

function hashOf(
  environment: string,
  offset: bigint,
  kinds: Readonly<Record<string, Mappings<bigint | string>>>,
): string {
  const lines = Object.entries(kinds).flatMap(([kind, { forward }]) => [
    kind,
    ...[...forward].map((pair) => JSON.stringify(pair.map(String))).sort(),
  ]);
  return createHash('sha256')
    .update(JSON.stringify([environment, String(offset), lines]))
    .digest('hex');
}

function refusal(object: string, field: string, problem: string): OperationError {
  return new OperationError('OP_CONFIG_INVALID', `${object}: ${field}: ${problem}`, {
    details: { object, problems: [{ field, problem }] },
    remedy: `Correct ${field} of ${object}.`,
  });
}
