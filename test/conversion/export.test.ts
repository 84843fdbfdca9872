import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FlamingoFile } from "../../src/checkpoints/flamingo-file.js";
import { outlineFlamingo } from "../../src/checkpoints/flamingo-outline.node.js";
import { exportModel } from "../../src/conversion/export.node.js";
import { importModel } from "../../src/conversion/import.node.js";
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
