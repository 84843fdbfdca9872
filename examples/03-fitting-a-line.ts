/**
 * Lesson 3: fitting a line. `npm run example -- 03-fitting-a-line`
 *
 * All training is this: a loss, its gradient, a small step against it, and again. Here by hand, with two numbers to
 * find and nothing hidden; later lessons only have more numbers and a better step.
 *
 * A line is also a case where the answer is known. Least squares has a formula, so at the end we can see whether the
 * walk arrived where it should.
 */
import { add, axes, gradients, graph, input, mean, mul, parameter, sub } from "flamingo-ts/graph";
import { Random } from "flamingo-ts/nn";
import { nodeRuntime, portable } from "flamingo-ts/runtime";

// The world: points about the line y = 0.8 x - 0.3, which the fit is not told. Randomness has a seed and is passed by
// hand, so this lesson prints the same today and tomorrow.
const random = new Random("lesson 3");
const COUNT = 40;
const xs = Float32Array.from({ length: COUNT }, () => random.uniform(-1, 1));
const ys = xs.map((x) => 0.8 * x - 0.3 + 0.15 * random.normal());

// The model has two parameters. A trained parameter is fed at every run like an input, because it changes between runs;
// its numbers stay in our hands. (A frozen one would be written into the graph once, as a constant.)
const x = input("x", "float32", axes("points"));
const y = input("y", "float32", axes("points"));
const slope = parameter("slope", [], true);
const offset = parameter("offset", [], true);
const error = sub(add(mul(slope, x), offset), y);
const loss = mean(mul(error, error), [0]);

const [toSlope, toOffset] = gradients(loss, [slope, offset]);
await using program = await nodeRuntime.compile(portable(graph({ loss, toSlope: toSlope!, toOffset: toOffset! })));

const LEARNING_RATE = 0.3;
const found = { slope: 0, offset: 0 };
const points = { x: { data: xs, shape: [COUNT] }, y: { data: ys, shape: [COUNT] } };

console.log("step    loss    slope   offset");
for (let step = 0; step <= 60; step++) {
  const now = await program.run({
    ...points,
    slope: Float32Array.of(found.slope),
    offset: Float32Array.of(found.offset),
  });
  if (step % 10 === 0) {
    const numbers = [now.loss!.data[0] as number, found.slope, found.offset];
    console.log(`${String(step).padStart(4)}${numbers.map((number) => number.toFixed(4).padStart(9)).join("")}`);
  }
  if (step === 0) draw("Before");
  // The whole of learning. Too small a rate takes for ever, too large a one overshoots.
  found.slope -= LEARNING_RATE * (now.toSlope!.data[0] as number);
  found.offset -= LEARNING_RATE * (now.toOffset!.data[0] as number);
}
draw("After");

// What the formula says: covariance over variance, and a line through the middle of all points.
const average = (numbers: Float32Array) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const [middleX, middleY] = [average(xs), average(ys)];
const covariance = average(xs.map((x, i) => (x - middleX) * (ys[i]! - middleY)));
const exactSlope = covariance / average(xs.map((x) => (x - middleX) ** 2));
const exactOffset = middleY - exactSlope * middleX;
console.log("            slope   offset");
for (const [who, line] of Object.entries({ fitted: found, formula: { slope: exactSlope, offset: exactOffset } }))
  console.log(`${who.padEnd(8)}${[line.slope, line.offset].map((number) => number.toFixed(4).padStart(9)).join("")}`);

/** The points (o) and the line (-) in a frame that spans -1 to 1 sideways and -1.5 to 1 upwards. */
function draw(title: string) {
  const [width, height] = [56, 14];
  const rows = Array.from({ length: height }, () => Array<string>(width).fill(" "));
  const put = (x: number, y: number, mark: string) => {
    const row = rows[Math.round(((1 - y) / 2.5) * (height - 1))];
    if (row !== undefined) row[Math.round(((x + 1) / 2) * (width - 1))] = mark;
  };
  for (let column = 0; column < width; column++) {
    const x = (2 * column) / (width - 1) - 1;
    put(x, found.slope * x + found.offset, "-");
  }
  xs.forEach((x, i) => {
    put(x, ys[i]!, "o");
  });
  console.log(`\n${title}:\n${rows.map((row) => `  ${row.join("")}`.trimEnd()).join("\n")}\n`);
}

/*
 * To try:
 * - A LEARNING_RATE of 0.01, then of 1.5. Why does the second one not only fail, but run away?
 * - One point far off, say ys[0] = 20. Squares care very much about it; put `abs` of the error in place of its square.
 * - A parabola: a third parameter for x squared.
 */
