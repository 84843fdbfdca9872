/** What the programs of this folder have in common: the sizes of the step, its batch, its first weights, and how they are asked. */
import { createInterface } from "node:readline";

const [, , given] = process.argv.filter((word) => word !== "--small");

export const SIZES = process.argv.includes("--small")
  ? { width: 64, layers: 1, vocabulary: 64, batch: 2, text: 16 }
  : { width: Number(given ?? 256), layers: 6, vocabulary: 4096, batch: 16, text: 128 };
export const HEAD = 64;
export const THREADS = 2;
export const ADAMW = { rate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.1 };

const token = (i) => (i * 7919) % SIZES.vocabulary;
export const TOKENS = Int32Array.from({ length: SIZES.batch * SIZES.text }, (_, i) => token(i));
export const TARGETS = TOKENS.map((_, i) => token(i + 1));

/** Deviation of a normal draw, or the one number that fills it. Linear maps are `[in, out]`. */
const linear = (inputs, outputs) => ({ shape: [inputs, outputs], deviation: 1 / Math.sqrt(inputs) });
const norm = (width) => [
  { shape: [width], fill: 1 },
  { shape: [width], fill: 0 },
];

/** Every parameter in the order in which the model reads them: `{ shape, data }`. */
export function parameters() {
  const { width, layers, vocabulary, text } = SIZES;
  const table = (rows) => ({ shape: [rows, width], deviation: 0.02 });
  const block = () => [
    ...norm(width),
    linear(width, 3 * width),
    linear(width, width),
    ...norm(width),
    linear(width, 4 * width),
    linear(4 * width, width),
  ];
  const normal = generator(1711);
  return [
    table(vocabulary),
    table(text),
    ...Array.from({ length: layers }, block).flat(),
    ...norm(width),
    linear(width, vocabulary),
  ].map(({ shape, deviation, fill }) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    return { shape, data: deviation === undefined ? data.fill(fill) : data.map(() => deviation * normal()) };
  });
}

/** Normal numbers by Box and Muller, of mulberry32. */
function generator(seed) {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * One step to warm up, a line about the program, then a step for every line `step` of the standard input.
 *
 * @param step takes a whole step and gives the loss before it.
 */
export async function serve({ name, version, threads, count }, step) {
  const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
  await step();
  say({ name, version, parameters: count, threads });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== "step") continue;
    const start = performance.now();
    const loss = await step();
    say({ milliseconds: performance.now() - start, loss });
  }
  process.exit(0);
}
