/**
 * Lesson 1: a graph. `npm run example -- 01-a-graph`
 *
 * A model here is not a program that computes. It is a value that says what is to be computed: a graph of symbolic
 * tensors. Because it is a value, one can look at it, find its gradients (lesson 2), write it to a file (lesson 6), and
 * hand it to an engine that is fast. Nothing is computed before that last step.
 *
 * The example: some fruits, each described by three qualities, and some wishes for the same three. How well does each
 * fruit answer each wish? Keep it in mind: attention, the heart of lessons 5 and 7, is this question asked by words.
 */
import { add, axes, axis, describe, GraphError, graph, input, matmul, mul, scalar, softmax } from "flamingo-ts/graph";
import { nodeRuntime, portable } from "flamingo-ts/runtime";

// An axis has a name and mostly a size. "fruits" and "wishes" have no size yet: that is known when the graph runs, and
// may be another one each time. "qualities" is fixed, since the meaning of three columns is part of the model.
const qualities = axis("qualities", 3); // sweet, sour, juicy
const fruits = input("fruits", "float32", axes("fruits", qualities));
const wishes = input("wishes", "float32", axes("wishes", qualities));

// A score is a sum over the qualities: large where fruit and wish are large in the same places. Softmax makes shares of
// the scores, over the last axis: those of one wish sum to 1. The factor makes the choice more decided.
const scores = matmul(wishes, fruits, { transposeRight: true });
const shares = softmax(mul(scores, scalar(3)));

console.log("What we described:");
for (const value of [fruits, wishes, scores, shares]) console.log(`  ${describe(value)}`);

// Names are not decoration. Two axes that mean different things do not meet by accident, not even when their sizes
// would agree: the mistake is found here, while the graph is built, and the error says what to do.
try {
  add(fruits, wishes);
} catch (error) {
  if (!(error instanceof GraphError)) throw error;
  console.log(`\nWhat we are not allowed to say:\n  ${error.problem.replace(/, at .*/, "")}\n  ${error.mend}`);
}

// A graph is its outputs and all that they need. In the end it is bytes, in the format ONNX.
const model = graph({ shares });
console.log(`\nNodes: ${model.nodes.map(({ op }) => op.name).join(", ")}`);
const written = portable(model);
console.log(`As ONNX: ${written.onnx.length} bytes`);

// Only the engine computes. A program is compiled once and run as often as one likes, here with other sizes each time.
await using program = await nodeRuntime.compile(written);

const KNOWN = {
  lemon: [0.2, 1.0, 0.8],
  banana: [0.9, 0.1, 0.1],
  orange: [0.6, 0.5, 0.9],
  rhubarb: [0.1, 0.9, 0.3],
};
await ask(["lemon", "banana", "orange", "rhubarb"], { "something sour": [0, 1, 0], "sweet and dry": [1, 0, -1] });
await ask(["banana", "orange"], { "a drink": [0.3, 0.2, 1] });

async function ask(names: readonly (keyof typeof KNOWN)[], wanted: Readonly<Record<string, readonly number[]>>) {
  const { shares } = await program.run({
    fruits: { data: Float32Array.from(names.flatMap((name) => KNOWN[name])), shape: [names.length, 3] },
    wishes: { data: Float32Array.from(Object.values(wanted).flat()), shape: [Object.keys(wanted).length, 3] },
  });
  console.log(`\n${"".padEnd(16)}${names.map((name) => name.padStart(9)).join("")}`);
  Object.keys(wanted).forEach((wish, i) => {
    const row = [...(shares!.data as Float32Array).subarray(i * names.length, (i + 1) * names.length)];
    console.log(`${wish.padEnd(16)}${row.map((share) => share.toFixed(3).padStart(9)).join("")}`);
  });
}

/*
 * To try:
 * - Add a fruit of your own, and a wish.
 * - Make the factor 3 larger, then 0. What are the shares then, and why?
 * - Give `wishes` an axis `axis("qualities", 4)`: which line complains, and when?
 */
