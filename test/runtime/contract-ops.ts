/** Every op of the graph with its gradients, on every runtime: the cases that the tests of ops have. */
import {
  axes,
  axis,
  constant,
  dequantise,
  type Graph,
  gradients,
  graph,
  matmul,
  OPS,
  type OpName,
  type Value,
} from "../../src/graph/index.js";
import type { Op } from "../../src/graph/value.js";
import { portable } from "../../src/runtime/contract.js";
import { CASES } from "../graph/cases.js";
import { type Case, normal, open } from "../graph/filled.js";
import { fed, numbersOf } from "../support/feeds.js";
import { anyLoss } from "../support/loss.js";
import type { Numbers } from "../support/numbers.js";
import type { ContractCase, Found, Place } from "./contract-cases.js";

/**
 * Kernels of the CPU and of a GPU add in another order and approximate exp, tanh and erf in their own ways: float32 keeps
 * 6e-8 of a number, and the largest difference seen is 1.4e-6.
 */
const WITHIN = 5e-6;

/** Of sine and cosine WebGPU promises no more than 2^-11. @source https://www.w3.org/TR/WGSL/#floating-point-accuracy */
const WITHIN_OF_ANGLES = 2 ** -11;

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

/** Products with matrices held in few bits, which engines have operators of their own for. */
const QUANTISED: readonly ContractCase[] = ([4, 8] as const).map((bits) => ({
  is: `multiplies with a matrix of ${bits} bits as it is packed`,
  async run(place) {
    const given: Case = {
      about: `${bits} bits`,
      inputs: [normal(3, 70)],
      make: (x) => {
        const bytes = Uint8Array.from({ length: 5 * 3 * 4 * bits }, (_, i) => (i * 37) % 256);
        const scales = Float32Array.from({ length: 5 * 3 }, (_, i) => (i - 7) / 64);
        const held = { bits, block: 32, inner: axis("", 70), activations: "float32" } as const;
        return matmul(x!, dequantise(constant(bytes, axes(5, 3, 4 * bits)), constant(scales, axes(5, 3)), held));
      },
    };
    const { inputs, feeds, result } = open("products", given);
    const [slope] = gradients(anyLoss(result), [...inputs.values()]);
    const built = graph({ result, slope: slope! });
    await using program = await place.runtime.compile(portable(built, new Map()), { device: place.device });
    const run = await program.run({ "input 0": fed(feeds.get("input 0")!, "float32") });
    return { result: numbersOf(run.result!), slope: numbersOf(run.slope!) };
  },
  within: WITHIN,
}));

const EACH: readonly ContractCase[] = (Object.keys(OPS) as OpName[]).map((name) => ({
  is: `computes ${name} and its gradients`,
  run: (place) => run(name, place),
  within: name === "Sin" || name === "Cos" ? WITHIN_OF_ANGLES : WITHIN,
  ...(name === "Cast" ? { skip: { "browser-webgpu": NO_FLOAT64 } } : {}),
}));

export const OPERATORS: readonly ContractCase[] = [...EACH, ...QUANTISED];
