/**
 * Lesson 4: a small network. `npm run example -- 04-a-small-network`
 *
 * Two spirals, wound into one another. No line parts them, so the model needs layers, and layers have thousands of
 * numbers. Three tools make that bearable: a tree of parameters in place of loose numbers, a training graph with all
 * gradients at once, and AdamW, which gives every number a step length of its own.
 */
import { add, axes, axis, crossEntropy, graph, input, mean, type Value } from "flamingo-ts/graph";
import {
  bind,
  countParameters,
  feedForward,
  flatten,
  initFeedForward,
  initLinear,
  linear,
  Random,
} from "flamingo-ts/nn";
import { nodeRuntime, portable } from "flamingo-ts/runtime";
import { adamWOver, learningRate, trainingGraph } from "flamingo-ts/training";

const WIDTH = 32;
const STEPS = 200;
const random = new Random("lesson 4");

// A layer is a function (params, x) -> x, and its parameters are a plain record. Nothing is registered anywhere: the
// tree below is all there is of the model, and its paths ("layers.0.up.weight") are the names in the graph and in
// files.
const params = {
  enter: initLinear(random.fork("enter"), 3, WIDTH),
  layers: [0, 1].map((depth) => initFeedForward(random.fork(`layer ${depth}`), WIDTH, 2 * WIDTH)),
  leave: initLinear(random.fork("leave"), WIDTH, 2),
};
console.log(`${countParameters(params)} numbers to find`);

// `bind` gives the same tree with symbolic values in the leaves. Each layer adds to what it was given, so that the
// gradient has a straight way back to the first one, whatever stands between.
const model = bind(params, "");
const points = input("points", "float32", axes("points", axis("coordinates", 3)));
const arms = input("arms", "int32", axes("points"));
const stream = model.layers.reduce<Value>(
  (x, layer) => add(x, feedForward(layer, x, "gelu")),
  linear(model.enter, points),
);
const logits = linear(model.leave, stream);
const loss = mean(crossEntropy(logits, arms).loss, [0]);

// Two programs of one description: the loss with a gradient for each parameter, and the logits alone.
await using training = await nodeRuntime.compile(portable(trainingGraph(loss)));
await using answering = await nodeRuntime.compile(portable(graph({ logits })));

/** Points on both arms, with some noise. The third coordinate is 1 for all: with it a linear map has an offset. */
function spirals(count: number, from: Random) {
  const arms = Int32Array.from({ length: count }, (_, i) => i % 2);
  const data = new Float32Array(3 * count).fill(1);
  arms.forEach((arm, i) => {
    const along = Math.sqrt(from.uniform(0.02, 1));
    const angle = 3 * Math.PI * along + arm * Math.PI;
    data[3 * i] = along * Math.cos(angle) + 0.02 * from.normal();
    data[3 * i + 1] = along * Math.sin(angle) + 0.02 * from.normal();
  });
  return { points: { data, shape: [count, 3] }, arms: { data: arms, shape: [count] } };
}

/** The parameters as they are now, to be fed by their paths. */
const numbers = () => Object.fromEntries([...flatten(params)].map(([path, { data }]) => [path, data]));

// AdamW keeps two running means for every number, of its gradient and of the square of that, and steps by their ratio:
// a number whose slope is always small still walks, one whose slope flickers holds back.
const update = adamWOver(params, { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01 });
const schedule = { peak: 0.02, warmup: 20, then: "cosine", floor: 0.05 } as const;

const pictures: string[][] = [];
for (let step = 1; step <= STEPS; step++) {
  // Fresh points at every step: a model that has no page to learn by heart must learn the shape.
  const out = await training.run({ ...spirals(128, random.fork(`step ${step}`)), ...numbers() });
  update(out, learningRate(schedule, step, STEPS));
  if (step === 1 || step % 50 === 0)
    console.log(`step ${String(step).padStart(3)}   loss ${(out.loss!.data[0] as number).toFixed(4)}`);
  if (step === 15 || step === STEPS) pictures.push(await picture());
}

const unseen = spirals(1000, random.fork("unseen"));
const guessed = await guess(unseen.points);
const right = guessed.filter((arm, i) => arm === unseen.arms.data[i]).length;
console.log(`right about ${((100 * right) / guessed.length).toFixed(1)} % of points it never saw`);
console.log(`\nThe plane as the network sees it:\n\n  ${"after 15 steps".padEnd(47)}after ${STEPS} steps`);
pictures[0]!.forEach((line, row) => {
  console.log(`  ${line}   ${pictures[1]![row]}`);
});

/** Which arm the model thinks each point is on. */
async function guess(points: { data: Float32Array; shape: number[] }): Promise<number[]> {
  const { logits } = await answering.run({ ...numbers(), points });
  return Array.from({ length: points.shape[0]! }, (_, i) => (logits!.data[2 * i]! < logits!.data[2 * i + 1]! ? 1 : 0));
}

/** Every place of the plane asked, one letter each. */
async function picture(): Promise<string[]> {
  const [columns, rows] = [44, 20];
  const places = Array.from({ length: columns * rows }, (_, i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    return [(2 * column) / (columns - 1) - 1, 1 - (2 * row) / (rows - 1), 1];
  });
  const plane = await guess({ data: Float32Array.from(places.flat()), shape: [places.length, 3] });
  const lines = Array.from({ length: rows }, (_, row) => plane.slice(row * columns, (row + 1) * columns));
  return lines.map((line) => line.map((arm) => (arm === 0 ? "." : "#")).join(""));
}

/*
 * To try:
 * - A WIDTH of 8, then of 4. What does the picture look like when the network is too small for the task?
 * - "relu" or "squaredRelu" in place of "gelu".
 * - No layers at all (`[].map`): what is the best that a linear map can do?
 */
