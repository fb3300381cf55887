import type { SourceConnection } from '../mysql/connection';
import type { RecordedDatabase, RestoreRecord } from '../mysql/restore-record';
import { qualifiedName } from '../mysql/row-packets';
import { hasTable } from './move-into-place';

/** What undoing or discarding a restore will do, with the rows that go. */
export async function describeUndo(
  keeper: SourceConnection,
  { setId, databases }: RestoreRecord,
  action: 'undo' | 'discard',
): Promise<string[]> {
  const steps: string[] = [];
  for (const item of databases) {
    const { target, before, tables } = item;
    const replaced = tables.flatMap(({ replaces }) => (replaces === undefined ? [] : [replaces]));
    if (action === 'discard') {
      const rows = sum((await countRows(keeper, before, replaced)).values());
      const what = `${replaced.length} tables, ${rows} rows, in ${before}`;
      steps.push(`drop ${what}, which the restore of ${setId} replaced in ${target}: they cannot come back`);
      continue;
    }
    steps.push(await describeDrop(keeper, item));
    steps.push(`move ${replaced.length} tables back from ${before}, with their triggers, views and routines`);
  }
  return steps;
}

/** Rows that came or went since show in their number; a changed row does not. */
async function describeDrop(keeper: SourceConnection, { target, tables }: RecordedDatabase): Promise<string> {
  const names = tables.map(({ name }) => name);
  const now = await countRows(keeper, target, names);
  const changed = tables.flatMap(({ name, rows }) => {
    const count = now.get(name);
    return rows === undefined || count === undefined || count === rows ? [] : [`${name} ${rows} → ${count}`];
  });
  const since = changed.length > 0 ? `; rows restored → now: ${changed.join(', ')}` : '';
  return `drop ${names.length} restored tables in ${target}, ${sum(now.values())} rows, with all that was written since${since}`;
}

async function countRows(keeper: SourceConnection, database: string, tables: readonly string[]) {
  const counts = new Map<string, number>();
  for (const table of tables) {
    if (!(await hasTable(keeper, database, table))) continue;
    const [count] = await keeper.query(`SELECT COUNT(*) AS n FROM ${qualifiedName(database, table)}`);
    counts.set(table, Number(count?.n ?? 0));
  }
  return counts;
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0);
}
