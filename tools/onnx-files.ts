/**
 * Writes `.onnx` files of every form, with inputs and what they give, for `tools/reference/onnx_files.py` to hold against
 * other people's programs: `npm run programs && node build/tools/onnx-files.js FOLDER`.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readFlamingo } from "#dist/checkpoints/flamingo-folder.node.js";
import { storedWeights, writeOnnxFile } from "#dist/checkpoints/onnx.node.js";
import { lookGraph, readGraph } from "#dist/generation/graphs.js";
import {
  add,
  axes,
  axis,
  broadcastTo,
  crossEntropy,
  type Graph,
  input,
  layerNorm,
  matmul,
  parameter,
  relu,
  sum,
  type Weight,
} from "#dist/graph/index.js";
import { bind } from "#dist/nn/layers.js";
import { flatten } from "#dist/nn/parameters.js";
import { Random } from "#dist/random.js";
import { fromOnnx, type Tensor } from "#dist/runtime/contract.js";
import { nodeRuntime } from "#dist/runtime/onnx.node.js";
import { trainingGraph } from "#dist/training/objective.js";

const MODEL = "models/nano";
const WEIGHTS = "model.safetensors";

/** Sizes of the axes that are only known when a graph runs; 2 for all others. */
const SIZES: Readonly<Record<string, number>> = { text: 3, past: 4, keys: 7, seen: 5, media: 1 };

/** A loss with its gradients: ops of training, an input of which only the sizes matter, a frozen weight with named axes. */
function smallTraining(): Graph {
  const x = input("x", "float32", axes(4, axis("width", 24)));
  const hidden = parameter("hidden", axes(axis("width", 24), axis("hidden", 16)), false);
  const out = parameter("out", axes(axis("hidden", 16), 5), true);
  const offset = broadcastTo(parameter("offset", axes(5), true), input("like", "float32", axes(4, 5)));
  const gain = parameter("gain", axes(16), true);
  const inner = layerNorm(relu(matmul(x, hidden)), gain, parameter("shift", axes(16), true), 1e-5);
  const { loss } = crossEntropy(add(matmul(inner, out), offset), input("targets", "int32", axes(4)));
  return trainingGraph(sum(loss, [0]));
}

/** Numbers for every input: normal ones, and small indices. */
function feedsFor(built: Graph, random: Random): Record<string, Tensor> {
  return Object.fromEntries(
    [...built.inputs].map(([name, { dtype, axes }]) => {
      const shape = axes.map(({ name, size }) => size ?? SIZES[name] ?? 2);
      const length = shape.reduce((product, size) => product * size, 1);
      const data =
        dtype === "int32"
          ? Int32Array.from({ length }, () => random.integer(2))
          : Float32Array.from({ length }, () => random.normal());
      return [name, { data, shape }];
    }),
  );
}

const plain = (tensors: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => [
      name,
      { dtype: data instanceof Int32Array ? "int32" : "float32", shape, data: Array.from(data, Number) },
    ]),
  );

const folder = process.argv[2];
if (folder === undefined) throw new Error("give the folder to write into");
mkdirSync(folder, { recursive: true });
copyFileSync(join(MODEL, WEIGHTS), join(folder, WEIGHTS));
const { config, params } = await readFlamingo(MODEL);
const held = flatten(params);
const stored = await storedWeights(join(folder, WEIGHTS));
const bound = bind(params, "");
const own = new Random("frozen");
const frozen = new Map<string, Weight>([["hidden", { data: Float32Array.from({ length: 384 }, () => own.normal()) }]]);

type Form = readonly [name: string, weights: ReadonlyMap<string, Weight>, place: "inline" | "external"];
const apart = (weights: ReadonlyMap<string, Weight>): Form[] => [
  ["inline", weights, "inline"],
  ["external", weights, "external"],
];
const graphs: readonly (readonly [string, Graph, readonly Form[]])[] = [
  ["training", smallTraining(), apart(frozen)],
  ["look", lookGraph(bound, config, 1), [...apart(held), ["safetensors", stored, "inline"]]],
  ["read", readGraph(bound, config), [...apart(held), ["safetensors", stored, "inline"]]],
];
for (const [name, built, forms] of graphs) {
  const inputs = feedsFor(built, new Random(name));
  for (const [form, weights, place] of forms) {
    const path = join(folder, `${name}-${form}.onnx`);
    await writeOnnxFile(path, built, weights, { weights: place });
    await using program = await nodeRuntime.compile(fromOnnx(readFileSync(path)), {
      weightsFolder: folder,
      threads: 1,
    });
    const outputs = await program.run(inputs);
    writeFileSync(`${path}.json`, `${JSON.stringify({ inputs: plain(inputs), outputs: plain(outputs) })}\n`);
    console.log(path);
  }
}
