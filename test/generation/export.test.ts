import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import { saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import { readOnnxFile } from "../../src/checkpoints/onnx.node.js";
import { UsageError } from "../../src/errors.js";
import { exportGraphs } from "../../src/generation/export.node.js";
import { openFlamingo } from "../../src/generation/flamingo.node.js";
import { lookGraph, readGraph } from "../../src/generation/graphs.js";
import type { Graph } from "../../src/graph/index.js";
import { bind } from "../../src/nn/layers.js";
import { storedIn } from "../../src/nn/parameters.js";
import { quantiseParameters } from "../../src/nn/quantised.js";
import { fromOnnx, portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { saveOpenFlamingo } from "../conversion/models.js";
import { feedsFor } from "../support/graph-feeds.js";
import { saveTinyModel } from "../support/tiny-model.js";

let place: string;
const at = (...names: readonly string[]) => join(place, ...names);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-graphs-"));
  await saveTinyModel(at("own"));
  await saveOpenFlamingo(at("openflamingo"), "neox", "BF16");
  const { config, tokenizer, params } = await readFlamingo(at("openflamingo"));
  await saveModelFolder(at("int8"), { config, tokenizer, params: quantiseParameters(params, "int8") });
});
afterAll(() => rm(place, { recursive: true }));

describe("a model exported as graphs", () => {
  it.each(["own", "openflamingo", "int8"])("%s says from its files what it says from memory", async (name) => {
    const out = at(`${name}-out`);
    const { files } = await exportGraphs(at(name), out);
    expect(files).toEqual(["look.onnx", "read.onnx", "model.safetensors"]);
    const { params, config } = await readFlamingo(at(name));
    const bound = bind(params, "");
    const graphs: Record<string, Graph> = { look: lookGraph(bound, config, 1), read: readGraph(bound, config) };
    for (const [graph, built] of Object.entries(graphs)) {
      const feeds = feedsFor(built, `${name} ${graph}`);
      const { bytes, model } = await readOnnxFile(join(out, `${graph}.onnx`));
      expect([...model.initialisers.values()].some(({ data }) => !(data instanceof Uint8Array))).toBe(true);
      await using file = await nodeRuntime.compile(fromOnnx(bytes), { weightsFolder: out });
      await using memory = await nodeRuntime.compile(portable(built, storedIn(params)));
      expect(await file.run(feeds)).toEqual(await memory.run(feeds));
    }
  });

  it("is a model folder too, with a README of every input and output", async () => {
    await exportGraphs(at("own"), at("whole"));
    expect((await readdir(at("whole"))).sort()).toEqual([
      "README.md",
      "config.json",
      "export.json",
      "look.onnx",
      "model.safetensors",
      "preprocessor_config.json",
      "read.onnx",
      "tokenizer.json",
    ]);
    await using model = await openFlamingo(at("whole"));
    expect((await model.generate([{ text: "Output:" }], { maximumTokens: 1 })).logProb).toBeLessThan(0);
    const readme = await readFile(at("whole", "README.md"), "utf8");
    for (const graph of ["look", "read"]) {
      const { model: file } = await readOnnxFile(at("whole", `${graph}.onnx`));
      for (const name of [...file.inputs.keys(), ...file.outputs.keys()]) {
        const row = readme.split("\n").find((line) => line.includes(`| \`${name}\` |`));
        expect(row, name).toMatch(/\| (in|out) \| `.+` \| (float32|int32) \| \[.+\] \| [^|]{5,} \|$/);
      }
    }
  });

  it("does not stand in the folder of the model", async () => {
    await expect(exportGraphs(at("own"), at("own"))).rejects.toThrow(UsageError);
  });
});
