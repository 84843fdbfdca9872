import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../src/checkpoints/safetensors.js";
import { readSafetensors } from "../../src/checkpoints/safetensors.js";
import { safetensorsPieces } from "../../src/checkpoints/safetensors-write.js";
import { openTensorStore } from "../../src/checkpoints/store.node.js";
import { command } from "../support/command.js";
import { CHECKPOINTS, configOf, copied, published } from "../support/published.js";

let place: string;
let out: string;
const at = (...names: string[]) => join(place, ...names);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-bad-import-"));
  out = at("out");
  await mkdir(out);
});
afterAll(() => rm(place, { recursive: true }));

/** Not done, said in words with a way out, and nothing left where the model was to be. */
async function expectRefused(args: readonly string[], ...wanted: (string | RegExp)[]): Promise<void> {
  const { code, out: written, err } = await command(["import", ...args, "--out", join(out, "model")]);
  for (const part of wanted) expect(err).toMatch(part);
  expect(err).toMatch(/\nTo mend it: .{10,}/);
  expect(err).not.toMatch(/\n {4}at /);
  expect(written).toBe("");
  expect(code).toBe(1);
  expect(await readdir(out)).toEqual([]);
}

let number = 0;
/** A folder of its own for every spoilt checkpoint. */
const fresh = (name: string) => at(`${number++}`, name);
const spoilt = (name: string, files: Readonly<Record<string, unknown>>) => copied(name, fresh(name), files);
const NEOX = CHECKPOINTS["openflamingo-neox"];
const MPT = CHECKPOINTS["openflamingo-mpt"];

/** Tensors of a checkpoint, to be changed. */
async function tensorsOf(name: string, file = "checkpoint.pt"): Promise<Map<string, Tensor>> {
  const store = await openTensorStore(published(name, file));
  const names = [...store.entries.keys()];
  return new Map(await Promise.all(names.map(async (tensor) => [tensor, await store.read(tensor)] as const)));
}

const safetensors = (tensors: ReadonlyMap<string, Tensor>) =>
  Buffer.concat([...safetensorsPieces(tensors, { dtype: "F32" })]);

/** A checkpoint of an OpenFlamingo with other tensors. */
async function checkpointOf(name: string, change: (tensors: Map<string, Tensor>) => ReadonlyMap<string, Tensor>) {
  const folder = fresh(name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "checkpoint.safetensors"), safetensors(change(await tensorsOf(name))));
  return folder;
}

describe("a file of weights that is none", () => {
  it.each([
    ["os-system.pt", /posix system|posix\.system/],
    ["os-system-legacy.pt", /posix system|posix\.system/],
    ["eval.pt", /__builtin__\.eval/],
    ["copyreg.pt", /Made|copyreg/],
    ["module.pt", /Linear|torch\.nn/],
  ])(
    "%s, which asks for more than data, is refused by the name of what it asks for, and nothing of it is run",
    async (file, asked) => {
      const folder = fresh("evil");
      await mkdir(folder, { recursive: true });
      const pickle = new URL(`../fixtures/torch/${file}`, import.meta.url);
      await writeFile(join(folder, "checkpoint.pt"), await readFile(pickle));
      await expectRefused([folder, ...MPT], join(folder, "checkpoint.pt"), asked);
      const tower = await spoilt("clip", { "pytorch_model.bin": await readFile(pickle) });
      await expectRefused([tower], join(tower, "pytorch_model.bin"), asked);
    },
  );

  it("is told as the pointer of Git LFS or the web page that it is", async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 4193000000\n`;
    const lfs = await spoilt("openflamingo-mpt", { "checkpoint.pt": pointer });
    await expectRefused([lfs, ...MPT], /checkpoint\.pt has 1\d\d bytes .*pointer of Git LFS/, "git lfs pull");
    const page = await spoilt("clip", { "pytorch_model.bin": "<!DOCTYPE html><html><title>Sign in</title></html>" });
    await expectRefused([page], /pytorch_model\.bin is a web page/);
    const words = await spoilt("neox", { "tokenizer.json": pointer });
    await expectRefused([words], /tokenizer\.json is not JSON/);
  });

  const shard = "model-00002-of-00002.safetensors";
  const bytesOf = (file: string) => readFile(published("idefics", file));

  it("is told by its name if it was cut off", async () => {
    const whole = await bytesOf(shard);
    for (const length of [0, 7, 300, whole.length - 1]) {
      const cut = await spoilt("idefics", { [shard]: whole.subarray(0, length) });
      await expectRefused([cut], join(cut, shard));
    }
    const torch = await readFile(published("openflamingo-mpt", "checkpoint.pt"));
    const half = await spoilt("openflamingo-mpt", { "checkpoint.pt": torch.subarray(0, torch.length / 2) });
    await expectRefused([half, ...MPT], join(half, "checkpoint.pt"));
  });

  it.each([
    ["says that its header is longer than the file", 2n ** 40n, /1099511627776|header/],
    ["says that its header is shorter than it is", 20n, /header|JSON/],
    ["says that it has no header", 0n, /header|JSON/],
  ])("%s", async (_, length, wanted) => {
    const bytes = Buffer.from(await bytesOf(shard));
    bytes.writeBigUInt64LE(length);
    const folder = await spoilt("idefics", { [shard]: bytes });
    await expectRefused([folder], join(folder, shard), wanted);
  });

  it("has tensors that overlap, both of which are named", async () => {
    const bytes = await readFile(published("neox", "model.safetensors"));
    const length = Number(bytes.readBigUInt64LE());
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
    const name = "gpt_neox.layers.1.input_layernorm.weight";
    const [begin, end] = header[name].data_offsets;
    Object.assign(header[name], { data_offsets: [begin - 32, end], shape: [32] });
    const text = Buffer.from(JSON.stringify(header).padEnd(length));
    const folder = await spoilt("neox", {
      "model.safetensors": Buffer.concat([bytes.subarray(0, 8), text, bytes.subarray(8 + length)]),
    });
    await expectRefused(
      [folder],
      join(folder, "model.safetensors"),
      /bytes of gpt_neox\.layers\.1\.input_layernorm\.weight, from \d+ on, overlap those of gpt_neox\.\S+, which end at \d+/,
    );
  });

  it("is missing though the index names it, or its index is", async () => {
    const lost = await spoilt("idefics", { [shard]: null });
    await expectRefused([lost], `says that weights are in ${shard}`);
    const unindexed = await spoilt("idefics", { "model.safetensors.index.json": null });
    await expectRefused([unindexed], /idefics has model-00001-of-00002.*no index/);
    const index = JSON.parse(await readFile(published("idefics", "model.safetensors.index.json"), "utf8"));
    index.weight_map["model.norm.weight"] = "../../etc/passwd";
    const outside = await spoilt("idefics", { "model.safetensors.index.json": index });
    await expectRefused(
      [outside],
      /model\.norm\.weight is in "\.\.\/\.\.\/etc\/passwd", which is no file of its folder/,
    );
  });

  it("is not there at all", async () => {
    const empty = await spoilt("neox", { "model.safetensors": null });
    await expectRefused([empty], /neox has no weights: its files are .*config\.json/);
    await expectRefused([at("nowhere")], /There is no folder .*nowhere/);
    await expectRefused(["owner/name"], /write "hf:owner\/name"/);
  });
});

describe("a configuration that is none", () => {
  it("is told by the family that it names, or its fault", async () => {
    const bert = await spoilt("neox", { "config.json": { model_type: "bert" } });
    await expectRefused([bert], /neox is of model_type "bert".*not those of an OpenFlamingo/, /gpt2, opt, gpt_neox/);
    const nothing = await spoilt("neox", { "config.json": null });
    await expectRefused([nothing], /neox has no config\.json/);
    const broken = await spoilt("neox", { "config.json": '{"model_type": "gpt_neox", ' });
    await expectRefused([broken], /neox\/config\.json is not JSON/);
    const nonsense = await configOf("neox", { hidden_size: "wide", num_hidden_layers: -1 });
    const faulty = await spoilt("neox", { "config.json": nonsense });
    await expectRefused([faulty], /config\.json of .*neox.*hidden_size: .*num_hidden_layers: /);
    const empty = await spoilt("neox", { "config.json": "[]" });
    await expectRefused([empty], /neox names no model_type in its config\.json, and its tensors/);
    const large = await spoilt("idefics", { "preprocessor_config.json": { image_size: 14 } });
    await expectRefused(
      [large],
      /preprocessor_config\.json of .*idefics makes pictures of 14 pixels, .* tower takes 12/,
    );
    const timm = await spoilt("clip", { "config.json": { architecture: "resnet50" } });
    await expectRefused([timm], /architecture "resnet50"/);
  });

  it.each([
    ["neox", "num_hidden_layers", 1e6],
    ["mpt", "n_layers", 1e6],
    ["idefics", "num_hidden_layers", 1e6],
    ["idefics", "perceiver_config", { resampler_depth: 1e6, use_resampler: true }],
    ["clip", "vision_config", { num_hidden_layers: 1e6 }],
  ])("of %s that asks by its %s for a million blocks is refused before they are listed", async (name, field, value) => {
    const folder = await spoilt(name, { "config.json": await configOf(name, { [field]: value }) });
    await expectRefused([folder], /config\.json of .*(layers|depth): .*4096/);
  });

  it.each([
    ["no vocabulary", { model: { type: "BPE" } }],
    ["an added token without its text or its id", { added_tokens: [null] }],
    ["an added token without its text or its id", { added_tokens: { "<pad>": 1 } }],
  ])("of a tokenizer has %s", async (wanted, change) => {
    const words = JSON.parse(await readFile(published("neox", "tokenizer.json"), "utf8"));
    const folder = await spoilt("neox", { "tokenizer.json": { ...words, ...change } });
    await expectRefused([folder], `The tokenizer.json of ${folder} has ${wanted}`);
  });

  it("of a model folder of ours is told as that", async () => {
    const model = at("a-model");
    expect((await command(["import", published("neox"), "--out", model])).code).toBe(0);
    await expectRefused([model], /a-model is a model folder already, of kind "language"/, /flamingo new/);
  });

  it("of a model that is not imported yet is told as that by the commands that want a Flamingo", async () => {
    for (const [asked, ...rest] of [
      ["inspect", published("idefics")],
      ["generate", "Output:", "--model", published("idefics")],
    ] as const) {
      const { code, err } = await command([asked, ...rest]);
      expect(err).toMatch(
        /idefics holds a model as others publish them .*"idefics"\)\.\nTo mend it: .*flamingo import \S+idefics --out/,
      );
      expect(code).toBe(1);
    }
  });

  it("makes tensors of other sizes than there are, each told with both", async () => {
    const folder = await spoilt("neox", { "config.json": await configOf("neox", { intermediate_size: 25 }) });
    await expectRefused(
      [folder],
      /6 tensors do not fit/,
      /mlp\.dense_h_to_4h\.weight of .*model\.safetensors is \[24, 16\]; the configuration makes it \[25, 16\]/,
    );
  });
});

describe("pieces that do not belong together", () => {
  const language = async (name: string, change: object) =>
    spoilt(name, { "config.json": await configOf(name, change as Record<string, unknown>) });
  const beside = (words: string, eyes = published("clip")) => ["--language", words, "--vision", eyes];

  it("an OpenFlamingo without its language model or its CLIP", async () => {
    const checkpoint = published("openflamingo-mpt");
    await expectRefused([checkpoint, "--vision", published("clip")], /openflamingo-mpt .*--language was not given/);
    await expectRefused(
      [checkpoint, "--language", published("mpt")],
      /--vision was not given/,
      "openai/clip-vit-large",
    );
  });

  it("an OpenFlamingo and a language model of another family", async () => {
    await expectRefused(
      [published("openflamingo-neox"), ...beside(published("mpt"))],
      /checkpoint\.pt was trained on a language model of family gpt_neox .*published\/mpt is mosaic_gpt/,
    );
  });

  it("an OpenFlamingo and a language model of another width or depth", async () => {
    const checkpoint = published("openflamingo-neox");
    const wide = await language("neox", { hidden_size: 32 });
    await expectRefused([checkpoint, ...beside(wide)], /its width is 16, but .*neox makes it 32/);
    const deep = await language("neox", { num_hidden_layers: 4 });
    await expectRefused(
      [checkpoint, ...beside(deep)],
      /gated blocks before language blocks 1, so that it was trained on a language model of 2 to 3 blocks, but .*neox has 4/,
    );
    const shallow = await language("mpt", { n_layers: 1 });
    await expectRefused(
      [published("openflamingo-mpt"), ...beside(shallow)],
      /before language blocks 0, 1, .*a language model of 2 blocks, but .*mpt has 1/,
    );
  });

  it("an OpenFlamingo and another CLIP", async () => {
    const config = (await configOf("clip")) as { vision_config: object };
    const vision_config = { ...config.vision_config, hidden_size: 24 };
    const tower = await spoilt("clip", { "config.json": { ...config, vision_config } });
    await expectRefused(
      [published("openflamingo-mpt"), ...beside(published("mpt"), tower)],
      /its width of visual features is 12, but .*clip makes it 24/,
      /openai\/clip-vit-large-patch14/,
    );
    await expectRefused(
      [published("openflamingo-mpt"), ...beside(published("mpt"), published("neox"))],
      /neox is no CLIP: its config\.json is of model_type "gpt_neox"/,
    );
  });

  it("a tokenizer of another size than the table of tokens", async () => {
    const words = JSON.parse(await readFile(published("neox", "tokenizer.json"), "utf8"));
    const more = { ...words.added_tokens[0], id: words.added_tokens.at(-1).id + 59, content: "<more>", special: true };
    const added = { ...words, added_tokens: [...words.added_tokens, more] };
    const folder = await spoilt("neox", { "tokenizer.json": added });
    await expectRefused(
      [published("openflamingo-neox"), ...beside(folder)],
      /tokenizer of .*neox has 64 ids, and lang_encoder\.gpt_neox\.embed_in\.weight of .*openflamingo-neox has 63 rows/,
    );
    const tokens = Array.from({ length: 9 }, (_, i) => ({ ...more, id: more.id + i, content: `<more ${i}>` }));
    const many = await spoilt("neox", {
      "tokenizer.json": { ...words, added_tokens: [...words.added_tokens, ...tokens] },
    });
    await expectRefused([many], /tokenizer of .*neox has 69 ids, and the token table of .*neox has 64 rows/);
  });

  it("an OpenFlamingo on a LLaMA, whose new rows of the head nobody has", async () => {
    const llama = await checkpointOf("openflamingo-neox", (tensors) => {
      const renamed = [...tensors].map(([name, tensor]) => [
        name.replace("gpt_neox.layers", "model.layers").replace("gpt_neox.embed_in", "model.embed_tokens"),
        tensor,
      ]);
      return new Map(renamed.filter(([name]) => name !== "lang_encoder.embed_out.weight") as [string, Tensor][]);
    });
    const config = {
      model_type: "llama",
      hidden_size: 16,
      num_hidden_layers: 2,
      vocab_size: 60,
      num_attention_heads: 2,
    };
    const words = await spoilt("neox", { "config.json": config });
    await expectRefused(
      [llama, ...beside(words)],
      /rows for the 3 tokens that were added are in no file: .*without lang_encoder\.lm_head\.weight \[63, 16\]/,
    );
  });

  it("heads that are not OpenFlamingo's", async () => {
    const narrow = await checkpointOf("openflamingo-neox", (tensors) => {
      const name = "perceiver.layers.0.0.to_q.weight";
      const { data } = tensors.get(name)!;
      return tensors.set(name, { shape: [60, 12], data: data.slice(0, 720) });
    });
    await expectRefused([narrow, ...NEOX], /perceiver\.layers\.0\.0\.to_q\.weight .* makes 60 channels; .*64 each/);
  });
});

describe("numbers that are none", () => {
  const broken = (value: number) => (tensors: Map<string, Tensor>) => {
    const { data, shape } = tensors.get("perceiver.latents")!;
    return tensors.set("perceiver.latents", { shape, data: Float32Array.from(data, (x, i) => (i === 5 ? value : x)) });
  };

  it("are told by their tensor, its file and their place", async () => {
    // The writer refuses to write them, so they are put into the bytes.
    const file = safetensors(broken(12345)(await tensorsOf("openflamingo-neox")));
    const marked = new Uint8Array(Float32Array.of(12345).buffer);
    file.writeFloatLE(Number.NaN, file.indexOf(marked));
    const folder = fresh("nan");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "checkpoint.safetensors"), file);
    await expectRefused(
      [folder, ...NEOX],
      /perceiver\.latents of .*checkpoint\.safetensors holds a number that is not finite, at element 5 of resampler\.latents \[3, 12\]/,
    );
    expect(readSafetensors(file).tensors.get("perceiver.latents")!.data[5]).toBeNaN();
  });

  it("are too large for 16 bits where these were asked for, and fine where they were not", async () => {
    const folder = await checkpointOf("openflamingo-neox", broken(70000));
    await expectRefused(
      [folder, ...NEOX, "--quantize", "f16"],
      /resampler\.latents holds 70000 at element 5, which float16 cannot hold/,
    );
    expect((await command(["import", folder, ...NEOX, "--out", at("large")])).code).toBe(0);
  });

  it("are of a format that no weight has", async () => {
    const bytes = await readFile(published("neox", "model.safetensors"));
    const length = Number(bytes.readBigUInt64LE());
    const text = bytes.toString("utf8", 8, 8 + length);
    const folder = await spoilt("neox", {
      "model.safetensors": Buffer.concat([
        bytes.subarray(0, 8),
        Buffer.from(text.replaceAll('"F16"', '"I16"')),
        bytes.subarray(8 + length),
      ]),
    });
    await expectRefused([folder], /gpt_neox\.embed_in\.weight of .* holds I16; weights are F64, F32, F16 or BF16/);
  });
});

describe("a tensor that is missing", () => {
  const lost = ["attn.norm.bias", "attn_gate"].map(
    (name) => `lang_encoder.gpt_neox.layers.1.gated_cross_attn_layer.${name}`,
  );
  let folder: string;
  beforeAll(async () => {
    folder = await checkpointOf("openflamingo-neox", (tensors) => {
      for (const name of [...lost.slice(0, 1), "perceiver.norm.bias"]) tensors.delete(name);
      return tensors;
    });
  });
  const norm = "gated.0.norm.offset";

  it("is told by both its names and its sizes, with all others that are", async () => {
    await expectRefused(
      [folder, ...NEOX],
      /2 tensors are missing:/,
      `${lost[0]} [16] is not in ${folder}/checkpoint.safetensors; it is ${norm} here`,
      /--allow-missing /,
    );
  });

  it("is let pass by its name, and no other is", async () => {
    await expectRefused([folder, ...NEOX, "--allow-missing", norm], /1 tensor is missing/, "resampler.norm.offset");
    await expectRefused(
      [folder, ...NEOX, "--allow-missing", "gated.0.norm.ofset"],
      /gated\.0\.norm\.ofset may be missing/,
    );
    const allowed = ["--allow-missing", norm, "--allow-missing", "resampler.norm.offset"];
    const { code, out: written } = await command(["import", folder, ...NEOX, ...allowed, "--out", at("let"), "--json"]);
    expect(code).toBe(0);
    const { missing } = JSON.parse(written).report;
    expect(missing).toMatchObject([
      { ours: "resampler.norm.offset", theirs: "perceiver.norm.bias", expected: [12], allowed: true },
      { ours: norm, theirs: lost[0], expected: [16], allowed: true },
    ]);
    const { data } = await (await openTensorStore(at("let"))).read(norm);
    expect([...data]).toEqual(Array(16).fill(0));
    expect((await command(["generate", published("first.png"), "Output:", "--model", at("let")])).code).toBe(0);
  });
});
