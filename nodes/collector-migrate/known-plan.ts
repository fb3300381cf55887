import type { MigrateResult, UndoMigrationResult } from '../../src/index';
import { type Told, tellReason, tellSentence } from './reasons';

/** Numbers of items by action. */
export type Counts = Readonly<Record<string, number>>;

/** One line of the table in the form. */
export interface PlanLine {
  /** By it a choice names its item. */
  readonly key: string;
  readonly kind: string;
  readonly id: number;
  readonly name: string;
  readonly action: string;
  /** Name or id in the target; empty: there is none. */
  readonly target: string;
  readonly reasons: readonly Told[];
  readonly losses: readonly Told[];
}

/** The last plan of a node, whole, as its form shows it. */
export interface KnownPlan {
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly action: 'migrate' | 'undo';
  readonly environment: string;
  /** How many were created or removed; absent: the plan was not carried out. */
  readonly done?: number;
  readonly counts: Counts;
  readonly lines: readonly PlanLine[];
}

export function knownMigration({ plan, dryRun, created }: MigrateResult): KnownPlan {
  const { environment, counts, items } = plan;
  const lines = items.map((item) => ({
    ...{ key: `${item.kind} ${item.originId}`, kind: item.kind, id: item.originId, name: item.name },
    ...{ action: item.action, target: targetOf(item), reasons: tellReason(item.reason) },
    losses: item.losses.map(tellSentence),
  }));
  return { ...knownNow('migrate', environment), ...(dryRun ? {} : { done: created }), counts, lines };
}

export function knownUndo({ plan, dryRun, removed }: UndoMigrationResult): KnownPlan {
  const lines = plan.items.map(({ kind, originId, name, action, targetId, reason }) => ({
    ...{ key: `${kind} ${originId}`, kind, id: originId, name, action, losses: [] },
    ...{ target: targetId > 0 ? String(targetId) : '', reasons: tellReason(reason) },
  }));
  const counts = countRemovals(plan.items);
  return { ...knownNow('undo', plan.environment), ...(dryRun ? {} : { done: removed }), counts, lines };
}

export function countRemovals(items: UndoMigrationResult['plan']['items']): Counts {
  const count = (wanted: string) => items.filter(({ action }) => action === wanted).length;
  return { remove: count('remove'), gone: count('gone'), kept: count('kept') };
}

const knownNow = <Action extends KnownPlan['action']>(action: Action, environment: string) => ({
  ...{ at: new Date().toISOString(), action, environment },
});

function targetOf({ targetName, targetEnglishName, targetId }: MigrateResult['plan']['items'][number]): string {
  if (targetName === undefined) return targetId === undefined ? '' : String(targetId);
  return targetEnglishName === undefined ? targetName : `${targetName} (${targetEnglishName})`;
}
