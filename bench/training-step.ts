/** One step of a training: the gradients of every objective, and AdamW; beside what the engine can do at best. */
import type { Weight } from "#dist/graph/index.js";
import { flatten } from "#dist/nn/parameters.js";
import { Random } from "#dist/random.js";
import { type Device, portable } from "#dist/runtime/contract.js";
import { startThread } from "#dist/runtime/thread.node.js";
import type { Run, RunOptions } from "#dist/training/run.js";
import { RUNS } from "#dist/training/runs/index.js";
import type { Trainer, TrainerInit } from "#dist/training/trainer.worker.js";
import { type Effort, matmulProbe, median, operations, type Page, table, timed, written } from "./measure.js";

export interface TrainingStepOptions {
  /** Run pages by name. */
  readonly runs: readonly string[];
  /** Passed to each page, if it accepts the option. */
  readonly page: RunOptions;
  readonly device?: Device;
}

interface Measured {
  readonly name: string;
  readonly parameters: number;
  readonly tokens: number;
  readonly gigaflop: number;
  readonly milliseconds: readonly number[];
  /** The raw rate beside each step. */
  readonly raw: readonly number[];
}

export async function trainingStep(effort: Effort, { runs, page, device = "cpu" }: TrainingStepOptions): Promise<Page> {
  const rows: Measured[] = [];
  for (const name of runs) {
    const run = RUNS.find((one) => one.name === name);
    if (run === undefined)
      throw new Error(`there is no run page ${name}; there are ${RUNS.map((one) => one.name).join(", ")}`);
    rows.push(await measureRun(run, page, effort, device));
  }
  const text = [
    [
      "Milliseconds of one update in the training thread: forward, backward and optimizer, on batches drawn before.",
      "The arithmetic is that of matrix products and convolutions alone. The raw rate is that of products of 1024 x 1024",
      "matrices through the same engine with as many threads, measured before every step. Medians.",
    ].join(" "),
    "",
    table([
      [
        "run",
        "trained parameters",
        "tokens",
        "arithmetic, GFLOP",
        "step, ms",
        "tokens/s",
        "GFLOP/s",
        "raw GFLOP/s",
        "of raw",
      ],
      ...rows.map(({ name, parameters, tokens, gigaflop, milliseconds, raw }) => {
        const step = median(milliseconds);
        const rate = (1000 * gigaflop) / step;
        return [
          name,
          written(parameters),
          written(tokens),
          written(gigaflop, 1),
          written(step),
          written((1000 * tokens) / step),
          written(rate),
          written(median(raw)),
          written(rate / median(raw), 2),
        ];
      }),
    ]),
    "",
    "Tokens are those that a step predicts; for a run without text, pictures.",
  ].join("\n");
  return {
    text,
    rows: rows.map(({ name, gigaflop, milliseconds, raw }) => {
      const rate = (1000 * gigaflop) / median(milliseconds);
      const ratio = rate / median(raw);
      return { name, value: rate, unit: "GFLOP/s", against: "products of 1024 x 1024 matrices", ratio, target: null };
    }),
  };
}

async function measureRun(
  run: Run,
  page: RunOptions,
  { repetitions, small }: Effort,
  device: Device,
): Promise<Measured> {
  const accepted = Object.entries(page).filter(([name]) => run.accepts !== undefined && name in run.accepts);
  const stage = await run.open(Object.fromEntries(accepted));
  const all = flatten(stage.params);
  const frozen: Map<string, Weight> = new Map([...all].filter(([, { trained }]) => !trained));
  const trained = [...all].filter(([, parameter]) => parameter.trained);
  await using raw = await matmulProbe({ repetitions, small });
  await using thread = await startThread<Trainer>(new URL(import.meta.resolve("#dist/training/trainer.worker.js")), {
    objectives: stage.objectives.map(({ name, weight, graph }) => ({ name, weight, graph: portable(graph, frozen) })),
    parameters: trained.map(([path, { shape, decay, data }]) => {
      const zeros = () => new Float32Array(data.length);
      return { path, shape, decay, data, first: zeros(), second: zeros() };
    }),
    optimizer: run.optimizer,
    device,
  } satisfies TrainerInit);
  const random = new Random("bench");
  const feeds = await Promise.all(stage.objectives.map(async ({ name, batch }) => batch(random.fork(name), 1)));
  await stage.close?.();
  const rates: number[] = [];
  const milliseconds: number[] = [];
  for (let i = 0; i <= repetitions; i++) {
    const rate = await raw.measure();
    const step = await timed(() => thread.remote.step(feeds, { step: i + 1, learningRate: 1e-4 }));
    // The first step allocates what the others use again.
    if (i > 0 || small) [rates, milliseconds].forEach((list, which) => void list.push(which === 0 ? rate : step));
  }
  return {
    name: run.name,
    parameters: trained.reduce((sum, [, { data }]) => sum + data.length, 0),
    tokens: stage.objectives.reduce((sum, { tokens }) => sum + tokens, 0),
    gigaflop: stage.objectives.reduce((sum, { graph }) => sum + operations(graph), 0) / 1e9,
    milliseconds,
    raw: rates,
  };
}
