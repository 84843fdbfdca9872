/** The training step in jax-js, WebAssembly backend: forward, gradients, clipping and AdamW in one `jit`. */
import { resolveObjectURL } from "node:buffer";
import { createRequire } from "node:module";
import { Worker as Thread } from "node:worker_threads";
import { ADAMW, HEAD, parameters, SIZES, serve, TARGETS, THREADS, TOKENS } from "./step.mjs";

/** What jax-js looks for in a browser: the count of threads, and workers, without which it computes on one. */
globalThis.navigator ??= { userAgent: "Node.js" };
Object.defineProperty(globalThis.navigator, "hardwareConcurrency", { value: THREADS, configurable: true });
globalThis.Worker = class {
  #thread;

  constructor(url) {
    this.#thread = new Thread(`(${inThread})()`, { eval: true, workerData: resolveObjectURL(url) });
    this.#thread.on("message", (data) => this.onmessage?.({ data }));
    this.#thread.on("error", (error) => this.onerror?.(error));
  }

  postMessage(message) {
    this.#thread.postMessage(message);
  }
};

async function inThread() {
  const { parentPort, workerData } = require("node:worker_threads");
  globalThis.self = globalThis;
  globalThis.postMessage = (message) => parentPort.postMessage(message);
  // biome-ignore lint/security/noGlobalEval: the source is the library's own, which a browser's worker would run.
  globalThis.eval(await workerData.text());
  parentPort.on("message", (data) => self.onmessage({ data }));
}

const { blockUntilReady, init, jit, nn, numpy: np, tree, valueAndGrad } = await import("@jax-js/jax");
await init("wasm");

const { width, layers, vocabulary, batch, text } = SIZES;
const heads = width / HEAD;

/** `.ref` where a value is read again: every use takes one count of it. */
function norm(x, gain, offset) {
  return nn.standardize(x, -1, { epsilon: 1e-5 }).mul(gain).add(offset);
}

/** The weight is split, not what it makes: the gradient of a split is three sums of its whole. */
function attention(x, weight) {
  const [query, key, value] = np
    .split(weight, 3, 1)
    .map((part, i) => np.matmul(i < 2 ? x.ref : x, part).reshape([batch, text, heads, HEAD]));
  const turned = (x, order) => np.transpose(x, order);
  const scores = np.matmul(turned(query, [0, 2, 1, 3]).mul(1 / Math.sqrt(HEAD)), turned(key, [0, 2, 3, 1]));
  const weights = nn.softmax(np.where(np.tri(text, text, 0, { dtype: np.bool }), scores, -1e9), -1);
  const read = np.matmul(weights, turned(value, [0, 2, 1, 3]));
  return turned(read, [0, 2, 1, 3]).reshape([batch * text, width]);
}

function loss(params, tokens, targets) {
  const next = params.values();
  const take = () => next.next().value;
  // The positions are repeated, for a `reshape` of what was taken would stand before its gradient, which `jit` refuses.
  let x = np.take(take(), tokens, 0).add(np.tile(take(), [batch, 1]));
  for (let layer = 0; layer < layers; layer++) {
    const read = attention(norm(x.ref, take(), take()), take());
    x = x.add(np.matmul(read, take()));
    const inner = np.matmul(norm(x.ref, take(), take()), take());
    x = x.add(np.matmul(nn.gelu(inner, { approximate: false }), take()));
  }
  const logits = np.matmul(norm(x, take(), take()), take());
  const isTarget = np.equal(np.arange(vocabulary), np.expandDims(targets, 1));
  const chosen = np.where(isTarget, logits.ref, 0).sum(-1);
  return nn.logsumexp(logits, -1).sub(chosen).mean();
}

/** `size` and `epsilon` carry the corrections for the first steps. */
const update = jit((params, first, second, tokens, targets, size, epsilon) => {
  const { rate, beta1, beta2, decay } = ADAMW;
  const [value, grads] = valueAndGrad(loss)(tree.ref(params), tokens, targets);
  const square = grads.map((gradient) => np.square(gradient.ref).sum()).reduce((a, b) => a.add(b));
  const clip = np.minimum(np.reciprocal(np.sqrt(square).add(1e-6)), 1);
  const next = { params: [], first: [], second: [] };
  params.forEach((parameter, i) => {
    const gradient = grads[i].mul(clip.ref);
    const mean = first[i].mul(beta1).add(gradient.ref.mul(1 - beta1));
    const spread = second[i].mul(beta2).add(np.square(gradient).mul(1 - beta2));
    const change = mean.ref.mul(size.ref).div(np.sqrt(spread.ref).add(epsilon.ref));
    next.params.push(parameter.mul(1 - rate * decay).sub(change));
    next.first.push(mean);
    next.second.push(spread);
  });
  for (const one of [clip, size, epsilon]) one.dispose();
  return [value, next.params, next.first, next.second];
});

const initial = parameters();
const zeros = () => initial.map(({ shape }) => np.zeros(shape));
let state = [initial.map(({ shape, data }) => np.array(data).reshape(shape)), zeros(), zeros()];
let steps = 0;

async function step() {
  steps++;
  const correction = Math.sqrt(1 - ADAMW.beta2 ** steps);
  const [value, ...next] = update(
    ...state,
    np.array(TOKENS, { dtype: np.int32 }),
    np.array(TARGETS, { dtype: np.int32 }),
    np.array((ADAMW.rate * correction) / (1 - ADAMW.beta1 ** steps)),
    np.array(ADAMW.epsilon * correction),
  );
  state = next;
  await blockUntilReady(state);
  const [number] = await value.data();
  return number;
}

const { dependencies } = createRequire(import.meta.url)("./package.json");
await serve(
  {
    name: "jax-js, WASM",
    version: dependencies["@jax-js/jax"],
    threads: THREADS,
    count: initial.reduce((sum, { data }) => sum + data.length, 0),
  },
  step,
);
