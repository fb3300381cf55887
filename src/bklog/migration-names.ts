import { createHash } from 'node:crypto';

/** An English name as BK-LOG takes it (bklog `apps/log_databus/serializers.py`): 5 to 50 letters, digits and underscores. */
const ENGLISH_NAME = /^[A-Za-z0-9_]{5,50}$/;
/** `pre_check` refuses names that end so, because shards of an index do. */
const ENDS_LIKE_A_SHARD = /\d{6,}$/;
const LONGEST_NAME = 50;

export function isEnglishName(name: string): boolean {
  return ENGLISH_NAME.test(name) && !ENDS_LIKE_A_SHARD.test(name);
}

/**
 * The English name that a collector has in its source: what follows the last dot of its result table. A name that BK-LOG
 * would refuse, or none, becomes one that it takes and that is the same at every run.
 */
export function sourceEnglishName(
  tableId: string | null,
  collector: { readonly id: number; readonly name: string },
): string {
  const own = tableId?.split('.').at(-1)?.trim() ?? '';
  if (isEnglishName(own)) return own;
  const letters = (own || collector.name).replaceAll(/[^A-Za-z0-9_]+/g, '_').replaceAll(/^_+|_+$/g, '');
  const base = letters.slice(0, LONGEST_NAME);
  return isEnglishName(base) ? base : withMark(base || 'collector', `id${collector.id}`);
}

/**
 * Another name for one that is taken: with a mark that is computed from `seed` (environment, kind, old id) and the number
 * of the attempt, so that a second run asks for the same names. At most 50 characters, also of a display name.
 */
export function otherName(name: string, seed: string, attempt: number): string {
  const digest = createHash('sha256').update(`${seed}:${attempt}`).digest('hex').slice(0, 4);
  return withMark(name, `m${digest}`);
}

/** The mark begins with a letter, so the name never ends like a shard unless the mark is one. */
function withMark(name: string, mark: string): string {
  const marked = `${[...name].slice(0, LONGEST_NAME - mark.length - 1).join('')}_${mark}`;
  // `id123456` ends in six digits.
  return ENDS_LIKE_A_SHARD.test(marked) ? `${marked.slice(0, LONGEST_NAME - 1)}x` : marked;
}
