import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { OnnxError } from "../../src/graph/errors.js";
import {
  axes,
  axis,
  crossEntropy,
  encodeOnnx,
  graph,
  input,
  matmul,
  onnxModel,
  parameter,
  readOnnx,
  relu,
  reshape,
  separateWeights,
  sum,
  type Value,
  type Weight,
} from "../../src/graph/index.js";
import { ModelProtoSchema } from "../../src/graph/onnx/onnx.generated.js";
import { Random } from "../../src/random.js";
import { trainingGraph } from "../../src/training/objective.js";

const MUTATIONS = 10_000;

/** Small files of every kind: a training graph; weights inside, in a file of their own, at an offset in 16 bits. */
function seeds(): Uint8Array[] {
  const hidden = parameter("block.hidden", axes(axis("width", 4), axis("hidden", 80)), false);
  const scores = (x: Value) => matmul(relu(matmul(x, hidden)), parameter("block.out", axes(80, 3), true));
  const x = input("x", "float32", axes("rows", axis("width", 4)));
  const weights = new Map<string, Weight>([["block.hidden", { data: new Float32Array(320) }]]);
  const stored = new Map<string, Weight>([
    ["block.hidden", { location: "model.safetensors", offset: 128, length: 640, dtype: "float16" }],
  ]);
  const forward = graph({ scores: reshape(scores(x), ["rows", 3]) });
  const fixed = input("fixed", "float32", axes(2, axis("width", 4)));
  const { loss } = crossEntropy(scores(fixed), input("targets", "int32", axes(2)));
  return [
    encodeOnnx(onnxModel(forward, weights)),
    encodeOnnx(separateWeights(onnxModel(forward, weights), "model.onnx.data").model),
    encodeOnnx(onnxModel(forward, stored)),
    encodeOnnx(onnxModel(trainingGraph(sum(loss, [0])), weights)),
  ];
}

const HUGE = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const REFORMS = 5_000;

const HOSTILE_NUMBERS = [0, 1, -1, 2, 255, 2 ** 31 - 1, -(2 ** 31)];
const HOSTILE_LONGS = [0n, 1n, -1n, 2n ** 31n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)];
const HOSTILE_TEXTS = [
  "",
  "x",
  "y",
  "..",
  "../x",
  "\0",
  "block.hidden",
  "a".repeat(1000),
  "1e3",
  "-1",
  "99999999999999999999",
];

/** Any value replaced by a hostile one of its kind, or, of a list, entries left out, repeated or in another order. */
function reformed(value: unknown, random: Random): unknown {
  if (typeof value === "bigint") return random.pick(HOSTILE_LONGS);
  if (typeof value === "number") return random.pick(HOSTILE_NUMBERS);
  if (typeof value === "string") return random.pick(HOSTILE_TEXTS);
  if (value instanceof Uint8Array)
    return new Uint8Array(random.pick([0, 1, value.length >> 1, value.length + 1, 4096]));
  if (!Array.isArray(value) || value.length === 0) return value;
  const at = random.integer(value.length);
  return random.pick([
    value.toSpliced(at, 1),
    [...value, value[at]],
    value.toReversed(),
    [],
    value.with(at, reformed(value[at], random)),
  ]);
}

/** One field, somewhere in a message or in those within it, becomes another. */
function reform(message: object, random: Random): void {
  const fields = Object.entries(message).filter(([key]) => !key.startsWith("$") && key !== "case");
  if (fields.length === 0) return;
  const [key, value] = random.pick(fields);
  const within: unknown = Array.isArray(value) && value.length > 0 ? random.pick(value) : value;
  if (typeof within === "object" && within !== null && !ArrayBuffer.isView(within) && random.chance(0.9))
    reform(within, random);
  else (message as Record<string, unknown>)[key] = reformed(value, random);
}

/** Ways of spoiling a file. */
const MUTATE: Readonly<Record<string, (file: Uint8Array, random: Random) => Uint8Array>> = {
  "bits flipped": (file, random) => {
    const spoilt = file.slice();
    for (let flips = 1 + random.integer(8); flips > 0; flips--)
      spoilt[random.integer(file.length)]! ^= 1 << random.integer(8);
    return spoilt;
  },
  "cut off": (file, random) => file.slice(0, random.integer(file.length)),
  "a byte replaced, as of a length or a tag": (file, random) => {
    const spoilt = file.slice();
    spoilt[random.integer(file.length)] = random.integer(256);
    return spoilt;
  },
  "a chunk repeated": (file, random) => {
    const at = random.integer(file.length);
    const chunk = file.subarray(at, at + 1 + random.integer(64));
    return joined(
      file.subarray(0, at),
      ...Array.from({ length: 1 + random.integer(20) }, () => chunk),
      file.subarray(at),
    );
  },
  "a chunk left out": (file, random) => {
    const at = random.integer(file.length);
    return joined(file.subarray(0, at), file.subarray(at + 1 + random.integer(16)));
  },
  "a huge number put in": (file, random) => {
    const at = random.integer(file.length);
    return joined(
      file.subarray(0, at),
      HUGE.slice(-1 - random.integer(HUGE.length)),
      file.subarray(at + random.integer(3)),
    );
  },
  "two files in one": (file, random) =>
    joined(file.subarray(0, random.integer(file.length)), file.subarray(random.integer(file.length))),
};

describe("a file spoilt at random", () => {
  it(`is read, or refused by an OnnxError: ${MUTATIONS} of them`, { timeout: 120_000 }, () => {
    const files = seeds();
    for (const file of files) expect(encodeOnnx(readOnnx(file))).toEqual(file);
    const ways = Object.entries(MUTATE);
    const random = new Random("spoilt files");
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < MUTATIONS; i++) {
      const [way, mutate] = ways[i % ways.length]!;
      const spoilt = mutate(files[random.integer(files.length)]!, random);
      try {
        encodeOnnx(readOnnx(spoilt));
        counts.read++;
      } catch (error) {
        if (!(error instanceof OnnxError)) throw new Error(`mutation ${i}, ${way}`, { cause: error });
        counts.refused++;
      }
    }
    // Flips within names and numbers change nothing that a reader could object to.
    expect(counts.read).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(5000);
  });

  it(`has fields of other values, fewer of them or more, and is refused as well: ${REFORMS} of them`, {
    timeout: 120_000,
  }, () => {
    const files = seeds();
    const random = new Random("reformed files");
    const counts = { read: 0, refused: 0 };
    let slowest = 0;
    for (let i = 0; i < REFORMS; i++) {
      const proto = fromBinary(ModelProtoSchema, files[random.integer(files.length)]!);
      for (let changes = 1 + random.integer(3); changes > 0; changes--) reform(proto, random);
      const bytes = toBinary(ModelProtoSchema, proto);
      const begin = performance.now();
      try {
        encodeOnnx(readOnnx(bytes));
        counts.read++;
      } catch (error) {
        if (!(error instanceof OnnxError)) throw new Error(`reform ${i}`, { cause: error });
        counts.refused++;
      }
      slowest = Math.max(slowest, performance.now() - begin);
    }
    expect(counts.read).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(REFORMS / 3);
    // A file of some kilobytes takes about a millisecond; a second would be a walk that does not end by itself.
    expect(slowest).toBeLessThan(1000);
  });

  it("costs no more memory than it has bytes, times a constant, whatever lengths and counts it claims", () => {
    const nodes = new Uint8Array(4 + 2_000_000);
    nodes.set([0x3a, 0x80, 0x89, 0x7a]);
    for (let at = 4; at < nodes.length; at += 2) nodes[at] = 0x0a;
    const axes = new Uint8Array(400_000);
    for (let at = 0; at < axes.length; at += 4) axes.set([0x0a, 2, 8, 1], at);
    const inside = (tag: number, body: Uint8Array) =>
      joined(
        Uint8Array.of(tag, ...[0, 7, 14].map((bits, i) => ((body.length >> bits) & 127) | (i < 2 ? 128 : 0))),
        body,
      );
    const typed = (shape: Uint8Array) => inside(0x12, inside(0x0a, joined(Uint8Array.of(8, 1), inside(0x12, shape))));
    const claims = {
      "a hundred thousand axes": inside(0x3a, inside(0x5a, joined(Uint8Array.of(0x0a, 1, 65), typed(axes)))),
      "a graph of 4 GB": Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f),
      "a length beyond 64 bits": joined(Uint8Array.of(0x3a), HUGE, Uint8Array.of(0x7f)),
      "groups in groups": new Uint8Array(100_000).fill(0x0b),
      "a million empty nodes": nodes,
    };
    for (const [claim, bytes] of Object.entries(claims)) {
      const before = process.memoryUsage();
      expect(() => readOnnx(bytes), claim).toThrow(OnnxError);
      const after = process.memoryUsage();
      const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
      expect(grown, claim).toBeLessThan(8 * bytes.length + 2 ** 22);
    }
  });
});
