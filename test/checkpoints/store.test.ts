/** Folders and files of weights, whatever form they have. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ModelFolderError, SafetensorsError } from "../../src/checkpoints/errors.js";
import { type Layout, part, same, shaped, taken, transposed } from "../../src/checkpoints/names/table.js";
import { product, type Tensor, toFloat32 } from "../../src/checkpoints/safetensors.js";
import { writeSafetensors } from "../../src/checkpoints/safetensors-write.js";
import { renamed } from "../../src/checkpoints/store.js";
import { openTensorStore } from "../../src/checkpoints/store.node.js";
import { ascii, stateDictPickle } from "../support/pickle.js";
import { zip } from "../support/zip.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-store-"));
});
afterEach(() => rm(folder, { recursive: true }));

const put = (name: string, content: Uint8Array | string) => writeFile(join(folder, name), content);
const weights = (tensors: Record<string, number[]>) =>
  writeSafetensors(
    new Map(
      Object.entries(tensors).map(([name, data]): [string, Tensor] => [
        name,
        { shape: [data.length], data: Float32Array.from(data) },
      ]),
    ),
  );
const index = (map: Record<string, unknown>) => JSON.stringify({ metadata: { total_size: 8 }, weight_map: map });
const torch = (name: string) =>
  zip([
    { name: "a/data.pkl", content: Uint8Array.from(stateDictPickle({ name })) },
    { name: "a/data/0", content: new Uint8Array(Float32Array.of(1, 2).buffer) },
  ]);
const names = async () => [...(await openTensorStore(folder)).entries.keys()];

describe("weights are opened by their folder", () => {
  it("that has one file", async () => {
    await put("model.safetensors", weights({ a: [1, 2] }));
    await put("pytorch_model.bin", torch("other"));
    const store = await openTensorStore(folder);
    expect(store.place).toBe(folder);
    expect(await store.read("a")).toEqual({ shape: [2], data: Float32Array.of(1, 2) });
  });

  it("that has several and their index", async () => {
    await put("one.safetensors", weights({ a: [1] }));
    await put("two.safetensors", weights({ b: [2], c: [3] }));
    await put("model.safetensors.index.json", index({ a: "one.safetensors", b: "two.safetensors" }));
    const store = await openTensorStore(folder);
    expect([...store.entries.keys()].sort()).toEqual(["a", "b", "c"]);
    expect(store.entries.get("b")!.file).toBe(join(folder, "two.safetensors"));
    expect([...(await store.read("c")).data]).toEqual([3]);
  });

  it("that has files of PyTorch, one, several, or a checkpoint", async () => {
    await put("checkpoint.pt", torch("trained"));
    expect(await names()).toEqual(["trained"]);
    await put("one.bin", torch("a"));
    await put("two.bin", torch("b"));
    await put("pytorch_model.bin.index.json", index({ a: "one.bin", b: "two.bin" }));
    expect(await names()).toEqual(["a", "b"]);
    await put("pytorch_model.bin", torch("whole"));
    expect(await names()).toEqual(["whole"]);
  });

  it("and by the path of a file, whose form its content says", async () => {
    await put("anything.ckpt", torch("a"));
    expect([...(await openTensorStore(join(folder, "anything.ckpt"))).entries.keys()]).toEqual(["a"]);
  });

  it("even where the length of a header begins as a pickle does", async () => {
    const tensors = new Map([["a", { shape: [1], data: Float32Array.of(5) }]]);
    for (const version of [2, 3, 4, 5]) {
      const length = 0x80 + 256 * version;
      const short = writeSafetensors(tensors);
      const json = short.subarray(8, short.length - 4);
      const bytes = new Uint8Array(8 + length + 4).fill(0x20);
      new DataView(bytes.buffer).setUint32(0, length, true);
      bytes.fill(0, 4, 8);
      bytes.set(json, 8);
      bytes.set(short.subarray(-4), 8 + length);
      await put("model.safetensors", bytes);
      expect([...(await (await openTensorStore(folder)).read("a")).data]).toEqual([5]);
    }
  });
});

describe("weights that contradict themselves are refused", () => {
  it.each([
    ["without weights", {}, /has none of model\.safetensors[\s\S]*name a folder with weights/],
    ["with a file of another name", { "clip.pt": torch("a") }, /has none of[\s\S]*name the file itself: clip\.pt/],
    [
      "with an index of a file that is not there",
      { "model.safetensors.index.json": index({ a: "gone.safetensors" }) },
      /weights are in gone\.safetensors, which cannot be opened/,
    ],
    [
      "with an index of a tensor that is elsewhere",
      {
        "one.safetensors": weights({ a: [1] }),
        "two.safetensors": weights({ b: [1] }),
        "model.safetensors.index.json": index({ a: "two.safetensors", b: "one.safetensors" }),
      },
      /says that a is in two\.safetensors, but it is in one\.safetensors[\s\S]*one revision/,
    ],
    [
      "with an index of a tensor that is nowhere",
      {
        "one.safetensors": weights({ a: [1] }),
        "model.safetensors.index.json": index({ a: "one.safetensors", b: "one.safetensors" }),
      },
      /says that b is in one\.safetensors, but it is in none/,
    ],
    [
      "with one tensor in two files",
      {
        "one.safetensors": weights({ a: [1] }),
        "two.safetensors": weights({ a: [2], b: [1] }),
        "model.safetensors.index.json": index({ a: "one.safetensors", b: "two.safetensors" }),
      },
      /two tensors called a: in one\.safetensors and in two\.safetensors/,
    ],
    [
      "with an index that leads out",
      { "model.safetensors.index.json": index({ a: "../../secret" }) },
      /"\.\.\/\.\.\/secret", which is no file of its folder/,
    ],
    ["with an index that leads up", { "model.safetensors.index.json": index({ a: ".." }) }, /no file of its folder/],
    ["with an index of no names", { "model.safetensors.index.json": index({ a: 5 }) }, /a is in 5/],
    ["with an index without a map", { "model.safetensors.index.json": "{}" }, /no weight_map/],
    ["with an index that is no JSON", { "model.safetensors.index.json": "{" }, /is not JSON/],
    [
      "with a pointer to large storage",
      { "pytorch_model.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n" },
      /pointer of Git LFS[\s\S]*git lfs pull/,
    ],
    ["with a page that says there is nothing", { "pytorch_model.bin": "<!doctype html><html>" }, /web page/],
  ])("a folder %s", async (_, files: Record<string, Uint8Array | string>, message) => {
    for (const [name, content] of Object.entries(files)) await put(name, content);
    await expect(openTensorStore(folder)).rejects.toThrow(ModelFolderError);
    await expect(openTensorStore(folder)).rejects.toThrow(message);
  });

  it("a shard that is cut off, by its name", async () => {
    await put("one.safetensors", weights({ a: [1, 2] }).subarray(0, -1));
    await put("model.safetensors.index.json", index({ a: "one.safetensors" }));
    await expect(openTensorStore(folder)).rejects.toThrow(SafetensorsError);
    await expect(openTensorStore(folder)).rejects.toThrow(/one\.safetensors: a ends at byte \d+, but the file has \d+/);
  });

  it("what is neither there nor a file", async () => {
    await expect(openTensorStore(join(folder, "none"))).rejects.toThrow(/cannot be opened/);
    await put("empty", "");
    await expect(openTensorStore(join(folder, "empty"))).rejects.toThrow(/0 bytes, too few/);
  });

  it("a file that changed since it was opened", async () => {
    await put("model.safetensors", weights({ a: [1, 2] }));
    const store = await openTensorStore(folder);
    await put("model.safetensors", weights({ a: [1, 2, 3] }));
    await expect(store.read("a")).rejects.toThrow(/changed while it was read/);
  });

  it("a tensor that is not there, with the names of those that are", async () => {
    await put("model.safetensors", weights({ a: [1], b: [1] }));
    const store = await openTensorStore(folder);
    await expect(store.read("c")).rejects.toThrow(/has no tensor c\.[\s\S]*a, b/);
    await expect(store.raw("a", { from: 1, to: 3 })).rejects.toThrow(/Rows 1 to 3 were asked for of a \[1\]/);
  });
});

describe("numbers that a name table places", () => {
  const layouts: [string, number[], Layout][] = [
    ["the same", [2, 3, 4], same],
    ["transposed", [5, 7], transposed],
    ["a part of several", [2, 6], part(1, 3, same)],
    ["a part of several, transposed", [6, 4], part(2, 3, transposed)],
    ["a scalar that is kept as a list", [], shaped(() => [1])],
  ];
  it.each(layouts)("are read as %s, as they would be taken from the whole", async (_, ours, layout) => {
    const placing = layout(ours);
    const count = product(placing.theirs);
    const data = Float32Array.from({ length: count }, (_, i) => i / 4 - 3);
    for (const dtype of ["F32", "F16", "BF16"] as const) {
      const bytes = writeSafetensors(new Map([["w", { shape: placing.theirs, data }]]), { dtype });
      await put("model.safetensors", bytes);
      const store = await openTensorStore(folder);
      const wanted = taken((await store.read("w")).data, placing);
      expect((await store.read("w", placing)).data).toEqual(wanted);
      expect(toFloat32(dtype, await store.raw("w", placing))).toEqual(wanted);
    }
  });

  it("are read out of a file of PyTorch that itself has them in another order", async () => {
    const store = await openTensorStore(resolve(import.meta.dirname, "../fixtures/torch/views.pt"));
    const { shape, data } = await store.read("transposed");
    expect(store.entries.get("transposed")!.contiguous).toBe(false);
    const placing = transposed(shape.toReversed());
    expect((await store.read("transposed", placing)).data).toEqual(taken(data, placing));
    expect(toFloat32("F32", await store.raw("transposed", placing))).toEqual(taken(data, placing));
  });

  it("are refused where the tensor has another shape", async () => {
    await put("model.safetensors", weights({ w: [1, 2, 3] }));
    const store = await openTensorStore(folder);
    await expect(store.read("w", transposed([3, 1]))).rejects.toThrow(/w in \S+ is \[3\], where \[1, 3\] was expected/);
  });
});

describe("tensors under other names", () => {
  it("are read by them, and those without one are left out", async () => {
    await put("model.safetensors", weights({ "x.a": [1], "x.b": [2], c: [3] }));
    const store = renamed(await openTensorStore(folder), (name) => (name.startsWith("x.") ? name.slice(2) : undefined));
    expect([...store.entries.keys()]).toEqual(["a", "b"]);
    expect([...(await store.read("b")).data]).toEqual([2]);
    await expect(store.read("c")).rejects.toThrow(/has no tensor c/);
  });

  it("are refused where two get the same", async () => {
    await put("model.safetensors", weights({ a: [1], b: [2] }));
    const store = await openTensorStore(folder);
    expect(() => renamed(store, () => "same")).toThrow(/two tensors called same: a and b/);
  });
});

it("a pickle of something else is no weights", async () => {
  await put("pytorch_model.bin", Uint8Array.of(0x80, 4, ...ascii("N.")));
  await expect(openTensorStore(folder)).rejects.toThrow(/none of torch\.save/);
});
