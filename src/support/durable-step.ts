/**
 * Every step that changes what survives a crash, by name. Tests kill the process before and after each of them
 * (test/faults/crash-at-every-durable-step.test.ts takes this list), so a new durable write must be added here.
 */
export const DURABLE_STEPS = [
  'work-directory.create',
  'work-directory.write-spool',
  'work-directory.describe',
  'work-directory.remove',
  'run-lock.renew',
  'journal.append',
  'store.create-temporary',
  'store.write',
  'store.sync-object',
  'store.publish',
  'store.drop-temporary',
  'store.sync-folder',
  'store.delete',
] as const;

/** The steps by which a restore and its undo change a server; killed at each in test/faults/a-restore-killed-at-every-step. */
export const RESTORE_STEPS = [
  'restore.stage',
  'restore.load-rows',
  'restore.add-keys',
  'restore.compare',
  'restore.write-record',
  'restore.create-sequences',
  'restore.create-database',
  'restore.hold-back-foreign-keys',
  'restore.fill',
  'restore.move',
  'restore.put-away',
  'restore.add-foreign-keys',
  'restore.create-objects',
  'restore.close-record',
  'undo.drop-objects',
  'undo.move',
  'undo.create-objects',
  'undo.remove-record',
] as const;
/** The steps of a restore of mapped rows besides `restore.fill`. */
export const ROW_STEPS = ['restore.raise-ids'] as const;
/** The steps of one migrated item, and of one that is taken back. */
export const MIGRATE_STEPS = ['migrate.begin', 'migrate.call', 'migrate.finish'] as const;
export const UNDO_MIGRATION_STEPS = ['migrate.remove', 'migrate.forget'] as const;
/** The steps of one task of which the export file is cleaned away. */
export const CLEAN_EXPORTS_STEPS = ['exports.mark-failed', 'exports.remove-file', 'exports.mark-clean'] as const;
export type DurableStep =
  | (typeof DURABLE_STEPS)[number]
  | (typeof RESTORE_STEPS)[number]
  | (typeof ROW_STEPS)[number]
  | (typeof MIGRATE_STEPS)[number]
  | (typeof UNDO_MIGRATION_STEPS)[number]
  | (typeof CLEAN_EXPORTS_STEPS)[number];

type Moment = 'before' | 'after';
let observe: ((step: DurableStep, moment: Moment) => void) | undefined;

/** For tests: sees every durable step as it happens. */
export function observeDurableSteps(observer: typeof observe): void {
  observe = observer;
}

/** Carries out one durable step under its name. */
export async function durableStep<T>(step: DurableStep, act: () => Promise<T>): Promise<T> {
  observe?.(step, 'before');
  const result = await act();
  observe?.(step, 'after');
  return result;
}
