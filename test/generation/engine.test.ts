import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadedFlamingo } from "../../src/checkpoints/flamingo-file.js";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import type { Engine } from "../../src/generation/engine.js";
import { startEngine } from "../../src/generation/engine.node.js";
import { FlamingoModel } from "../../src/generation/flamingo-model.js";
import { logSoftmax } from "../../src/generation/language-state.js";
import { type ThreadState, ThreadStates } from "../../src/generation/thread-state.js";
import { axes, axis, graph, input } from "../../src/graph/index.js";
import { toPixels } from "../../src/media/normalise.js";
import type { Picture } from "../../src/media/pixels.js";
import { visualTokens } from "../../src/model/flamingo.js";
import { wholeTexts } from "../../src/model/whole-texts.js";
import { bind } from "../../src/nn/layers.js";
import { flatten } from "../../src/nn/parameters.js";
import { framesOf, type Medium } from "../../src/prompt/document.js";
import { interleave } from "../../src/prompt/interleave.js";
import { documentOf } from "../../src/prompt/load.node.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import type { Thread } from "../../src/runtime/thread.js";
import { openTokenizer } from "../../src/text/hub-tokenizer.js";
import type { Tokenizer } from "../../src/text/tokenizer.js";
import type { TokenizerJson } from "../../src/text/tokenizer-json.js";
import { noise, saveTinyModel } from "../support/tiny-model.js";

let folder: string;
let loaded: LoadedFlamingo;
let tokenizer: Tokenizer;
let thread: Thread<Engine>;
let engine: Thread<Engine>["remote"];
let states: ThreadStates;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-engine-"));
  await saveTinyModel(join(folder, "model"));
  loaded = await readFlamingo(join(folder, "model"));
  tokenizer = openTokenizer(loaded.tokenizer as TokenizerJson);
  thread = await startEngine(loaded, { threads: 1 });
  engine = thread.remote;
  states = new ThreadStates(thread);
});
afterAll(async () => {
  await thread[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const first: Medium = { image: noise("first") };
const second: Medium = { image: noise("second") };
const third: Medium = { image: noise("third") };
const document = [
  { text: "no picture yet" },
  first,
  { text: "Output: a red apple" },
  second,
  third,
  { text: "Output:" },
];
const prompt = () => interleave(document, tokenizer, { open: true });

function pixelsOf(media: readonly Medium[]): { data: Float32Array; shape: number[] } {
  const { vision, normalisation } = loaded.config;
  const each = media.map(
    (medium) => toPixels(framesOf(medium), { size: vision.size, ...normalisation, fit: "pad" }).data,
  );
  const data = new Float32Array(each.length * each[0]!.length);
  each.forEach((own, i) => {
    data.set(own, i * own.length);
  });
  return { data, shape: [media.length, 1, vision.size, vision.size, 3] };
}

async function look(...media: Medium[]): Promise<number[]> {
  const { data, shape } = pixelsOf(media);
  const each = data.length / media.length;
  const parts = media.map((_, i) => data.subarray(i * each, (i + 1) * each));
  return engine.look(parts, shape.slice(1));
}

/** Logits after every token, [text][vocabulary], of the graph that reads whole sequences and caches nothing. */
async function uncached(tokens: readonly number[], lastMedia: readonly number[], media: readonly Medium[]) {
  const { config, params } = loaded;
  const bound = bind(params, "");
  const size = config.vision.size;
  const pixels = input("pixels", "float32", axes(media.length, 1, size, size, 3));
  const text = [axis("batch", 1), axis("text", tokens.length)];
  const { logits } = wholeTexts(bound, config, {
    tokens: input("tokens", "int32", text),
    lastMedia: input("lastMedia", "int32", text),
    visual: visualTokens(bound, config, pixels),
  });
  await using program = await nodeRuntime.compile(portable(graph({ logits }), flatten(params)), { threads: 1 });
  const out = await program.run({
    tokens: Int32Array.from(tokens),
    lastMedia: Int32Array.from(lastMedia),
    pixels: pixelsOf(media),
  });
  const all = out.logits!.data as Float32Array;
  const vocabulary = config.language.vocabulary;
  return tokens.map((_, i) => all.subarray(i * vocabulary, (i + 1) * vocabulary));
}

/** Both are sums in float32, in another order. */
function expectClose(found: Float32Array, wanted: Float32Array, within = 1e-4): void {
  expect(found.length).toBe(wanted.length);
  const worst = found.reduce((most, x, i) => Math.max(most, Math.abs(x - wanted[i]!)), 0);
  expect(worst).toBeLessThan(within);
}

async function readPrompt(): Promise<ThreadState> {
  const { tokens, lastMedia, media } = prompt();
  return states.read({ from: null, tokens, lastMedia, media: await look(...media) });
}

describe("the answering thread", () => {
  it("says after every token what the model says that caches nothing", async () => {
    const { tokens, lastMedia, media } = prompt();
    const wanted = await uncached(tokens, lastMedia, media);
    const ids = await look(...media);
    let from: number | null = null;
    let seen = 0;
    for (const [i, token] of tokens.entries()) {
      const entering = lastMedia[i]! > seen ? [ids[seen++]!] : [];
      const read = await engine.read({ from, tokens: [token], lastMedia: [lastMedia[i]!], media: entering });
      expectClose(read.logits, wanted[i]!);
      from = read.state;
    }
    expect(seen).toBe(3);
  });

  it("reads a prompt at once as it reads it in pieces, and goes on alike", async () => {
    const { tokens, lastMedia, media } = prompt();
    const answer = tokenizer.encode(" a dog");
    const wanted = await uncached([...tokens, ...answer], [...lastMedia, ...answer.map(() => 3)], media);
    let state = await readPrompt();
    expectClose(state.logits, wanted[tokens.length - 1]!);
    for (const [i, token] of answer.entries()) {
      state = await state.extend(token);
      expectClose(state.logits, wanted[tokens.length + i]!);
    }
  });

  it("looks at what it is shown: another last picture, another answer", async () => {
    const { tokens, lastMedia, media } = prompt();
    const [a, b, c] = await look(...media);
    const one = await engine.read({ from: null, tokens, lastMedia, media: [a!, b!, c!] });
    const other = await engine.read({ from: null, tokens, lastMedia, media: [a!, b!, a!] });
    expect(one.logits).not.toEqual(other.logits);
  });

  it("counts pictures on over a whole conversation when one comes in later", async () => {
    const { tokens, lastMedia, media } = prompt();
    const more = [...tokenizer.encode(" a dog"), tokenizer.special("<EOC>"), ...tokenizer.encode("<image>Output:")];
    const tag = more.indexOf(tokenizer.special("<EOC>")) + 1;
    const looksAt = more.map((_, i) => (i < tag ? 3 : 4));
    const fourth: Medium = { image: noise("fourth") };
    const wanted = await uncached([...tokens, ...more], [...lastMedia, ...looksAt], [...media, fourth]);
    const state = await readPrompt();
    const [entering] = await look(fourth);
    const read = await engine.read({ from: state.id, tokens: more, lastMedia: looksAt, media: [entering!] });
    expectClose(read.logits, wanted.at(-1)!);
  });

  it("lets several texts go on from one: none disturbs another, nor what they came from", async () => {
    const answers = [" a dog", " a red apple", " yes"].map((text) => tokenizer.encode(text));
    const state = await readPrompt();
    const before = state.logits.slice();
    const alone: Float32Array[] = [];
    for (const answer of answers) {
      let own = await readPrompt();
      for (const token of answer) own = await own.extend(token);
      alone.push(own.logits);
    }
    const forks = answers.map(() => state);
    for (let i = 0; i < Math.max(...answers.map(({ length }) => length)); i++)
      for (const [n, answer] of answers.entries()) if (i < answer.length) forks[n] = await forks[n]!.extend(answer[i]!);
    forks.forEach((fork, n) => {
      expect(fork.logits).toEqual(alone[n]);
    });
    expect(state.logits).toEqual(before);
    expect((await state.extend(answers[0]![0]!)).logits).toEqual(
      (await (await readPrompt()).extend(answers[0]![0]!)).logits,
    );
  });

  it("answers texts of different lengths together as it does one by one", async () => {
    const long = await readPrompt();
    const ids = await look(first);
    const tokens = [tokenizer.special("<BOS>"), ...tokenizer.encode("<image>Output:")];
    const lastMedia = tokens.map((_, i) => (i === 0 ? 0 : 1));
    const short = await states.read({ from: null, tokens, lastMedia, media: ids });
    const [red] = tokenizer.encode(" red");
    const [a] = tokenizer.encode(" a");
    const steps = [
      { state: long, token: red! },
      { state: short, token: red! },
      { state: long, token: a! },
    ];
    const together = await states.extendMany(steps);
    for (const [i, { state, token }] of steps.entries())
      expectClose(together[i]!.logits, (await state.extend(token)).logits, 1e-5);
  });

  it("scores a continuation as if it had gone there", async () => {
    const state = await readPrompt();
    const answer = tokenizer.encode(" a red apple");
    const [scores] = await states.scoreMany(state, [answer]);
    let gone = state;
    for (const [i, token] of answer.slice(1).entries()) {
      gone = await gone.extend(answer[i]!);
      expect(scores![i]).toBeCloseTo(logSoftmax(gone.logits)[token]!, 5);
    }
    expect(scores).toHaveLength(answer.length - 1);
  });

  it("keeps pictures for the texts that saw them, even when they are released by name", async () => {
    const { tokens, lastMedia, media } = prompt();
    const ids = await look(...media);
    const state = await states.read({ from: null, tokens, lastMedia, media: ids });
    const [token] = tokenizer.encode(" a");
    const wanted = (await state.extend(token!)).logits;
    await engine.releaseMedia(ids);
    expect((await state.extend(token!)).logits).toEqual(wanted);
    await expect(engine.read({ from: null, tokens, lastMedia, media: ids })).rejects.toThrow(/was released/);
  });
});

describe("a model that answers", () => {
  /** The model over this test's thread, and what it asked the thread to look at. */
  function counting() {
    const looked: number[] = [];
    const call: Thread<Engine>["call"] = (method, args, options) => {
      if (method === "look") looked.push((args as Parameters<Engine["look"]>)[0].length);
      return thread.call(method, args, options);
    };
    return {
      model: new FlamingoModel({
        config: loaded.config,
        tokenizer,
        thread: { ...thread, call },
        documentOf: (prompt) => documentOf(prompt),
      }),
      looked,
    };
  }
  const shown = (...pictures: Picture[]) => [...pictures.map((image) => ({ image })), { text: "Output:" }];

  it("encodes a picture once, however often it comes, also in the same prompt or at the same time", async () => {
    const { model, looked } = counting();
    const [a, b] = [noise("a"), noise("b")];
    await Promise.all([model.generate(shown(a, a)), model.generate(shown(a, b))]);
    await model.generate(shown(b, a), { beam: 3 });
    await model.rank(shown(b), ["yes", "no"]);
    // Which of the two prompts comes first is not settled: each of them encodes one, or the second both.
    expect(looked.reduce((sum, count) => sum + count)).toBe(2);
  });

  it("beams of one are greedy answers", async () => {
    const { model } = counting();
    const read = await model.read(document);
    const greedy = await model.write(read, { maximumTokens: 8 });
    const beamed = await model.write(read, { maximumTokens: 8, beam: 1 });
    expect(beamed.tokens).toEqual(greedy.tokens);
    expect(beamed.logProb).toBeCloseTo(greedy.logProb, 5);
    read.state.release();
  });

  it("never writes what its tokenizer has no text for, though the language model has rows for it", async () => {
    const { model } = counting();
    expect(tokenizer.vocabularySize).toBeLessThan(loaded.config.language.vocabulary);
    const { tokens } = await model.generate(document, { temperature: 100, maximumTokens: 100 });
    expect(Math.max(...tokens)).toBeLessThan(tokenizer.vocabularySize);
  });

  it("gives back everything it held of a prompt, whatever was asked of it", async () => {
    const { model } = counting();
    const before = (await engine.held()).states;
    await model.generate(document, { maximumTokens: 6 });
    await model.generate(document, { maximumTokens: 6, beam: 3 });
    await model.generate(document, { maximumTokens: 6, temperature: 1 });
    await model.rank(document, ["yes", "no", "a red apple"]);
    await expect(model.generate(document, { temperature: -1 })).rejects.toThrow(/temperature/);
    await expect(model.rank(document, [])).rejects.toThrow(/candidates/);
    expect((await engine.held()).states).toBe(before);
  });

  it("ranks choices by what it would have said: their probabilities sum to 1", async () => {
    const { model } = counting();
    const { choices } = await model.rank(document, ["yes", "no", "a dog"]);
    expect(choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 10);
    const { tokens, lastMedia, media } = prompt();
    for (const { text, logProb } of choices) {
      const answer = [...tokenizer.encode(` ${text}`), tokenizer.special("<EOC>")];
      const rows = await uncached([...tokens, ...answer], [...lastMedia, ...answer.map(() => 3)], media);
      const wanted = answer.reduce((sum, token, i) => {
        const row = rows[tokens.length - 1 + i]!;
        return sum + row[token]! - Math.log(row.reduce((total, x) => total + Math.exp(x), 0));
      }, 0);
      expect(logProb).toBeCloseTo(wanted, 3);
    }
  });
});
