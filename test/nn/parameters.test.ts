import { describe, expect, it } from "vitest";
import { bind, filled, initFeedForward, initLinear, initNorm, normal } from "../../src/nn/layers.js";
import { countParameters, flatten, frozen, isParameter, mapParameters } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";

const random = new Random("parameters");
const tree = {
  embedding: normal(random.fork("embedding"), [5, 2], 1, false),
  blocks: [{ norm: initNorm(2), query: initLinear(random.fork("query"), 2, 3) }, { norm: initNorm(2) }],
  gate: filled([], 0),
};
const PATHS = [
  "embedding",
  "blocks.0.norm.gain",
  "blocks.0.norm.offset",
  "blocks.0.query.weight",
  "blocks.1.norm.gain",
  "blocks.1.norm.offset",
  "gate",
];

describe("a tree of parameters", () => {
  it("is flattened in its own order, names joined by dots, places in a list counted from 0", () => {
    expect([...flatten(tree).keys()]).toEqual(PATHS);
    expect(flatten(tree).get("gate")).toBe(tree.gate);
  });

  it("counts a scalar as one number", () => {
    expect(countParameters(tree)).toBe(10 + 2 + 2 + 6 + 2 + 2 + 1);
  });

  it("leaves out branches that are not there", () => {
    expect([...flatten({ shortcut: undefined, narrow: tree.gate }).keys()]).toEqual(["narrow"]);
  });

  it("is mapped leaf by leaf to a tree of the same form, under a root if one is given", () => {
    const paths = mapParameters(tree, (_, path) => path, "language");
    expect(paths.blocks[0]!.query).toEqual({ weight: "language.blocks.0.query.weight" });
    expect(paths.gate).toBe("language.gate");
  });

  it("is frozen as another tree over the same arrays", () => {
    const still = frozen(tree);
    expect([...flatten(still).values()].every(({ trained }) => !trained)).toBe(true);
    expect([...flatten(tree).values()].every(({ trained }) => trained)).toBe(true);
    expect(still.embedding.data).toBe(tree.embedding.data);
  });

  it("tells parameters from branches", () => {
    expect([isParameter(tree.gate), isParameter(tree.blocks), isParameter(null), isParameter({ data: [1] })]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("becomes values of a graph that carry its paths, sizes and whether they are trained", () => {
    const bound = bind({ ...tree, blocks: frozen(tree.blocks) }, "model");
    expect(bound.embedding.axes.map(({ size }) => size)).toEqual([5, 2]);
    expect(bound.gate.axes).toEqual([]);
    expect(bound.embedding.source).toEqual({ kind: "parameter", path: "model.embedding", trained: true });
    expect(bound.blocks[0]!.norm.gain.source).toEqual({
      kind: "parameter",
      path: "model.blocks.0.norm.gain",
      trained: false,
    });
  });
});

describe("initial parameters", () => {
  const deviation = (data: Float32Array) => Math.sqrt(data.reduce((total, x) => total + x * x, 0) / data.length);

  it("of a linear map keep the variance of its input: deviation 1 / sqrt(in), times the gain", () => {
    const wide = (gain?: number) => deviation(initLinear(new Random(1), 64, 1000, gain).weight.data);
    // Of 64,000 draws the deviation is right to 1 / sqrt(128,000) = 0.3%; four times that is allowed.
    expect(Math.abs(wide() * 8 - 1)).toBeLessThan(0.012);
    expect(Math.abs(wide(0.5) * 16 - 1)).toBeLessThan(0.012);
  });

  it("decay where they are matrices of products, and nowhere else", () => {
    const layer = initFeedForward(new Random(2), 4, 8);
    const decaying = [...flatten(layer)].filter(([, { decay }]) => decay).map(([path]) => path);
    expect(decaying).toEqual(["up.weight", "down.weight"]);
  });

  it("are the same for the same seed, and others for another", () => {
    const draw = (seed: number) => [...normal(new Random(seed), [8], 1).data];
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });
});
