import type { ErrorCode } from '../errors/error-catalogue';
import { invariant } from '../errors/operation-error';
import {
  type ExportTask,
  type FoundFile,
  isPlainName,
  LINK_HOURS,
  RUNNING_STATES,
  STUCK_HOURS,
} from '../model/export-task';

/** What a cleaning compares tasks with. */
export interface CleaningMoment {
  /** The server's clock in the form of the stored times. */
  readonly now: string;
  readonly keepDays: number;
  /** Where files of tasks without a download link are; absent: nobody knows. */
  readonly defaultStore?: 'folder';
}

/** What becomes of one row and its file, and why. */
export interface ExportVerdict {
  readonly id: string;
  readonly createdAt: string;
  readonly state: string | null;
  readonly fileName: string | null;
  /** `gone`: not there any more. `none`: the row names no file. `leave`: nothing is done to it. */
  readonly file: 'remove' | 'gone' | 'none' | 'leave';
  /** Of the file that is removed; otherwise 0. */
  readonly bytes: number;
  /** `clean`: is_clean becomes 1. `failed`: export_status becomes failed, with a reason. */
  readonly marks: readonly ('clean' | 'failed')[];
  readonly reasons: readonly string[];
  /** Why the file is not touched although it should go: bad news for somebody to look at. */
  readonly refused?: ErrorCode;
}

const HOUR = 60 * 60 * 1_000_000;

/** Microseconds since 1970 of a stored time; NaN for what is no time (0000-00-00). */
function microseconds(stored: string): number {
  const [, day = '', time = '', fraction = ''] = /^(\S+) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?$/.exec(stored) ?? [];
  return Date.parse(`${day}T${time}Z`) * 1000 + Number(fraction.padEnd(6, '0'));
}

const isRunning = ({ state }: ExportTask) => state === null || RUNNING_STATES.some((running) => running === state);

/**
 * Decides about one task, as the platform's jobs of 03:00 and 03:20 are meant to: a file goes `keepDays` after its task
 * was created, a task that still runs a day after that has failed. `found` is what stands under its file name; absent
 * where it names none, or one that leads out of the folder.
 */
export function planExportTask(task: ExportTask, found: FoundFile | undefined, moment: CleaningMoment): ExportVerdict {
  const now = microseconds(moment.now);
  const createdAt = microseconds(task.createdAt);
  const isStuck = task.type === 'async' && isRunning(task) && createdAt < now - STUCK_HOURS * HOUR;
  const about = { id: task.id, createdAt: task.createdAt, state: task.state, fileName: task.fileName };
  const cleaning = planCleaning(task, found, moment, { now, createdAt, isStuck });
  return {
    ...about,
    ...cleaning,
    marks: [...(isStuck ? (['failed'] as const) : []), ...(cleaning.file === 'leave' ? [] : (['clean'] as const))],
    reasons: [
      ...(isStuck ? [`still running more than ${STUCK_HOURS} hours after it was created`] : []),
      ...cleaning.reasons,
    ],
  };
}

type Cleaning = Pick<ExportVerdict, 'file' | 'bytes' | 'reasons' | 'refused'>;

function planCleaning(
  task: ExportTask,
  found: FoundFile | undefined,
  { keepDays, defaultStore }: CleaningMoment,
  { now, createdAt, isStuck }: { readonly now: number; readonly createdAt: number; readonly isStuck: boolean },
): Cleaning {
  const leave = (...reasons: string[]): Cleaning => ({ file: 'leave', bytes: 0, reasons });
  const refuse = (refused: ErrorCode, reason: string): Cleaning => ({ ...leave(age, reason), refused });
  const days = `${keepDays} day${keepDays === 1 ? '' : 's'}`;
  const age = `older than ${days}`;
  if (task.isClean) return leave('marked as clean already');
  if (Number.isNaN(createdAt)) return leave('its time of creation is unreadable');
  if (createdAt >= now - keepDays * 24 * HOUR) return leave(`not older than ${days}`);
  if (isRunning(task) && !isStuck && createdAt >= now - STUCK_HOURS * HOUR) return leave(age, 'still running');
  if (!task.fileName) return { file: 'none', bytes: 0, reasons: [age, 'it names no file'] };
  const linkEnds = task.completedAt === null ? Number.NaN : microseconds(task.completedAt) + LINK_HOURS * HOUR;
  if (task.state === 'success' && linkEnds > now) {
    return leave(age, `its download link works for ${LINK_HOURS} hours after it was completed`);
  }
  if (task.store === 'elsewhere') return leave(age, 'its file is in another store');
  if (!isPlainName(task.fileName)) return refuse('OP_EXPORT_UNSAFE', 'its file name leads out of the folder');
  invariant(found, 'a file that nobody looked at');
  switch (found.kind) {
    case 'file':
      return { file: 'remove', bytes: found.bytes, reasons: [age] };
    case 'other':
      return refuse('OP_EXPORT_UNSAFE', 'what has its file name is a link or a folder, not a file');
    case 'absent':
      if ((task.store ?? defaultStore) !== 'folder') {
        return leave(age, 'its file is not here, and nothing says in which store it is');
      }
      return { file: 'gone', bytes: 0, reasons: [age, 'its file has gone already'] };
    case 'unreadable':
      return refuse('OP_STORE_DENIED', `its file cannot be looked at: ${found.code}`);
    default:
      return found satisfies never;
  }
}
