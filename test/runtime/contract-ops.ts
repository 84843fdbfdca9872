/** Every op of the graph with its gradients, on every runtime: the cases that the tests of ops have. */
import { type Graph, gradients, graph, OPS, type OpName, type Value } from "../../src/graph/index.js";
import type { Op } from "../../src/graph/value.js";
import { portable } from "../../src/runtime/contract.js";
import { CASES } from "../graph/cases.js";
import { type Case, open } from "../graph/filled.js";
import { fed, numbersOf } from "../support/feeds.js";
import { anyLoss } from "../support/loss.js";
import type { Numbers } from "../support/numbers.js";
import type { ContractCase, Found, Place } from "./contract-cases.js";

/**
 * Kernels of the CPU and of a GPU add in another order and approximate exp, tanh and erf in their own ways: float32 keeps
 * 6e-8 of a number, and the largest difference seen is 1.4e-6.
 */
const WITHIN = 5e-6;

/** On WebGPU the first case of each op: a software GPU takes a fifth of a second to compile the kernels of one. */
const casesOf = (name: OpName, { device }: Place) => CASES[name].slice(0, device === "webgpu" ? 1 : undefined);

function graphOf(name: OpName, given: Case): { built: Graph; feeds: ReadonlyMap<string, Numbers> } {
  const { inputs, feeds, result } = open(name, given);
  const outputs: Record<string, Value> = { result };
  const sloped = [...inputs.values()].filter((x, i) => x.dtype === "float32" && !given.flat?.includes(i));
  if (!("none" in (OPS as Record<OpName, Op<unknown>>)[name].gradient) && sloped.length > 0)
    gradients(anyLoss(result), sloped).forEach((gradient, i) => {
      outputs[`gradient ${i}`] = gradient;
    });
  return { built: graph(outputs), feeds };
}

async function run(name: OpName, place: Place): Promise<Found> {
  const found: Record<string, Numbers> = {};
  for (const [i, given] of casesOf(name, place).entries()) {
    const { built, feeds } = graphOf(name, given);
    await using program = await place.runtime.compile(portable(built, new Map()), { device: place.device });
    const fedTo = [...built.inputs].map(([input, { dtype }]) => [input, fed(feeds.get(input)!, dtype)] as const);
    for (const [output, tensor] of Object.entries(await program.run(Object.fromEntries(fedTo))))
      found[`case ${i}, ${given.about}: ${output}`] = numbersOf(tensor);
  }
  return found;
}

const NO_FLOAT64 =
  "its first case is of float64, for which the browser's build for WebGPU has no kernel on any provider";

export const OPERATORS: readonly ContractCase[] = (Object.keys(OPS) as OpName[]).map((name) => ({
  is: `computes ${name} and its gradients`,
  run: (place) => run(name, place),
  within: WITHIN,
  ...(name === "Cast" ? { skip: { "browser-webgpu": NO_FLOAT64 } } : {}),
}));
