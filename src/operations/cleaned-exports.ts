import type { Finding } from '../model/verification';
import type { ExportVerdict } from '../plan/plan-export-cleaning';

/** One task of the table of exports: what was to be done, and what was. */
export interface CleanedExport extends Omit<ExportVerdict, 'refused'> {
  /**
   * `changed`: somebody else changed the row meanwhile, so the rest is left to the next run. `refused`: the file is not to
   * be touched or could not be removed; a finding says why.
   */
  readonly outcome: 'planned' | 'done' | 'changed' | 'refused';
  /** Empty in a dry run. */
  readonly did: readonly CleaningStep[];
}
export type CleaningStep = 'marked-failed' | 'removed' | 'marked-clean';
/** Of a dry run: what would be done. */
export interface CleaningTotals {
  readonly tasks: number;
  /** Files that are removed, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Tasks marked as clean because their file had gone already, or because they never had one. */
  readonly gone: number;
  readonly withoutFile: number;
  readonly markedClean: number;
  readonly markedFailed: number;
  /** Tasks past their time that stay as they are: their link works, or their file is in another store. */
  readonly left: number;
  readonly refused: number;
  readonly changed: number;
}
export interface CleanExportsResult {
  readonly dryRun: boolean;
  /** The server's clock at the beginning, in UTC, in the form of the table's times. */
  readonly now: string;
  readonly folder: string;
  readonly table: string;
  readonly keepDays: number;
  /** The first 10,000. */
  readonly tasks: readonly CleanedExport[];
  readonly totals: CleaningTotals;
  /** The first 1,000. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
}
