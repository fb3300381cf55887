import type { Loss } from './step-result';
import { isObject } from './values';

/** What the target puts into this label itself: the id of the collector it makes (`CollectorScenario._add_labels`). */
const OWN_LABEL = '$body';
const OWN_ID = 'bk_collect_config_id';

/**
 * Labels of a step as the API takes them: `ext_meta` was made of `extra_labels`, `labels` of `extra_template_labels`
 * (`collector_scenario/base.py`).
 */
export function toLabels(local: Readonly<Record<string, unknown>>, at: string) {
  const losses: Loss[] = [];
  const params: Record<string, unknown> = {};
  const labels = entries(local, 'labels', at, losses).filter(([key, value]) => {
    const isKept = value !== null && key !== '';
    if (!isKept) losses.push({ field: `${at}.labels.${key}`, reason: 'has no name or no value' });
    return isKept;
  });
  const extra = entries(local, 'ext_meta', at, losses).filter(([key, value]) => {
    const isKept = ['string', 'number', 'boolean'].includes(typeof value) && key !== '';
    if (!isKept) losses.push({ field: `${at}.ext_meta.${key}`, reason: 'has no name or its value is not text' });
    return isKept;
  });
  if (extra.length > 0) params.extra_labels = extra.map(([key, value]) => ({ key, value: String(value) }));
  if (labels.length > 0) {
    params.extra_template_labels = labels.map(([key, value]) => ({ key, value: withoutOwnId(key, value) }));
  }
  return { params, losses };
}

/** The id of the source's collector would be wrong in the target, which sets its own. */
function withoutOwnId(key: string, value: unknown): unknown {
  if (key !== OWN_LABEL || !isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== OWN_ID));
}

function entries(local: Readonly<Record<string, unknown>>, field: string, at: string, losses: Loss[]) {
  const value = local[field];
  if (isObject(value)) return Object.entries(value);
  if (value !== undefined) losses.push({ field: `${at}.${field}`, reason: 'is not an object' });
  return [];
}
