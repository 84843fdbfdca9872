import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { axes, axis, gradients, graph, input, mul, reshape, sum, type Value } from "../../src/graph/index.js";
import { gatedCrossAttention, perceiverResampler, visualKeysAndValues } from "../../src/model/flamingo.js";
import {
  type GatedConfig,
  initGatedBlock,
  initResampler,
  type ResamplerConfig,
} from "../../src/model/flamingo-parameters.js";
import { flatten } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { expectClose, runEngine } from "../support/check.js";
import { evaluate, type Numbers } from "../support/evaluate.js";
import { numbersOf } from "../support/feeds.js";
import { blocksLook, maskLook } from "../support/look.js";
import { bound } from "../support/parameters.js";

/** Written by tools/reference/gated.py: the paper's description in PyTorch, token by token, in float64. */
const reference = JSON.parse(readFileSync(new URL("../fixtures/gated.json", import.meta.url), "utf8")) as {
  config: { resampler: ResamplerConfig; gated: GatedConfig };
  lastMedia: number[][];
} & Record<"inputs" | "parameters" | "results" | "gradients", Record<string, { shape: number[]; data: number[] }>>;

/** The file keeps nine digits; the largest of its numbers are near 10. */
const FLOAT64 = 1e-7;
/** Two resampler layers and a gated block in float32: a hundred operations on numbers near 1. */
const FLOAT32 = 1e-5;

const held = (from: Record<string, { shape: number[]; data: number[] }>): Map<string, Numbers> =>
  new Map(Object.entries(from).map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]));
const [results, slopes, parameters] = [held(reference.results), held(reference.gradients), held(reference.parameters)];
const { resampler, gated } = reference.config;
const [media, latents, width] = results.get("visual")!.shape as [number, number, number];
const [batch, text] = results.get("result")!.shape as [number, number];

const [, frames, patches, visionWidth] = reference.inputs.features!.shape as [number, number, number, number];
const ours = {
  resampler: initResampler(new Random(0), resampler, visionWidth, width),
  gated: initGatedBlock(new Random(0), gated, width),
};
const { params: resamplerParams, trained: resamplerTrained } = bound(ours.resampler, "resampler");
const { params: block, trained: gatedTrained } = bound(ours.gated, "gated");
const features = input(
  "features",
  "float32",
  axes(axis("media", media), axis("frames", frames), axis("patches", patches), visionWidth),
);
const stream = input("text", "float32", axes(axis("batch", batch), axis("text", text), width));
const visual = perceiverResampler(resamplerParams, resampler, features);
const seen = visualKeysAndValues(
  block,
  gated,
  reshape(visual, [axis("batch", batch), axis("seen", (media / batch) * latents), width]),
);
const wanted = new Map<string, Value>([...resamplerTrained, ...gatedTrained, ["features", features], ["text", stream]]);

describe("beside PyTorch's resampler and gated cross-attention, on the same numbers", () => {
  it("our parameters have the reference's names and shapes", () => {
    const shapes = (entries: Iterable<[string, { shape: readonly number[] }]>) =>
      Object.fromEntries([...entries].map(([path, { shape }]) => [path, [...shape]]));
    expect(shapes(flatten(ours))).toEqual(shapes(parameters));
  });

  it.each([
    ["mask", maskLook(reference.lastMedia, media / batch, latents)],
    ["blocks", blocksLook(reference.lastMedia, media / batch)],
  ] as const)(
    "they read the same, with the same slopes of every parameter and input (F4.7): form %s",
    async (_, { look, feeds }) => {
      const read = gatedCrossAttention(block, gated, stream, seen, look);
      const weights = input("weights", "float32", stream.axes);
      const toAll = gradients(sum(mul(read, weights), [0, 1, 2]), [...wanted.values()]);
      const all = new Map([...held(reference.inputs), ...parameters, ...feeds]);

      const outputs = {
        visual,
        result: read,
        ...Object.fromEntries([...wanted.keys()].map((name, i) => [`to ${name}`, toAll[i]!])),
      };
      const exact = evaluate(Object.values(outputs), all);
      const engine = await runEngine(graph(outputs), all);
      Object.keys(outputs).forEach((name, i) => {
        const expected = results.get(name) ?? slopes.get(name.slice("to ".length))!;
        const scale = Math.max(1, ...expected.data.map(Math.abs));
        expectClose(exact[i]!, expected, FLOAT64 * scale, `${name} in float64`);
        expectClose(numbersOf(engine[name]!), expected, FLOAT32 * scale, `${name} on the engine`);
      });
    },
  );
});
