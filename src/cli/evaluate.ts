/** `flamingo evaluate`: a suite's measures of a model. */
import { UsageError } from "../errors.js";
import { type EvaluateOptions, evaluate as measure, reportText, SUITES } from "../evaluation/index.js";
import { openFlamingo } from "../generation/flamingo.node.js";
import type { Io } from "./io.js";
import { inWords, progressOn } from "./progress.js";

export interface EvaluateFlags {
  readonly model?: string;
  readonly omniglot?: string;
  readonly episodes?: number;
  readonly only?: readonly string[];
  readonly threads?: number;
  readonly json?: boolean;
}

/** Measures, telling how far it is on the error output. @throws {UsageError} for a suite or a task that there is not */
export async function evaluate([name]: readonly string[], flags: EvaluateFlags, io: Io): Promise<undefined> {
  const suite = SUITES.find((known) => known.name === name);
  if (suite === undefined)
    throw new UsageError(`There is no suite ${name}.`, `name one of ${SUITES.map((known) => known.name).join(", ")}`);
  const { omniglot, episodes, only, threads } = flags;
  const progress = progressOn(io);
  await using flamingo = await openFlamingo(flags.model, threads === undefined ? {} : { threads });
  const options: EvaluateOptions = {
    ...(omniglot === undefined ? {} : { omniglot }),
    ...(episodes === undefined ? {} : { episodes }),
    ...(only === undefined ? {} : { only }),
    onProgress: ({ task, done, of, right, elapsedMs }) => {
      const left = inWords((elapsedMs / done) * (of - done));
      progress.tell(`${task}  ${done}/${of}  ${((100 * right) / done).toFixed(1)}% right  ${left} left`, done === of);
    },
  };
  const report = await measure(flamingo, suite, options);
  progress.end();
  io.out(flags.json ? `${JSON.stringify(report)}\n` : reportText(report, suite));
}
