import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { OnnxError } from "../../src/graph/errors.js";
import {
  add,
  axes,
  axis,
  broadcastTo,
  encodeOnnx,
  graph,
  input,
  matmul,
  named,
  OPS,
  type OpName,
  onnxModel,
  parameter,
  readOnnx,
  relu,
  scalar,
  separateWeights,
  type Weight,
  writeOnnx,
} from "../../src/graph/index.js";
import { type ModelProto, ModelProtoSchema } from "../../src/graph/onnx/onnx.generated.js";
import { fromOnnx, portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { CASES } from "./cases.js";
import { open } from "./filled.js";

const none = new Map<string, Weight>();

/** x [rows, width 3] times a weight, made positive: the graph that the cases below spoil. */
const x = input("x", "float32", axes("rows", axis("width", 3)));
const weight = parameter("weight", axes(axis("width", 3), axis("hidden", 2)), false);
const built = graph({ y: relu(named(add(matmul(x, weight), scalar(1)), "before")) });
const weights = new Map<string, Weight>([["weight", { data: Float32Array.of(1, 2, 3, 4, 5, 6) }]]);
const valid = writeOnnx(built, weights);

describe("reading what was written", () => {
  const cases = (Object.keys(OPS) as OpName[]).flatMap((name) =>
    CASES[name].map((given) => [`${name}: ${given.about}`, name, given] as const),
  );
  it.each(cases)("gives back every byte of %s", (_, name, given) => {
    const bytes = writeOnnx(graph({ result: open(name, given).result }), none);
    expect(encodeOnnx(readOnnx(bytes))).toEqual(bytes);
  });

  it("gives inputs, outputs and initialisers with their element types and the names of their axes", () => {
    const model = readOnnx(valid);
    expect(model.inputs).toEqual(
      new Map([["x", { dtype: "float32", axes: axes("rows", axis("width", 3)), unread: false }]]),
    );
    expect(model.outputs).toEqual(new Map([["y", { dtype: "float32", axes: axes("rows", axis("hidden", 2)) }]]));
    expect(model.initialisers.get("weight")).toMatchObject({
      dtype: "float32",
      axes: axes(axis("width", 3), axis("hidden", 2)),
    });
    expect(model.nodes.map(({ type, name, inputs }) => [type, name, inputs[0]])).toEqual([
      ["MatMul", "MatMul", "x"],
      ["Add", "before", "MatMul"],
      ["Relu", "y", "before"],
    ]);
    expect([model.irVersion, model.producer, ...model.opsets]).toEqual([10, "flamingo-ts", ["", 21]]);
  });

  it("gives the model that was encoded, wherever its numbers are", () => {
    const model = onnxModel(built, weights);
    expect(readOnnx(valid)).toEqual(model);
    const large = onnxModel(
      graph({ y: matmul(x, parameter("weight", axes(3, 200), false)) }),
      new Map([["weight", { data: new Float32Array(600) }]]),
    );
    const apart = separateWeights(large, "beside.data").model;
    expect(readOnnx(encodeOnnx(apart))).toEqual(apart);
    expect(apart.initialisers.get("weight")!.data).toEqual({ location: "beside.data", offset: 0, length: 2400 });
  });

  it("tells an input whose sizes alone mattered from one that was forgotten", () => {
    const like = input("like", "float32", axes(2, 3));
    const model = readOnnx(writeOnnx(graph({ y: broadcastTo(input("row", "float32", axes(3)), like) }), none));
    expect([...model.inputs].map(([name, { unread }]) => [name, unread])).toEqual([
      ["row", false],
      ["like", true],
    ]);
  });

  it("gives a graph that runs as the one that was written", async () => {
    const feeds = { x: { data: Float32Array.of(1, -1, 0, 2, 0, 1), shape: [2, 3] } };
    await using first = await nodeRuntime.compile(portable(built, weights));
    await using second = await nodeRuntime.compile(fromOnnx(valid));
    expect(await second.run(feeds)).toEqual(await first.run(feeds));
    expect(fromOnnx(valid)).toEqual(portable(built, weights));
  });

  it("does not copy the numbers inside the file", () => {
    const { data } = readOnnx(valid).initialisers.get("weight")!;
    expect((data as Uint8Array).buffer).toBe(valid.buffer);
  });
});

describe("large numbers in a file of their own", () => {
  it("begin at multiples of 4096, one after the other, each whole; small ones stay", () => {
    const sizes = [300, 10, 1024, 1025];
    const paths = sizes.map((_, i) => `weight ${i}`);
    const outputs = sizes.map((size, i) => [`y ${i}`, relu(parameter(`weight ${i}`, axes(size), false))] as const);
    const held = new Map(paths.map((path, i) => [path, { data: new Float32Array(sizes[i]!).fill(i + 1) }]));
    const { model, pieces } = separateWeights(onnxModel(graph(Object.fromEntries(outputs)), held), "w");
    const places = paths.map((path) => model.initialisers.get(path)!.data);
    expect(places.map((data) => ("offset" in data ? [data.offset, data.length] : "inline"))).toEqual([
      [0, 1200],
      "inline",
      [4096, 4096],
      [8192, 4100],
    ]);
    const file = new Float32Array(Uint8Array.from(Buffer.concat(pieces)).buffer);
    expect([file[0], file[299], file[300], file[1024], file[2047], file[2048], file.at(-1)]).toEqual([
      1, 1, 0, 3, 3, 4, 4,
    ]);
  });

  it("are named by paths that stay in the folder", () => {
    for (const location of ["../all.bin", "a/../../b", "/etc/passwd", "C:all.bin", "a\\b", ""])
      expect(() => writeOnnx(built, new Map([["weight", { location, offset: 0, length: 24 }]])), location).toThrow(
        /the weights of weight are to be in "/,
      );
  });

  it("may begin beyond 4 GB, and not every tensor needs them to be float32", () => {
    const place = { location: "all.bin", offset: 5_000_000_000, length: 12, dtype: "float16" } as const;
    const model = readOnnx(writeOnnx(built, new Map([["weight", place]])));
    const stored = [...model.initialisers].find(([, { dtype }]) => dtype === "float16")!;
    expect(stored[1].data).toEqual({ location: "all.bin", offset: 5_000_000_000, length: 12 });
    expect(model.nodes[0]).toMatchObject({ type: "Cast", inputs: [stored[0]], outputs: ["weight"] });
  });

  it("are needed from 2 GB on", () => {
    const gigabyte = new Float32Array(2 ** 28);
    const held = new Map(["a", "b"].map((path) => [path, { data: gigabyte }]));
    const large = (path: string) => parameter(path, axes(2 ** 28), false);
    const model = onnxModel(graph({ y: add(large("a"), large("b")) }), held);
    expect(() => encodeOnnx(model)).toThrow(/2147483648 bytes of weights inside one ONNX file/);
    const { model: apart, pieces } = separateWeights(model, "w");
    expect(encodeOnnx(apart).length).toBeLessThan(1000);
    expect(pieces.every(({ buffer }) => buffer === gigabyte.buffer)).toBe(true);
  });
});

describe("a file that is not as it should be is refused, with what was found and what to do", () => {
  /** The valid file after a change of its messages. */
  const changed = (change: (proto: ModelProto) => void): Uint8Array => {
    const proto = fromBinary(ModelProtoSchema, valid);
    change(proto);
    return toBinary(ModelProtoSchema, proto);
  };
  const first = (proto: ModelProto) => proto.graph!.initializer[0]!;
  const elsewhere = (entries: Record<string, string>) =>
    changed((proto) => {
      Object.assign(first(proto), { rawData: new Uint8Array(0), dataLocation: 1 });
      first(proto).externalData = Object.entries(entries).map(
        ([key, value]) => ({ $typeName: "onnx.StringStringEntryProto", key, value }) as const,
      );
    });
  const place = { location: "all.bin", offset: "0", length: "24" };
  const refused: [string, Uint8Array, RegExp][] = [
    ["an empty file", new Uint8Array(0), /ModelProto ends at byte 0 without its ir_version/],
    ["a file cut off", valid.slice(0, -20), /ModelProto\.graph at byte \d+ is to have \d+ bytes, but \d+ are left/],
    ["text", new TextEncoder().encode("# This is no model\n"), /ModelProto has a field 4|wire type|not read here/],
    [
      "a newer IR version",
      changed((p) => {
        p.irVersion = 11n;
      }),
      /IR version 11; up to 10 is read\n.*update/,
    ],
    [
      "a newer opset",
      changed((p) => {
        p.opsetImport[0]!.version = 22n;
      }),
      /version 22 of the operators of ""; up to 21 is read/,
    ],
    [
      "other operators",
      changed((p) => {
        p.opsetImport[0]!.domain = "ai.example";
      }),
      /uses operators of the domain "ai.example"/,
    ],
    [
      "a node of a domain without a version",
      changed((p) => {
        p.graph!.node[0]!.domain = "ai.example";
      }),
      /MatMul MatMul is of the domain "ai.example"/,
    ],
    [
      "a circle",
      changed((p) => {
        p.graph!.node[0]!.input[0] = "y";
      }),
      /in a circle: MatMul MatMul, which waits for Relu y, which waits for Add before, which waits for MatMul MatMul/,
    ],
    [
      "nodes out of order",
      changed((p) => void p.graph!.node.reverse()),
      /Relu y reads before, which only a later node makes/,
    ],
    [
      "an input that nothing makes",
      changed((p) => {
        p.graph!.node[2]!.input[0] = "nowhere";
      }),
      /Relu y reads nowhere, which nothing in the file makes/,
    ],
    [
      "an input that nothing uses",
      changed((p) => {
        p.graph!.node[0]!.input[0] = "weight";
      }),
      /the input x is used by nothing/,
    ],
    [
      "an output that nothing makes",
      changed((p) => {
        p.graph!.output[0]!.name = "z";
      }),
      /the output z is made by nothing/,
    ],
    [
      "two inputs of one name",
      changed((p) => void p.graph!.input.push(p.graph!.input[0]!)),
      /two inputs are called "x"/,
    ],
    [
      "two values of one name",
      changed((p) => {
        p.graph!.node[1]!.output[0] = "x";
      }),
      /the name x is that of an input and of Add before/,
    ],
    [
      "an initialiser of too few bytes",
      changed((p) => {
        first(p).rawData = new Uint8Array(20);
      }),
      /weight has 20 bytes, but float32 \[width 3, hidden 2\] takes 24/,
    ],
    [
      "a negative size",
      changed((p) => {
        first(p).dims = [-3n, -2n];
      }),
      /weight has an axis of size -3/,
    ],
    [
      "a size that overflows",
      changed((p) => {
        first(p).dims = [2n ** 62n, 4n];
      }),
      /weight has an axis of size 4611686018427387904/,
    ],
    [
      "sizes that multiply to an overflow",
      changed((p) => {
        first(p).dims = [2n ** 33n, 2n ** 33n];
      }),
      /weight has 24 bytes, but float32 \[width 8589934592, hidden 8589934592\] takes/,
    ],
    [
      "names for other axes than there are",
      changed((p) => {
        first(p).dims = [6n];
      }),
      /weight has 1 axes, but names for 2/,
    ],
    [
      "an element type that is not read",
      changed((p) => {
        first(p).dataType = 8;
      }),
      /weight is of the element type 8/,
    ],
    [
      "a path out of the folder",
      elsewhere({ ...place, location: "../../all.bin" }),
      /the numbers of weight are to be in "..\/..\/all.bin", which leads out of the folder/,
    ],
    ["an absolute path", elsewhere({ ...place, location: "/etc/passwd" }), /"\/etc\/passwd", which is absolute/],
    ["another length than the shape's", elsewhere({ ...place, length: "20" }), /weight has 20 bytes, but/],
    ["an offset that is no number", elsewhere({ ...place, offset: "1e3" }), /the offset of weight .* is "1e3"/],
    [
      "an offset that overflows",
      elsewhere({ ...place, offset: "99999999999999999999" }),
      /the offset of weight .* is "99999999999999999999"/,
    ],
    ["no place at all", elsewhere({}), /weight does not say in one way where its numbers are/],
    [
      "an attribute of a kind that is not written",
      changed((p) =>
        p.graph!.node[2]!.attribute.push(
          create(ModelProtoSchema, { graph: { node: [{ attribute: [{ name: "body", type: 5 }] }] } }).graph!.node[0]!
            .attribute[0]!,
        ),
      ),
      /the attribute body is of type 5, which is not read here/,
    ],
  ];
  it.each(refused)("%s", (_, bytes, message) => {
    expect(() => readOnnx(bytes)).toThrow(message);
    expect(() => readOnnx(bytes)).toThrow(OnnxError);
  });

  it("and so is a fetch that does not exist", async () => {
    await using program = await nodeRuntime.compile(fromOnnx(valid));
    const into = { nowhere: { data: new Float32Array(2), shape: [1, 2] } };
    await expect(program.run({ x: { data: new Float32Array(3), shape: [1, 3] } }, into)).rejects.toThrow(
      /nowhere is to be fetched, but the graph has no such output\n.*fetch nothing but y/,
    );
  });

  it("and so is a valid file cut off after any of its bytes", () => {
    for (let length = 0; length < valid.length; length++)
      expect(() => readOnnx(valid.subarray(0, length)), `${length} bytes`).toThrow(OnnxError);
  });
});
