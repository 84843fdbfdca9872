/** Folders of every family that is known, as they are published, brought into our layout number by number. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clipVitConfig } from "../../src/checkpoints/families/clip.js";
import { ideficsConfig } from "../../src/checkpoints/families/idefics.js";
import { languageFamily, namesIn, trainedLength } from "../../src/checkpoints/families/language.js";
import { openClipNames } from "../../src/checkpoints/names/clip.js";
import { ideficsNames } from "../../src/checkpoints/names/idefics.js";
import { nfnetNames } from "../../src/checkpoints/names/nfnet.js";
import { below } from "../../src/checkpoints/names/rows.js";
import { type NameRow, same } from "../../src/checkpoints/names/table.js";
import { DTYPE_BYTES, type Dtype, type Tensor } from "../../src/checkpoints/safetensors.js";
import { safetensorsPieces } from "../../src/checkpoints/safetensors-write.js";
import { openTensorStore } from "../../src/checkpoints/store.node.js";
import { writeWeights } from "../../src/checkpoints/weights-writer.node.js";
import { type Imported, importModel } from "../../src/conversion/import.node.js";
import { incomingOf, planTransfer } from "../../src/conversion/transfer.js";
import { initFlamingo } from "../../src/model/flamingo-parameters.js";
import { initLanguage } from "../../src/model/language/language.js";
import { NFNET_F0 } from "../../src/model/vision/nfnet.js";
import { initVision } from "../../src/model/vision/tower.js";
import { filled } from "../../src/nn/layers.js";
import { flatten, type Parameter } from "../../src/nn/parameters.js";
import { Undrawn } from "../../src/random.js";
import { command } from "../support/command.js";
import { CHECKPOINTS, configOf, copied, published } from "../support/published.js";
import { readReference, under, withWeights } from "../support/reference.js";
import { sparseFolder } from "../support/sparse.js";

let place: string;
const at = (...names: string[]) => join(place, ...names);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-families-"));
});
afterAll(() => rm(place, { recursive: true }));

/** A tokenizer of so many ids, of which the last are special. */
function tinyTokenizer(specials: readonly string[], count = specials.length + 3) {
  const letters = Array.from({ length: count - specials.length }, (_, id) => [String.fromCharCode(97 + id), id]);
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: "1.0",
    added_tokens: specials.map((content, i) => ({ ...plain, id: letters.length + i, content })),
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: { type: "BPE", vocab: Object.fromEntries(letters), merges: [] },
  };
}

const WORDS = {
  "tokenizer.json": tinyTokenizer(["<|endoftext|>"]),
  "tokenizer_config.json": { eos_token: "<|endoftext|>" },
};

let number = 0;
async function folderOf(tensors: ReadonlyMap<string, Tensor>, files: Readonly<Record<string, unknown>>) {
  const folder = at(`${number++}`);
  await mkdir(folder);
  await writeFile(join(folder, "model.safetensors"), Buffer.concat([...safetensorsPieces(tensors, { dtype: "F32" })]));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(content));
  return folder;
}

async function imported(source: string): Promise<Imported & { readonly folder: string }> {
  const folder = at(`${number++}`);
  return { folder, ...(await importModel(source, folder)) };
}

/** The folder holds the very numbers of a tree. */
async function expectNumbers(folder: string, tree: unknown): Promise<void> {
  const store = await openTensorStore(folder);
  const wanted = flatten(tree);
  expect([...store.entries.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [path, { shape, data }] of wanted) {
    const found = await store.read(path);
    expect(found.shape, path).toEqual(shape);
    expect(Buffer.compare(bytes(found.data), bytes(data)), path).toBe(0);
  }
}
const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);

interface LanguageFacts {
  readonly config: Readonly<Record<string, unknown>> & { readonly model_type: string };
}

function language(fixture: string) {
  const { tensors, facts } = readReference<LanguageFacts>(`language-${fixture}`);
  const weights = under(tensors, "weights.");
  const family = languageFamily(facts.config, fixture);
  const config = family.config(facts.config, fixture);
  const rows = below(namesIn(family, config, new Set(weights.keys())), "language.", "");
  const tree = withWeights({ language: initLanguage(new Undrawn(), config) }, rows, weights);
  return { json: facts.config, weights, config, rows, tree };
}

const TIED = ["gpt2", "opt", "opt-350m", "mpt", "mosaic-gpt", "mpt-multiquery"];
const UNTIED = ["gpt-neox-parallel", "gpt-neox-sequential", "llama", "llama-grouped"];

describe("a language model's folder", () => {
  it.each([...TIED, ...UNTIED])(
    "of %s becomes ours, number by number, and every tensor is accounted for",
    async (fixture) => {
      const { json, weights, config, rows, tree } = language(fixture);
      const { folder, kind, report } = await imported(await folderOf(weights, { "config.json": json, ...WORDS }));
      expect(kind).toBe("language");
      await expectNumbers(folder, tree);
      expect(report.missing).toEqual([]);
      expect(report.unexpected).toEqual([]);
      expect(report.used.map(({ ours }) => ours).sort()).toEqual(rows.map(({ ours }) => ours).sort());
      expect(report.used.every(({ role, dtype }) => role === "frozen" && dtype === "F32")).toBe(true);
      const told = [report.used, report.aside, report.tied].flat().map(({ theirs }) => theirs);
      expect(new Set(told)).toEqual(new Set(weights.keys()));
      const saved = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
      expect(saved).toMatchObject({ kind: "language", language: config, prompt: { policy: "paper" } });
      const { code, err } = await command(["inspect", folder]);
      expect([code, err]).toEqual([1, expect.stringMatching(/kind/)]);
    },
  );

  it.each(TIED)("of %s may hold its head, which is its token table again, or not", async (fixture) => {
    const { json, weights, rows, tree } = language(fixture);
    const table = rows.find(({ ours }) => ours === "language.embedding")!.theirs;
    const without = new Map([...weights].filter(([name]) => name !== "lm_head.weight"));
    const holding = new Map(without).set("lm_head.weight", weights.get(table)!);
    for (const [tensors, tied] of [
      [without, 0],
      [holding, 1],
    ] as const) {
      const { folder, report } = await imported(await folderOf(tensors, { "config.json": json, ...WORDS }));
      await expectNumbers(folder, tree);
      expect(report.tied.map(({ theirs, with: other }) => [theirs, other])).toEqual(
        tied === 1 ? [["lm_head.weight", table]] : [],
      );
    }
  });

  it("of a family with a head of its own must hold it", async () => {
    const { json, weights } = language("llama");
    weights.delete("lm_head.weight");
    await expect(imported(await folderOf(weights, { "config.json": json, ...WORDS }))).rejects.toThrow(
      /1 tensor is missing:\n {2}- lm_head\.weight \[\d+, 16\] is not in .*; it is language\.head\.weight here/,
    );
  });

  it("may have names without the prefix of the whole model, and tensors that nobody knows, which are told", async () => {
    const { json, weights, tree } = language("gpt2");
    const bare = new Map([...weights].map(([name, tensor]) => [name.replace(/^transformer\./, ""), tensor]));
    bare.set("lora.weight", { shape: [2], data: Float32Array.of(1, 2) });
    bare.set("h.0.attn.bias", { shape: [1], data: Float32Array.of(1) });
    const { folder, report } = await imported(await folderOf(bare, { "config.json": json, ...WORDS }));
    await expectNumbers(folder, tree);
    expect(report.unexpected).toMatchObject([{ theirs: "lora.weight", shape: [2], dtype: "F32" }]);
    expect(report.aside).toMatchObject([{ theirs: "h.0.attn.bias", why: expect.stringMatching(/buffer/) }]);
  });

  it("tells parts of a fused matrix as reshaped, with both shapes, and not what only stands in another order", async () => {
    const { json, weights } = language("gpt2");
    const { report } = await imported(await folderOf(weights, { "config.json": json, ...WORDS }));
    expect(report.reshaped).toContainEqual({
      ours: "language.blocks.0.attention.query.weight",
      shape: [16, 16],
      theirs: "transformer.h.0.attn.c_attn.weight",
      theirShape: [16, 48],
    });
    expect(report.reshaped.some(({ theirs }) => /wte|c_proj|ln_/.test(theirs))).toBe(false);
  });
});

describe("how long a text may be", () => {
  it.each([
    ["gpt2", { model_type: "gpt2" }, 1024],
    ["gpt2", { model_type: "gpt2", n_positions: 64 }, 64],
    ["opt", { model_type: "opt", max_position_embeddings: 100 }, 100],
    ["a mosaic_gpt with biases", { model_type: "mosaic_gpt", alibi: true, max_seq_len: 512 }, 512],
    ["a LLaMA", { model_type: "llama", max_position_embeddings: 4096 }, 4096],
    ["a LLaMA that does not say", { model_type: "llama" }, 2048],
    ["a LLaMA that says nonsense", { model_type: "llama", max_position_embeddings: "long" }, 2048],
  ])("is told by the configuration of %s", (_, json, length) => {
    expect(trainedLength(json, languageFamily(json, "there").config(json, "there"))).toBe(length);
  });

  it.each([
    ["openflamingo-mpt", 64],
    ["openflamingo-neox", 128],
    ["idefics", 2048],
  ] as const)("is the language model's in what becomes of %s", async (name, maximumTokens) => {
    const folder = at(`limits-${name}`);
    const { code } = await command(["import", published(name), "--out", folder, ...CHECKPOINTS[name]]);
    expect(code).toBe(0);
    const { limits } = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    expect(limits).toEqual({ maximumMedia: 64, maximumTokens });
  });
});

describe("a vision tower's folder", () => {
  it("of CLIP may have the names of open_clip", async () => {
    const { tensors, facts } = readReference<{ config: object }>("clip-open-clip");
    const weights = under(tensors, "weights.");
    const json = { model_type: "clip_vision_model", ...facts.config };
    const config = clipVitConfig(json, "there", { classToken: false });
    const { folder, kind, report } = await imported(await folderOf(weights, { "config.json": json }));
    expect(kind).toBe("vision");
    const tree = { vision: initVision(new Undrawn(), config) };
    await expectNumbers(folder, withWeights(tree, openClipNames(config), weights));
    expect(report.unexpected).toEqual([]);
  });

  it("of timm's NFNet-F0, at its real size, keeps its format and leaves the classifier", async () => {
    const tree = { vision: initVision(new Undrawn(), NFNET_F0) };
    const classifier: NameRow = { ours: "classes", theirs: "head.fc.bias", layout: same };
    const json = { architecture: "dm_nfnet_f0", pretrained_cfg: { input_size: [3, 192, 192], mean: [0.5, 0.4, 0.3] } };
    const source = await sparseFolder(
      at("nfnet"),
      { tree: { ...tree, classes: filled([1000], 0) }, rows: [...nfnetNames(NFNET_F0), classifier] },
      { "config.json": JSON.stringify(json) },
    );
    const { folder, report, bytes } = await imported(source);
    const count = [...flatten(tree).values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(bytes).toBe(2 * count);
    expect(report.aside).toMatchObject([{ theirs: "head.fc.bias", why: expect.stringMatching(/classifier/) }]);
    expect(report.unexpected).toEqual([]);
    const saved = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    expect(saved).toMatchObject({
      kind: "vision",
      vision: { kind: "nfnet", size: 192, padding: NFNET_F0.padding },
      normalisation: { mean: [0.5, 0.4, 0.3], deviation: [0.229, 0.224, 0.225], fit: "pad" },
    });
  });
});

describe("an IDEFICS", () => {
  it.each(["vector-gates", "no-resampler"])(
    "in the form %s becomes ours, number by number, and opens",
    async (form) => {
      const { tensors, facts } = readReference<{ config: object }>(`idefics-${form}`);
      const weights = under(tensors, "weights.");
      const config = ideficsConfig(facts.config, form);
      const own = config.language.vocabulary;
      const words = tinyTokenizer(
        ["<unk>", "<s>", "</s>", "<fake_token_around_image>", "<image>", "<end_of_utterance>"],
        own + 3,
      );
      const files = {
        "config.json": { model_type: "idefics", ...facts.config },
        "tokenizer.json": words,
        "tokenizer_config.json": {
          ...{ tokenizer_class: "LlamaTokenizer", bos_token: "<s>", eos_token: "</s>", pad_token: "<unk>" },
        },
      };
      const { folder, report } = await imported(await folderOf(weights, files));
      const tree = withWeights(initFlamingo(new Undrawn(), config), ideficsNames(config), weights);
      await expectNumbers(folder, tree);
      expect(report.unexpected).toEqual([]);
      const roles = new Map(report.used.map(({ ours, role }) => [ours, role]));
      expect(roles.get("language.added")).toBe("trained");
      expect(roles.get("language.addedHead.weight")).toBe("trained");
      expect(roles.get("gated.0.attentionGate")).toBe("trained");
      expect(roles.get("language.embedding")).toBe("frozen");
      expect(roles.get("vision.classToken")).toBe("frozen");
      const saved = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
      expect(saved.prompt.policy).toBe("idefics-instruct");
      const { code, err } = await command(["generate", published("first.png"), "abc", "--model", folder]);
      expect(code, err).toBe(0);
    },
  );
});

describe("an OpenFlamingo on OPT", () => {
  it("leaves the table of positions that its checkpoint holds beside, for it was frozen", async () => {
    const { json, weights } = language("opt");
    const words = {
      ...WORDS,
      "config.json": json,
      "tokenizer.json": JSON.parse(await readFile(published("neox", "tokenizer.json"), "utf8")),
    };
    const base = await folderOf(weights, words);
    const store = await openTensorStore(published("openflamingo-neox", "checkpoint.pt"));
    const tensors = new Map<string, Tensor>();
    for (const name of store.entries.keys())
      if (!name.includes("embed_out"))
        tensors.set(
          name
            .replace("gpt_neox.layers", "model.decoder.layers")
            .replace("gpt_neox.embed_in", "model.decoder.embed_tokens"),
          await store.read(name),
        );
    tensors.set(
      "lang_encoder.model.decoder.embed_positions.weight",
      weights.get("model.decoder.embed_positions.weight")!,
    );
    const folder = at("on-opt");
    const { report } = await importModel(await folderOf(tensors, {}), folder, {
      language: base,
      vision: published("clip"),
    });
    expect(report.unexpected).toEqual([]);
    expect(report.aside).toContainEqual(
      expect.objectContaining({
        theirs: "lang_encoder.model.decoder.embed_positions.weight",
        why: "the language model's own, which was frozen",
      }),
    );
    const { code, err } = await command(["generate", published("first.png"), "Output:", "--model", folder]);
    expect(code, err).toBe(0);
  });
});

describe("numbers of every format", () => {
  const shape = [3, 16];
  const numbers = Float32Array.from({ length: 48 }, (_, i) => (i - 20) / 8);
  const rows: NameRow[] = [{ ours: "weight", theirs: "theirs", layout: same }];
  const parameters = new Map<string, Parameter>([["weight", filled(shape, 0)]]);

  it.each<[Dtype, Dtype]>([
    ["F32", "F32"],
    ["F16", "F16"],
    ["BF16", "BF16"],
    ["F64", "F32"],
  ])("that stand as %s are kept as %s", async (theirs, ours) => {
    const folder = at(`format-${theirs}`);
    await mkdir(folder);
    await writeWeights(folder, new Map([["theirs", { dtype: theirs, shape }]]), async (writer) => {
      await writer.write("theirs", theirs === "F64" ? new Uint8Array(Float64Array.from(numbers).buffer) : numbers);
    });
    const store = await openTensorStore(folder);
    const { moves, report } = planTransfer(parameters, [{ store, rows, aside: [] }], { trained: () => false });
    expect(moves[0]!.dtype).toBe(ours);
    expect(report.used[0]!.dtype).toBe(theirs);
    const bits = await incomingOf(moves, parameters)[0]!.read();
    expect(bits.byteLength).toBe(48 * DTYPE_BYTES[ours]);
    if (ours === theirs) expect(Buffer.compare(Buffer.from(bits.buffer), await store.raw("theirs"))).toBe(0);
    else expect([...new Float32Array(bits.buffer)]).toEqual([...numbers]);
  });

  it("that stand in one place under two names are told as tied, whichever of the two is taken", async () => {
    const store = await openTensorStore(new URL("../fixtures/torch/tied.pt", import.meta.url).pathname);
    for (const [taken, other] of [
      ["embed.weight", "head.weight"],
      ["head.weight", "embed.weight"],
    ] as const) {
      const { report } = planTransfer(
        new Map([["table", filled([5, 3], 0)]]),
        [{ store, rows: [{ ours: "table", theirs: taken, layout: same }], aside: [] }],
        { trained: () => true },
      );
      expect(report.tied).toMatchObject([{ theirs: other, with: taken }]);
      expect(report.unexpected).toEqual([]);
    }
  });
});

describe("a model of thousands of tensors", () => {
  it("has a report that is written and read in a moment", async () => {
    const { json } = language("llama");
    const deep = { ...json, num_hidden_layers: 400 };
    const config = languageFamily(deep, "deep").config(deep, "deep");
    const tree = { language: initLanguage(new Undrawn(), config) };
    const rows = below(namesIn(languageFamily(deep, "deep"), config, new Set()), "language.", "");
    const source = await sparseFolder(
      at("deep"),
      { tree, rows },
      {
        "config.json": JSON.stringify(deep),
        ...Object.fromEntries(Object.entries(WORDS).map(([name, content]) => [name, JSON.stringify(content)])),
      },
    );
    const began = performance.now();
    const { folder, report } = await imported(source);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(report.used).toHaveLength(rows.length);
    const written = await readFile(join(folder, "import.json"), "utf8");
    expect(JSON.parse(written)).toEqual(report);
    expect(written.length / rows.length).toBeLessThan(700);
  });
});

it("a folder with files of several models is told so", async () => {
  const source = await copied("clip", at("several"), {
    "pytorch_model.bin": null,
    "one.safetensors": Buffer.alloc(9),
    "other.safetensors": Buffer.alloc(9),
    "config.json": await configOf("clip"),
  });
  await expect(imported(source)).rejects.toThrow(
    /several has several files of weights.*one\.safetensors, other\.safetensors/,
  );
});
