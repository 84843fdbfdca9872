import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fill, heldIn } from "../../src/checkpoints/fill.js";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import { saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import { storedWeights, writeOnnxFile } from "../../src/checkpoints/onnx.node.js";
import { readSafetensors } from "../../src/checkpoints/safetensors.js";
import { readSafetensorsFile, readSafetensorsHeader } from "../../src/checkpoints/safetensors.node.js";
import { writeSafetensors } from "../../src/checkpoints/safetensors-write.js";
import { axes, graph, input } from "../../src/graph/index.js";
import { bind, initLinear, linear } from "../../src/nn/layers.js";
import { flatten, frozen, type Parameter, storedIn } from "../../src/nn/parameters.js";
import { quantiseParameters, schemeOf } from "../../src/nn/quantised.js";
import { Random } from "../../src/random.js";
import { fromOnnx, portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantised-"));
});
afterAll(() => rm(folder, { recursive: true }));

const fresh = () => ({
  language: { query: initLinear(new Random("fresh"), 70, 40), norm: initLinear(new Random(1), 5, 5) },
});
const partsOf = (parameter: Parameter) => {
  const { packed, scales, bits, block, activations } = parameter.quantised!;
  return { packed, scales, bits, block, activations };
};

describe.each(["int8", "int4"] as const)("a model held as %s", (held) => {
  const model = frozen(quantiseParameters(fresh(), held));

  it("is saved as bytes and scales of float16, and comes back as it was", () => {
    const file = writeSafetensors(storedIn(model), { dtype: "F16" });
    const { tensors } = readSafetensors(file);
    expect([...tensors.keys()].sort()).toEqual([
      "language.norm.weight",
      "language.query.weight.packed",
      "language.query.weight.scales",
    ]);
    const back = fill(fresh(), tensors).language.query.weight;
    expect(partsOf(back)).toEqual(partsOf(model.language.query.weight));
    expect(back.data).toEqual(model.language.query.weight.data);
    expect(back.trained).toBe(false);
    const bits = held === "int8" ? 8 : 4;
    // Three blocks of 32 for a column of 70, and 2 bytes of scale for each block.
    expect(tensors.get("language.query.weight.packed")!.data.byteLength).toBe(40 * 3 * 4 * bits);
    expect(file.length).toBeLessThan(40 * 3 * (4 * bits + 2) + 25 * 2 + 400);
  });

  it("runs from its file by offset as it does from memory", async () => {
    const path = join(folder, `${held}.safetensors`);
    await writeFile(path, writeSafetensors(storedIn(model), { dtype: "F16" }));
    const onnx = join(folder, `${held}.onnx`);
    const inputs = input("x", "float32", axes(3, 70));
    // A tree that was never filled: the engine alone reads the numbers.
    const { entries } = await readSafetensorsHeader(path);
    const described = heldIn(fresh(), (name) =>
      entries.get(name)?.dtype === "U8" ? entries.get(name)!.shape : undefined,
    );
    const ofFile = linear(bind(frozen(described), "").language.query, inputs);
    await writeOnnxFile(onnx, graph({ y: ofFile }), await storedWeights(path));
    const y = linear(bind(model, "").language.query, inputs);
    const x = Float32Array.from({ length: 210 }, (_, i) => Math.sin(i));
    const run = async (program: Awaited<ReturnType<typeof nodeRuntime.compile>>) => {
      const found = (await program.run({ x })).y!.data;
      await program[Symbol.asyncDispose]();
      return found;
    };
    const inFile = await run(await nodeRuntime.compile(fromOnnx(await readFile(onnx)), { weightsFolder: folder }));
    const inMemory = await run(await nodeRuntime.compile(portable(graph({ y }), storedIn(model))));
    expect(inFile).toEqual(inMemory);
  });

  it("is refused where its packed numbers are those of another matrix, with every name", () => {
    const { tensors } = readSafetensors(writeSafetensors(storedIn(model)));
    const other = { language: { ...fresh().language, query: initLinear(new Random("other"), 102, 40) } };
    expect(() => fill(other, tensors)).toThrow(/language\.query\.weight/);
    tensors.delete("language.query.weight.scales");
    expect(() => fill(fresh(), tensors)).toThrow(/language\.query\.weight\.scales/);
  });
});

describe("nano in a folder", () => {
  it("held as int4 is opened with its quantised matrices, and is 0.6 of its size", async () => {
    const { config, tokenizer, params } = await readFlamingo("models/nano");
    const at = join(folder, "nano");
    const smaller = quantiseParameters(params, "int4");
    await saveModelFolder(at, { config, tokenizer, params: smaller, dtype: "F16" });
    const opened = await readFlamingo(at);
    const parts = (tree: unknown) =>
      [...flatten(tree)].flatMap(([path, leaf]) => (leaf.quantised === undefined ? [] : [[path, partsOf(leaf)]]));
    expect(parts(opened.params)).toEqual(parts(smaller));
    expect(parts(opened.params).length).toBeGreaterThan(40);
    const size = async (path: string) => (await readFile(join(path, "model.safetensors"))).length;
    const share = (await size(at)) / (await size("models/nano"));
    expect(share).toBeLessThan(0.65);
    const { tensors } = await readSafetensorsFile(join(at, "model.safetensors"), (name) => name.endsWith(".packed"));
    expect([...tensors.values()].every(({ data }) => data instanceof Uint8Array)).toBe(true);
  });
});

describe("the way a matrix is held", () => {
  it.each([
    [[70, 40], [40, 3, 32], { bits: 8, block: 32 }],
    [[70, 40], [40, 3, 16], { bits: 4, block: 32 }],
    [[32, 40], [40, 1, 32], { bits: 8, block: 32 }],
    [[32, 40], [40, 1, 16], { bits: 4, block: 32 }],
    [[4096, 8], [8, 32, 64], { bits: 4, block: 128 }],
  ])("of %j in bytes %j is told by the sizes: %j", (shape, packed, wanted) => {
    expect(schemeOf(shape, packed)).toMatchObject(wanted);
  });

  it.each([
    [
      [70, 40],
      [40, 4, 16],
    ],
    [
      [70, 40],
      [41, 3, 16],
    ],
    [
      [70, 40],
      [40, 48],
    ],
    [
      [70, 40],
      [40, 6, 12],
    ],
    [[70], [40, 3, 16]],
    [
      [2, 70, 40],
      [40, 3, 16],
    ],
  ])("of %j in bytes %j is not known", (shape, packed) => {
    expect(schemeOf(shape, packed)).toBeUndefined();
  });
});
