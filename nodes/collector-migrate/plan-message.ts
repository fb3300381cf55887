import type { Finding, MigrateResult, PreparedMigration, UndoMigrationResult } from '../../src/index';
import type { RunOutcome } from '../shared/define-node';
import { type Counts, countRemovals } from './known-plan';

const PLAN_PORT = 1;
/** Most items, and most findings, that a message carries: the form shows the whole plan, the run journal has all findings. */
const MOST_TOLD = 100;
/** What needs nobody's look. */
const EXPECTED = new Set(['create', 'done', 'remove']);

export function migrationMessage(result: MigrateResult, prepared: PreparedMigration, runId: string): RunOutcome {
  const { plan, dryRun, created, findings } = result;
  const { hash, counts, items } = plan;
  const toDo = counts.create + counts.adopt + counts.retry;
  const bad = dryRun ? counts.failed + counts.conflict + counts.unmapped + counts.refused : findings.length;
  return {
    set: {
      ...{ ...prepared, plan: summarize(hash, counts, items) },
      ...(dryRun ? {} : { created, runId, findingCount: findings.length }),
    },
    report: { ...(prepared.setId === undefined ? {} : { setId: prepared.setId }), findings: firstOf(findings) },
    port: dryRun ? PLAN_PORT : 0,
    badge: badgeOf(`+${dryRun ? toDo : created}`, bad, dryRun),
  };
}

export function undoMessage(result: UndoMigrationResult, prepared: PreparedMigration | undefined): RunOutcome {
  const { plan, dryRun, removed, findings } = result;
  const { hash, items, runId, environment } = plan;
  const counts = countRemovals(items);
  return {
    set: {
      ...{ ...prepared, environment, runId, plan: summarize(hash, counts, items) },
      ...(dryRun ? {} : { removed, findingCount: findings.length }),
    },
    report: { operation: 'undo', findings: firstOf(findings) },
    port: dryRun ? PLAN_PORT : 0,
    badge: badgeOf(`−${dryRun ? counts.remove : removed}`, dryRun ? (counts.kept ?? 0) : findings.length, dryRun),
  };
}

/** What of a plan travels in a message: the items that somebody should look at, and how many all are. */
function summarize(hash: string, counts: Counts, items: readonly { readonly action: string }[]) {
  const looked = items.filter(({ action }) => !EXPECTED.has(action)).slice(0, MOST_TOLD);
  return { hash, counts, items: looked, itemCount: items.length };
}

const firstOf = (findings: readonly Finding[]) => findings.slice(0, MOST_TOLD);

/** A plan carries a question mark: nothing has happened. */
const badgeOf = (what: string, bad: number, isPlan: boolean) =>
  `${what}${bad > 0 ? ` ✗ ${bad}` : ' ✓'}${isPlan ? '?' : ''}`;
