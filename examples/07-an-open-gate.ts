/**
 * Lesson 7: an open gate. `npm run example -- 07-an-open-gate`
 *
 * How does one teach a language model to see without spoiling what it knows? Flamingo's answer (arXiv 2204.14198,
 * section 2.2): freeze it, put new blocks between its layers that read the pictures, and give each a gate that is
 * closed. A closed block is the identity, so on the first day the model says exactly what it said before. Training
 * opens the gates.
 *
 * Here is one such block, small enough to print, and each of those claims checked.
 */
import { axes, axis, graph, input, mean, mul, sub } from "flamingo-ts/graph";
import { gatedCrossAttention, initGatedBlock, type Look, visualKeysAndValues } from "flamingo-ts/model";
import { bind, flatten, Random } from "flamingo-ts/nn";
import { nodeRuntime, portable } from "flamingo-ts/runtime";
import { adamWOver, gradientName, trainingGraph } from "flamingo-ts/training";

// A prompt of seven words and two pictures. A word looks at one picture, the last before it; the first word at none.
//
//   "Here" <image> "a" "red" "fox" <image> "a" "grey" "hen"
const LOOKS_AT = Int32Array.of(0, 1, 1, 1, 2, 2, 2);
const [WIDTH, TEXT, MEDIA, LATENTS] = [16, LOOKS_AT.length, 2, 3];
const CONFIG = { before: [0], heads: 2, hidden: 32 };
const random = new Random("lesson 7");

const params = initGatedBlock(random.fork("block"), CONFIG, WIDTH);
const model = bind(params, "");
const sequence = axis("batch", 1);
const text = input("text", "float32", axes(sequence, axis("text", TEXT), axis("width", WIDTH)));
const visual = input("visual", "float32", axes(sequence, axis("seen", MEDIA * LATENTS), axis("width", WIDTH)));
const look: Look = {
  form: "mask",
  lastMedia: input("lastMedia", "int32", axes(sequence, axis("text", TEXT))),
  mediaOfSeen: input("mediaOfSeen", "int32", axes(axis("seen", MEDIA * LATENTS))),
};
const out = gatedCrossAttention(model, CONFIG, text, visualKeysAndValues(model, CONFIG, visual), look);

// What the block should learn, in the last part: to write into each word something that depends on its picture.
const target = input("target", "float32", text.axes);
const error = sub(out, target);
const loss = mean(mul(error, error), [0, 1, 2]);

await using block = await nodeRuntime.compile(portable(graph({ out })));
await using training = await nodeRuntime.compile(portable(trainingGraph(loss)));

const noise = (name: string, count: number) => {
  const own = random.fork(name);
  return Float32Array.from({ length: count }, () => own.normal());
};
const words = noise("words", TEXT * WIDTH);
const pictures = noise("pictures", MEDIA * LATENTS * WIDTH);
const looking = { lastMedia: LOOKS_AT, mediaOfSeen: Int32Array.of(1, 1, 1, 2, 2, 2) };

/** The block's output for the words, with one of its gates opened so far and the pictures given. */
async function read(attentionGate: number, seen = pictures): Promise<Float32Array> {
  const numbers = Object.fromEntries([...flatten(params)].map(([path, { data }]) => [path, data]));
  const gate = { attentionGate: Float32Array.of(attentionGate) };
  const { out } = await block.run({ ...numbers, ...gate, ...looking, text: words, visual: seen });
  return out!.data as Float32Array;
}

/** By how much each word's numbers differ, at the most. */
const differences = (a: Float32Array, b: Float32Array) =>
  Array.from({ length: TEXT }, (_, word) =>
    Math.max(...a.subarray(word * WIDTH, (word + 1) * WIDTH).map((x, i) => Math.abs(x - b[word * WIDTH + i]!))),
  );
const line = (numbers: readonly number[]) => numbers.map((x) => (x === 0 ? "0" : x.toFixed(2)).padStart(7)).join("");

// 1. Closed, the block changes no bit: not "almost nothing" but nothing, for tanh(0) is exactly 0. Opened, it changes
// the words by as much as it is open; but the word before the first picture has nothing to read, and stays as it was.
console.log(`looks at picture       ${line([...LOOKS_AT])}`);
for (const gate of [0, 0.1, 0.5, 2]) {
  const changes = differences(await read(gate), words);
  console.log(`tanh(${String(gate).padEnd(3)}) = ${Math.tanh(gate).toFixed(2)} changes ${line(changes)}`);
}

// 2. Another second picture: only the words that look at it differ. Whatever is said about the first is said in peace.
const other = pictures.slice();
other.set(noise("another picture", LATENTS * WIDTH), LATENTS * WIDTH);
console.log(`another picture 2      ${line(differences(await read(0.5, other), await read(0.5)))}`);

// 3. Behind a closed gate nothing has a slope: how should a weight matter that nobody hears? But the gate itself has
// one. So the first step of training moves the gates alone, and only then the weights begin to learn. What is to be
// learnt: the mean of the picture's latents, added to the word.
const wanted = words.slice();
LOOKS_AT.forEach((picture, word) => {
  if (picture === 0) return;
  for (let i = 0; i < WIDTH; i++)
    for (let latent = 0; latent < LATENTS; latent++)
      wanted[word * WIDTH + i]! += pictures[((picture - 1) * LATENTS + latent) * WIDTH + i]! / LATENTS;
});
const update = adamWOver(params, { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0 });
const PARTS = ["attentionGate", "query.weight", "value.weight", "output.weight"];
console.log(
  `\nlargest slope of       ${PARTS.map((part) => part.replace(".weight", "").padStart(14)).join("")}    loss  tanh(gate)`,
);
for (let step = 0; step <= 100; step++) {
  const numbers = Object.fromEntries([...flatten(params)].map(([path, { data }]) => [path, data]));
  const found = await training.run({ ...numbers, ...looking, text: words, visual: pictures, target: wanted });
  if ([0, 1, 2, 10, 100].includes(step)) {
    const slopes = PARTS.map((path) => Math.max(...(found[gradientName(path)]!.data as Float32Array).map(Math.abs)));
    const gate = Math.tanh(params.attentionGate!.data[0]!);
    console.log(
      `step ${String(step).padEnd(18)}${slopes.map((x) => (x === 0 ? "0" : x.toExponential(1)).padStart(14)).join("")}` +
        `${(found.loss!.data[0] as number).toFixed(4).padStart(8)}${gate.toFixed(2).padStart(12)}`,
    );
  }
  update(found, 0.01);
}

/*
 * To try:
 * - Start with the gate at 1 (`params.attentionGate!.data[0] = 1`). What is lost, and what is won?
 * - Let the fifth word look at picture 1, as the last word of the first caption.
 * - `flamingo inspect` prints how far the gates of the embedded model were opened by its training.
 */
