import { mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileBytes } from "../../src/checkpoints/bytes.node.js";
import { UnsavableError } from "../../src/checkpoints/errors.js";
import type { DeclaredTensor } from "../../src/checkpoints/safetensors-write.js";
import { openTensorStore } from "../../src/checkpoints/store.node.js";
import { writeTorchFile } from "../../src/checkpoints/torch/torch-writer.node.js";
import { readZip } from "../../src/checkpoints/torch/zip.js";
import { directory, localHeader, planZip } from "../../src/checkpoints/torch/zip-plan.js";
import { OutputError } from "../../src/errors.js";

let place: string;
const at = (name: string) => join(place, name);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-torch-"));
});
afterAll(() => rm(place, { recursive: true }));

const TENSORS = new Map<string, DeclaredTensor>([
  ["perceiver.latents", { dtype: "F32", shape: [3, 2] }],
  ["gate", { dtype: "BF16", shape: [] }],
  ["empty", { dtype: "F16", shape: [0, 4] }],
  ["half", { dtype: "F16", shape: [2, 1, 3] }],
]);
const bytesOf = async (name: string) =>
  Uint8Array.from({ length: { "perceiver.latents": 24, gate: 2, half: 12 }[name] ?? 0 }, (_, i) => i + name.length);

describe("a state dict in PyTorch's form", () => {
  it("is read as it was written: names, order, formats, sizes, bytes", async () => {
    const path = at("checkpoint.pt");
    await writeTorchFile(path, TENSORS, bytesOf);
    const store = await openTensorStore(path);
    expect([...store.entries.keys()]).toEqual([...TENSORS.keys()]);
    for (const [name, { dtype, shape }] of TENSORS) {
      expect(store.entries.get(name)).toMatchObject({ dtype, shape });
      expect(await store.raw(name)).toEqual(await bytesOf(name));
    }
  });

  it("stands in its archive at multiples of 64 bytes, with its sums, the same whenever it is written", async () => {
    const path = at("again.pt");
    await writeTorchFile(path, TENSORS, bytesOf);
    const whole = await readFile(path);
    const entries = await readZip(await fileBytes(path));
    expect([...entries.keys()]).toEqual([
      ...["data.pkl", "byteorder", "version", ".data/serialization_id"].map((name) => `again/${name}`),
      ...["0", "1", "2", "3"].map((key) => `again/data/${key}`),
    ]);
    for (const [name, { begin, size }] of entries) {
      expect(begin % 64, name).toBe(0);
      const header = whole.lastIndexOf("PK\x03\x04", begin - 1);
      expect(whole.readUInt32LE(header + 14), name).toBe(crc32(whole.subarray(begin, begin + size)));
    }
    await rm(path);
    await writeTorchFile(path, TENSORS, bytesOf);
    expect(await readFile(path)).toEqual(whole);
  });

  it("beyond 4 GiB its archive has wide numbers, and is found", async () => {
    const path = at("large.zip");
    const plan = planZip([
      { name: "a/data/0", size: 5 * 2 ** 30 },
      { name: "a/data/1", size: 3 },
      { name: "a/data/2", size: 2 ** 32 + 7 },
    ]);
    const file = await open(path, "w");
    for (const entry of plan) {
      const header = localHeader(entry, 7);
      expect(entry.header + header.length).toBe(entry.begin);
      await file.write(header, 0, header.length, entry.header);
    }
    const end = directory(plan, [7, 7, 7]);
    await file.write(end, 0, end.length, plan[2]!.begin + plan[2]!.size);
    await file.close();
    const found = await readZip(await fileBytes(path));
    expect([...found].map(([name, { begin, size }]) => [name, begin, size])).toEqual(
      plan.map(({ name, begin, size }) => [name, begin, size]),
    );
  });

  it("refuses other formats and other numbers than were declared, and leaves nothing behind", async () => {
    const before = await readdir(place);
    const bytes = new Map<string, DeclaredTensor>([["x", { dtype: "U8", shape: [2] }]]);
    await expect(writeTorchFile(at("no.pt"), bytes, bytesOf)).rejects.toThrow(UnsavableError);
    const wrong = async () => new Uint8Array(3);
    await expect(writeTorchFile(at("no.pt"), TENSORS, wrong)).rejects.toThrow(/perceiver.latents takes 24 bytes/);
    await expect(writeTorchFile(join(at("nowhere"), "no.pt"), TENSORS, bytesOf)).rejects.toThrow(OutputError);
    expect(await readdir(place)).toEqual(before);
  });
});
