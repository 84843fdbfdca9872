/** The training loop: batches here, steps in the training thread, a log, checkpoints, exact resumption. */
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, writeAtomically } from "../atomic.node.js";
import type { Weight } from "../graph/index.js";
import { flatten, storedIn } from "../nn/parameters.js";
import { Random } from "../random.js";
import { portable } from "../runtime/contract.js";
import { startThread } from "../runtime/thread.node.js";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.node.js";
import type { Run, RunOptions, Stage } from "./run.js";
import { learningRate } from "./schedule.js";
import type { TrainedParameter, Trainer, TrainerInit } from "./trainer.worker.js";

export interface LoopOptions {
  /** Folder for `log.jsonl`, `checkpoint.safetensors` and `model/`. */
  readonly out: string;
  /** Stop after this many steps; the schedule is that of the page's own count. Default: the page's count. */
  readonly steps?: number;
  /** Go on from the checkpoint in `out`, if there is one. */
  readonly resume?: boolean;
  readonly threads?: number;
  /** Seconds between checkpoints; default 60. */
  readonly checkpointEverySeconds?: number;
  /** Called after every step. */
  readonly onStep?: (line: LogLine) => void;
  /** When it fires, the loop finishes its step, writes a checkpoint and returns; before the first step it returns at once. */
  readonly signal?: AbortSignal;
  /** Passed to the page. */
  readonly run?: RunOptions;
}

/** A line of `log.jsonl`. Everything but `milliseconds` is the same in every session that trains this page. */
export interface LogLine {
  readonly step: number;
  /** Weighted sum of the objectives' losses. */
  readonly loss: number;
  /** Per objective, its scalars. */
  readonly objectives: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly tokens: number;
  readonly milliseconds: number;
}

/**
 * Trains a run page.
 * @returns the step reached; less than asked for when `signal` fired
 * @throws {CheckpointError} when `resume` finds a checkpoint of another run or other parameters
 * @throws {OutputError} when `out` cannot be written, before any data is loaded
 */
export async function train(run: Run, options: LoopOptions): Promise<number> {
  const steps = options.steps ?? run.steps;
  await makeFolder(options.out);
  const stage = await run.open(options.run ?? {});
  try {
    return await trainStage(run, stage, steps, options);
  } finally {
    await stage.close?.();
  }
}

async function trainStage(run: Run, stage: Stage, steps: number, options: LoopOptions): Promise<number> {
  const parameters = withState(stage);
  const files = { log: join(options.out, "log.jsonl"), checkpoint: join(options.out, "checkpoint.safetensors") };
  const saved = options.resume === true ? await readCheckpoint(files.checkpoint, run.name, parameters) : undefined;
  const first = (saved?.step ?? 0) + 1;
  const stopped = () => options.signal?.aborted === true;
  if (stopped()) return first - 1;
  await startLog(files.log, first - 1);

  const init: TrainerInit = {
    objectives: stage.objectives.map(({ name, weight, graph }) => ({
      name,
      weight,
      graph: portable(graph, frozenWeights(stage)),
    })),
    parameters: saved?.parameters ?? parameters,
    optimizer: run.optimizer,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  };
  const module = new URL("./trainer.worker.js", import.meta.url);
  await using thread = await startThread<Trainer>(module, init, { name: "training thread" });

  const drawn = new Random(run.seed).fork("batches");
  const batches = (step: number) =>
    Promise.all(stage.objectives.map(async ({ name, batch }) => batch(drawn.fork(`${name} ${step}`), step)));
  const keep = async (step: number) => {
    const checkpoint: Checkpoint = { run: run.name, step, parameters: await thread.remote.state() };
    await writeCheckpoint(files.checkpoint, checkpoint);
    copyInto(stage, checkpoint.parameters);
  };

  let step = first - 1;
  let kept = performance.now();
  if (stopped()) return step;
  let next = batches(first);
  while (step < steps && !stopped()) {
    step++;
    const began = performance.now();
    const rate = learningRate(run.schedule, step, run.steps);
    const pending = thread.remote.step(await next, { step, learningRate: rate });
    next = step < steps ? batches(step + 1) : Promise.resolve([]);
    const [{ scalars, gradientNorm }] = await Promise.all([pending, next]);
    const line: LogLine = {
      step,
      loss: scalars.reduce((sum, { loss }, i) => sum + stage.objectives[i]!.weight * loss!, 0),
      objectives: Object.fromEntries(stage.objectives.map(({ name }, i) => [name, scalars[i]!])),
      gradientNorm,
      learningRate: rate,
      tokens: stage.objectives.reduce((sum, { tokens }) => sum + tokens, 0),
      milliseconds: Math.round(performance.now() - began),
    };
    await appendFile(files.log, `${JSON.stringify(line)}\n`);
    options.onStep?.(line);
    if (performance.now() - kept > 1000 * (options.checkpointEverySeconds ?? 60)) {
      await keep(step);
      kept = performance.now();
    }
  }
  await keep(step);
  if (step >= steps) await stage.save(join(options.out, "model"));
  return step;
}

/** Trained parameters with an optimizer state of zeros. */
function withState(stage: Stage): TrainedParameter[] {
  return [...flatten(stage.params)]
    .filter(([, { trained }]) => trained)
    .map(([path, { shape, decay, data }]) => ({
      path,
      shape,
      decay,
      data,
      first: new Float32Array(data.length),
      second: new Float32Array(data.length),
    }));
}

function frozenWeights(stage: Stage): Map<string, Weight> {
  const parameters = flatten(stage.params);
  return new Map([...storedIn(stage.params)].filter(([path]) => parameters.get(path)?.trained !== true));
}

/** Brings the page's own tree up to what the thread has learnt. */
function copyInto(stage: Stage, parameters: readonly TrainedParameter[]): void {
  const own = flatten(stage.params);
  for (const { path, data } of parameters) own.get(path)!.data.set(data);
}

/**
 * Keeps the log's lines up to a step, and none after it: what follows will be trained again. A last line without its
 * end was being written when its session was killed.
 */
async function startLog(path: string, upTo: number): Promise<void> {
  const text = upTo === 0 ? "" : await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").slice(0, -1);
  const kept = lines.filter((line) => (JSON.parse(line) as LogLine).step <= upTo);
  await writeAtomically(path, new TextEncoder().encode(kept.map((line) => `${line}\n`).join("")));
}
