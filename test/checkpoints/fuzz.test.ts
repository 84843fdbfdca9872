/**
 * Files that nobody would write, ten thousand and more of each kind: real ones with bytes changed, moved, doubled and cut,
 * and bytes that never were one. Whatever they are, they are read or refused by an error that tells a person what to do, in
 * little time, and without asking for memory that the file would not fill.
 */
import "../support/account.js";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesInMemory } from "../../src/checkpoints/bytes.js";
import { PickleError } from "../../src/checkpoints/errors.js";
import { locateWeights } from "../../src/checkpoints/locate.js";
import { writeSafetensors } from "../../src/checkpoints/safetensors-write.js";
import { tensorStore } from "../../src/checkpoints/store.js";
import { torchAllowed } from "../../src/checkpoints/torch/globals.js";
import { unpickle } from "../../src/checkpoints/torch/pickle.js";
import { FlamingoError, InvariantError } from "../../src/errors.js";
import { account } from "../support/account.js";
import { damaged } from "../support/mutations.js";
import { ascii, integer, stateDictPickle, text } from "../support/pickle.js";
import { zip } from "../support/zip.js";

const FIXTURES = resolve(import.meta.dirname, "../fixtures/torch");
const torchFiles = readdirSync(FIXTURES)
  .filter((name) => name.endsWith(".pt"))
  .map((name) => new Uint8Array(readFileSync(join(FIXTURES, name))));

/** While places are found, a file may be read a few times over (the older form of PyTorch begins with five pickles). */
const READS_OVER = 8;
/** Bytes for fixed things: an end of file, a few numbers, short lists. */
const FIXED = 4096;
/** Numbers of 1 byte become float32; beside the result stand the bytes that were read, and those put in order. */
const WIDENED = 4 + 1 + 1;

/** What an import does with a file. Tells how many tensors were read; none of one that was refused. */
async function use(bytes: Uint8Array): Promise<number> {
  const file = bytesInMemory("a file", bytes);
  const allowed = READS_OVER * bytes.length + FIXED;
  const began = performance.now();
  account.begin();
  try {
    const { located, metadata } = await locateWeights(file);
    const asked = account.total;
    expect(asked).toBeLessThanOrEqual(allowed);
    const store = tensorStore(file.place, located, metadata);
    for (const [name, { bytes: length }] of store.entries) {
      expect(length).toBeLessThanOrEqual(bytes.length);
      account.begin();
      await store.read(name);
      const asked = account.total;
      expect(asked).toBeLessThanOrEqual(WIDENED * length + FIXED);
    }
    return located.size;
  } catch (error) {
    const asked = account.total;
    if (!(error instanceof FlamingoError) || error instanceof InvariantError) throw error;
    expect(asked).toBeLessThanOrEqual(allowed);
    return 0;
  } finally {
    expect(performance.now() - began).toBeLessThan(10_000);
  }
}

/** Tries many files, and makes sure that some of them were read and some refused: else the trial would say little. */
async function tryAll(files: fc.Arbitrary<Uint8Array>, numRuns: number): Promise<void> {
  let [read, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(files, async (bytes) => {
      if ((await use(bytes)) > 0) read++;
      else refused++;
    }),
    { numRuns },
  );
  expect(Math.min(read, refused)).toBeGreaterThan(numRuns / 100);
}

/** A safetensors file with any header. */
function headed(header: unknown, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const archive = (pickle: ArrayLike<number>) =>
  zip([
    { name: "a/data.pkl", content: Uint8Array.from(pickle) },
    { name: "a/data/0", content: new Uint8Array(Float32Array.of(1, 2).buffer) },
  ]);

/** Pieces of pickles: every instruction there is, with what follows it. */
const instruction = fc.oneof(
  fc
    .constantFrom(0x4e, 0x88, 0x89, 0x28, 0x29, 0x5d, 0x7d, 0x8f, 0x30, 0x32, 0x94, 0x85, 0x86, 0x87)
    .map((byte) => [byte]),
  fc
    .constantFrom(0x74, 0x61, 0x65, 0x73, 0x75, 0x90, 0x91, 0x31, 0x52, 0x62, 0x51, 0x81, 0x92, 0x6f)
    .map((byte) => [byte]),
  fc.tuple(fc.constantFrom(0x71, 0x68, 0x4b), fc.nat(6)),
  fc.nat(3).map((value) => integer(value)),
  fc.constantFrom("w", "storage", "0", "a.b").map((word) => text(word)),
  fc
    .constantFrom(
      "torch._utils\n_rebuild_tensor_v2",
      "torch._utils\n_rebuild_tensor_v3",
      "torch\nFloatStorage",
      "torch\nint8",
    )
    .map((name) => ascii(`c${name}\n`)),
  fc
    .constantFrom("collections\nOrderedDict", "torch\nSize", "numpy\ndtype", "os\nsystem")
    .map((name) => ascii(`c${name}\n`)),
  fc.constant(stateDictPickle().slice(2, -1)),
  fc.constant(stateDictPickle().slice(3, -1)),
  fc.constant(stateDictPickle({ type: "storage\nUntypedStorage" }).slice(3, -1)),
);
const program = fc.array(instruction, { maxLength: 20 }).map((pieces) => [0x80, 4, 0x7d, ...pieces.flat(), 0x2e]);

describe("whatever bytes they are given", { timeout: 120_000 }, () => {
  const some = new Map([
    ["a", { shape: [2, 3], data: new Float32Array(6).fill(0.5) }],
    ["b", { shape: [], data: Float32Array.of(1) }],
    ["c", { shape: [0, 4], data: new Float32Array(0) }],
  ]);
  const wholes = [writeSafetensors(some), writeSafetensors(some, { dtype: "F16", metadata: { note: "\u{1f9a9}" } })];

  it("readers of safetensors read or refuse 12,000 files", async () => {
    const number = fc.oneof(fc.nat(16), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, 1e300), fc.constant(null));
    const described = fc.record({
      dtype: fc.constantFrom("F32", "F16", "U8", "Q4", "toString", 7),
      shape: fc.oneof(fc.array(number, { maxLength: 3 }), number),
      data_offsets: fc.array(number, { maxLength: 3 }),
    });
    const names = fc.oneof(
      fc.constantFrom("__proto__", "__metadata__", "constructor", ""),
      fc.string({ maxLength: 4 }),
    );
    const headers = fc.dictionary(names, fc.oneof(described, fc.jsonValue()), { maxKeys: 4 });
    await tryAll(damaged(wholes), 8000);
    for (const files of [
      fc.tuple(headers, fc.uint8Array({ maxLength: 32 })).map(([header, data]) => headed(header, data)),
      fc.uint8Array({ maxLength: 64 }),
    ])
      await fc.assert(
        fc.asyncProperty(files, async (bytes) => void (await use(bytes))),
        { numRuns: 2000 },
      );
  });

  it("readers of PyTorch's files read or refuse 12,000 files", async () => {
    await tryAll(damaged(torchFiles), 10_000);
    const begun = fc
      .uint8Array({ maxLength: 64 })
      .map((bytes) => Uint8Array.of(...(bytes[0]! % 2 ? [0x50, 0x4b, 3, 4] : [0x80, 2]), ...bytes));
    await fc.assert(
      fc.asyncProperty(begun, async (bytes) => void (await use(bytes))),
      { numRuns: 2000 },
    );
  });

  it("readers of pickles read or refuse 10,000 of them", async () => {
    const pickles = [
      stateDictPickle(),
      stateDictPickle({ name: "x", type: "HalfStorage", elements: 4 }, { name: "y" }),
    ];
    await tryAll(damaged(pickles.map((pickle) => Uint8Array.from(pickle))).map(archive), 5000);
    await tryAll(program.map(archive), 5000);
  });

  it("and the account that is kept of memory sees what is asked for", async () => {
    account.begin();
    const numbers = Float32Array.from(new Uint8Array(100));
    expect([account.total, account.largest]).toEqual([500, 400]);
    account.begin();
    new Float64Array(numbers.buffer, 0, 10);
    expect(account.total).toBe(0);
    const views = bytesInMemory("views", new Uint8Array(readFileSync(join(FIXTURES, "views.pt"))));
    const store = tensorStore("views", (await locateWeights(views)).located);
    account.begin();
    await store.read("column");
    const [rows, columns] = [6, 4];
    expect(account.total).toBeGreaterThanOrEqual(4 * rows + 4 * ((rows - 1) * columns + 1));
  });
});

describe("a pickle of 16 MiB of one instruction", { timeout: 120_000 }, () => {
  it.each([
    ["a dictionary", [0x7d]],
    ["a set", [0x8f]],
    ["and keeps nothing", [0x4e, 0x94]],
    ["text", text("ab")],
  ])("that makes %s ends soon, in an error", async (_, unit) => {
    const pickle = new Uint8Array(2 ** 24);
    pickle.set([0x80, 4, 0x4e]);
    for (let at = 3; at + unit.length < pickle.length; at += unit.length) pickle.set(unit, at);
    const before = process.memoryUsage.rss();
    expect(() => unpickle(pickle, "a pickle", torchAllowed("zip"))).toThrow(PickleError);
    expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 30);
  });
});
