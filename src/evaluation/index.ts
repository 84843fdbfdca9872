/** Measuring what a model can do: tasks as pages, a harness that knows none by name, and baselines. */
import { nanoSuite } from "./nano-suite.js";
import type { Suite } from "./task.js";

export { episodeOf, promptOf, randomOf, writtenOut } from "./draw.js";
export { type EvaluateOptions, evaluate, type Measure, type Progress, type Report } from "./evaluate.node.js";
export { type Interval, wilson } from "./intervals.js";
export { exactWord } from "./metrics/exact-word.js";
export { nanoSuite } from "./nano-suite.js";
export { pixelNeighbour } from "./pixel-neighbour.js";
export { reportText } from "./report.js";
export type { Answerer, Episode, Shown, Suite, Task, Things } from "./task.js";

/** Every suite, by the name that `flamingo evaluate` takes. */
export const SUITES: readonly Suite[] = [nanoSuite];
