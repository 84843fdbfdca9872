/** Learning rates over a run. */

/** How the learning rate goes over a run. */
export interface Schedule {
  /** Highest learning rate. */
  readonly peak: number;
  /** Steps over which it rises linearly from 0. */
  readonly warmup: number;
  /** After warm-up: stay, or fall along half a cosine to `floor` times the peak at the last step. */
  readonly then: "constant" | "cosine";
  readonly floor?: number;
}

/** The learning rate of a step, counted from 1. @source arXiv:2204.14198, section B.1.2 (constant after warm-up) */
export function learningRate({ peak, warmup, then, floor = 0 }: Schedule, step: number, steps: number): number {
  if (step < warmup) return (peak * step) / warmup;
  if (then === "constant") return peak;
  const way = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return peak * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * way)));
}
