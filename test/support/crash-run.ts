import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { DurableStep } from '../../src/support/durable-step';

/** How often each step was carried out. */
export type StepCounts = Partial<Record<DurableStep, number>>;

/** Before or after the N-th time a step is carried out; the first is 1. */
export interface CrashMoment {
  readonly step: DurableStep;
  readonly moment: 'before' | 'after';
  readonly occurrence: number;
}

export interface CrashEnding {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  /** Of a run that was only counted. */
  readonly counts: StepCounts;
  readonly output: string;
}

export const nameOfMoment = ({ step, moment, occurrence }: CrashMoment) => `${moment} ${step} ${occurrence}`;

/** Every occurrence of every one of `steps`, from before and from after; `pick` may narrow the occurrences of a step. */
export function momentsOf(
  steps: readonly DurableStep[],
  counts: StepCounts,
  pick = (_: DurableStep, count: number) => Array.from({ length: count }, (_, index) => index + 1),
): CrashMoment[] {
  return steps.flatMap((step) =>
    pick(step, counts[step] ?? 0).flatMap((occurrence) => [
      { step, moment: 'before' as const, occurrence },
      { step, moment: 'after' as const, occurrence },
    ]),
  );
}

/** Runs a command line in crash-child, a process of its own, and waits until it is gone, so that its pid answers no longer. */
export async function runCrashChild(plan: CrashMoment | 'count', argv: readonly string[]): Promise<CrashEnding> {
  const words = plan === 'count' ? ['count', '', ''] : [plan.step, plan.moment, String(plan.occurrence)];
  const child = fork(join(__dirname, 'crash-child.js'), [...words, ...argv], { silent: true });
  let counts: StepCounts = {};
  let output = '';
  child.on('message', (message) => {
    counts = message as StepCounts;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += String(chunk);
    });
  }
  return await new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, counts, output }));
  });
}
