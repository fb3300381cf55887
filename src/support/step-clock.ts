/** Measures steps that take turns: each lap gives the time since the last one to a step. */
export class StepClock<Step extends string> {
  readonly #ms = new Map<Step, number>();
  #since = performance.now();

  lap(step: Step): void {
    const now = performance.now();
    this.#ms.set(step, (this.#ms.get(step) ?? 0) + now - this.#since);
    this.#since = now;
  }

  /** Whole milliseconds; 0 for a step that never came. */
  ms(step: Step): number {
    return Math.round(this.#ms.get(step) ?? 0);
  }
}
