/** Training on every runtime: a Flamingo, whole, two steps. */
import { axes, input } from "../../src/graph/index.js";
import { visualTokens } from "../../src/model/flamingo.js";
import { bind } from "../../src/nn/layers.js";
import { flatten } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { portable } from "../../src/runtime/contract.js";
import { adamW, globalNorm } from "../../src/training/adamw.js";
import { interleavedLosses, perToken, type Shape } from "../../src/training/interleaved.js";
import { gradientName, trainingGraph, weighted } from "../../src/training/objective.js";
import type { Numbers } from "../support/numbers.js";
import type { ContractCase, Found, Place } from "./contract-cases.js";
import { ONCE, onceParameters } from "./contract-model.js";

const SHAPE: Shape = { batch: 2, text: 6, media: 2 };
const STEPS = 2;

async function train({ runtime, device }: Place): Promise<Found> {
  const { batch, text, media } = SHAPE;
  const { size } = ONCE.vision;
  const params = onceParameters();
  const bound = bind(params, "");
  const pixels = input("pixels", "float32", axes(batch * media, 1, size, size, 3));
  const losses = interleavedLosses(bound, ONCE, SHAPE, visualTokens(bound, ONCE, pixels));
  const built = trainingGraph(weighted(losses, perToken(SHAPE, "weights", "float32")));
  const state = new Map(
    [...flatten(params)].map(([path, { data, shape, decay }]) => [
      path,
      { data: data.slice(), shape, decay, first: new Float32Array(data.length), second: new Float32Array(data.length) },
    ]),
  );
  const random = new Random("contract").fork("batch");
  const words = () => Int32Array.from({ length: batch * text }, () => random.integer(ONCE.language.vocabulary));
  const feeds = {
    tokens: words(),
    targets: words(),
    lastMedia: Int32Array.from({ length: batch * text }, (_, i) => Math.floor((i % text) / 2)),
    weights: new Float32Array(batch * text).fill(1 / (batch * text)),
    pixels: Float32Array.from({ length: batch * media * size * size * 3 }, () => random.normal()),
  };
  await using program = await runtime.compile(portable(built, new Map()), { device });
  const perStep: number[] = [];
  const norms: number[] = [];
  for (let step = 1; step <= STEPS; step++) {
    const trained = [...state].filter(([path]) => built.inputs.has(path));
    const out = await program.run({ ...feeds, ...Object.fromEntries(trained) });
    perStep.push(Number(out.loss!.data[0]));
    const gradients = trained.map(([path]) => out[gradientName(path)]!.data as Float32Array);
    norms.push(globalNorm(gradients));
    for (const [i, [, own]] of trained.entries())
      adamW(
        own.data,
        gradients[i]!,
        own,
        { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.05 },
        { step, learningRate: 1e-2, decays: own.decay, scale: 1 },
      );
  }
  const numbers = (data: readonly number[]): Numbers => ({ shape: [data.length], data: Float64Array.from(data) });
  return { losses: numbers(perStep), "norms of the gradient": numbers(norms) };
}

export const TRAINING: readonly ContractCase[] = [
  {
    is: "trains: losses and gradients of two steps",
    run: train,
    // Differences of the first step, of 1e-6, are carried through the second.
    within: 1e-4,
  },
];
