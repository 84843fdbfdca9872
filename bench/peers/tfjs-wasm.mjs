/**
 * The training step in TensorFlow.js, WebAssembly backend, as fast as its kernels allow:
 *
 * - Only products of two plain matrices go to XNNPACK; transposed or batched ones fall to loops twenty times slower. So
 *   linear maps and attention have gradients of their own, which transpose first, and heads are multiplied one by one.
 * - The backend lacks the kernel for the gradient of `gather`; the embedding's is a `scatterND`. Sums of columns are products with ones,
 *   and e^x is had from the sigmoid, which is an XNNPACK kernel where `exp` is not.
 */
import { createRequire } from "node:module";
import { cpus } from "node:os";
import workers from "node:worker_threads";
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { ADAMW, HEAD, parameters, SIZES, serve, TARGETS, THREADS, TOKENS } from "./step.mjs";

const { width, layers, vocabulary, batch, text } = SIZES;
const rows = batch * text;
const heads = width / HEAD;
const pairs = heads * batch;

await start();

const constant = (value) => tf.keep(value);
const mask = constant(tf.tensor2d(Float32Array.from({ length: text * text }, later), [text, text]));

/** What is added to the score of the number `i` in `[query, key]`. */
function later(_, i) {
  return i % text > Math.floor(i / text) ? -1e9 : 0;
}

/** The matrices of `[count, n, m]`, by way of an array: `slice` and `unstack` would copy all of them for every one. */
function matrices(x) {
  const data = x.dataSync();
  const [count, n, m] = x.shape;
  return Array.from({ length: count }, (_, i) => tf.tensor2d(data.subarray(i * n * m, (i + 1) * n * m), [n, m]));
}

const columns = (x) => tf.reshape(tf.matMul(tf.ones([1, x.shape[0]]), x), [x.shape[1]]);

const linear = tf.customGrad((x, weight, save) => {
  save([x, weight]);
  return {
    value: tf.matMul(x, weight),
    gradFunc: (dy, [x, weight]) => [
      tf.matMul(dy, tf.transpose(weight)),
      // The smaller of the two is transposed.
      x.size <= dy.size ? tf.matMul(tf.transpose(x), dy) : tf.transpose(tf.matMul(tf.transpose(dy), x)),
    ],
  };
});

const normalize = tf.customGrad((x, gain, offset, save) => {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5));
  const unit = tf.mul(centred, inverse);
  save([unit, inverse, gain]);
  return {
    value: tf.add(tf.mul(unit, gain), offset),
    gradFunc: (dy, [unit, inverse, gain]) => {
      const scaled = tf.mul(dy, gain);
      const along = tf.mul(unit, tf.mean(tf.mul(scaled, unit), -1, true));
      const dx = tf.mul(tf.sub(tf.sub(scaled, tf.mean(scaled, -1, true)), along), inverse);
      return [dx, columns(tf.mul(dy, unit)), columns(dy)];
    },
  };
});

/** `[rows, 3 width]`, queries then keys then values, to `[rows, width]`. */
const attention = tf.customGrad((queryKeyValue, save) => {
  const apart = (x, count) =>
    matrices(
      tf.reshape(tf.transpose(tf.reshape(x, [batch, text, count, HEAD]), [2, 0, 1, 3]), [count * batch, text, HEAD]),
    );
  const together = (all, count) =>
    tf.reshape(tf.transpose(tf.reshape(tf.concat(all, 0), [count, batch, text, HEAD]), [1, 2, 0, 3]), [
      rows,
      count * HEAD,
    ]);
  const all = apart(queryKeyValue, 3 * heads);
  const query = all.slice(0, pairs).map((one) => tf.mul(one, 1 / Math.sqrt(HEAD)));
  const key = all.slice(pairs, 2 * pairs);
  const value = all.slice(2 * pairs);
  const weights = query.map((one, i) => tf.softmax(tf.add(tf.matMul(one, tf.transpose(key[i])), mask)));
  save([...query, ...key, ...value, ...weights]);
  return {
    value: together(
      weights.map((one, i) => tf.matMul(one, value[i])),
      heads,
    ),
    gradFunc: (dy, saved) => {
      const d = { query: [], key: [], value: [] };
      apart(dy, heads).forEach((dRead, i) => {
        const [query, key, value, weights] = [0, 1, 2, 3].map((which) => saved[which * pairs + i]);
        const dWeights = tf.matMul(dRead, tf.transpose(value));
        const inner = tf.sum(tf.mul(dWeights, weights), -1, true);
        const dScores = tf.mul(tf.sub(dWeights, inner), weights);
        d.query.push(tf.mul(tf.matMul(dScores, key), 1 / Math.sqrt(HEAD)));
        d.key.push(tf.matMul(tf.transpose(dScores), query));
        d.value.push(tf.matMul(tf.transpose(weights), dRead));
      });
      return together([...d.query, ...d.key, ...d.value], 3 * heads);
    },
  };
});

const gelu = tf.customGrad((x, save) => {
  const phi = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
  save([x, phi]);
  return {
    value: tf.mul(x, phi),
    gradFunc: (dy, [x, phi]) => {
      const small = tf.sigmoid(tf.mul(tf.square(x), -0.5));
      const density = tf.mul(tf.div(small, tf.sub(1, small)), 1 / Math.sqrt(2 * Math.PI));
      return tf.mul(dy, tf.add(phi, tf.mul(x, density)));
    },
  };
});

const embed = tf.customGrad((table, positions, save) => {
  const ids = tf.tensor2d(TOKENS, [rows, 1], "int32");
  save([ids]);
  return {
    value: tf.reshape(tf.add(tf.reshape(tf.gatherND(table, ids), [batch, text, width]), positions), [rows, width]),
    gradFunc: (dy, [ids]) => [
      tf.scatterND(ids, dy, [vocabulary, width]),
      tf.reshape(columns(tf.reshape(dy, [batch, text * width])), [text, width]),
    ],
  };
});

const add = tf.customGrad((a, b) => ({ value: tf.add(a, b), gradFunc: (dy) => [dy, dy] }));

const crossEntropy = tf.customGrad((logits, save) => {
  const chosen = tf.tensor2d(
    TARGETS.reduce((list, target, i) => list.concat([[i, target]]), []),
    [rows, 2],
    "int32",
  );
  const probabilities = tf.softmax(logits);
  save([probabilities, chosen]);
  return {
    value: tf.neg(tf.mean(tf.log(tf.gatherND(probabilities, chosen)))),
    gradFunc: (dy, [probabilities, chosen]) => {
      const share = tf.div(dy, rows);
      const wanted = tf.scatterND(chosen, tf.mul(tf.ones([rows]), share), [rows, vocabulary]);
      return tf.sub(tf.mul(probabilities, share), wanted);
    },
  };
});

function loss(...params) {
  const next = params.values();
  const take = () => next.next().value;
  const norm = (x) => normalize(x, take(), take());
  let x = embed(take(), take());
  for (let layer = 0; layer < layers; layer++) {
    const read = attention(linear(norm(x), take()));
    x = add(x, linear(read, take()));
    x = add(x, linear(gelu(linear(norm(x), take())), take()));
  }
  return crossEntropy(linear(norm(x), take()));
}

const gradients = tf.valueAndGrads(loss);
const initial = parameters();
const zeros = () => initial.map(({ shape }) => tf.zeros(shape));
let state = { params: initial.map(({ shape, data }) => tf.tensor(data, shape)), first: zeros(), second: zeros() };
let steps = 0;

async function step() {
  steps++;
  const { value, next } = tf.tidy(() => {
    const { value, grads } = gradients(state.params);
    const norm = tf.sqrt(tf.addN(grads.map((gradient) => tf.sum(tf.square(gradient)))));
    const clip = tf.minimum(tf.div(1, tf.add(norm, 1e-6)), 1);
    return { value, next: adamw(grads, clip) };
  });
  tf.dispose(state);
  state = next;
  const [number] = await value.data();
  value.dispose();
  return number;
}

function adamw(grads, clip) {
  const { rate, beta1, beta2, epsilon, decay } = ADAMW;
  const next = { params: [], first: [], second: [] };
  const correction = Math.sqrt(1 - beta2 ** steps);
  const size = (rate * correction) / (1 - beta1 ** steps);
  state.params.forEach((parameter, i) => {
    const gradient = tf.mul(grads[i], clip);
    const first = tf.add(tf.mul(state.first[i], beta1), tf.mul(gradient, 1 - beta1));
    const second = tf.add(tf.mul(state.second[i], beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const change = tf.div(tf.mul(first, size), tf.add(tf.sqrt(second), epsilon * correction));
    next.params.push(tf.sub(tf.mul(parameter, 1 - rate * decay), change));
    next.first.push(first);
    next.second.push(second);
  });
  return next;
}

/**
 * The backend refuses threads in Node, for its workers are blobs, which Node does not start. Started from the package's own
 * files they work. It takes half the processors it counts, so twice as many are shown to it while it starts.
 */
async function start() {
  const require = createRequire(import.meta.url);
  const folder = "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd";
  const script = require.resolve(`${folder}.js`);
  const contents = require(`${folder}.worker.js`).wasmWorkerContents.replaceAll("\n", "\\n");
  const os = require("node:os");
  const { Worker } = workers;
  const count = os.cpus;
  workers.Worker = class extends Worker {
    constructor() {
      super(contents, { eval: true });
    }
    postMessage(message, transfer) {
      super.postMessage(message?.cmd === "load" ? { ...message, urlOrBlob: script } : message, transfer);
    }
  };
  os.cpus = () => Array.from({ length: 2 * THREADS }, () => cpus()[0]);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
  wasm.setThreadsCount(THREADS);
  await tf.setBackend("wasm");
  await tf.ready();
  workers.Worker = Worker;
  os.cpus = count;
}

await serve(
  {
    name: "TensorFlow.js, WASM",
    version: tf.version_core,
    threads: wasm.getThreadsCount(),
    count: initial.reduce((sum, { data }) => sum + data.length, 0),
  },
  step,
);
