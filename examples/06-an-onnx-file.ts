/**
 * Lesson 6: an ONNX file. `npm run example -- 06-an-onnx-file`
 *
 * A graph becomes a file that other programs open: Python, a browser, a phone, a viewer. This lesson writes the fruits
 * of lesson 1 as such a file, reads it, looks inside, runs it, keeps its weights in a file of their own, and changes it
 * without the program that made it. docs/onnx-files.md has the details.
 */
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOnnxFile, storedWeights, writeOnnxFile, writeSafetensors } from "flamingo-ts";
import {
  axes,
  axis,
  describeAxes,
  encodeOnnx,
  graph,
  input,
  matmul,
  mul,
  named,
  OnnxError,
  type OnnxModel,
  parameter,
  readOnnx,
  scalar,
  softmax,
} from "flamingo-ts/graph";
import { fromOnnx, nodeRuntime } from "flamingo-ts/runtime";

const folder = await mkdtemp(join(tmpdir(), "lesson-6-"));

// This time the fruits are what the model knows: a frozen parameter. The graph has its name and its sizes, but no
// numbers; these are handed over when the graph is written. `named` gives a value the name it will have in the file.
const qualities = axis("qualities", 3); // sweet, sour, juicy
const known = parameter("known", axes(axis("fruits", 3), qualities), false);
const wishes = input("wishes", "float32", axes("wishes", qualities));
const scores = named(mul(matmul(wishes, known, { transposeRight: true }), scalar(3)), "scores");
const model = graph({ shares: softmax(scores) });
const NUMBERS = Float32Array.of(0.2, 1, 0.8, 0.9, 0.1, 0.1, 0.6, 0.5, 0.9); // lemon, banana, orange
const SOUR = Float32Array.of(0, 1, 0);

// 1. Everything in one file. What is read is a description, an `OnnxModel`; the numbers are read when asked for.
const whole = join(folder, "fruits.onnx");
await writeOnnxFile(whole, model, new Map([["known", { data: NUMBERS }]]));
const file = await readOnnxFile(whole);
console.log("The file says:");
show(file.model);
console.log(`  known = ${[...(await file.numbers("known"))].map((x) => Number(x).toFixed(1)).join(" ")}`);
console.log(`A wish for something sour: ${await answer(file.bytes)}`);

// 2. Weights in a file of their own, in the format in which models are exchanged. The .onnx then has only a place: from
// which byte, how many. Large models must do so (an .onnx ends at 2 GB), and one file of weights can serve several
// graphs.
const weights = join(folder, "fruits.safetensors");
const tensors = (data: Float32Array) => new Map([["known", { shape: [3, 3], data }]]);
await writeFile(weights, writeSafetensors(tensors(NUMBERS)));
const beside = join(folder, "places.onnx");
await writeOnnxFile(beside, model, await storedWeights(weights));
console.log("\nFiles:");
for (const name of await readdir(folder))
  console.log(`  ${name.padEnd(20)}${(await stat(join(folder, name))).size} bytes`);
const { bytes } = await readOnnxFile(beside);
console.log(`From two files: ${await answer(bytes, folder)}`);

// So whoever changes the weights changes the model, and the .onnx stays as it is. Here the banana becomes sour.
const changed = NUMBERS.with(4, 1);
await writeFile(weights, writeSafetensors(tensors(changed)));
console.log(`With other weights: ${await answer(bytes, folder)}`);

// 3. A description is plain data, so it can be changed and written again. Here a value from the middle of the graph
// becomes an output too, which is how one looks into a model that one did not make.
const tapped: OnnxModel = {
  ...file.model,
  outputs: new Map([...file.model.outputs, ["scores", { dtype: "float32", axes: axes("wishes", axis("fruits", 3)) }]]),
};
console.log(`\nTapped: ${await answer(encodeOnnx(tapped))}`);

// 4. Files come from others. One that is cut off, or contradicts itself, is refused before anything is done with it.
try {
  readOnnx(file.bytes.subarray(0, 200));
} catch (error) {
  if (!(error instanceof OnnxError)) throw error;
  console.log(`\nThe first 200 bytes alone: ${error.problem}`);
}
await rm(folder, { recursive: true });

/** What a description holds, in a few lines. */
function show({ inputs, initialisers, nodes, outputs }: OnnxModel) {
  for (const [name, { dtype, axes }] of inputs) console.log(`  input    ${name} ${dtype} ${describeAxes(axes)}`);
  for (const [name, { dtype, axes }] of initialisers) console.log(`  weights  ${name} ${dtype} ${describeAxes(axes)}`);
  for (const { type, inputs, outputs } of nodes)
    console.log(`  node     ${type}(${inputs.join(", ")}) -> ${outputs.join(", ")}`);
  for (const [name, { dtype, axes }] of outputs) console.log(`  output   ${name} ${dtype} ${describeAxes(axes)}`);
}

/** Runs a file from its bytes; `weightsFolder` is where the files lie that it names. */
async function answer(bytes: Uint8Array, weightsFolder?: string): Promise<string> {
  const options = weightsFolder === undefined ? {} : { weightsFolder };
  await using program = await nodeRuntime.compile(fromOnnx(bytes), options);
  const found = await program.run({ wishes: { data: SOUR, shape: [1, 3] } });
  return Object.entries(found)
    .map(([name, { data }]) => `${name} ${[...data].map((x) => Number(x).toFixed(3)).join(" ")}`)
    .join(", ");
}

/*
 * To try:
 * - Leave out the `rm` and open fruits.onnx in a viewer such as Netron: the axes have their names there.
 * - Write lesson 4's network, trained: `frozen(params)` of flamingo-ts/nn makes its parameters weights of the file.
 * - `writeOnnxFile(path, model, numbers, { weights: "external" })`, with a parameter of more than 1,024 bytes.
 */
