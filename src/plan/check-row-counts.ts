import type { RowsRule } from '../model/content-rule';
import type { Manifest, ManifestFile } from '../model/manifest';
import type { Suspicion } from '../model/verification';

/**
 * Compares the number of rows of each table with an older set. Of several rules for a table the last that names it
 * counts, else the last that names none. A table that had rows and is gone from the set has lost all of them.
 */
export function checkRowCounts(manifest: Manifest, previous: Manifest, rules: readonly RowsRule[]): Suspicion[] {
  const now = tablesOf(manifest);
  const before = tablesOf(previous);
  const suspicions: Suspicion[] = [];
  const matched = new Set<ManifestFile>();
  for (const file of now) {
    const counterpart = findCounterpart(file, before, now);
    if (!counterpart) continue; // a new table
    matched.add(counterpart);
    suspicions.push(...compare(file, counterpart.rows ?? 0, file.rows ?? 0, previous.setId, rules));
  }
  for (const file of before.filter((each) => !matched.has(each))) {
    const rule = ruleFor(file.table, rules);
    if (!rule || !file.rows || (rule.maxDropPercent >= 100 && !rule.notEmpty)) continue;
    suspicions.push(suspicion(file, `is not in the set: ${countRows(file.rows)} in set ${previous.setId}`));
  }
  return suspicions;
}

/** Tables, and documents under their paths. */
function tablesOf(manifest: Manifest): ManifestFile[] {
  const counted = manifest.files.filter(({ kind }) => kind !== 'schema');
  return counted.map((file) => (file.kind === 'document' ? { ...file, table: file.path } : file));
}

/** The same table of the same database; failing that, the only one of that name on either side: databases get renamed. */
function findCounterpart(file: ManifestFile, before: readonly ManifestFile[], now: readonly ManifestFile[]) {
  const namesakes = before.filter(({ table }) => table === file.table);
  const same = namesakes.find(({ database }) => database === file.database);
  if (same) return same;
  const isOnly = namesakes.length === 1 && now.filter(({ table }) => table === file.table).length === 1;
  return isOnly ? namesakes[0] : undefined;
}

function ruleFor(table: string | undefined, rules: readonly RowsRule[]): RowsRule | undefined {
  return (
    rules.findLast((rule) => rule.table !== undefined && rule.table === table) ??
    rules.findLast((rule) => rule.table === undefined)
  );
}

function compare(
  file: ManifestFile,
  before: number,
  now: number,
  setId: string,
  rules: readonly RowsRule[],
): Suspicion[] {
  const rule = ruleFor(file.table, rules);
  if (!rule || now >= before) return [];
  const counts = `${countRows(before)} in set ${setId}, ${now} in this one`;
  if (now === 0 && rule.notEmpty) return [suspicion(file, `became empty: ${counts}`)];
  if ((before - now) * 100 <= before * rule.maxDropPercent) return [];
  const lost = Number((((before - now) * 100) / before).toFixed(1));
  const allowed = `the rule allows ${rule.maxDropPercent} %`;
  return [suspicion(file, `lost ${lost} % of its rows: ${counts}; ${allowed}`)];
}

function countRows(rows: number): string {
  return `${rows} row${rows === 1 ? '' : 's'}`;
}

function suspicion({ kind, database, table }: ManifestFile, what: string): Suspicion {
  const object = kind === 'document' ? `${table}` : `${database}.${table}`;
  return { code: 'OP_CONTENT_SUSPICIOUS', object, message: `${kind} ${table} ${what}`, rule: 'rows' };
}
