import { createHash } from 'node:crypto';
import type { SealedManifest } from '../model/manifest';

/** Names by which a server knows what it has in one database; absent databases have none. */
export interface ExistingObjects {
  readonly database: string;
  readonly exists: boolean;
  /** `table x`, `view x`, `procedure x`, …; compared without case where the server does. */
  readonly names: readonly string[];
}

/** What a set brings into one database, by the names it has in the target. */
export interface WantedObjects {
  readonly database: string;
  readonly target: string;
  readonly names: readonly string[];
}

export interface RestoreStep {
  readonly action: 'load' | 'compare' | 'create-database' | 'move' | 'create-objects';
  readonly target: string;
  readonly text: string;
}

/** Plain JSON, printable before anything happens. With blockers nothing is carried out. */
export interface RestorePlan {
  readonly setId: string;
  readonly archiveKey: string;
  readonly snapshotAt: string;
  readonly targets: readonly { readonly database: string; readonly target: string }[];
  readonly steps: readonly RestoreStep[];
  readonly blockers: readonly { readonly object: string; readonly reason: string }[];
  /** Of everything above: who confirms it confirms this very plan. */
  readonly hash: string;
}

/**
 * Decides how a set comes into a server that has none of its objects: everything is loaded and compared beside the
 * target, and moved there by one statement. Whatever exists already is a blocker; nothing is ever replaced.
 */
export function planRestore(input: {
  readonly sealed: SealedManifest;
  readonly wanted: readonly WantedObjects[];
  readonly existing: readonly ExistingObjects[];
  readonly isCaseSensitive: boolean;
}): RestorePlan {
  const { sealed, wanted } = input;
  const fold = (name: string) => (input.isCaseSensitive ? name : name.toLowerCase());
  const existingOf = new Map(input.existing.map((item) => [item.database, item]));
  const blockers = wanted.flatMap(({ target, names }) => {
    const there = new Set(existingOf.get(target)?.names.map(fold));
    return names
      .filter((name) => there.has(fold(name)))
      .map((name) => ({ object: `${target}: ${name}`, reason: 'exists in the target' }));
  });
  const steps = wanted.flatMap(({ database, target, names }): RestoreStep[] => {
    const tables = sealed.files.filter((file) => file.kind === 'table' && file.database === database);
    const rows = tables.reduce((sum, file) => sum + (file.rows ?? 0), 0);
    const others = names.length - tables.length;
    return [
      { action: 'load', target, text: `load ${tables.length} tables, ${rows} rows, beside ${target}` },
      { action: 'compare', target, text: `read them back and compare rows and hashes with the set` },
      ...(existingOf.get(target)?.exists
        ? []
        : [{ action: 'create-database' as const, target, text: `create database ${target}` }]),
      { action: 'move', target, text: `move ${tables.length} tables to ${target} by one RENAME TABLE` },
      ...(others > 0
        ? [{ action: 'create-objects' as const, target, text: `create ${others} views, routines, triggers and events` }]
        : []),
    ];
  });
  const plan = {
    setId: sealed.setId,
    archiveKey: sealed.archive.key,
    snapshotAt: sealed.snapshotAt,
    targets: wanted.map(({ database, target }) => ({ database, target })),
    steps,
    blockers,
  };
  return { ...plan, hash: createHash('sha256').update(JSON.stringify(plan)).digest('hex') };
}
