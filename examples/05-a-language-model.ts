/**
 * Lesson 5: a language model. `npm run example -- 05-a-language-model`
 *
 * A transformer that reads letters and foretells the next one. Its text is endless and has rules: a small grammar
 * writes sentences such as "two hens that see the owl sleep." Hens sleep and a hen sleeps; with an aside between noun
 * and verb the model must look back over another noun to know which. That is what attention is for, and because the
 * rules are ours we can count how many of its own sentences keep them.
 */
import { add, axes, axis, constant, embed, graph, input, type Value } from "flamingo-ts/graph";
import {
  attend,
  bind,
  countParameters,
  feedForward,
  flatten,
  HIDDEN,
  initFeedForward,
  initLinear,
  initNorm,
  joinHeads,
  linear,
  norm,
  normal,
  Random,
  splitHeads,
} from "flamingo-ts/nn";
import { nodeRuntime, portable } from "flamingo-ts/runtime";
import { adamWOver, learningRate, nextTokenLosses, trainingGraph, weighted } from "flamingo-ts/training";

const [WIDTH, HEADS, LAYERS] = [48, 4, 2];
const [BATCH, TEXT] = [16, 48];
const STEPS = 300;
const random = new Random("lesson 5");

// The world: words for one and for many. Choices are even, so we know how many nats a sentence takes to tell.
const ONE = {
  article: ["a", "one", "the"],
  noun: ["hen", "fox", "owl"],
  does: ["sleeps", "sings"],
  to: ["sees", "likes"],
};
const MANY = {
  article: ["two", "some", "the"],
  noun: ["hens", "foxes", "owls"],
  does: ["sleep", "sing"],
  to: ["see", "like"],
};
type Words = typeof ONE;

function sentence(random: Random): { text: string; nats: number } {
  let nats = 0;
  const choose = <T>(items: readonly T[]): T => {
    nats += Math.log(items.length);
    return random.pick(items);
  };
  const phrase = ({ article, noun }: Words) => `${choose(article)} ${choose(noun)}`;
  const seen = ({ to }: Words) => `${choose(to)} ${phrase(choose([ONE, MANY]))}`;
  const words = choose([ONE, MANY]);
  const subject = phrase(words) + (choose([true, false]) ? ` that ${seen(words)}` : "");
  const verb = choose([true, false]) ? choose(words.does) : seen(words);
  return { text: `${subject} ${verb}. `, nats };
}

/** The same grammar from the reader's side. */
const any = (...lists: readonly string[][]) => `(${lists.flat().join("|")})`;
const phrase = ({ article, noun }: Words) => `${any(article)} ${any(noun)}`;
const seen = ({ to }: Words) => `${any(to)} (${phrase(ONE)}|${phrase(MANY)})`;
const clause = (words: Words) => `${phrase(words)}( that ${seen(words)})? (${any(words.does)}|${seen(words)})`;
const GRAMMAR = new RegExp(`^(${clause(ONE)}|${clause(MANY)})$`);

// Letters as numbers: a tokenizer of the simplest kind.
const LETTERS = [...new Set(JSON.stringify([ONE, MANY, "that. "]).replaceAll(/[^a-z. ]/g, ""))].sort();
const idOf = new Map(LETTERS.map((letter, id) => [letter, id]));

// The model: a table of letters, a table of positions, blocks, and a map from what the last block says to the next
// letter.
const params = {
  table: normal(random.fork("table"), [LETTERS.length, WIDTH], 0.5, false),
  positions: normal(random.fork("positions"), [TEXT, WIDTH], 0.5, false),
  blocks: Array.from({ length: LAYERS }, (_, depth) => {
    const own = random.fork(`block ${depth}`);
    return {
      norm: initNorm(WIDTH),
      query: initLinear(own.fork("query"), WIDTH, WIDTH),
      key: initLinear(own.fork("key"), WIDTH, WIDTH),
      value: initLinear(own.fork("value"), WIDTH, WIDTH),
      output: initLinear(own.fork("output"), WIDTH, WIDTH, 0.5),
      feedForward: initFeedForward(own.fork("feed-forward"), WIDTH, 4 * WIDTH, 0.5),
    };
  }),
  norm: initNorm(WIDTH),
  leave: initLinear(random.fork("leave"), WIDTH, LETTERS.length),
};
const model = bind(params, "");

// A letter may look at itself and at those before it. What is hidden gets a score so low that softmax makes nothing of
// it; so one pass foretells the next letter at every place at once, and none of them has seen the answer.
const hidden = Float32Array.from({ length: TEXT * TEXT }, (_, i) => (i % TEXT > Math.floor(i / TEXT) ? HIDDEN : 0));
const causal = constant(hidden, axes(axis("text", TEXT), axis("seen", TEXT)));

/** Reads what went before, then thinks about it: [batch, text, width] to the same. */
function block(own: (typeof model.blocks)[number], x: Value): Value {
  const here = norm(own.norm, x);
  const query = splitHeads(linear(own.query, here), HEADS);
  const key = splitHeads(linear(own.key, here), HEADS, "seen");
  const value = splitHeads(linear(own.value, here), HEADS, "seen");
  const read = add(x, linear(own.output, joinHeads(attend(query, key, value, causal))));
  return add(read, feedForward(own.feedForward, read, "gelu"));
}

const perLetter = axes(axis("batch", BATCH), axis("text", TEXT));
const letters = input("letters", "int32", perLetter);
const next = input("next", "int32", perLetter);
const start = add(embed(model.table, letters), model.positions); // [batch, text, width]
const stream = model.blocks.reduce((x, own) => block(own, x), start);
const logits = linear(model.leave, norm(model.norm, stream)); // [batch, text, letters]
const share = constant(new Float32Array(BATCH * TEXT).fill(1 / (BATCH * TEXT)), perLetter);
const loss = weighted(nextTokenLosses(logits, next), share);

// One thread: products this small are done before a second one has been told of them.
await using training = await nodeRuntime.compile(portable(trainingGraph(loss)), { threads: 1 });
await using answering = await nodeRuntime.compile(portable(graph({ logits })), { threads: 1 });
const numbers = () => Object.fromEntries([...flatten(params)].map(([path, { data }]) => [path, data]));
const update = adamWOver(params, { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.05 });
const schedule = { peak: 1e-2, warmup: 30, then: "cosine", floor: 0.05 } as const;

// Nobody can foretell a free choice: on average the loss cannot fall below what the choices weigh, per letter.
const drawn = Array.from({ length: 2000 }, (_, i) => sentence(random.fork(`floor ${i}`)));
const floor = drawn.reduce((sum, { nats }) => sum + nats, 0) / drawn.reduce((sum, { text }) => sum + text.length, 0);
console.log(`${countParameters(params)} numbers, ${LETTERS.length} letters: ${LETTERS.join("")}`);
console.log(`A reader who knows the grammar is surprised by ${floor.toFixed(3)} nats a letter.\n`);
console.log(`It begins like this: ${(await write(random.fork("before")))[0]}\n`);

for (let step = 1; step <= STEPS; step++) {
  const rows = Array.from({ length: BATCH }, (_, row) => page(random.fork(`step ${step} row ${row}`)));
  const feeds = {
    letters: Int32Array.from(rows.flatMap((row) => row.slice(0, TEXT))),
    next: Int32Array.from(rows.flatMap((row) => row.slice(1))),
  };
  const out = await training.run({ ...feeds, ...numbers() });
  update(out, learningRate(schedule, step, STEPS));
  if (step % 50 === 0) console.log(`step ${step}   loss ${(out.loss!.data[0] as number).toFixed(3)} nats a letter`);
  if (step === 50) console.log(`and by now like this: ${(await write(random.fork("early")))[0]}`);
}

const written: string[] = [];
for (const round of [1, 2, 3])
  for (const text of await write(random.fork(`round ${round}`))) written.push(...text.split(". ").slice(0, -1));
const kept = written.filter((text) => GRAMMAR.test(text));
console.log(`\n${kept.length} of the ${written.length} sentences it wrote keep every rule. The longest:`);
for (const text of kept.toSorted((a, b) => b.length - a.length).slice(0, 4)) console.log(`  ${text}.`);
const broken = written.find((text) => !GRAMMAR.test(text));
if (broken !== undefined) console.log(`And one that does not:\n  ${broken}.`);

/** Sentences until there are enough letters for a row, and one more: the answer to the last. */
function page(random: Random): number[] {
  let text = "";
  for (let i = 0; text.length <= TEXT; i++) text += sentence(random.fork(i)).text;
  return [...text.slice(0, TEXT + 1)].map((letter) => idOf.get(letter)!);
}

/**
 * Writes as many texts as the batch has rows, side by side: each pass says how likely each next letter is, and one is
 * drawn. Every pass reads all letters again; `src/generation/graphs.ts` keeps what was read, which is faster and longer
 * to explain.
 */
async function write(random: Random): Promise<string[]> {
  const ids = new Int32Array(BATCH * TEXT);
  const texts: string[] = Array(BATCH).fill("");
  for (let at = -1; at < TEXT - 1; at++) {
    const { logits } = await answering.run({ letters: ids, ...numbers() });
    for (let row = 0; row < BATCH; row++) {
      const from = (row * TEXT + at) * LETTERS.length;
      // The first letter is that of a sentence, which has no letter before it to be foretold from.
      const id = at < 0 ? idOf.get(sentence(random.fork(row)).text[0]!)! : draw(logits!.data.slice(from), random);
      ids[row * TEXT + at + 1] = id;
      texts[row] = `${texts[row]}${LETTERS[id]}`;
    }
  }
  return texts;
}

/** One of the letters by its likelihood, a little more decided than the model is. */
function draw(logits: ArrayLike<number | bigint>, random: Random): number {
  const TEMPERATURE = 0.8;
  const weights = LETTERS.map((_, id) => Math.exp(Number(logits[id]) / TEMPERATURE));
  let left = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  return Math.max(
    0,
    weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    }),
  );
}

/*
 * To try:
 * - LAYERS = 1, or HEADS = 1. Which mistakes come back first?
 * - Take away the causal mask (add 0 in place of HIDDEN). The loss becomes very good and the sentences very bad: why?
 * - A TEMPERATURE of 0.3, then of 2.
 * - Words of your own; a second aside inside the first.
 */
