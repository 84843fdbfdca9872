/** What every runtime is held to, as data: each case runs on all of them and must give the same. Knows no platform. */
import { FlamingoError } from "../../src/errors.js";
import type { DType } from "../../src/graph/index.js";
import {
  add,
  axes,
  axis,
  cast,
  concat,
  embed,
  graph,
  input,
  mul,
  named,
  OPS,
  parameter,
  reshape,
  scalar,
  sum,
  type Value,
  type Weight,
} from "../../src/graph/index.js";
import { apply, type Op } from "../../src/graph/value.js";
import type { Device, Program, Runtime } from "../../src/runtime/contract.js";
import { portable } from "../../src/runtime/contract.js";
import { fed, numbersOf } from "../support/feeds.js";
import type { Numbers } from "../support/numbers.js";
import { ANSWERING } from "./contract-answer.js";
import { OPERATORS } from "./contract-ops.js";
import { TRAINING } from "./contract-training.js";

/** The runtimes there are. */
export const PLACES = ["node-cpu", "node-webgpu", "browser-wasm", "browser-webgpu"] as const;
export type PlaceName = (typeof PLACES)[number];

/** Where a case runs. */
export interface Place {
  readonly runtime: Runtime;
  readonly device: Device;
  /** The folder, or its address, in which `WEIGHT_FILE` lies. */
  readonly weights: string;
}

/** Numbers by name, or words. */
export type Found = Readonly<Record<string, Numbers | string>>;

export interface ContractCase {
  /** A true sentence, after "a program" or the like. */
  readonly is: string;
  readonly run: (place: Place) => Promise<Found>;
  /** What comes out; left out, what comes out on node-cpu. */
  readonly wanted?: Found;
  /** Largest difference, relative to a tensor's largest entry; none unless told. */
  readonly within?: number;
  /** Where it cannot hold, and why. */
  readonly skip?: Partial<Record<PlaceName, string>>;
}

/** What comes out of a case, as a page can tell it: typed arrays do not pass from a page to a test. */
export type Plain = Readonly<Record<string, string | { readonly shape: readonly number[]; readonly data: number[] }>>;

/** What the page of the contract has in its `window`. */
export interface ContractPage {
  /** Starts the worker that runs the cases. */
  begin(device: Device): Promise<void>;
  found(is: string): Promise<Plain>;
}

/** A file of weights: 0, 1, 2 and 3 three times, as float32 from byte 8, as float16 from 24, as bfloat16 from 32. */
export const WEIGHT_FILE = {
  name: "contract.weights",
  bytes: new Uint8Array([
    ...new Uint8Array(Float32Array.of(9, 9, 0, 1, 2, 3).buffer),
    ...new Uint8Array(Uint16Array.of(0, 0x3c00, 0x4000, 0x4200, 0, 0x3f80, 0x4000, 0x4040).buffer),
  ]),
};

const numbers = (shape: readonly number[], ...data: number[]): Numbers => ({ shape, data: Float64Array.from(data) });
const compiled = ({ runtime, device }: Place, outputs: Record<string, Value>) =>
  runtime.compile(portable(graph(outputs), new Map()), { device });

const fixed = input("fixed", "float32", axes(2, axis("width", 3)));
const open = input("open", "float32", axes("rows", 3));
const SIX = Float32Array.of(1, 2, 3, 4, 5, 6);

/** What is computed of some feeds. */
const computing =
  (outputs: Record<string, Value>, ...runs: Parameters<Program["run"]>[0][]) =>
  async (place: Place): Promise<Found> => {
    await using program = await compiled(place, outputs);
    const found: Record<string, Numbers> = {};
    for (const [i, feeds] of runs.entries())
      for (const [name, tensor] of Object.entries(await program.run(feeds)))
        found[runs.length === 1 ? name : `${name} ${i}`] = numbersOf(tensor);
    return found;
  };

/** How something is refused: the code, and what is said of the fault and its mend. */
async function refusal(work: () => Promise<unknown>, cut = /$/): Promise<string> {
  try {
    await work();
    return "it was taken";
  } catch (error) {
    if (!(error instanceof FlamingoError)) throw error;
    return `${error.code}: ${error.message.split(cut)[0]}`;
  }
}
const refusing =
  (outputs: Record<string, Value>, ...run: Parameters<Program["run"]>) =>
  async (place: Place): Promise<Found> => {
    await using program = await compiled(place, outputs);
    return { refusal: await refusal(() => program.run(...run)) };
  };
const refused = (problem: string, mend: string): Found => ({
  refusal: `RUNTIME: ${problem}\n  To mend it: ${mend}`,
});

const noCast = (dtype: string) =>
  `the browser's build of the engine for WebGPU has no kernel for a Cast of ${dtype}, not even on the CPU`;
const NO_F16 = "the software adapter has no shader-f16: the engine refuses to compute with float16 on it";
const DTYPES: readonly DType[] = ["float32", "float64", "float16", "int32", "int64", "uint8", "bool"];
const BITS = numbers([2, 2], 0, 1, 1, 0);

const elementTypes: ContractCase[] = DTYPES.flatMap((dtype): ContractCase[] => {
  const x = input("x", dtype, axes(2, 2));
  const feeds = { x: fed(BITS, dtype) };
  const same = numbersOf(feeds.x).data;
  return [
    {
      is: `takes and gives ${dtype}`,
      run: computing({ y: reshape(x, [4]) }, feeds),
      wanted: { y: { shape: [4], data: same } },
    },
    {
      is: `makes float32 of ${dtype}, and ${dtype} of float32`,
      run: computing(
        { y: cast(x, "float32"), z: cast(input("w", "float32", axes(2, 2)), dtype) },
        {
          ...feeds,
          w: fed(BITS, "float32"),
        },
      ),
      wanted: { y: BITS, z: { shape: [2, 2], data: same } },
      skip: {
        ...(dtype === "float16" ? { "node-webgpu": NO_F16, "browser-webgpu": NO_F16 } : {}),
        ...(dtype === "float64" ? { "browser-webgpu": noCast("float64") } : {}),
      },
    },
  ];
});

const weighing =
  (weight: Value, stored: Weight) =>
  async ({ runtime, device, weights: weightsFolder }: Place): Promise<Found> => {
    const y = add(cast(weight, "float32"), input("x", "float32", axes(2, 2)));
    const written = portable(graph({ y }), new Map([["weight", stored]]));
    await using program = await runtime.compile(written, { device, weightsFolder });
    return { y: numbersOf((await program.run({ x: new Float32Array(4) })).y!) };
  };
const ofFloat32 = parameter("weight", axes(2, 2), false);
const ofFloat16 = parameter("weight", axes(2, 2), false, "float16");
const location = WEIGHT_FILE.name;
const weights: ContractCase[] = (
  [
    ["has its frozen weights inside", ofFloat32, { data: Float32Array.of(0, 1, 2, 3) }],
    ["has frozen weights of float16 inside", ofFloat16, { data: Uint16Array.of(0, 0x3c00, 0x4000, 0x4200) }],
    ["finds frozen weights in another file, from a byte on", ofFloat32, { location, offset: 8, length: 16 }],
    ["finds them there as float16", ofFloat32, { location, offset: 24, length: 8, dtype: "float16" }],
    ["finds them there as bfloat16", ofFloat32, { location, offset: 32, length: 8, dtype: "bfloat16" }],
  ] as const
).map(([is, weight, stored]) => ({
  is,
  run: weighing(weight, stored),
  wanted: { y: numbers([2, 2], 0, 1, 2, 3) },
  ...(is.endsWith("bfloat16") ? { skip: { "browser-webgpu": noCast("bfloat16") } } : {}),
}));

const sizes: ContractCase[] = [
  {
    is: "runs at every size of an axis that has a name",
    run: computing(
      { y: mul(open, scalar(2)) },
      { open: { data: SIX, shape: [2, 3] } },
      { open: { data: SIX.subarray(3), shape: [1, 3] } },
    ),
    wanted: { "y 0": numbers([2, 3], 2, 4, 6, 8, 10, 12), "y 1": numbers([1, 3], 8, 10, 12) },
  },
  {
    is: "computes with an axis that has no entries",
    run: computing(
      { y: mul(open, scalar(2)), total: sum(open, [0]), more: concat([open, fixed], 0) },
      { open: { data: new Float32Array(0), shape: [0, 3] }, fixed: SIX },
    ),
    wanted: { y: numbers([0, 3]), total: numbers([3], 0, 0, 0), more: numbers([2, 3], ...SIX) },
  },
];

const other = input("other", "float32", axes("rows", 3));
const twice = { y: mul(open, scalar(2)) };
const feeding: ContractCase[] = [
  {
    is: "takes a bare array for an input whose sizes are all fixed",
    run: computing({ y: mul(fixed, scalar(2)) }, { fixed: SIX }),
    wanted: { y: numbers([2, 3], 2, 4, 6, 8, 10, 12) },
  },
  {
    is: "keeps nothing of what it was fed: the same array may be filled anew",
    async run(place) {
      await using program = await compiled(place, { y: mul(fixed, scalar(2)) });
      const data = SIX.slice();
      const first = await program.run({ fixed: data });
      data.fill(0);
      const second = await program.run({ fixed: data });
      return { first: numbersOf(first.y!), second: numbersOf(second.y!) };
    },
    wanted: { first: numbers([2, 3], 2, 4, 6, 8, 10, 12), second: numbers([2, 3], 0, 0, 0, 0, 0, 0) },
  },
  {
    is: "writes an output into the array it is given",
    async run(place) {
      await using program = await compiled(place, { y: mul(fixed, scalar(2)), z: add(fixed, fixed) });
      const into = { data: new Float32Array(6), shape: [2, 3] };
      const { y, z } = await program.run({ fixed: SIX }, { y: into });
      return { into: numbersOf(into), y: numbersOf(y!), z: numbersOf(z!) };
    },
    wanted: {
      into: numbers([2, 3], 2, 4, 6, 8, 10, 12),
      y: numbers([2, 3], 2, 4, 6, 8, 10, 12),
      z: numbers([2, 3], 2, 4, 6, 8, 10, 12),
    },
  },
  {
    is: "answers runs that are asked for at once, and so do two programs",
    async run(place) {
      await using program = await compiled(place, { y: mul(fixed, scalar(2)) });
      await using second = await compiled(place, { y: mul(fixed, scalar(3)) });
      const runs = [program, program, second].map((one, i) => one.run({ fixed: SIX.map((x) => x + i) }));
      const found = await Promise.all(runs);
      return Object.fromEntries(found.map(({ y }, i) => [`run ${i}`, numbersOf(y!)]));
    },
    wanted: {
      "run 0": numbers([2, 3], 2, 4, 6, 8, 10, 12),
      "run 1": numbers([2, 3], 4, 6, 8, 10, 12, 14),
      "run 2": numbers([2, 3], 9, 12, 15, 18, 21, 24),
    },
  },
  {
    is: "that was closed runs no more, and may be closed again",
    async run(place) {
      const program = await compiled(place, { y: mul(fixed, scalar(2)) });
      const last = program.run({ fixed: SIX });
      await program[Symbol.asyncDispose]();
      await program[Symbol.asyncDispose]();
      return { last: numbersOf((await last).y!), refusal: await refusal(() => program.run({ fixed: SIX })) };
    },
    wanted: {
      last: numbers([2, 3], 2, 4, 6, 8, 10, 12),
      refusal:
        "RELEASED: A program is run after it was closed.\n  To mend it: close it later, or compile its graph again",
    },
  },
];

const badFeeds: ContractCase[] = [
  {
    is: "refuses that nothing is fed",
    run: refusing(twice, {}),
    wanted: refused("nothing was fed for open [rows, 3]", "feed every input of the graph"),
  },
  {
    is: "refuses what no input takes",
    run: refusing(twice, { open: { data: SIX, shape: [2, 3] }, opne: SIX }),
    wanted: refused("opne was fed, but the graph has no such input", "feed nothing but open"),
  },
  {
    is: "refuses a bare array for sizes that are not known",
    run: refusing(twice, { open: SIX }),
    wanted: refused(
      "open is [rows, 3] but was fed 6 numbers as [rows, 3]",
      "give the sizes with the numbers: { data, shape }",
    ),
  },
  {
    is: "refuses another size",
    run: refusing(twice, { open: { data: new Float32Array(8), shape: [2, 4] } }),
    wanted: refused("open is [rows, 3] but was fed 8 numbers as [2, 4]", "make the sizes fit the input"),
  },
  {
    is: "refuses fewer axes",
    run: refusing(twice, { open: { data: new Float32Array(3), shape: [3] } }),
    wanted: refused("open is [rows, 3] but was fed 3 numbers as [3]", "make the sizes fit the input"),
  },
  {
    is: "refuses fewer numbers than their sizes say",
    run: refusing(twice, { open: { data: new Float32Array(5), shape: [2, 3] } }),
    wanted: refused("open is [rows, 3] but was fed 5 numbers as [2, 3]", "make the sizes fit the input"),
  },
  {
    is: "refuses numbers of another type",
    run: refusing(twice, { open: { data: new Int32Array(6), shape: [2, 3] } }),
    wanted: refused("open is float32 but was fed Int32Array", "give the array of that element type"),
  },
  {
    is: "refuses two sizes of an axis that two inputs share: the engine would stretch a 1 in silence",
    run: refusing(
      { y: add(open, other) },
      { open: { data: SIX, shape: [2, 3] }, other: { data: new Float32Array(9), shape: [3, 3] } },
    ),
    wanted: refused("axis rows is 2 in open but 3 in other", "feed all inputs that share an axis the same size of it"),
  },
  {
    is: "refuses to write into an array of another size",
    run: refusing({ y: mul(fixed, scalar(2)) }, { fixed: SIX }, { y: { data: new Float32Array(4), shape: [2, 2] } }),
    wanted: refused("y is [2, 3] but was fed 4 numbers as [2, 2]", "make the sizes fit the input"),
  },
  {
    is: "refuses to write what is no output",
    run: refusing({ y: mul(fixed, scalar(2)) }, { fixed: SIX }, { z: { data: new Float32Array(6), shape: [2, 3] } }),
    wanted: refused("z is to be fetched, but the graph has no such output", "fetch nothing but y"),
  },
];

const table = parameter("table", axes(2, 3), false);
const UNCHECKED = "a GPU reads a row within the table for an index beyond it, and says nothing";
const enginesRefusals: ContractCase[] = [
  {
    is: "names the value for which the engine has no kernel",
    async run(place) {
      // The graph refuses it by itself; an op without that law stands for a kernel that some engine lacks.
      const erfOfAny: Op<null> = { ...OPS.Erf, takes: ["any"] };
      const y = named(apply(erfOfAny, [cast(fixed, "float64")], null), "vision.stage 0.block 1");
      return { refusal: await refusal(() => compiled(place, { y: mul(y, y) }), /:/) };
    },
    wanted: { refusal: "RUNTIME: cannot compile the graph at vision.stage 0.block 1" },
    skip: { "browser-webgpu": `it stops at the Cast before it: ${noCast("float64")}` },
  },
  {
    is: "names the value at which a run stops, and runs again",
    async run({ runtime, device }) {
      const y = mul(named(embed(table, input("index", "int32", axes("rows"))), "language.embedding"), scalar(2));
      const stored = new Map([["table", { data: SIX }]]);
      await using program = await runtime.compile(portable(graph({ y }), stored), { device });
      const run = (...index: number[]) =>
        program.run({ index: { data: Int32Array.from(index), shape: [index.length] } });
      return { refusal: await refusal(() => run(0, 7), /:/), y: numbersOf((await run(1, 0)).y!) };
    },
    wanted: { refusal: "RUNTIME: the run stopped at language.embedding", y: numbers([2, 3], 8, 10, 12, 2, 4, 6) },
    skip: { "node-webgpu": UNCHECKED, "browser-webgpu": UNCHECKED },
  },
];

export const CONTRACT: readonly ContractCase[] = [
  ...elementTypes,
  ...weights,
  ...sizes,
  ...feeding,
  ...badFeeds,
  ...enginesRefusals,
  ...TRAINING,
  ...ANSWERING,
  ...OPERATORS,
];
