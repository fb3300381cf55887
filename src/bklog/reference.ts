/** What an id counts, and so which rule of an id map leads from the old one to the new one. */
export const ID_KINDS = [
  'business',
  'space',
  'instance',
  'template',
  'dynamic-group',
  'cloud',
  'host',
  'index-set',
  'collector',
  'storage-cluster',
  'view-role',
] as const;
export type IdKind = (typeof ID_KINDS)[number];

/**
 * How the id stands there: `whole` is the value itself, `list` a string with a comma before and after (`,1,2,`),
 * `prefix` the business in front of a result table id (`2_bklog.x`, `space_17_bklog.x`), `unknown` a structure that
 * names ids in ways no path describes.
 */
export type ReferenceForm = 'whole' | 'list' | 'prefix' | 'unknown';

/** Holds when the value of `key`, as text, is one of `is`, or none of `not`. An absent value is the empty text. */
export interface Condition {
  readonly key: string;
  readonly is?: readonly string[];
  readonly not?: readonly string[];
}

/** A place of a record that holds an id. Places of one record never overlap where their conditions hold. */
export interface Reference {
  /** Column, then keys; `*` is every element of a list. A column that holds JSON text is entered like JSON. */
  readonly path: readonly string[];
  readonly kind: IdKind;
  readonly form: ReferenceForm;
  /** About columns of the record; a dot leads into one that holds JSON. */
  readonly where?: readonly Condition[];
  /** About keys beside the id. */
  readonly beside?: readonly Condition[];
  /** The largest id the column takes. Default: BIGINT. */
  readonly max?: bigint;
  /** Characters the column takes. Default: no limit. */
  readonly length?: number;
  /** Columns with the business of the record, the first that is not null counts: what a prefix has to agree with. */
  readonly owner?: readonly string[];
  /** The id is the record's own: others refer to it. */
  readonly isKey?: boolean;
  /** Null is reported, because a record without it is not complete. */
  readonly isExpected?: boolean;
}

export type Place = Partial<Omit<Reference, 'path' | 'kind' | 'form'>>;

/** `at` separates keys by dots. */
export const id = (kind: IdKind, at: string, place: Place = {}): Reference => ({
  path: at.split('.'),
  kind,
  form: 'whole',
  ...place,
});
export const list = (kind: IdKind, at: string, place: Place = {}): Reference => ({
  ...id(kind, at, place),
  form: 'list',
});
export const resultTable = (at: string, place: Place = {}): Reference => ({
  ...id('business', at, place),
  form: 'prefix',
});
export const unknown = (at: string): Reference => ({ ...id('business', at), form: 'unknown' });
