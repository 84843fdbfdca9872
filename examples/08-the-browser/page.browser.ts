/**
 * Lesson 8, the page: lesson 4 with points that you give. The graph, the layers and AdamW are those of Node, to the letter; only
 * the runtime is the browser's.
 */
import { browserRuntime, portable } from "flamingo-ts/browser";
import { add, axes, axis, graph, input, mean, mul, sub } from "flamingo-ts/graph";
import { bind, feedForward, flatten, initFeedForward, initLinear, linear, Random } from "flamingo-ts/nn";
import { adamWOver, trainingGraph } from "flamingo-ts/training";

const [WIDTH, STEPS_A_FRAME, RATE] = [32, 4, 0.01];
const random = new Random("lesson 8");

// A number goes in (beside it a 1, for the offset), a number comes out.
const params = {
  enter: initLinear(random.fork("enter"), 2, WIDTH, 2),
  layers: [0, 1].map((depth) => initFeedForward(random.fork(`layer ${depth}`), WIDTH, 2 * WIDTH)),
  leave: initLinear(random.fork("leave"), WIDTH, 1),
};
const model = bind(params, "");
const x = input("x", "float32", axes("points", axis("number and 1", 2)));
const y = input("y", "float32", axes("points", 1));
const curve = linear(
  model.leave,
  model.layers.reduce((stream, layer) => add(stream, feedForward(layer, stream, "gelu")), linear(model.enter, x)),
);
const error = sub(curve, y);
const loss = mean(mul(error, error), [0, 1]);

// The engine is WebAssembly, 14 MB that the page fetches once. `{ device: "webgpu" }` computes on the graphics card
// instead, which is worth its way there for models of another size.
const training = await browserRuntime.compile(portable(trainingGraph(loss)));
const answering = await browserRuntime.compile(portable(graph({ curve })));
const update = adamWOver(params, { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0 });
const numbers = () => Object.fromEntries([...flatten(params)].map(([path, { data }]) => [path, data]));

/** Places from left, -1, to right, 1, and from bottom to top. */
const points = Array.from({ length: 16 }, (_, i): [number, number] => {
  const at = i / 7.5 - 1;
  return [at, 0.5 * Math.sin(5 * at) + 0.05 * random.normal()];
});
const inputs = (places: readonly number[]) => ({
  data: Float32Array.from(places.flatMap((place) => [place, 1])),
  shape: [places.length, 2],
});

const canvas = document.querySelector("canvas")!;
const told = document.querySelector("output")!;
const pen = canvas.getContext("2d")!;
const [toX, toY] = [(x: number) => ((x + 1) / 2) * canvas.width, (y: number) => ((1 - y) / 2) * canvas.height];
canvas.addEventListener("click", ({ offsetX, offsetY }) => {
  points.push([(2 * offsetX) / canvas.clientWidth - 1, 1 - (2 * offsetY) / canvas.clientHeight]);
});

// `run` holds up the page while it computes, so a frame takes a few steps and then lets the page breathe. What takes
// longer, such as an answer of a whole Flamingo, belongs in a worker: `openFlamingo` of flamingo-ts/browser starts one.
for (let step = STEPS_A_FRAME; ; step += STEPS_A_FRAME) {
  let now = 0;
  for (let i = 0; i < STEPS_A_FRAME; i++) {
    const y = { data: Float32Array.from(points, ([, y]) => y), shape: [points.length, 1] };
    const out = await training.run({ x: inputs(points.map(([x]) => x)), y, ...numbers() });
    update(out, RATE);
    now = Number(out.loss!.data[0]);
  }
  const places = Array.from({ length: 201 }, (_, i) => i / 100 - 1);
  const { curve } = await answering.run({ x: inputs(places), ...numbers() });
  draw(places, curve!.data as Float32Array);
  told.textContent = `${points.length} points, step ${step}, loss ${now.toFixed(5)}`;
  await new Promise(requestAnimationFrame);
}

function draw(places: readonly number[], heights: Float32Array) {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.beginPath();
  places.forEach((place, i) => {
    pen.lineTo(toX(place), toY(heights[i]!));
  });
  pen.stroke();
  for (const [x, y] of points) pen.fillRect(toX(x) - 4, toY(y) - 4, 8, 8);
}

/*
 * To try:
 * - Two points above one another: what does the curve do, and why can it do nothing better?
 * - A RATE of 0.1. The curve begins to tremble: where have you seen that before?
 * - "relu" in place of "gelu": look at the corners.
 */
