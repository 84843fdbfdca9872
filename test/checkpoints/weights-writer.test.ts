/** Weights that are written tensor by tensor, and disks that are full. */
import { type FileHandle, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UnsavableError } from "../../src/checkpoints/errors.js";
import { makeModelFolder, readModelFolder, saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import type { Dtype } from "../../src/checkpoints/safetensors.js";
import { type DeclaredTensor, planSafetensors } from "../../src/checkpoints/safetensors-write.js";
import { openTensorStore } from "../../src/checkpoints/store.node.js";
import { type WeightsWriter, writeWeights } from "../../src/checkpoints/weights-writer.node.js";
import { OutputError } from "../../src/errors.js";
import { toBfloat16 } from "../../src/half.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-weights-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const declare = (tensors: Record<string, [Dtype, ...number[]]>) =>
  new Map<string, DeclaredTensor>(Object.entries(tensors).map(([name, [dtype, ...shape]]) => [name, { dtype, shape }]));
const floats = (...numbers: number[]) => Float32Array.from(numbers);

describe("weights that are written tensor by tensor", () => {
  it("are read back in every format, in whatever order they came", async () => {
    const declared = declare({
      "a.f32": ["F32", 2],
      "b.f16": ["F16", 3],
      "c.bf16": ["BF16", 1, 2],
      "d.i8": ["I8", 3],
      "e.u8": ["U8", 2],
      "f.i64": ["I64", 1],
      g: ["F32"],
    });
    await writeWeights(folder, declared, async (writer) => {
      await writer.write("g", floats(7));
      await writer.write("f.i64", new Uint8Array(BigInt64Array.of(-5n).buffer));
      await writer.write("e.u8", Uint8Array.of(1, 255));
      await writer.write("d.i8", new Uint8Array(Int8Array.of(-128, 0, 127).buffer));
      await writer.write("c.bf16", floats(1, -3.140625));
      await writer.write("b.f16", floats(1 / 3, 0, -2));
      await writer.write("a.f32", floats(0.1));
      await writer.write("a.f32", floats(0.2));
    });
    const store = await openTensorStore(folder);
    const read = async (name: string) => [...(await store.read(name)).data];
    expect(await read("a.f32")).toEqual([...floats(0.1, 0.2)]);
    expect(await read("b.f16")).toEqual([0.333251953125, 0, -2]);
    expect(await read("c.bf16")).toEqual([1, -3.140625]);
    expect(await read("d.i8")).toEqual([-128, 0, 127]);
    expect(await read("e.u8")).toEqual([1, 255]);
    expect(await read("f.i64")).toEqual([-5]);
    expect(await read("g")).toEqual([7]);
    expect(store.entries.get("c.bf16")).toMatchObject({ dtype: "BF16", shape: [1, 2] });
    expect(store.metadata).toEqual({ format: "flamingo-ts" });
  });

  it("are divided among files that are not larger than asked for, with an index that says where each is", async () => {
    const declared = declare({ a: ["F32", 10], b: ["F32", 5], c: ["F32", 50], d: ["F32", 1], e: ["F32", 9] });
    const files = await writeWeights(
      folder,
      declared,
      async (writer) => {
        for (const [name, { shape }] of [...declared].reverse())
          await writer.write(name, new Float32Array(shape[0]!).fill(shape[0]!));
      },
      { shardBytes: 60 },
    );
    expect(files).toEqual([
      "model-00001-of-00003.safetensors",
      "model-00002-of-00003.safetensors",
      "model-00003-of-00003.safetensors",
      "model.safetensors.index.json",
    ]);
    const { weight_map: map } = JSON.parse(await readFile(join(folder, files[3]!), "utf8"));
    expect(map).toEqual({ a: files[0], b: files[0], c: files[1], d: files[2], e: files[2] });
    const store = await openTensorStore(folder);
    for (const [name, { shape }] of declared)
      expect(await store.read(name)).toEqual({ shape, data: new Float32Array(shape[0]!).fill(shape[0]!) });
  });

  it("stand so that those of a multiple of 64 bytes begin at one, and no number stands between two places", () => {
    const dtype = fc.constantFrom<Dtype>("F64", "F32", "F16", "BF16", "I8", "U8");
    const shape = fc.array(fc.nat(40), { maxLength: 3 });
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 9 }), fc.record({ dtype, shape })), (named) => {
        const { __metadata__: _, ...tensors } = named;
        const { header, entries, size } = planSafetensors(new Map(Object.entries(tensors)));
        let reached = header.length;
        for (const { dtype, begin, end } of entries.values()) {
          expect(begin).toBe(reached);
          expect(
            begin % ((end - begin) % 64 === 0 ? 64 : { F64: 8, F32: 4, F16: 2, BF16: 2, I8: 1, U8: 1 }[dtype as "F64"]),
          ).toBe(0);
          reached = end;
        }
        expect(reached).toBe(size);
        expect(planSafetensors(new Map(Object.entries(tensors).reverse())).header).toEqual(header);
      }),
    );
  });

  it.each<[string, (writer: WeightsWriter) => Promise<void>, RegExp]>([
    ["a tensor that is not written", async () => {}, /Tensor w takes 8 bytes, but was given 0/],
    ["half a tensor", (writer) => writer.write("w", floats(1)), /takes 8 bytes, but was given 4/],
    ["too much of it", (writer) => writer.write("w", floats(1, 2, 3)), /takes 8 bytes as F32, but was given 12/],
    [
      "it twice",
      async (writer) => {
        await writer.write("w", floats(1, 2));
        await writer.write("w", floats(1, 2));
      },
      /but was given 16/,
    ],
    ["a tensor that was not declared", (writer) => writer.write("v", floats(1)), /v was not declared/],
    [
      "what is no number",
      async (writer) => {
        await writer.write("w", floats(1));
        await writer.write("w", floats(Number.NaN));
      },
      /w holds NaN at element 1/,
    ],
  ])("are not kept with %s", async (_, fill, message) => {
    const writing = writeWeights(folder, declare({ w: ["F32", 2] }), fill);
    await expect(writing).rejects.toThrow(UnsavableError);
    await expect(writing).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });

  it("round to bfloat16 as hardware does: to the nearest, ties to even, and what is no number stays none", () => {
    const bits = (...values: number[]) => [...toBfloat16(floats(...values))];
    expect(bits(1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20)).toEqual([0x3f80, 0x3f80, 0x3f82, 0x3f81]);
    expect(bits(Number.POSITIVE_INFINITY, -0)).toEqual([0x7f80, 0x8000]);
    expect(bits(Number.NaN)[0]! & 0x7fff).toBeGreaterThan(0x7f80);
  });
});

describe("a model folder", () => {
  const params = (value: number) => ({ w: { shape: [1], data: floats(value), trained: true, decay: true } });
  const model = (value: number) => ({ config: {}, tokenizer: {}, params: params(value) });
  const made = (value: number) =>
    makeModelFolder(join(folder, "model"), async (temporary) => {
      const declared = declare({ w: ["F32", 1], v: ["F32", 1] });
      await writeWeights(
        temporary,
        declared,
        async (writer) => {
          await writer.write("w", floats(value));
          await writer.write("v", floats(value));
        },
        { shardBytes: 4 },
      );
      for (const name of ["config.json", "tokenizer.json"]) await writeFile(join(temporary, name), "{}");
    });

  it("that is replaced hands no weights of its own on to the new one", async () => {
    await saveModelFolder(join(folder, "model"), { ...model(1), files: { "CARD.md": "kept" } });
    await made(2);
    expect((await readdir(join(folder, "model"))).sort()).toEqual([
      "CARD.md",
      "config.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
      "tokenizer.json",
    ]);
    expect([...(await readModelFolder(join(folder, "model"))).tensors.get("w")!.data]).toEqual([2]);
    await saveModelFolder(join(folder, "model"), model(3));
    expect((await readdir(join(folder, "model"))).sort()).toEqual([
      "CARD.md",
      "config.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
  });

  /** Lets the disk hold so many bytes more, as its driver would say. */
  async function fill(bytes: number): Promise<void> {
    let left = bytes;
    const probe = await open(join(folder, "probe"), "w");
    const prototype = Object.getPrototypeOf(probe) as FileHandle;
    await probe.close();
    await rm(join(folder, "probe"));
    const write = prototype.write;
    vi.spyOn(prototype, "write").mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
      left -= args[2] as number;
      if (left < 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      return (write as (...args: unknown[]) => Promise<never>).apply(this, args);
    } as never);
  }

  it("is not there if the disk is full on the way, and the error says what needed how much", async () => {
    const path = join(folder, "new");
    await fill(5000);
    const making = makeModelFolder(path, async (temporary) => {
      const declared = declare({ small: ["F32", 10], large: ["F32", 2000] });
      await writeWeights(temporary, declared, async (writer) => {
        await writer.write("small", new Float32Array(10));
        await writer.write("large", new Float32Array(2000));
      });
    });
    await expect(making).rejects.toThrow(OutputError);
    await expect(making).rejects.toThrow(
      /model\.safetensors cannot be written: tensor large needs 8000 bytes, and there is no space[\s\S]*free \d+ bytes there/,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("stays as it was if the disk is full when a new one is to replace it", async () => {
    await saveModelFolder(join(folder, "model"), model(1));
    await fill(200);
    await expect(made(2)).rejects.toThrow(/tensor [wv] needs 4 bytes|its header needs \d+ bytes/);
    vi.restoreAllMocks();
    expect([...(await readModelFolder(join(folder, "model"))).tensors.get("w")!.data]).toEqual([1]);
    expect(await readdir(folder)).toEqual(["model"]);
  });

  it("is not begun where there is no space for all of it", async () => {
    const huge = declare({ w: ["F32", 2 ** 30, 2 ** 18] });
    await expect(writeWeights(folder, huge, async () => {})).rejects.toThrow(
      /weights take 1125899906842\d+ bytes, but the disk of \S+ has \d+ free[\s\S]*nothing was written/,
    );
    expect(await readdir(folder)).toEqual([]);
  });
});
