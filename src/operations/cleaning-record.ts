import { OperationError } from '../errors/operation-error';
import type { Finding } from '../model/verification';
import type { ExportVerdict } from '../plan/plan-export-cleaning';
import type { CleanExportsResult, CleanedExport, CleaningStep, CleaningTotals } from './cleaned-exports';

/** Tasks and findings that a report lists; its totals count all. */
const LISTED_TASKS = 10_000;
const LISTED_FINDINGS = 1_000;

/** How far one task came. */
export interface CleaningEnding {
  readonly did: readonly CleaningStep[];
  /** Why its file is still there although it should have gone. */
  readonly problem?: Pick<Finding, 'code' | 'message'>;
}

/** What a cleaning did, or in a dry run would do, task by task. */
export class CleaningRecord {
  readonly #tasks: CleanedExport[] = [];
  readonly #findings: Finding[] = [];
  #findingCount = 0;
  readonly #totals = {
    ...{ tasks: 0, files: 0, bytes: 0, gone: 0, withoutFile: 0 },
    ...{ markedClean: 0, markedFailed: 0, left: 0, refused: 0, changed: 0 },
  } satisfies CleaningTotals;

  /** `table`: where the tasks are, for findings. */
  constructor(private readonly table: string) {}

  get size(): number {
    return this.#totals.tasks;
  }

  /** Without an ending: nothing was tried. */
  add(verdict: ExportVerdict, ending?: CleaningEnding): void {
    const { refused, ...plan } = verdict;
    const outcome = outcomeOf(verdict, ending);
    this.#count(verdict, outcome, ending?.did ?? stepsOf(verdict));
    const problem = ending?.problem ?? (refused && { code: refused, message: verdict.reasons.join('; ') });
    if (problem) this.#find(verdict, problem);
    if (this.#tasks.length < LISTED_TASKS) this.#tasks.push({ ...plan, outcome, did: ending?.did ?? [] });
  }

  #count(
    { file, bytes, marks, refused }: ExportVerdict,
    outcome: CleanedExport['outcome'],
    did: readonly CleaningStep[],
  ) {
    const totals = this.#totals;
    totals.tasks += 1;
    if (outcome === 'changed') totals.changed += 1;
    if (outcome === 'refused') totals.refused += 1;
    if (file === 'leave' && !refused && marks.length === 0) totals.left += 1;
    if (did.includes('marked-failed')) totals.markedFailed += 1;
    if (did.includes('removed')) {
      totals.files += 1;
      totals.bytes += bytes;
    }
    if (!did.includes('marked-clean')) return;
    totals.markedClean += 1;
    if (file === 'gone') totals.gone += 1;
    if (file === 'none') totals.withoutFile += 1;
  }

  #find({ id, fileName }: ExportVerdict, { code, message }: Pick<Finding, 'code' | 'message'>): void {
    this.#findingCount += 1;
    if (this.#findings.length >= LISTED_FINDINGS) return;
    this.#findings.push({ code, object: `${this.table} ${id}`, message: `task ${id}, ${fileName}: ${message}` });
  }

  /** The end of a run that stopped in the middle, with what was done of the tasks before; the one in hand may be half done. */
  interrupted({ code, message, details, remedy, retry, cause }: OperationError): OperationError {
    const { files, markedClean, markedFailed } = this.#totals;
    const before = `tasks before: ${files} files removed, ${markedClean} marked as clean, ${markedFailed} as failed`;
    const options = { details: { ...details, totals: this.#totals }, remedy, retry, cause };
    return new OperationError(code, `${message}; ${before}`, options);
  }

  result(): Pick<CleanExportsResult, 'tasks' | 'totals' | 'findings' | 'findingCount'> {
    const [tasks, totals, findings] = [this.#tasks, this.#totals, this.#findings];
    return { tasks, totals, findings, findingCount: this.#findingCount };
  }
}

/** All steps of a plan, in their order. */
function stepsOf({ marks, file }: ExportVerdict): CleaningStep[] {
  return [
    ...(marks.includes('failed') ? (['marked-failed'] as const) : []),
    ...(file === 'remove' ? (['removed'] as const) : []),
    ...(marks.includes('clean') ? (['marked-clean'] as const) : []),
  ];
}

function outcomeOf(verdict: ExportVerdict, ending: CleaningEnding | undefined): CleanedExport['outcome'] {
  if (ending?.problem) return 'refused';
  if (ending && !verdict.marks.every((mark) => ending.did.includes(`marked-${mark}`))) return 'changed';
  if (verdict.refused) return 'refused';
  return ending ? 'done' : 'planned';
}
