import type { Loss } from './step-result';

/** What the target decides for itself, whatever the source had. */
const OWN_DECISIONS: Readonly<Record<string, string>> = {
  output: 'the target sends by its own data link',
  package_count: 'the target takes the number of lines per package from its settings',
};
/** `COLLECTOR_ROW_PACKAGE_COUNT` as BK-LOG ships it. */
const DEFAULT_PACKAGE_COUNT = 100;
/** Read by `toLabels`, in every scenario. */
const LABELS = ['labels', 'ext_meta'];

/** Everything of a step that no parser has read: it comes from an overlay, or from a release that is not known here. */
export function unreadFields(local: Readonly<Record<string, unknown>>, read: readonly string[], at: string): Loss[] {
  return Object.entries(local)
    .filter(([field, value]) => !(field === 'package_count' && value === DEFAULT_PACKAGE_COUNT))
    .filter(([field]) => !read.includes(field) && !LABELS.includes(field))
    .map(([field]) => ({
      field: `${at}.${field}`,
      reason: (Object.hasOwn(OWN_DECISIONS, field) && OWN_DECISIONS[field]) || 'the target has no parameter for it',
    }));
}
