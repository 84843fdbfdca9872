import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { languageFamily } from "../../src/checkpoints/families/language.js";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import { readModelFolder, saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import { openTensorStore } from "../../src/checkpoints/store.node.js";
import { ImportError } from "../../src/conversion/errors.js";
import { newFlamingo } from "../../src/conversion/new.node.js";
import { FlamingoError, UsageError } from "../../src/errors.js";
import { openFlamingo } from "../../src/generation/flamingo.node.js";
import { axis, constant, graph, reshape, type Value } from "../../src/graph/index.js";
import { visualTokens } from "../../src/model/flamingo.js";
import { type Flamingo, initFlamingo } from "../../src/model/flamingo-parameters.js";
import { initLanguage, languageModel } from "../../src/model/language/language.js";
import { TINY } from "../../src/model/presets.js";
import { initVision } from "../../src/model/vision/tower.js";
import { wholeTexts } from "../../src/model/whole-texts.js";
import { bind } from "../../src/nn/layers.js";
import { frozen, storedIn } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { trainBpe } from "../../src/text/bpe-trainer.js";
import { openTokenizer } from "../../src/text/hub-tokenizer.js";
import { evaluate } from "../support/evaluate.js";
import { numbersOf, stirred } from "../support/parameters.js";
import { readReference, relativeError } from "../support/reference.js";
import { TINY_FILE } from "../support/tiny-model.js";
import { letters } from "./models.js";

let place: string;
const at = (...names: readonly string[]) => join(place, ...names);
const EYES = {
  kind: "clip-vit",
  size: 12,
  patch: 4,
  positions: 3,
  width: 12,
  layers: 2,
  heads: 2,
  hidden: 20,
} as const;
const vision = { ...EYES, activation: "quickGelu", classToken: false, postNorm: false } as const;
const normalisation = { mean: [0.5, 0.4, 0.3], deviation: [0.25, 0.25, 0.25], fit: "crop" } as const;
const words = letters(["<|endoftext|>"], 36);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-new-"));
  const params = { vision: stirred(initVision(new Random("eyes"), vision), 0.1) };
  await saveModelFolder(at("eyes"), { config: { kind: "vision", vision, normalisation }, tokenizer: {}, params });
});
afterAll(() => rm(place, { recursive: true }));

/** Saves a language model of `test/fixtures/language-NAME.safetensors`, of other numbers and 40 rows. */
async function saveLanguage(name: string) {
  const { facts } = readReference<{ config: { model_type: string } }>(`language-${name}`);
  const language = { ...languageFamily(facts.config, name).config(facts.config, name), vocabulary: 40 };
  const prompt = { policy: "paper", marks: { bos: null, eos: "<|endoftext|>", pad: null } };
  const params = { language: stirred(initLanguage(new Random(name), language), 0.1) };
  await saveModelFolder(at(name), { config: { kind: "language", language, prompt }, tokenizer: words, params });
  return { language, params };
}

const row = (numbers: readonly number[]): Value =>
  reshape(constant(Int32Array.from(numbers), [axis("text", numbers.length)]), [
    axis("batch", 1),
    axis("text", numbers.length),
  ]);

/** Logits [1, tokens, vocabulary] in float64, and as the engine has them: it fuses norms otherwise where sums differ. */
async function logitsOf(logits: Value, params: unknown) {
  const [exact] = evaluate([logits], numbersOf(params, ""));
  await using program = await nodeRuntime.compile(portable(graph({ logits }), storedIn(params)));
  const { data, shape } = (await program.run({})).logits!;
  return { exact: exact!.data, engine: data as Float32Array, columns: shape[2]! };
}

describe("a new Flamingo", () => {
  it.each(["gpt-neox-parallel", "gpt2", "llama", "opt"])(
    "around %s says bit for bit what its language model says, and has rows for <EOC>, <BOS> and <PAD> beside its table",
    async (name) => {
      const { language, params } = await saveLanguage(name);
      const out = at(`${name}-flamingo`);
      const { added, config, report } = await newFlamingo(out, { vision: at("eyes"), language: at(name), every: 2 });
      expect(added).toEqual(["<EOC>", "<BOS>", "<PAD>"]);
      expect(config.language).toEqual({ ...language, vocabulary: 36, added: 3 });
      expect(config.gated.before).toEqual([0, 2].slice(0, Math.ceil(language.layers / 2)));
      expect(config.resampler).toMatchObject({ layers: 6, latents: 64, frames: 8, heads: language.heads });
      expect(report.drawn.every((path) => /^(resampler|gated)\.|^language\.added/.test(path))).toBe(true);

      const { params: own, tokenizer } = await readFlamingo(out);
      expect(openTokenizer(tokenizer as never).special("<EOC>")).toBe(36);
      const tokens = [3, 7, 0, 12, 35, 9];
      const apart = bind(frozen(params), "").language as Flamingo<Value>["language"];
      const alone = await logitsOf(languageModel(apart, language, row(tokens)), params);
      const bound = bind(own, "") as Flamingo<Value>;
      const pixels = constant(new Float32Array(12 * 12 * 3).fill(0.7), [
        axis("media", 1),
        axis("frames", 1),
        axis("height", 12),
        axis("width", 12),
        axis("", 3),
      ]);
      const visual = visualTokens(bound, config, pixels);
      const whole = wholeTexts(bound, config, { tokens: row(tokens), lastMedia: row([0, 0, 1, 1, 1, 1]), visual });
      const joined = await logitsOf(whole.logits, own);
      expect([joined.columns, alone.columns]).toEqual([39, 40]);
      for (const [i] of tokens.entries()) {
        const ours = { begin: i * 39, end: i * 39 + 36 };
        const theirs = { begin: i * 40, end: i * 40 + 36 };
        expect(joined.exact.slice(ours.begin, ours.end), `after token ${i}`).toEqual(
          alone.exact.slice(theirs.begin, theirs.end),
        );
        const wanted = { shape: [36], data: alone.engine.slice(theirs.begin, theirs.end) };
        const found = { shape: [36], data: joined.engine.slice(ours.begin, ours.end) };
        expect(relativeError(found, wanted)).toBeLessThan(1e-5);
      }
    },
  );

  it("opens and answers, with the paper's prompts", async () => {
    await saveLanguage("gpt2");
    await newFlamingo(at("answers"), { vision: at("eyes"), language: at("gpt2"), every: 1, latents: 4, name: "own" });
    await using model = await openFlamingo(at("answers"));
    expect(model.config).toMatchObject({ name: "own", prompt: { policy: "paper" }, resampler: { latents: 4 } });
    const { logProb } = await model.generate([{ text: "a b" }], { maximumTokens: 2 });
    expect(logProb).toBeLessThan(0);
  });

  it("is another with another seed, and its towers are not", async () => {
    await saveLanguage("gpt2");
    const make = async (name: string, seed: number) => {
      await newFlamingo(at(name), { vision: at("eyes"), language: at("gpt2"), every: 2, latents: 4, seed });
      return readModelFolder(at(name));
    };
    const [one, same, other] = [await make("seed-1", 1), await make("seed-1-again", 1), await make("seed-2", 2)];
    expect(same.tensors).toEqual(one.tensors);
    for (const path of one.tensors.keys())
      if (/^(vision|language\.blocks)\./.test(path)) expect(other.tensors.get(path)).toEqual(one.tensors.get(path));
    for (const path of ["resampler.latents", "gated.0.query.weight", "language.added"])
      expect(other.tensors.get(path)!.data, path).not.toEqual(one.tensors.get(path)!.data);
  });

  it("keeps its towers in the formats that they have", async () => {
    const { language, params } = await saveLanguage("llama");
    const config = { kind: "language", language, prompt: { policy: "paper", marks: { eos: "<|endoftext|>" } } };
    await saveModelFolder(at("halves"), { config, tokenizer: words, params, dtype: "BF16" });
    await newFlamingo(at("of-halves"), { vision: at("eyes"), language: at("halves"), every: 4, latents: 4 });
    const [there, here] = [await openTensorStore(at("halves")), await openTensorStore(at("of-halves"))];
    expect(here.entries.get("language.head.weight")).toMatchObject({ dtype: "BF16", shape: [language.width, 36] });
    expect(await here.raw("language.embedding")).toEqual(await there.raw("language.embedding", { from: 0, to: 36 }));
    expect(here.entries.get("resampler.latents")!.dtype).toBe("F32");
  });

  it("is made of stages that were trained here, whose tokenizer has what it needs", async () => {
    const tokenizer = trainBpe(Array(20).fill("<image>Output: a red apple"), { vocabularySize: 300 });
    const { params } = { params: initFlamingo(new Random("stages"), TINY_FILE) };
    const stage = (name: "language" | "vision") =>
      saveModelFolder(at(`stage-${name}`), {
        config: { kind: name, [name]: TINY[name], ...(name === "vision" ? { normalisation } : {}) },
        tokenizer,
        params: { [name]: params[name] },
      });
    await stage("language");
    await stage("vision");
    const { added, config } = await newFlamingo(at("staged"), {
      vision: at("stage-vision"),
      language: at("stage-language"),
      every: 2,
    });
    expect(added).toEqual([]);
    expect(config.language).toEqual(TINY.language);
    await readFlamingo(at("staged"));
  });

  it("is not made of folders of another kind, nor of a tower of which a tensor is missing", async () => {
    await saveLanguage("gpt2");
    const out = at("none");
    await expect(newFlamingo(out, { vision: at("gpt2"), language: at("gpt2"), every: 4 })).rejects.toThrow(
      /gpt2 is no folder of a vision tower: its config.json is of kind "language"/,
    );
    await expect(newFlamingo(out, { vision: at("eyes"), language: at("nowhere"), every: 4 })).rejects.toThrow(
      UsageError,
    );
    const { vision: tower } = { vision: stirred(initVision(new Random("eyes"), vision)) };
    const { positions: _, ...rest } = tower as unknown as Record<string, unknown>;
    const config = { kind: "vision", vision, normalisation };
    await saveModelFolder(at("torn"), { config, tokenizer: {}, params: { vision: rest } });
    const error = await newFlamingo(out, { vision: at("torn"), language: at("gpt2"), every: 4 }).catch((e) => e);
    expect(error).toBeInstanceOf(ImportError);
    expect(error.problem).toContain("vision.positions");
  });
});

describe("a tower's folder that is not as it was made", () => {
  const refused = async (name: string, part: "language" | "vision", files: Record<string, unknown>) => {
    await saveLanguage("gpt2");
    await cp(part === "language" ? at("gpt2") : at("eyes"), at(name), { recursive: true });
    for (const [file, content] of Object.entries(files)) await writeFile(at(name, file), JSON.stringify(content));
    const towers = { vision: at("eyes"), language: at("gpt2"), [part]: at(name) };
    const error = await newFlamingo(at("refused"), { ...towers, every: 4 }).catch((error) => error);
    expect(error).toBeInstanceOf(FlamingoError);
    return `${error.problem}`;
  };

  it.each([
    ["null", null, /no folder of a language model: its config\.json is of kind unknown/],
    ["no size", { kind: "language", language: { kind: "primer" } }, /language\.width: .*received undefined/],
    ["no language", { kind: "language", language: null }, /language: /],
    ["nothing", { kind: "language" }, /language: /],
  ])("is told by what its config.json says of its language model: %s", async (name, config, wanted) => {
    const problem = await refused(`words-${name}`, "language", { "config.json": config });
    expect(problem).toMatch(wanted);
    expect(problem).toContain(at(`words-${name}`));
  });

  it.each([
    ["null", null, /no folder of a vision tower/],
    ["no size", { kind: "vision", vision: { kind: "clip-vit" } }, /vision\.size: .*normalisation: /],
  ])("is told by what its config.json says of its vision tower: %s", async (name, config, wanted) => {
    const problem = await refused(`eyes-${name}`, "vision", { "config.json": config });
    expect(problem).toMatch(wanted);
    expect(problem).toContain(at(`eyes-${name}`));
  });

  it.each([
    ["null", null, /tokenizer\.json has no model with a type/],
    ["no vocabulary", { model: { type: "BPE" } }, /tokenizer\.json has no vocabulary/],
    [
      "odd tokens",
      { model: { type: "BPE", vocab: {} }, added_tokens: [{}] },
      /tokenizer\.json has an added token without/,
    ],
  ])("is told by its tokenizer: %s", async (name, tokenizer, wanted) => {
    expect(await refused(`tokens-${name}`, "language", { "tokenizer.json": tokenizer })).toMatch(wanted);
  });

  it("is not replaced by what is made of it", async () => {
    await saveLanguage("gpt2");
    const before = await readModelFolder(at("gpt2"));
    await expect(
      newFlamingo(at("gpt2"), { vision: at("eyes"), language: at("gpt2", "..", "gpt2"), every: 4 }),
    ).rejects.toThrow(/gpt2, in place of what it is made of/);
    expect(await readModelFolder(at("gpt2"))).toEqual(before);
  });
});
