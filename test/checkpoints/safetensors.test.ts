import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelFolderError, SafetensorsError, UnsavableError } from "../../src/checkpoints/errors.js";
import { readSafetensors, type Tensor } from "../../src/checkpoints/safetensors.js";
import { readSafetensorsFile, readSafetensorsHeader } from "../../src/checkpoints/safetensors.node.js";
import { writeSafetensors } from "../../src/checkpoints/safetensors-write.js";

/** A file with any header and any data. */
function file(header: unknown, data: ArrayLike<number> = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(Array.from(data), 8 + json.length);
  return bytes;
}
const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const tensor = (shape: number[], ...numbers: number[]): Tensor => ({ shape, data: Float32Array.from(numbers) });

describe("a safetensors file", () => {
  it("gives back the tensors and the metadata that were written", () => {
    const anything = fc.dictionary(
      fc.string().filter((name) => name !== "__metadata__"),
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 9 }),
    );
    fc.assert(
      fc.property(anything, fc.dictionary(fc.string(), fc.string()), (named, metadata) => {
        const tensors = new Map(Object.entries(named).map(([name, data]) => [name, tensor([data.length], ...data)]));
        const read = readSafetensors(writeSafetensors(tensors, { metadata }));
        expect(new Map([...read.tensors].sort())).toEqual(new Map([...tensors].sort()));
        expect({ ...read.metadata }).toEqual({ ...metadata });
      }),
    );
  });

  it("is the same bytes whatever the order of the tensors, its numbers at a multiple of 8", () => {
    const [a, b] = [tensor([2], 1, 2), tensor([1, 1], 3)];
    const bytes = writeSafetensors(
      new Map([
        ["a", a],
        ["b", b],
      ]),
    );
    expect(bytes).toEqual(
      writeSafetensors(
        new Map([
          ["b", b],
          ["a", a],
        ]),
      ),
    );
    expect((bytes.length - 12) % 8).toBe(0);
  });

  it("halves its numbers when asked", () => {
    const bytes = writeSafetensors(new Map([["third", tensor([3], 1 / 3, 0, -1)]]), { dtype: "F16" });
    expect([...readSafetensors(bytes).tensors.get("third")!.data]).toEqual([0.333251953125, 0, -1]);
  });

  it("is not written with numbers that could not be loaded again", () => {
    const save = (value: number, dtype: "F32" | "F16") =>
      writeSafetensors(new Map([["w", tensor([2], 0, value)]]), { dtype });
    expect(() => save(Number.NaN, "F32")).toThrow(UnsavableError);
    expect(() => save(Number.POSITIVE_INFINITY, "F32")).toThrow(/holds Infinity at element 1/);
    expect(() => save(70_000, "F16")).toThrow(/save the model as F32/);
    expect(() => save(65_519, "F16")).not.toThrow();
    expect(() => writeSafetensors(new Map([["w", tensor([3], 1)]]))).toThrow(/\[3\] with 1 numbers/);
  });

  it.each([
    ["F64", bytesOf(Float64Array.of(0.5, -2))],
    ["F32", bytesOf(Float32Array.of(0.5, -2))],
    ["F16", bytesOf(Uint16Array.of(0x3800, 0xc000))],
    ["BF16", bytesOf(Uint16Array.of(0x3f00, 0xc000))],
  ])("is read from %s at any offset", (dtype, data) => {
    for (const name of ["w", "ww", "www", "wwww"]) {
      const header = { [name]: { dtype, shape: [2], data_offsets: [0, data.length] } };
      expect([...readSafetensors(file(header, data)).tensors.get(name)!.data]).toEqual([0.5, -2]);
    }
  });

  it.each([
    ["I64", bytesOf(BigInt64Array.of(3n, -4n))],
    ["I32", bytesOf(Int32Array.of(3, -4))],
    ["I16", bytesOf(Int16Array.of(3, -4))],
    ["I8", bytesOf(Int8Array.of(3, -4))],
  ])("is read from whole numbers in %s", (dtype, data) => {
    const header = { w: { dtype, shape: [2], data_offsets: [0, data.length] } };
    expect([...readSafetensors(file(header, data)).tensors.get("w")!.data]).toEqual([3, -4]);
  });

  const EMPTY = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
  const u8 = (begin: number, end: number) => ({ dtype: "U8", shape: [end - begin], data_offsets: [begin, end] });
  it.each([
    ["shorter than its first number", new Uint8Array(7), /7 bytes, too few/],
    ["shorter than its header", file({ a: u8(0, 1) }).subarray(0, 20), /header is to have/],
    ["with an absurd header", new Uint8Array(8).fill(255), /header is to have/],
    ["whose header is no JSON", file("{"), /not JSON/],
    ["whose header is a list", file([]), /not a JSON object/],
    ["cut off in its numbers", file({ a: u8(0, 4) }, [1, 2]), /a ends at byte .* but the file has/],
    ["with bytes left over", file({ a: u8(0, 1) }, [1, 2]), /tensors end at byte/],
    [
      "with overlapping tensors",
      file({ a: u8(0, 2), b: u8(1, 3) }, [1, 2, 3]),
      /bytes of b, from \d+ on, overlap those of a, which end at \d+/,
    ],
    ["with a hole", file({ a: u8(0, 1), b: u8(2, 3) }, [1, 2, 3]), /1 bytes of no tensor before b/],
    [
      "with a tensor shorter than its shape",
      file({ a: { ...u8(0, 1), shape: [2] } }, [1]),
      /1 bytes, but U8 \[2\] takes 2/,
    ],
    ["with a backward range", file({ a: { dtype: "U8", shape: [], data_offsets: [1, 0] } }), /byte range \[1,0\]/],
    ["with a negative shape", file({ a: { dtype: "U8", shape: [-1], data_offsets: [0, 0] } }), /no shape/],
    ["with an unknown number format", file({ a: { dtype: "Q4", shape: [], data_offsets: [0, 1] } }), /format "Q4"/],
    ["with one tensor twice", file(`{"a":${EMPTY},"\\u0061":${EMPTY}}`), /a is described twice/],
    ["with brackets without end", file("[".repeat(1000)), /brackets 4 deep at byte 11/],
    ["with metadata that is not strings", file({ __metadata__: { a: 1 } }), /metadata/],
  ])("is refused %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it("never crashes otherwise, whatever byte of it is damaged or wherever it is cut", () => {
    const whole = writeSafetensors(new Map([["a", tensor([2], 1, 2)]]));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, value, length) => {
        const bytes = whole.slice(0, length);
        if (at < length) bytes[at] = value;
        try {
          readSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SafetensorsError);
        }
      }),
    );
  });
});

describe("a safetensors file on the disk", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "flamingo-safetensors-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("is read in part, and tells where its tensors stand", async () => {
    const path = join(folder, "some.safetensors");
    const bytes = writeSafetensors(
      new Map([
        ["a", tensor([2], 1, 2)],
        ["b", tensor([1], 3)],
      ]),
    );
    await writeFile(path, bytes);
    const { tensors } = await readSafetensorsFile(path, (name) => name === "b");
    expect([...tensors]).toEqual([["b", tensor([1], 3)]]);
    const { entries } = await readSafetensorsHeader(path);
    expect(entries.get("b")).toEqual({ dtype: "F32", shape: [1], begin: bytes.length - 4, end: bytes.length });
  });

  it("is named when it is damaged or not there", async () => {
    const path = join(folder, "cut.safetensors");
    await writeFile(path, writeSafetensors(new Map([["a", tensor([2], 1, 2)]])).subarray(0, -1));
    await expect(readSafetensorsFile(path)).rejects.toThrow(SafetensorsError);
    await expect(readSafetensorsFile(path)).rejects.toThrow(/cut\.safetensors: a ends at byte/);
    await expect(readSafetensorsFile(join(folder, "none"))).rejects.toThrow(ModelFolderError);
  });

  const foreign = fileURLToPath(new URL("../../../shared/data/tiny_gpt2/model.safetensors", import.meta.url));
  it.skipIf(!existsSync(foreign))("is read as its Python writer left it (skipped without ../shared)", async () => {
    const { tensors } = await readSafetensorsFile(foreign);
    expect(tensors.size).toBeGreaterThan(10);
    expect(tensors).toEqual(readSafetensors(readFileSync(foreign)).tensors);
    for (const { data } of tensors.values()) expect(data.every(Number.isFinite)).toBe(true);
  });
});
