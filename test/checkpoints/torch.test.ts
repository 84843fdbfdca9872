/** Files of PyTorch, as PyTorch wrote them: `tools/reference/torch_files.py` made the fixtures and knows their numbers. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesInMemory } from "../../src/checkpoints/bytes.js";
import { PickleError, TorchFileError } from "../../src/checkpoints/errors.js";
import { stateDict } from "../../src/checkpoints/state-dict.js";
import { renamed, type TensorStore } from "../../src/checkpoints/store.js";
import { openTensorStore } from "../../src/checkpoints/store.node.js";
import { locateTorch } from "../../src/checkpoints/torch/torch-file.js";
import { ascii, stateDictPickle, text } from "../support/pickle.js";
import { type StoredFile, writeZip64, zip } from "../support/zip.js";

const FIXTURES = resolve(import.meta.dirname, "../fixtures/torch");
const fixture = (name: string) => join(FIXTURES, name);
interface Numbers {
  readonly dtype: string;
  readonly shape: number[];
  readonly data: number[];
}
/** Numbers are written as the shortest decimals that are no other float32. */
const expected = JSON.parse(readFileSync(fixture("expected.json"), "utf8"), (key, value) =>
  key === "data" ? [...Float32Array.from(value)] : value,
).files as Record<string, Record<string, Numbers>>;

async function numbersOf(store: TensorStore): Promise<Record<string, Numbers>> {
  const found: Record<string, Numbers> = {};
  for (const [name, { dtype }] of store.entries) {
    const { shape, data } = await store.read(name);
    found[name] = { dtype, shape: [...shape], data: [...data] };
  }
  return found;
}

const pick = (store: TensorStore, ...names: string[]) =>
  renamed(store, (name) => (names.includes(name) ? name : undefined));

describe("a file of torch.save", () => {
  it.each(Object.keys(expected))(
    "%s is read as PyTorch reads it: names, formats, shapes, every number",
    async (name) => {
      expect(await numbersOf(await openTensorStore(fixture(name)))).toEqual(expected[name]);
    },
  );

  it.each(["tied.pt", "tied-legacy.pt"])("%s says which weights are tied", async (name) => {
    const store = await openTensorStore(fixture(name));
    expect(store.entries.get("head.weight")?.sameAs).toBe("embed.weight");
    expect(store.entries.get("embed.weight")?.sameAs).toBeUndefined();
    const alone = pick(store, "head.weight");
    expect(alone.entries.get("head.weight")?.sameAs).toBeUndefined();
    expect(pick(store, "head.weight", "embed.weight").entries.get("head.weight")?.sameAs).toBe("embed.weight");
  });

  it("gives some rows of a tensor, with gaps and without", async () => {
    for (const file of ["views.pt", "views-legacy.pt", "zip-protocol-5.pt"]) {
      const store = await openTensorStore(fixture(file));
      for (const [name, { shape }] of store.entries) {
        const { data } = await store.read(name);
        const width = data.length / shape[0]!;
        for (let from = 0; from <= shape[0]!; from++)
          for (let to = from; to <= shape[0]!; to++) {
            const some = await store.read(name, { from, to });
            expect(some.shape).toEqual([to - from, ...shape.slice(1)]);
            expect([...some.data]).toEqual([...data.subarray(from * width, to * width)]);
          }
        await expect(store.read(name, { from: 0, to: shape[0]! + 1 })).rejects.toThrow(/Rows 0 to/);
      }
    }
  });

  it("gives the bytes that stand in it, so that nothing is lost by way of float32", async () => {
    const store = await openTensorStore(fixture("zip.pt"));
    const doubles = new Float64Array((await store.raw("float64")).buffer);
    expect([...Float32Array.from(doubles)]).toEqual(expected["zip.pt"]!.float64!.data);
    expect([...new BigInt64Array((await store.raw("int64")).buffer)]).toEqual([-128000n, 127000n, 0n, 5000n]);
  });

  it.each(["training.pt", "training-legacy.pt"])(
    "%s, a training checkpoint, gives the model that is in it",
    async (name) => {
      const whole = await openTensorStore(fixture(name));
      const { store, taken } = stateDict(whole);
      expect(taken).toBe("model_state_dict.module.");
      expect([...store.entries.keys()]).toEqual(["0.weight", "0.bias", "1.weight", "1.bias"]);
      expect(await store.read("0.weight")).toEqual(await whole.read("model_state_dict.module.0.weight"));
      await expect(store.read("epoch")).rejects.toThrow(/has no tensor epoch[\s\S]*0\.weight/);
      expect(stateDict(store)).toEqual({ store, taken: "" });
    },
  );
});

describe("a pickle that asks for more than weights need is refused by name, and nothing is executed", () => {
  it.each([
    ["os-system.pt", /os-system\.pt: posix\.system, which the pickle asks for at byte \d+/],
    ["os-system-legacy.pt", /posix\.system/],
    ["eval.pt", /(builtins|__builtin__)\.eval/],
    ["copyreg.pt", /__main__\.Made|copy_?reg\._reconstructor/],
    ["extension.pt", /Code number 77 of the copyreg registry/],
    ["hook.pt", /(builtins|__builtin__)\.print/],
    ["module.pt", /torch\.nn\.modules\.linear\.Linear/],
    ["complex.pt", /torch\.ComplexFloatStorage/],
    ["sparse.pt", /_rebuild_sparse_tensor/],
    ["numpy.pt", /multiarray\._reconstruct/],
  ])("%s", async (name, message) => {
    await expect(openTensorStore(fixture(name))).rejects.toThrow(PickleError);
    await expect(openTensorStore(fixture(name))).rejects.toThrow(message);
  });

  it.each([
    [
      "STACK_GLOBAL and REDUCE",
      [0x80, 4, ...text("os"), ...text("system"), 0x93, ...text("true"), 0x85, 0x52],
      /os\.system/,
    ],
    ["GLOBAL", [0x80, 2, ...ascii("cnt\nsystem\n")], /nt\.system/],
    ["INST", [0x80, 2, 0x28, ...ascii("ios\nsystem\n")], /os\.system/],
    [
      "a name with dots in it",
      [0x80, 4, ...text("torch"), ...text("Tensor.__class__"), 0x93],
      /torch\.Tensor\.__class__/,
    ],
    ["OBJ", [0x80, 2, 0x28, 0x6f], /making of an object/],
    ["NEWOBJ", [0x80, 2, ...ascii("ccollections\nOrderedDict\n"), 0x29, 0x81], /making of an object/],
    ["NEWOBJ_EX", [0x80, 4, 0x92], /making of an object/],
    ["EXT2", [0x80, 2, 0x83, 1, 1], /Code number 257/],
    ["EXT4", [0x80, 2, 0x84, 1, 0, 0, 0], /Code number 1 /],
    ["a call of what is no function", [0x80, 2, ...ascii("ctorch\nFloatStorage\n"), 0x29, 0x52], /no function/],
    ["BUILD of a number", [0x80, 2, 0x4b, 1, 0x7d, 0x62], /insides/],
    ["an instruction that no pickle has", [0x80, 2, 0xff], /0xff/],
    ["a buffer from outside", [0x80, 5, 0x97], /0x97/],
    ["a protocol of text", [0x80, 1], /protocol 1/],
  ])("%s", async (_, pickle, message) => {
    const file = bytesInMemory("evil.pt", zip(archive([...pickle, 0x2e])));
    await expect(locateTorch(file)).rejects.toThrow(PickleError);
    await expect(locateTorch(file)).rejects.toThrow(message);
  });
});

/** The files of a torch archive with a pickle and one storage of two float32 numbers. */
function archive(pickle: ArrayLike<number>, more: readonly StoredFile[] = []): StoredFile[] {
  return [
    { name: "a/data.pkl", content: Uint8Array.from(pickle) },
    { name: "a/data/0", content: new Uint8Array(Float32Array.of(1, 2).buffer) },
    ...more,
  ];
}

describe("a file of torch.save that lies is refused", () => {
  const whole = archive(stateDictPickle());
  const [pickle, storage] = whole as [StoredFile, StoredFile];
  const lying = (lie: StoredFile["lie"]) => zip([pickle, { ...storage, lie: lie! }]);

  it("is read when it does not", async () => {
    const located = await locateTorch(bytesInMemory("w.pt", zip(whole)));
    expect([...located.keys()]).toEqual(["w"]);
  });

  it.each([
    ["cut off", zip(whole).subarray(0, -1), /w\.pt has no end/],
    [
      "with a size beyond the file",
      lying({ size: 2 ** 31 }),
      /a\/data\/0 has 2147483648 bytes in its directory and 8 at/,
    ],
    [
      "with a size beyond the file in both places",
      longLocal(),
      /a\/data\/0 has 4096 bytes from \d+, but its files end/,
    ],
    ["compressed", lying({ method: 8 }), /a\/data\/0 is compressed by method 8[\s\S]*torch\.save/],
    ["with two sizes of one file", lying({ packed: 4 }), /has 8 bytes and that they are stored in 4/],
    ["encrypted", lying({ flags: 1 }), /a\/data\/0 is encrypted/],
    ["with a file where there is none", lying({ header: 1 }), /has no file at byte 1/],
    ["with a file behind the end", lying({ header: 100_000 }), /a\/data\/0 is at byte 100000/],
    [
      "with two names of one file",
      lying({ localName: "a/data/1" }),
      /a\/data\/0 in its directory and a\/data\/1 there/,
    ],
    ["with a file inside of another", nested(), /a\/data\/1 at byte \d+, inside of a\/data\/0/],
    ["with one file twice", zip([...whole, storage]), /two files called a\/data\/0/],
    [
      "that leads out of itself",
      zip([...whole, { name: "../../etc/passwd", content: new Uint8Array(0) }]),
      /leads out/,
    ],
    ["that leads to the root", zip([...whole, { name: "/etc/passwd", content: new Uint8Array(0) }]), /leads out/],
    ["with too large a directory", zip(whole, { size: 60_000 }), /directory has 60000 bytes/],
    ["with too many files", zip(whole, { count: 9 }), /holds 9 files/],
    ["with too few files", zip(whole, { count: 1 }), /its directory has \d+ bytes, but its 1 entries/],
    ["without its pickle", zip([storage]), /has 0 files data\.pkl/],
    ["without its storage", zip([pickle]), /w stands in the storage 0, which is not there/],
    [
      "with a storage that is too short",
      zip(archive(stateDictPickle({ elements: 3 }))),
      /storage 0 of 12 bytes, which has 8/,
    ],
    [
      "with a tensor that ends outside",
      zip(archive(stateDictPickle({ shape: [3] }))),
      /w \[3\] ends at number 2, but its storage has 2/,
    ],
    ["with a tensor that begins outside", zip(archive(stateDictPickle({ offset: 1 }))), /w \[2\] ends at number 2/],
    ["with a stride too far", zip(archive(stateDictPickle({ stride: [2] }))), /ends at number 2/],
    [
      "with a tensor that repeats its numbers",
      zip(archive(stateDictPickle({ shape: [9999], stride: [0] }))),
      /repeats the 2 numbers/,
    ],
    [
      "of the other order of bytes",
      zip(archive(stateDictPickle(), [{ name: "a/byteorder", content: Uint8Array.from(ascii("big")) }])),
      /"big"/,
    ],
    [
      "that is a program",
      zip(archive(stateDictPickle(), [{ name: "a/constants.pkl", content: new Uint8Array(0) }])),
      /TorchScript/,
    ],
  ])("%s", async (_, bytes, message) => {
    await expect(locateTorch(bytesInMemory("w.pt", bytes))).rejects.toThrow(TorchFileError);
    await expect(locateTorch(bytesInMemory("w.pt", bytes))).rejects.toThrow(message);
  });

  it.each([
    ["cut off", stateDictPickle().slice(0, -9), /cut off after \d+ bytes/],
    ["with text longer than itself", [0x80, 4, 0x8d, 0, 0, 0, 0, 0, 1, 0, 0, 0x2e], /cut off/],
    ["that recalls what it never kept", [0x80, 2, 0x68, 7, 0x2e], /recalls value 7/],
    ["that takes from an empty stack", [0x80, 2, 0x73, 0x2e], /where there is none/],
    ["with a number of a megabyte", [0x80, 2, 0x8b, 0, 0, 16, 0, 0x2e], /whole number of 1048576 bytes/],
    ["that is deep", [0x80, 2, ...new Array(2000).fill(0x28), 0x2e], /more than 1000 things/],
    [
      "that holds itself",
      [0x80, 2, ...new Array(50).fill([0x4e, 0x30]).flat(), 0x7d, 0x71, 0, ...text("a"), 0x68, 0, 0x73, 0x2e],
      /inside itself/,
    ],
    ["that unfolds to more than there is", laughs(30), /more than the file's bytes/],
  ])("with a pickle %s", async (_, pickle, message) => {
    const file = bytesInMemory("w.pt", zip(archive(pickle)));
    await expect(locateTorch(file)).rejects.toThrow(PickleError);
    await expect(locateTorch(file)).rejects.toThrow(message);
  });

  it.each([
    [
      "the older form cut off",
      readFileSync(fixture("legacy.pt")).subarray(0, -1),
      /storage \S+ ends at byte \d+, but the file has \d+/,
    ],
    ["the older form cut off in its pickles", readFileSync(fixture("legacy.pt")).subarray(0, 200), /cut off/],
    ["a pickle of something else", readFileSync(fixture("plain.pkl")), /none of torch\.save/],
    [
      "a tensor of repeated numbers",
      readFileSync(fixture("expanded.pt")),
      /weight \[1000\] repeats the 1 numbers[\s\S]*contiguous/,
    ],
    ["a program", readFileSync(fixture("torchscript.pt")), /TorchScript/],
  ])("%s", async (_, bytes, message) => {
    await expect(locateTorch(bytesInMemory("w.pt", bytes))).rejects.toThrow(message);
  });

  function longLocal(): Uint8Array {
    const bytes = lying({ size: 4096 });
    const at = bytes.findIndex((_, i) => i > 0 && bytes[i] === 0x50 && bytes[i + 1] === 0x4b && bytes[i + 2] === 3);
    new DataView(bytes.buffer).setUint32(at + 22, 4096, true);
    return bytes;
  }

  function nested(): Uint8Array {
    const inner = zip([{ name: "a/data/1", content: new Uint8Array(8) }]).subarray(0, 46);
    const outer = { name: "a/data/0", content: inner };
    const header = 30 + pickle.name.length + pickle.content.length + 30 + outer.name.length;
    return zip([pickle, outer, { name: "a/data/1", content: new Uint8Array(8), lie: { header } }]);
  }

  /** Lists of two of the list before. */
  function laughs(times: number): number[] {
    const pickle = [0x80, 2, 0x5d, 0x71, 0];
    for (let i = 0; i < times; i++) pickle.push(0x5d, 0x71, i + 1, 0x28, 0x68, i, 0x68, i, 0x65);
    return [...pickle, 0x2e];
  }
});

describe("a file of torch.save larger than memory should hold", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "flamingo-torch-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("is found by zip64 and read by rows and piece by piece, beyond 4 GiB", async () => {
    const path = join(folder, "large.pt");
    const [wide, turned] = [[70_000, 32_768] as const, [6000, 8192] as const];
    const half = { type: "HalfStorage", offset: 0 };
    const pickle = stateDictPickle(
      { ...half, name: "wide", elements: wide[0] * wide[1], shape: wide, stride: [wide[1], 1] },
      {
        ...half,
        name: "turned",
        key: "1",
        elements: turned[0] * turned[1],
        shape: [turned[1], turned[0]],
        stride: [1, turned[1]],
      },
    );
    const one = Uint8Array.of(0, 0x3c);
    await writeZip64(path, [
      { name: "a/data.pkl", size: pickle.length, tail: Uint8Array.from(pickle) },
      { name: "a/data/0", size: wide[0] * wide[1] * 2, tail: one },
      { name: "a/data/1", size: turned[0] * turned[1] * 2, tail: one },
    ]);
    const store = await openTensorStore(path);
    expect(store.entries.get("wide")).toMatchObject({ shape: wide, bytes: 4_587_520_000 });
    const last = await store.read("wide", { from: wide[0] - 1, to: wide[0] });
    expect([last.data[0], last.data.at(-2), last.data.at(-1)]).toEqual([0, 0, 1]);
    const columns = await store.read("turned", { from: turned[1] - 3, to: turned[1] });
    expect(columns.shape).toEqual([3, turned[0]]);
    expect(columns.data.reduce((sum, value) => sum + value, 0)).toBe(1);
    expect(columns.data.at(-1)).toBe(1);
  });
});
