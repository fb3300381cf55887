/** The key of the translation of a reason, as retention.html makes it. */
export function reasonKey(reason: string): string {
  const slug = reason
    .replace(/\d{14}_[a-z0-9]{10}|\d{4}-W?\d\d(?:-\d\d)?|\d+|\bE[A-Z]{3,}\b/g, 'n')
    .toLowerCase()
    .replace(/[^a-z]+/g, '-')
    .replace(/^-|-$/g, '');
  return `retention.reason.${slug}`;
}
