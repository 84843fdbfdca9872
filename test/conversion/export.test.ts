import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FlamingoFile } from "../../src/checkpoints/flamingo-file.js";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import { outlineFlamingo } from "../../src/checkpoints/flamingo-outline.node.js";
import { saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import { ExportError } from "../../src/conversion/errors.js";
import { exportModel } from "../../src/conversion/export.node.js";
import { importModel } from "../../src/conversion/import.node.js";
import { OutputError, UsageError } from "../../src/errors.js";
import { quantiseParameters } from "../../src/nn/quantised.js";
import { saveTinyModel } from "../support/tiny-model.js";
import { bitsOf, saveOpenFlamingo, savePublishedIdefics } from "./models.js";

let place: string;
const at = (...names: readonly string[]) => join(place, ...names);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-export-"));
});
afterAll(() => rm(place, { recursive: true }));

const json = async (...names: readonly string[]) => JSON.parse(await readFile(join(...names), "utf8"));

describe("export as OpenFlamingo", () => {
  it.each([
    ["neox", "F32"],
    ["neox", "F16"],
    ["mpt", "BF16"],
    ["llama", "F16"],
    ["opt", "F32"],
  ] as const)(
    "an import of the export of one around %s in %s has the same bits, words and sizes",
    async (name, dtype) => {
      const [model, out, again] = [at(`${name}-${dtype}`), at(`${name}-${dtype}-out`), at(`${name}-${dtype}-again`)];
      const config = await saveOpenFlamingo(model, name, dtype);
      const { files, notes } = await exportModel(model, "openflamingo", out);
      expect(files).toEqual(["checkpoint.pt", "language/model.safetensors", "vision/model.safetensors"]);
      expect(notes).toContain("cross_attn_every_n_layers=2");
      const { report } = await importModel(out, again, {
        language: join(out, "language"),
        vision: join(out, "vision"),
        name: "tiny",
      });
      expect(report.missing).toEqual([]);
      expect(report.unexpected).toEqual([]);
      expect(await bitsOf(again)).toEqual(await bitsOf(model));
      const read = await outlineFlamingo(again);
      const before = await outlineFlamingo(model);
      expect(read.config).toEqual({ ...config, limits: read.config.limits });
      expect(read.tokenizer).toEqual(before.tokenizer);
    },
  );

  it("shards are written where files may be only so large, and read again", async () => {
    const [model, out, again] = [at("sharded"), at("sharded-out"), at("sharded-again")];
    await saveOpenFlamingo(model, "llama", "F16");
    const { files } = await exportModel(model, "openflamingo", out, { shardBytes: 4000 });
    expect(files.filter((file) => file.startsWith("language/")).length).toBeGreaterThan(3);
    await importModel(out, again, { language: join(out, "language"), vision: join(out, "vision") });
    expect(await bitsOf(again)).toEqual(await bitsOf(model));
  });
});

describe("export as IDEFICS", () => {
  it.each([
    ["published", "F32"],
    ["published", "BF16"],
    ["vector-gates", "F16"],
    ["no-resampler", "F32"],
  ] as const)("what was imported of %s in %s comes out as it was, and goes in again", async (name, dtype) => {
    const [source, model, out, again] = ["source", "model", "out", "again"].map((step) =>
      at(`idefics-${name}-${dtype}-${step}`),
    ) as [string, string, string, string];
    await savePublishedIdefics(source, name, dtype);
    await importModel(source, model, { name: "tiny" });
    await exportModel(model, "idefics", out);
    const [before, after] = [await bitsOf(source), await bitsOf(out)];
    const norm = (tensor: string) => tensor.startsWith("model.vision_model.post_layernorm.");
    expect(Object.keys(after)).toEqual(Object.keys(before));
    for (const tensor of Object.keys(before).filter((tensor) => !norm(tensor)))
      expect(after[tensor], tensor).toBe(before[tensor]);
    await importModel(out, again, { name: "tiny" });
    expect(await bitsOf(again)).toEqual(await bitsOf(model));
    for (const file of ["config.json", "tokenizer.json", "preprocessor_config.json"])
      expect(await json(again, file), file).toEqual(await json(model, file));
  });
});

describe("a model that a format cannot say", () => {
  const refused = async (model: string, format: "openflamingo" | "idefics", out = `${model}-out`) => {
    const error = await exportModel(model, format, out).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ExportError);
    expect(await readdir(out).catch(() => undefined)).toBeUndefined();
    return error as ExportError;
  };

  it("is refused with every field in which it is another, what the format has there, and the mend", async () => {
    const model = at("own");
    await saveTinyModel(model);
    const { problem, mend } = await refused(model, "openflamingo");
    expect(problem).toMatch(/own cannot be said in the format of OpenFlamingo:/);
    expect(problem).toContain('prompt.policy is "paper"; the format has only openflamingo');
    expect(problem).toContain('vision.kind is "folded-nfnet"; the format has only clip-vit');
    expect(problem).toContain('language.kind is "primer"; the format has only transformer');
    expect(problem).toContain('resampler.activation is "squaredRelu"; the format has "gelu"');
    expect(problem).toContain("normalisation.fit");
    expect(mend).toContain("--format onnx");
    expect((await refused(model, "idefics")).problem).toContain('vision.kind is "folded-nfnet"');
  });

  const gated = (change: Partial<FlamingoFile["gated"]>) => (config: FlamingoFile) => ({
    ...config,
    gated: { ...config.gated, ...change },
  });
  it.each<[string, (config: FlamingoFile) => FlamingoFile, RegExp]>([
    ["a gate for every channel", gated({ gate: "vector" }), /gated\.gate is "vector"; the format has "scalar"$/m],
    ["all images seen", gated({ attend: "all" }), /gated\.attend is "all"; the format has "last"$/m],
    ["other heads", gated({ heads: 2, headDim: 8 }), /gated\.headDim is 8; the format has 64$/m],
    [
      "interpolated positions of patches",
      (config) => ({ ...config, vision: { ...config.vision, size: 16 } as FlamingoFile["vision"] }),
      /vision\.positions is 3; the format has 4$/m,
    ],
    [
      "tokens added beside the table",
      (config) => ({ ...config, ownTokens: "added" }),
      /ownTokens is "added"; the format has "table"$/m,
    ],
    [
      "a factor on its logits",
      (config) => ({ ...config, language: { ...config.language, logitScale: 2 } as FlamingoFile["language"] }),
      /language\.logitScale is 2; the format has none$/m,
    ],
  ])("%s alone is told alone", async (name, change, wanted) => {
    const model = at(name.replaceAll(" ", "-"));
    await saveOpenFlamingo(model, "neox", "F16", change);
    const { problem } = await refused(model, "openflamingo");
    expect(problem).toMatch(wanted);
    expect(problem.split("\n")).toHaveLength(2);
  });

  it("weights in few bits are refused by the name of one", async () => {
    await saveOpenFlamingo(at("wide"), "neox", "F32", (config) => ({
      ...config,
      gated: { ...config.gated, hidden: 64 },
    }));
    const { config, tokenizer, params } = await readFlamingo(at("wide"));
    await saveModelFolder(at("few"), { config, tokenizer, params: quantiseParameters(params, "int8") });
    const { problem, mend } = await refused(at("few"), "openflamingo");
    expect(problem).toMatch(/holds \d+ matrices in few bits, such as gated\.0\.feedForward/);
    expect(mend).toContain("without --quantize");
  });
});

describe("the place of an export", () => {
  const [model, out] = ["placed", "placed-out"];
  beforeAll(() => saveOpenFlamingo(at(model), "llama"));

  it("may be neither the model's own nor hold other things, which stay", async () => {
    const before = await bitsOf(at(model));
    for (const wrong of [at(model), at(model, "inside"), place])
      await expect(exportModel(at(model), "openflamingo", wrong)).rejects.toThrow(UsageError);
    await mkdir(at("other"));
    await writeFile(at("other", "diary.txt"), "mine");
    await expect(exportModel(at(model), "openflamingo", at("other"))).rejects.toThrow(OutputError);
    expect(await readdir(at("other"))).toEqual(["diary.txt"]);
    expect(await bitsOf(at(model))).toEqual(before);
  });

  it("is empty or as it was before where an export is given up halfway", async () => {
    const before = (await readdir(place)).sort();
    const controller = new AbortController();
    const options = { signal: controller.signal, onWritten: () => controller.abort(new Error("enough")) };
    await expect(exportModel(at(model), "openflamingo", at(out), options)).rejects.toThrow("enough");
    expect((await readdir(place)).sort()).toEqual(before);
  });

  it("an older export is replaced whole, but for files that are not its own", async () => {
    await exportModel(at(model), "openflamingo", at(out), { shardBytes: 2000 });
    await writeFile(at(out, "notes.txt"), "mine");
    await exportModel(at(model), "openflamingo", at(out));
    expect((await readdir(at(out))).sort()).toEqual([
      "checkpoint.pt",
      "export.json",
      "language",
      "notes.txt",
      "vision",
    ]);
    expect((await readdir(at(out, "language"))).sort()).toEqual([
      "config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const { tensors, format } = await json(at(out), "export.json");
    expect(format).toBe("openflamingo");
    const fused = tensors.find(({ theirs }: { theirs: string }) => theirs === "perceiver.layers.0.0.to_kv.weight");
    expect(fused.ours).toEqual(["resampler.layers.0.key.weight", "resampler.layers.0.value.weight"]);
  });
});
