import { describe, expect, it } from "vitest";
import { cast, gradients, graph, OPS, type OpName } from "../../src/graph/index.js";
import type { Op } from "../../src/graph/value.js";
import { checkGradients, checkValues } from "../support/check.js";
import { anyLoss } from "../support/loss.js";
import { CASES } from "./cases.js";
import { open } from "./filled.js";

/**
 * Float32 keeps 6e-8 of a number; sums of some ten products, and the engine's approximations of exp, tanh and erf, lose
 * a digit or two. The gradient graph holds a few constants as float32, so even in float64 it is right to 1e-7.
 */
const TOLERANCES = { value: 2e-6, differences: 1e-6, gradient: 5e-6 };

const names = Object.keys(OPS) as OpName[];
const gradientOf = (name: OpName) => (OPS as Record<OpName, Op<unknown>>)[name].gradient;

describe.each(names)("%s", (name) => {
  const rule = gradientOf(name);

  it.each(CASES[name].map((given) => [given.about, given] as const))("computes what it means: %s", async (_, given) => {
    const { feeds, result } = open(name, given);
    const node = graph({ result }).nodes.find(({ op }) => op.name === name);
    if (node === undefined) throw new Error(`the case makes no ${name}`);
    const outputs = node.outputs.map((y, i) => [`output ${i}`, y] as const);
    await checkValues({ result, ...Object.fromEntries(outputs) }, feeds, TOLERANCES.value);
  });

  if ("none" in rule) {
    it("has no gradient, and says why", () => {
      expect(rule.none.split(" ").length).toBeGreaterThan(3);
    });
    return;
  }

  const sloped = CASES[name].flatMap((given) => {
    const { inputs, feeds, result } = open(name, given);
    const wanted = new Map([...inputs].filter(([, x], i) => x.dtype === "float32" && !given.flat?.includes(i)));
    return wanted.size === 0 ? [] : [[given.about, result, wanted, feeds] as const];
  });
  it("has a case with a slope", () => {
    expect(sloped.length).toBeGreaterThan(0);
  });
  it.each(sloped)("has the slope of its central differences: %s", async (_, result, wanted, feeds) => {
    await checkGradients(anyLoss(result), wanted, feeds, TOLERANCES);
  });
  const flat = CASES[name].flatMap((given) => (given.flat ?? []).map((at) => [given.about, at, given] as const));
  if (flat.length === 0) return;
  it.each(flat)("refuses a gradient that would be zero: %s, input %i", (_, at, given) => {
    const { inputs, result } = open(name, given);
    expect(() => gradients(anyLoss(cast(result, "float32")), [[...inputs.values()][at]!])).toThrow(/does not depend/);
  });
});
