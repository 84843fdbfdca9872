/** Training beside the machine's own limit and beside other engines. */
import type { Graph } from "#dist/graph/index.js";
import { flatten } from "#dist/nn/parameters.js";
import { portable, type Tensor } from "#dist/runtime/contract.js";
import { nodeRuntime } from "#dist/runtime/onnx.node.js";
import { startThread } from "#dist/runtime/thread.node.js";
import type { Trainer, TrainerInit } from "#dist/training/trainer.worker.js";
import { type Contestant, inTurns } from "./contest.js";
import { type ConvolutionSize, convolutionFeeds, convolutionGraph } from "./convolution.js";
import { type Effort, operations, type Page, type Row, table, timed, written } from "./measure.js";
import { startPeer } from "./peer.js";
import {
  FULL,
  initTransformer,
  SMALL,
  type TransformerSize,
  transformerFeeds,
  transformerGraph,
} from "./transformer.js";

export interface SpeedOptions {
  /** The Python that has PyTorch. */
  readonly python: string;
}

const RAW = "products of 1024 x 1024 matrices";
const ONE = "flamingo-ts";
const TWO = "flamingo-ts, the sum of two such gradients";
const OPTIMIZER = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, clip: 1 };

export async function speed(effort: Effort, options: SpeedOptions): Promise<Page> {
  const parts: Page[] = [];
  for (const width of effort.small ? [64] : [256, 512])
    parts.push(await transformerPart({ width, ...(effort.small ? SMALL : FULL) }, effort, options));
  const picture = effort.small ? { channels: 8, side: 4, batch: 2 } : { channels: 64, side: 16, batch: 64 };
  parts.push(await convolutionPart(picture, effort));
  const rows = parts.flatMap(({ rows }) => rows);
  const intro = [
    `Medians of ${effort.repetitions} turns, each engine after the other in one run, of two steps each, of which the second counts. Arithmetic is that of our graph's matrix`,
    `products and convolutions; the raw rate is that of ${RAW} through the same engine with as many threads.`,
  ];
  const summary = table([
    ["figure", "value", "against", "ratio", "wanted"],
    ...rows.map(({ name, value, unit, against, ratio, target }) => [
      name,
      `${written(value, value < 100 ? 1 : 0)} ${unit}`,
      against,
      written(ratio, 2),
      target === null ? "" : written(target, 2),
    ]),
  ]);
  return { rows, text: [intro.join(" "), ...parts.map(({ text }) => text), "## In short", summary].join("\n\n") };
}

async function transformerPart(size: TransformerSize, effort: Effort, { python }: SpeedOptions): Promise<Page> {
  const { width, layers, vocabulary, batch, text } = size;
  const params = initTransformer(size);
  const graph = transformerGraph(params, size);
  const peer = (command: string, script: string, ...flags: string[]) => ({
    start: () => peerContestant(command, [script, String(width), ...flags, ...(effort.small ? ["--small"] : [])]),
  });
  const torch = (...flags: string[]) => peer(python, "tools/reference/transformer_step.py", ...flags);
  const node = (script: string) => peer(process.execPath, `bench/peers/${script}.mjs`);
  const peers = {
    "PyTorch, eager": { ...torch(), target: 1 },
    "PyTorch, compiled": { ...torch("--compile"), target: 1 },
    // Several times slower: one width is enough.
    ...(width > 256
      ? {}
      : { "jax-js": { ...node("jax-js"), target: 4 }, "TensorFlow.js WASM": { ...node("tfjs-wasm"), target: 4 } }),
  };
  const { results, about, absent, raw } = await inTurns(
    {
      [ONE]: () => trainerContestant(graph, params, size, 1),
      [TWO]: () => trainerContestant(graph, params, size, 2),
      ...Object.fromEntries(Object.entries(peers).map(([name, { start }]) => [name, start])),
    },
    effort,
  );
  const gigaflop = operations(graph) / 1e9;
  const [one, two] = [results.get(ONE)!, results.get(TWO)!];
  const rate = (1000 * gigaflop) / one.milliseconds;
  const share = (name: string, { milliseconds, outside }: typeof one): Row => ({
    name: `${name}, width ${width}`,
    value: outside,
    unit: "ms",
    against: "the step",
    ratio: outside / milliseconds,
    target: 0.08,
  });
  const rows: Row[] = [
    { name: `step of width ${width}`, value: rate, unit: "GFLOP/s", against: RAW, ratio: rate / raw, target: 0.6 },
    share("AdamW", one),
    share("AdamW and accumulation", two),
    ...Object.entries(peers).flatMap(([name, { target }]): Row[] => {
      const theirs = results.get(name);
      if (theirs === undefined) return [];
      const ratio = theirs.milliseconds / one.milliseconds;
      return [{ name: `step of width ${width}`, value: one.milliseconds, unit: "ms", against: name, ratio, target }];
    }),
  ];
  const parameters = [...flatten(params).values()].reduce((sum, { data }) => sum + data.length, 0);
  const what = [
    `${layers} layers, ${written(parameters)} parameters, a vocabulary of ${written(vocabulary)}, ${batch} x ${text} tokens:`,
    `${written(gigaflop, 1)} GFLOP forwards and backwards, then clipping and AdamW. Raw rate: ${written(raw)} GFLOP/s.`,
  ];
  const engines = [...results].map(([name, { milliseconds }]) => {
    const passes = name === TWO ? 2 : 1;
    const perSecond = (1000 * passes) / milliseconds;
    return [name, written(milliseconds), written(perSecond * gigaflop), written(perSecond * batch * text)];
  });
  return {
    rows,
    text: [
      `## A transformer of width ${width}`,
      what.join(" "),
      table([["engine", "step, ms", "GFLOP/s", "tokens/s"], ...engines]),
      ...(about.length === 0 ? [] : [`Beside ours: ${about.join("; ")}.`]),
      ...absent,
    ].join("\n\n"),
  };
}

async function convolutionPart(size: ConvolutionSize, effort: Effort): Promise<Page> {
  const graph = convolutionGraph(size);
  const { results, raw } = await inTurns({ [ONE]: () => convolutionContestant(graph, size) }, effort);
  const gigaflop = operations(graph) / 1e9;
  const { milliseconds } = results.get(ONE)!;
  const rate = (1000 * gigaflop) / milliseconds;
  const { channels, side, batch } = size;
  const what = [
    `3 x 3, ${channels} channels, ${batch} pictures of ${side} x ${side}, forwards and backwards to the input and to the weight:`,
    `${written(gigaflop, 1)} GFLOP in ${written(milliseconds, 1)} ms, ${written(rate)} GFLOP/s. Raw rate: ${written(raw)} GFLOP/s.`,
  ];
  const name = `convolution of ${channels} channels`;
  return {
    rows: [{ name, value: rate, unit: "GFLOP/s", against: RAW, ratio: rate / raw, target: 0.5 }],
    text: ["## A convolution", what.join(" ")].join("\n\n"),
  };
}

/** Our training thread; with more than one objective, all of them the same graph. */
async function trainerContestant(
  graph: Graph,
  params: ReturnType<typeof initTransformer>,
  size: TransformerSize,
  objectives: number,
): Promise<Contestant> {
  const module = new URL(import.meta.resolve("#dist/training/trainer.worker.js"));
  const thread = await startThread<Trainer>(module, {
    objectives: Array.from({ length: objectives }, (_, i) => ({
      name: `batch ${i + 1}`,
      weight: 1 / objectives,
      graph: portable(graph, new Map()),
    })),
    parameters: [...flatten(params)].map(([path, { shape, decay, data }]) => {
      const zeros = () => new Float32Array(data.length);
      return { path, shape, decay, data: data.slice(), first: zeros(), second: zeros() };
    }),
    optimizer: OPTIMIZER,
  } satisfies TrainerInit);
  const feeds = Array<ReturnType<typeof transformerFeeds>>(objectives).fill(transformerFeeds(size));
  let step = 0;
  return {
    async turn() {
      let outside = 0;
      const milliseconds = await timed(async () => {
        outside = (await thread.remote.step(feeds, { step: ++step, learningRate: 1e-4 })).optimizerMs;
      });
      return { milliseconds, outside };
    },
    [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
  };
}

/** Convolutions in a turn. */
const RUNS = 8;

async function convolutionContestant(graph: Graph, size: ConvolutionSize): Promise<Contestant> {
  const program = await nodeRuntime.compile(portable(graph, new Map()));
  const feeds = convolutionFeeds(size);
  const into = Object.fromEntries(
    [...graph.outputs].map(([name, { axes }]): [string, Tensor] => {
      const shape = axes.map((axis) => axis.size!);
      return [name, { data: new Float32Array(shape.reduce((p, n) => p * n, 1)), shape }];
    }),
  );
  return {
    // One alone would be over in no time.
    async turn() {
      const milliseconds = await timed(async () => {
        for (let run = 0; run < RUNS; run++) await program.run(feeds, into);
      });
      return { milliseconds: milliseconds / RUNS };
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

async function peerContestant(command: string, args: readonly string[]): Promise<Contestant> {
  const peer = await startPeer(command, args);
  const { name, version, threads } = peer.introduction;
  return {
    about: `${name} ${version}, ${threads} threads`,
    turn: () => peer.step(),
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}
