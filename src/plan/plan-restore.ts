import { z } from 'zod';
import { OperationError } from '../errors/operation-error';
import type { SealedManifest } from '../model/manifest';
import { type RestoreOptions, restoreOptionsSchema } from '../model/restore-options';
import type { TargetState } from '../model/target-state';
import type { Adaptation } from './plan-adaptation';
import { findBlockers } from './restore-blockers';
import {
  hashOf,
  type PlannedDatabase,
  type PlannedTable,
  type RestoreAction,
  type RestorePlan,
  type RestoreServer,
  type RestoreStep,
  type WantedDatabase,
  withHash,
} from './restore-plan';

/**
 * Decides how a set comes into a server: everything is loaded and compared beside the target, and moved there by one
 * statement. Pure; the same input gives the same plan and hash.
 */
export function planRestore(input: {
  readonly sealed: SealedManifest;
  readonly options: RestoreOptions;
  readonly wanted: readonly WantedDatabase[];
  readonly live: readonly TargetState[];
  readonly server: RestoreServer;
  /** How the definitions of each database are fitted to the server. */
  readonly adaptations: readonly Adaptation[];
}): RestorePlan {
  const { sealed, options, wanted, server, adaptations } = input;
  const fold = (name: string) => (server.isCaseSensitive ? name : name.toLowerCase());
  const liveOf = new Map(input.live.map((item) => [item.database, item]));
  const targets = wanted.map((item) => planDatabase(item, liveOf.get(item.target)!, options, fold));
  const mapped = adaptations.flatMap((adaptation) => adaptation.mapped);
  const notes = adaptations.flatMap((adaptation) => adaptation.notes);
  const unadaptable = adaptations.flatMap((adaptation) => adaptation.blockers);
  const plan = {
    kind: 'restore-plan' as const,
    formatVersion: 1 as const,
    setId: sealed.setId,
    archiveKey: sealed.archive.key,
    archiveSha256: sealed.archive.sha256,
    snapshotAt: sealed.snapshotAt,
    options,
    targets,
    steps: targets.flatMap((target) => stepsFor(target, sealed.setId, options)),
    ...(mapped.length > 0 ? { mapped } : {}),
    ...(notes.length > 0 ? { notes } : {}),
    blockers: [...findBlockers({ ...input, targets, fold }), ...unadaptable],
    target: describeTarget(input.live),
  };
  return withHash(plan);
}

/** What is left to do once the tables have moved; nothing stands in the way of that. */
export function planOfRest({ hash: _, ...plan }: RestorePlan): RestorePlan {
  const steps = plan.steps.filter(({ action }) => action === 'create-objects');
  return withHash({ ...plan, steps, blockers: [] });
}

const storedPlanSchema = z.looseObject({
  kind: z.literal('restore-plan'),
  formatVersion: z.literal(1),
  archiveKey: z.string(),
  options: restoreOptionsSchema,
  target: z.record(z.string(), z.string()),
  hash: z.string(),
});

/** Reads a plan that was stored, alone or in the report of a dry run. Errors: OP_CONFIG_INVALID, also for an edited one. */
export function parsePlan(text: string, object: string): RestorePlan {
  const refuse = (why: string, cause?: unknown) =>
    new OperationError('OP_CONFIG_INVALID', `${object} ${why}`, {
      cause,
      details: { object },
      remedy: 'Make a new plan with restore --dry-run --json, and give that file.',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse('is not JSON', cause);
  }
  const stored = (value as { plan?: unknown } | null)?.plan ?? value;
  const parsed = storedPlanSchema.safeParse(stored);
  if (!parsed.success) throw refuse('is not the plan of a restore', parsed.error);
  const { hash, ...rest } = stored as unknown as RestorePlan;
  if (hashOf(rest) !== hash) throw refuse('was changed after it was made');
  return { ...rest, options: parsed.data.options, hash };
}

function planDatabase(
  { database, target, tables, objects }: WantedDatabase,
  live: TargetState,
  { policy, idMap }: RestoreOptions,
  fold: (name: string) => string,
): PlannedDatabase {
  const liveTables = new Map(live.tables.map((table) => [fold(table.name), table]));
  const there = new Set(live.objects.map(({ kind, name }) => `${kind} ${fold(name)}`));
  return {
    database,
    target,
    exists: live.exists,
    tables: tables.map(({ table: name = '', rows = 0 }) => {
      const now = liveTables.get(fold(name));
      if (!now) return { name, action: 'create', rows };
      const action = policy === 'skip' || idMap ? 'fill' : 'replace';
      return { name, ...(now.name === name ? {} : { live: now.name }), action, rows, rowsNow: now.rows };
    }),
    objects: objects.map((object) => {
      const exists = there.has(`${object.kind} ${fold(object.name)}`);
      return { ...object, action: !exists ? 'create' : policy === 'skip' ? 'keep' : 'replace' };
    }),
  };
}

function stepsFor({ target, exists, tables, objects }: PlannedDatabase, setId: string, options: RestoreOptions) {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const of = (action: RestoreAction) => tables.filter((table) => table.action === action);
  const [created, replaced, filled] = [of('create'), of('replace'), of('fill')];
  const moved = created.length + replaced.length;
  const made = objects.filter(({ action }) => action === 'create' || action === 'replace');
  const rowsNow = (list: readonly PlannedTable[]) => list.reduce((sum, table) => sum + (table.rowsNow ?? 0), 0);
  const steps: RestoreStep[] = [
    { action: 'load', target, text: `load ${tables.length} tables, ${rows} rows, beside ${target}` },
    { action: 'compare', target, text: 'read them back and compare rows and hashes with the set' },
  ];
  const { where } = options;
  if (where) steps.push({ action: 'load', target, text: `keep only rows with ${where.column} = ${where.value}` });
  if (options.idMap) return steps;
  if (!exists) steps.push({ action: 'create-database', target, text: `create database ${target}` });
  if (moved > 0) {
    const fate = options.policy === 'replace' ? 'then dropped' : `kept in ${beforeSchema(setId, target)}`;
    const making = replaced.length > 0 ? `; ${replaced.length} make place, ${rowsNow(replaced)} rows, ${fate}` : '';
    steps.push({ action: 'move', target, text: `move ${moved} tables to ${target} by one RENAME TABLE${making}` });
  }
  if (filled.length > 0) {
    const text = `insert rows whose key is absent into ${filled.length} tables of ${target}, ${rowsNow(filled)} rows now`;
    steps.push({ action: 'fill', target, text });
  }
  if (made.length > 0) {
    const text = `create ${made.length} views, routines, triggers and events`;
    steps.push({ action: 'create-objects', target, text });
  }
  return steps;
}

/** Where the tables that made place are kept. A name has at most 64 characters: a long one ends in a part of its hash. */
export function beforeSchema(setId: string, target: string): string {
  const name = `_before_${setId}_${target}`;
  return name.length <= 64 ? name : `${name.slice(0, 55)}_${hashOf({ target }).slice(0, 8)}`;
}

function describeTarget(live: readonly TargetState[]): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const { database, exists, objects, tables } of live) {
    seen[database] = exists ? 'exists' : 'absent';
    for (const { kind, name, table } of objects)
      seen[`${database}: ${kind} ${name}`] = table ? `on ${table}` : 'exists';
    for (const { name, rows, definitionSha256 } of tables) {
      seen[`${database}: table ${name}`] = `${rows} rows, definition ${definitionSha256.slice(0, 16)}`;
    }
  }
  return seen;
}

/** What differs between the target as a plan saw it and as it is now, in words; without rows only in definitions. */
export function whatMoved(seen: RestorePlan, now: RestorePlan, { withRows }: { readonly withRows: boolean }): string[] {
  const known = (plan: RestorePlan, key: string) => {
    const state = plan.target[key] ?? 'absent';
    return withRows ? state : state.replace(/^\d+ rows, /, '');
  };
  const keys = [...new Set([...Object.keys(seen.target), ...Object.keys(now.target)])];
  return keys.flatMap((key) => {
    const [was, is] = [known(seen, key), known(now, key)];
    return was === is ? [] : [`${key}: ${was} → ${is}`];
  });
}
