/** What every benchmark page needs: clocks, the machine in words, and what the engine can do at best. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { axis, type Graph, graph, input, matmul, mean, parameter } from "#dist/graph/index.js";
import { Random } from "#dist/random.js";
import { type Program, portable } from "#dist/runtime/contract.js";
import { nodeRuntime } from "#dist/runtime/onnx.node.js";

/** A page: text for people, and its figures. */
export interface Page {
  readonly text: string;
  readonly rows: readonly Row[];
}

/** One figure beside what it is held against, as `--json` prints it. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What `ratio` divides by. */
  readonly against: string;
  readonly ratio: number;
  /** The least `ratio` we want; null where there is no such wish. Of a share of time, the most. */
  readonly target: number | null;
}

/** How long is measured. */
export interface Effort {
  /** Measurements of each thing; the page shows their median. */
  readonly repetitions: number;
  /** Sizes small enough for a smoke test: the numbers mean nothing. */
  readonly small: boolean;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** The middle one; of an even count, the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half) - 1]!) / 2;
}

/** What can be run and timed again and again. */
export interface Probe extends AsyncDisposable {
  /** Runs once and tells how fast it went. */
  measure(): Promise<number>;
}

const PRODUCTS = 8;

/** GFLOP/s of products of 1024 x 1024 matrices, eight in a row so that calling and copying do not count. */
export async function matmulProbe(effort: Effort): Promise<Probe> {
  const side = effort.small ? 128 : 1024;
  const random = new Random("matmul");
  const square = (name: string) => input(name, "float32", [axis("", side), axis("", side)]);
  const right = square("right");
  const products = Array.from({ length: PRODUCTS }).reduce(
    (left: ReturnType<typeof square>) => matmul(left, right),
    square("left"),
  );
  const program = await nodeRuntime.compile(portable(graph({ mean: mean(products, [0, 1]) }), new Map()));
  const numbers = () => Float32Array.from({ length: side * side }, () => random.normal() / Math.sqrt(side));
  const feeds = { left: numbers(), right: numbers() };
  await program.run(feeds);
  return probe(program, async () => {
    const milliseconds = await timed(() => program.run(feeds));
    return (2 * side ** 3 * PRODUCTS) / milliseconds / 1e6;
  });
}

/** GB/s at which a vector is multiplied by a constant matrix too large for any cache: how fast weights can be read. */
export async function bandwidthProbe(effort: Effort): Promise<Probe> {
  const [rows, columns] = effort.small ? [256, 256] : [4096, 16384];
  const random = new Random("bandwidth");
  const weight = parameter("weight", [axis("", rows), axis("", columns)], false);
  const vector = input("vector", "float32", [axis("", 1), axis("", rows)]);
  const data = Float32Array.from({ length: rows * columns }, (_, i) => (i % 7) - 3);
  const weights = new Map([["weight", { shape: [rows, columns], data }]]);
  const program = await nodeRuntime.compile(portable(graph({ product: matmul(vector, weight) }), weights));
  const feeds = { vector: Float32Array.from({ length: rows }, () => random.normal()) };
  await program.run(feeds);
  return probe(program, async () => (4 * rows * columns) / (await timed(() => program.run(feeds))) / 1e6);
}

function probe(program: Program, measure: () => Promise<number>): Probe {
  return { measure, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/**
 * Floating-point operations of one run: those of products and convolutions, two for each multiplication and addition.
 * @param sizes  of axes that are known only at run time, by name
 */
export function operations({ nodes }: Graph, sizes: Readonly<Record<string, number>> = {}): number {
  const sizeOf = ({ name, size }: { name: string; size: number | undefined }): number => {
    const known = size ?? sizes[name];
    if (known === undefined) throw new Error(`axis ${name} has no size`);
    return known;
  };
  return nodes.reduce((total, { op, inputs, outputs, attributes }) => {
    if (op.name !== "MatMul" && op.name !== "Convolve") return total;
    const result = outputs[0]!.axes.reduce((product, axis) => product * sizeOf(axis), 1);
    const [left, right] = inputs;
    const { transposeLeft } = attributes as { transposeLeft?: boolean };
    const summed =
      op.name === "Convolve"
        ? right!.axes.slice(0, 2).reduce((product, axis) => product * sizeOf(axis), 1)
        : sizeOf(left!.axes.at(transposeLeft ? -2 : -1)!);
    return total + 2 * result * summed;
  }, 0);
}

/** The machine and what runs on it, in a line. */
export function machine(): string {
  const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string };
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${model}, ${availableParallelism()} cores, ${process.platform} ${process.arch}; Node ${process.versions.node}, onnxruntime-node ${version}`;
}

/** Version of this package. */
export function ownVersion(): string {
  return (JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version;
}

/** A number with separators of thousands and so many digits after the point. */
export const written = (number: number, digits = 0): string =>
  number.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Rows as a table of markdown, the first its heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const [heading, ...rest] = rows.map((cells) => `| ${cells.join(" | ")} |`);
  return [heading, `|${"---|".repeat(rows[0]!.length)}`, ...rest].join("\n");
}
