import type { Loss } from './step-result';
import { isBlank, isObject, trimmedLosses, unreadLosses } from './values';

/** What the target decides for itself, whatever the source had. */
const OWN_DECISIONS: Readonly<Record<string, string>> = {
  output: 'the target sends by its own data link',
  package_count: 'the target takes the number of lines per package from its settings',
};
/** `COLLECTOR_ROW_PACKAGE_COUNT` as BK-LOG ships it. */
const DEFAULT_PACKAGE_COUNT = 100;
/** What the target puts into this label itself: the id of the collector it makes (`CollectorScenario._add_labels`). */
const OWN_LABEL = '$body';
const OWN_ID = 'bk_collect_config_id';

type Local = Readonly<Record<string, unknown>>;

/** What every scenario but syslog has: labels as parameters, and the loss of everything that is not among `read`. */
export function commonFields(local: Local, read: readonly string[], at: string) {
  const labels = toLabels(local, at);
  return {
    params: labels.params,
    losses: [...labels.losses, ...otherLosses(local, [...read, 'labels', 'ext_meta'], at)],
  };
}

/** The loss of everything that is not among `read`, with its reason. */
export function otherLosses(local: Local, read: readonly string[], at: string): Loss[] {
  const decided = Object.keys(OWN_DECISIONS).filter(
    (field) => Object.hasOwn(local, field) && !(field === 'package_count' && local[field] === DEFAULT_PACKAGE_COUNT),
  );
  return [
    ...decided.map((field) => ({ field: `${at}.${field}`, reason: OWN_DECISIONS[field] ?? '' })),
    ...unreadLosses(local, [...read, ...Object.keys(OWN_DECISIONS)], at),
  ];
}

/** `ext_meta` was made of `extra_labels`, `labels` of `extra_template_labels` (`collector_scenario/base.py`). */
function toLabels(local: Local, at: string) {
  const losses: Loss[] = [];
  const labels = entries(local, 'labels', at, losses).filter(([key, value]) => {
    const isKept = value !== null && !isBlank(key);
    if (!isKept) losses.push({ field: `${at}.labels.${key}`, reason: 'has no name or no value' });
    return isKept;
  });
  const extra = entries(local, 'ext_meta', at, losses).flatMap(([key, value]) => {
    const field = `${at}.ext_meta.${key}`;
    const isKept = ['string', 'number', 'boolean'].includes(typeof value) && !isBlank(key);
    if (!isKept) losses.push({ field, reason: 'has no name or its value is not text' });
    else losses.push(...trimmedLosses({ [field]: key.trim() === key ? String(value) : key }));
    return isKept ? [{ key, value: String(value) }] : [];
  });
  const params = {
    ...(extra.length > 0 ? { extra_labels: extra } : {}),
    ...(labels.length > 0
      ? { extra_template_labels: labels.map(([key, value]) => ({ key, value: withoutOwnId(key, value) })) }
      : {}),
  };
  return { params, losses };
}

/** The id of the source's collector would be wrong in the target, which sets its own. */
function withoutOwnId(key: string, value: unknown): unknown {
  if (key !== OWN_LABEL || !isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== OWN_ID));
}

function entries(local: Local, field: string, at: string, losses: Loss[]) {
  const value = local[field];
  if (isObject(value)) return Object.entries(value);
  if (value !== undefined) losses.push({ field: `${at}.${field}`, reason: 'is not an object' });
  return [];
}
