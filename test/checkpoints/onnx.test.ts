import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeTogether } from "../../src/atomic.node.js";
import { ExternalDataError, UnsavableError } from "../../src/checkpoints/errors.js";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import { readOnnxFile, storedWeights, writeOnnxFile } from "../../src/checkpoints/onnx.node.js";
import { writeSafetensors } from "../../src/checkpoints/safetensors-write.js";
import { OutputError } from "../../src/errors.js";
import { lookGraph, readGraph } from "../../src/generation/graphs.js";
import { OnnxError } from "../../src/graph/errors.js";
import {
  add,
  axes,
  encodeOnnx,
  graph,
  input,
  matmul,
  parameter,
  readOnnx,
  type Weight,
  writeOnnx,
} from "../../src/graph/index.js";
import { bind } from "../../src/nn/layers.js";
import { flatten } from "../../src/nn/parameters.js";
import { fromOnnx } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { ROOT } from "../support/markdown.js";

const root = mkdtempSync(join(tmpdir(), "flamingo-onnx-"));
afterAll(() => rmSync(root, { recursive: true }));
const folderOf = (name: string): string => {
  const folder = join(root, name);
  mkdirSync(folder);
  return folder;
};

const SIZE = 20;
const x = input("x", "float32", axes("rows", SIZE));
const weight = parameter("block.weight", axes(SIZE, SIZE), false);
const offset = parameter("block.offset", axes(SIZE), false);
const built = graph({ y: add(matmul(x, weight), offset) });
const numbers = {
  weight: Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % 7) - 3),
  offset: Float32Array.from({ length: SIZE }, (_, i) => i / 4),
};
const held = new Map<string, Weight>([
  ["block.weight", { data: numbers.weight }],
  ["block.offset", { data: numbers.offset }],
]);
const safetensors = (dtype: "F32" | "F16") =>
  writeSafetensors(
    new Map([
      ["block.weight", { shape: [SIZE, SIZE], data: numbers.weight }],
      ["block.offset", { shape: [SIZE], data: numbers.offset }],
    ]),
    { dtype },
  );

async function run(path: string, folder: string): Promise<number[]> {
  await using program = await nodeRuntime.compile(fromOnnx((await readOnnxFile(path)).bytes), {
    weightsFolder: folder,
    threads: 1,
  });
  const fed = { x: { data: Float32Array.from({ length: 2 * SIZE }, (_, i) => i % 5), shape: [2, SIZE] } };
  return [...(await program.run(fed)).y!.data].map(Number);
}

describe("an .onnx file", () => {
  const wanted = Array.from({ length: 2 * SIZE }, (_, at) => {
    const [row, column] = [Math.floor(at / SIZE), at % SIZE];
    const terms = Array.from({ length: SIZE }, (_, i) => ((row * SIZE + i) % 5) * numbers.weight[i * SIZE + column]!);
    return terms.reduce((sum, term) => sum + term, numbers.offset[column]!);
  });

  it.each(["inline", "external"] as const)("with its weights %s gives them back, and runs", async (weights) => {
    const folder = folderOf(weights);
    const path = join(folder, "model.onnx");
    await writeOnnxFile(path, built, held, { weights });
    const file = await readOnnxFile(path);
    expect(await file.numbers("block.weight")).toEqual(numbers.weight);
    expect(await file.numbers("block.offset")).toEqual(numbers.offset);
    expect(existsSync(`${path}.data`)).toBe(weights === "external");
    expect(await run(path, folder)).toEqual(wanted);
    await expect(file.numbers("block.gain")).rejects.toThrow(/has no initialiser block.gain/);
  });

  it.each(["F32", "F16"] as const)("can leave its weights where a safetensors file of %s has them", async (dtype) => {
    const folder = folderOf(dtype);
    const path = join(folder, "model.onnx");
    writeFileSync(join(folder, "model.safetensors"), safetensors(dtype));
    await writeOnnxFile(path, built, await storedWeights(join(folder, "model.safetensors")));
    const { model, numbers: read } = await readOnnxFile(path);
    const [name] = [...model.initialisers].find(([, { axes }]) => axes.length === 2)!;
    expect(await read(name)).toEqual(numbers.weight);
    expect(readFileSync(path).length).toBeLessThan(1000);
    expect(await run(path, folder)).toEqual(wanted);
  });

  it("takes the place of an older one, and of its weights", async () => {
    const folder = folderOf("older");
    const path = join(folder, "model.onnx");
    await writeOnnxFile(path, built, held, { weights: "external" });
    const other = new Map([...held, ["block.weight", { data: new Float32Array(SIZE * SIZE) }] as const]);
    await writeOnnxFile(path, built, other, { weights: "external" });
    expect(await (await readOnnxFile(path)).numbers("block.weight")).toEqual(new Float32Array(SIZE * SIZE));
    mkdirSync(join(folder, "taken.onnx"));
    await expect(writeOnnxFile(join(folder, "taken.onnx"), built, held)).rejects.toThrow(OutputError);
  });

  it("stays with its weights as it was when new ones cannot all be written", async () => {
    const folder = folderOf("broken off");
    const path = join(folder, "model.onnx");
    await writeOnnxFile(path, built, held, { weights: "external" });
    function* broken(): Generator<Uint8Array> {
      yield new Uint8Array(100);
      throw new UnsavableError("no more numbers", "give them all");
    }
    await expect(writeTogether([[`${path}.data`, broken()]], path, "new")).rejects.toThrow(UnsavableError);
    expect(readdirSync(folder).sort()).toEqual(["model.onnx", "model.onnx.data"]);
    expect(await (await readOnnxFile(path)).numbers("block.weight")).toEqual(numbers.weight);
  });

  it("does not write over the weights that it is to go on using", async () => {
    const path = join(folderOf("over"), "model.onnx");
    await writeOnnxFile(path, built, held, { weights: "external" });
    const place = { location: "model.onnx.data", offset: 0, length: numbers.weight.byteLength };
    const own = new Map<string, Weight>([...held, ["block.weight", place]]);
    await expect(writeOnnxFile(path, built, own, { weights: "external" })).rejects.toThrow(
      /The numbers of block.weight are in .*model.onnx.data, which is to be written/,
    );
  });

  it("may use numbers that stand beyond 4 GB of another file", async () => {
    const folder = folderOf("beyond");
    const begin = 5_000_000_000;
    const file = await open(join(folder, "all.bin"), "w");
    await file.write(numbers.weight, 0, numbers.weight.byteLength, begin);
    await file.close();
    const place: Weight = { location: "all.bin", offset: begin, length: numbers.weight.byteLength };
    const path = join(folder, "model.onnx");
    await writeOnnxFile(path, built, new Map<string, Weight>([...held, ["block.weight", place]]));
    expect(await (await readOnnxFile(path)).numbers("block.weight")).toEqual(numbers.weight);
    expect(await run(path, folder)).toEqual(wanted);
  });
});

describe("a file of weights beside an .onnx is refused", () => {
  const place = { location: "all.bin", offset: 16, length: numbers.weight.byteLength };
  const pointing = new Map<string, Weight>([...held, ["block.weight", place]]);
  const enough = new Uint8Array(16 + numbers.weight.byteLength);

  const cases: [string, (folder: string) => void, RegExp][] = [
    ["when it is not there", () => {}, /the numbers of block.weight are in .*all.bin, which is not there/],
    [
      "when it is too short",
      (folder) => writeFileSync(join(folder, "all.bin"), enough.subarray(1)),
      /the numbers of block.weight are 1600 bytes from 16 in .*all.bin, which has 1615/,
    ],
    [
      "when it is a link out of the folder",
      (folder) => {
        writeFileSync(`${folder}.secret`, enough);
        symlinkSync(`${folder}.secret`, join(folder, "all.bin"));
      },
      /all.bin, a link that leads out of the folder to /,
    ],
    ["when it is a folder", (folder) => mkdirSync(join(folder, "all.bin")), /all.bin, which is no file/],
  ];
  it.each(cases)("%s", async (title, spoil, message) => {
    const folder = folderOf(title);
    const path = join(folder, "model.onnx");
    spoil(folder);
    await expect(writeOnnxFile(path, built, pointing)).rejects.toThrow(message);
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, writeOnnx(built, pointing));
    await expect(readOnnxFile(path)).rejects.toThrow(message);
    await expect(readOnnxFile(path)).rejects.toThrow(ExternalDataError);
  });

  it("when it is cut off after it was looked at", async () => {
    const folder = folderOf("later");
    writeFileSync(join(folder, "all.bin"), enough);
    await writeOnnxFile(join(folder, "model.onnx"), built, pointing);
    const file = await readOnnxFile(join(folder, "model.onnx"));
    truncateSync(join(folder, "all.bin"), 100);
    await expect(file.numbers("block.weight")).rejects.toThrow(/1600 bytes from 16 in .*all.bin, which has 100/);
  });

  it("and so is an .onnx that is not there, by name", async () => {
    const path = join(root, "nowhere.onnx");
    await expect(readOnnxFile(path)).rejects.toThrow(/nowhere.onnx cannot be read: ENOENT/);
    await expect(readOnnxFile(path)).rejects.toThrow(OnnxError);
  });
});

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength);
const NANO = join(ROOT, "models/nano");

describe("the embedded model", () => {
  it("comes back byte for byte in both of its graphs, and can leave its weights in its own file", {
    timeout: 240_000,
  }, async () => {
    const { config, params } = await readFlamingo(NANO);
    const bound = bind(params, "");
    const weights = flatten(params);
    const stored = await storedWeights(join(NANO, "model.safetensors"));
    const look = lookGraph(bound, config, 1);
    for (const whole of [look, readGraph(bound, config)])
      for (const given of [weights, stored]) {
        const bytes = writeOnnx(whole, given);
        expect(Buffer.compare(encodeOnnx(readOnnx(bytes)), bytes)).toBe(0);
      }
    const { size } = config.vision;
    const pixels = Float32Array.from({ length: size * size * 3 }, (_, i) => Math.sin(i));
    const looked = async (given: ReadonlyMap<string, Weight>) => {
      await using program = await nodeRuntime.compile(fromOnnx(writeOnnx(look, given)), {
        weightsFolder: NANO,
        threads: 1,
      });
      return await program.run({ pixels: { data: pixels, shape: [1, 1, size, size, 3] } });
    };
    const [there, here] = [await looked(stored), await looked(weights)];
    expect(Object.keys(there)).toEqual([...look.outputs.keys()]);
    for (const [name, { data }] of Object.entries(there))
      expect(Buffer.compare(bytesOf(data), bytesOf(here[name]!.data)), name).toBe(0);
  });
});
