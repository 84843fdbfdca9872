/** The training thread: the compiled losses, the trained parameters and the optimizer's state live here together. */
import type { ArrayOf } from "../graph/index.js";
import type { Device, PortableGraph, Program, Tensor } from "../runtime/contract.js";
import { nodeRuntime } from "../runtime/onnx.node.js";
import { serve } from "../runtime/thread.node.js";
import { type AdamWOptions, accumulate, adamW, globalNorm, type Moments } from "./adamw.js";
import { Arena } from "./arena.js";
import { NotFiniteError } from "./errors.js";
import { gradientName } from "./objective.js";

export interface TrainerInit {
  readonly objectives: readonly { readonly name: string; readonly weight: number; readonly graph: PortableGraph }[];
  readonly parameters: readonly TrainedParameter[];
  readonly optimizer: AdamWOptions & {
    /** Largest norm of the gradient of all parameters together. */
    readonly clip: number;
  };
  readonly threads?: number;
  /** What computes losses and gradients: the CPU unless told. */
  readonly device?: Device;
}

/** A trained parameter with its optimizer state: all that a checkpoint keeps of it. */
export interface TrainedParameter extends Moments {
  readonly path: string;
  readonly shape: readonly number[];
  readonly decay: boolean;
  readonly data: Float32Array;
}

export interface StepReport {
  /** Per objective, every scalar its graph gives besides gradients; `loss` among them. */
  readonly scalars: readonly Readonly<Record<string, number>>[];
  /** Norm of the weighted, accumulated gradient, before clipping. */
  readonly gradientNorm: number;
  /** Milliseconds that the step spent outside the engine: accumulating, clipping and AdamW. */
  readonly optimizerMs: number;
}

export type Trainer = {
  /** One update: every objective's gradient, weighted and accumulated, clipped, then AdamW. */
  step(
    feeds: readonly Readonly<Record<string, Tensor | ArrayOf>>[],
    at: { step: number; learningRate: number },
  ): Promise<StepReport>;
  /** The parameters and the optimizer's state as they stand. */
  state(): TrainedParameter[];
};

serve<Trainer>(async ({ objectives, parameters: given, optimizer, threads, device = "cpu" }: TrainerInit) => {
  const programs: Program[] = [];
  for (const { graph } of objectives)
    programs.push(await nodeRuntime.compile(graph, { device, ...(threads === undefined ? {} : { threads }) }));
  // Parameter, gradient and both moments of each; and for more than one objective, the gradient of the one at work.
  const arrays = objectives.length > 1 ? 5 : 4;
  const arena = Arena.for(given.flatMap(({ data }) => Array<number>(arrays).fill(data.length)));
  const zeros = (length: number) => arena?.take(length) ?? new Float32Array(length);
  const moved = (from: Float32Array) => {
    const to = zeros(from.length);
    to.set(from);
    return to;
  };
  const parameters = given.map(
    (parameter): TrainedParameter => ({
      ...parameter,
      data: moved(parameter.data),
      first: moved(parameter.first),
      second: moved(parameter.second),
    }),
  );
  /** For each objective, the parameters that its graph reads. */
  const read = objectives.map(({ graph }) =>
    Object.fromEntries(
      parameters.filter(({ path }) => path in graph.inputs).map(({ path, data, shape }) => [path, { data, shape }]),
    ),
  );
  const blank = () => new Map(parameters.map(({ path, data, shape }) => [path, { data: zeros(data.length), shape }]));
  const total = blank();
  const scratch = objectives.length > 1 ? blank() : total;
  // The first objective's gradient is the sum's first term as the engine writes it: its weight is a factor on the whole.
  const whole = objectives[0]!.weight;

  return {
    async step(feeds, { step, learningRate }) {
      const scalars: Record<string, number>[] = [];
      let optimizerMs = 0;
      for (const [i, program] of programs.entries()) {
        const { name, weight, graph } = objectives[i]!;
        const into = i === 0 ? total : scratch;
        const used = parameters.filter(({ path }) => gradientName(path) in graph.outputs);
        const outputs = await program.run(
          { ...read[i], ...feeds[i] },
          Object.fromEntries(used.map(({ path }) => [gradientName(path), into.get(path)!])),
        );
        scalars.push(
          Object.fromEntries(
            Object.keys(graph.outputs)
              .filter((output) => !output.startsWith(gradientName("")))
              .map((output) => [output, Number(outputs[output]!.data[0])]),
          ),
        );
        if (!Number.isFinite(scalars[i]!.loss))
          throw new NotFiniteError(`the loss of ${name}`, step, scalars[i]!.loss!);
        const ran = performance.now();
        for (const { path } of parameters) {
          const sum = total.get(path)!.data;
          const own = outputs[gradientName(path)]?.data as Float32Array | undefined;
          if (i === 0 && own === undefined) sum.fill(0);
          else if (i > 0 && own !== undefined) accumulate(sum, own, weight / whole);
        }
        optimizerMs += performance.now() - ran;
      }
      const accumulated = performance.now();
      const gradientNorm = whole * globalNorm([...total.values()].map(({ data }) => data));
      if (!Number.isFinite(gradientNorm)) throw new NotFiniteError("the gradient's norm", step, gradientNorm);
      const scale = whole * (gradientNorm > optimizer.clip ? optimizer.clip / gradientNorm : 1);
      for (const parameter of parameters) {
        const at = { step, learningRate, decays: parameter.decay, scale };
        adamW(parameter.data, total.get(parameter.path)!.data, parameter, optimizer, at);
      }
      return { scalars, gradientNorm, optimizerMs: optimizerMs + performance.now() - accumulated };
    },
    // Copies of their own: sent as they are, each array would take the whole arena along.
    state: () =>
      parameters.map((parameter) => ({
        ...parameter,
        data: parameter.data.slice(),
        first: parameter.first.slice(),
        second: parameter.second.slice(),
      })),
  };
});
