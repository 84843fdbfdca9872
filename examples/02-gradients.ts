/**
 * Lesson 2: gradients. `npm run example -- 02-gradients`
 *
 * Which way should a wish move, so that it would rather have the orange? The answer is a gradient: for each number of
 * the wish, how much the loss changes when that number changes a little. The library finds it by walking the graph
 * backwards from the loss, asking each op for its own rule; what comes out is more graph, of the same ops, for the same
 * engine.
 *
 * We do not take its word for it: this lesson computes the same slopes a second time, by trying.
 */
import {
  axes,
  axis,
  constant,
  GraphError,
  gradients,
  graph,
  input,
  logSoftmax,
  matmul,
  mul,
  neg,
  reshape,
  scalar,
  sign,
  slice,
  sub,
} from "flamingo-ts/graph";
import { nodeRuntime, portable } from "flamingo-ts/runtime";

const FRUITS = ["lemon", "banana", "orange"];
const qualities = axis("qualities", 3); // sweet, sour, juicy
const wish = input("wish", "float32", axes(1, qualities));
const fruits = constant(Float32Array.of(0.2, 1, 0.8, 0.9, 0.1, 0.1, 0.6, 0.5, 0.9), axes(axis("fruits", 3), qualities));

// As in lesson 1, with the logarithm of the shares: the loss is how surprised the model is by "orange", in nats.
const logShares = logSoftmax(mul(matmul(wish, fruits, { transposeRight: true }), scalar(3)));
const loss = neg(reshape(slice(logShares, 1, FRUITS.indexOf("orange"), 1), []));

// The reverse walk. A loss is one number, so it has one slope for each number of the wish: the axes are the wish's own.
const [slope] = gradients(loss, [wish]);

const forward = graph({ loss });
const both = graph({ loss, slope: slope! });
console.log(`The loss alone is ${forward.nodes.length} nodes: ${forward.nodes.map(({ op }) => op.name).join(", ")}`);
console.log(`With its gradient there are ${both.nodes.length}`);

await using program = await nodeRuntime.compile(portable(both));
const evaluate = async (at: Float32Array) => {
  const { loss, slope } = await program.run({ wish: at });
  return { loss: loss!.data[0] as number, slope: slope!.data as Float32Array };
};

// Trying: step a little to both sides along one number and see by how much the loss differs. Too long a step sees the
// curve instead of the slope; too short a one drowns in the rounding of float32. Between them, four digits agree.
const STEP = 1e-2;
const start = Float32Array.of(0.5, 0.5, 0);
const { slope: walked } = await evaluate(start);
console.log("\nquality   by the reverse walk   by trying");
for (const [i, quality] of ["sweet", "sour", "juicy"].entries()) {
  const [ahead, behind] = await Promise.all([
    evaluate(start.with(i, start[i]! + STEP)),
    evaluate(start.with(i, start[i]! - STEP)),
  ]);
  const tried = (ahead.loss - behind.loss) / (2 * STEP);
  console.log(`${quality.padEnd(10)}${walked[i]!.toFixed(4).padStart(19)}${tried.toFixed(4).padStart(12)}`);
}

// The gradient points to where the loss grows. A few steps the other way, and the wish is one for an orange.
const current = start.slice();
console.log("\nstep   wish                    share of the orange");
for (let step = 0; step <= 20; step++) {
  const { loss, slope } = await evaluate(current);
  if (step % 5 === 0) {
    const numbers = [...current].map((x) => x.toFixed(2).padStart(6)).join("");
    console.log(`${String(step).padStart(4)}   ${numbers}${Math.exp(-loss).toFixed(3).padStart(14)}`);
  }
  current.forEach((x, i) => {
    current[i] = x - 0.1 * slope[i]!;
  });
}

// Not every op has a slope. Whether the orange has more than its third is a step: it jumps from -1 to 1, and between
// jumps nothing moves. A zero in silence would leave a parameter untrained for ever, so the library refuses, with the
// reason that stands in the op itself.
try {
  gradients(sign(sub(scalar(Math.log(3)), loss)), [wish]);
} catch (error) {
  if (!(error instanceof GraphError)) throw error;
  console.log(`\nRefused: ${error.problem}`);
}

/*
 * To try:
 * - Make STEP 1, then 1e-6, and see both ways in which trying fails.
 * - Walk up the slope instead of down.
 * - Wish for the banana. Which qualities move?
 */
