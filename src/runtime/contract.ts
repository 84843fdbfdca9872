/** What every runtime offers: graphs in, programs out. Rooms above know this and not the engine behind it. */
import { type ArrayOf, type Axis, type DType, type Graph, readOnnx, type Weight, writeOnnx } from "../graph/index.js";

/** A graph as plain data: it can be sent to another thread or written to a file. */
export interface PortableGraph {
  readonly onnx: Uint8Array;
  readonly inputs: Readonly<Record<string, { readonly dtype: DType; readonly axes: readonly Axis[] }>>;
  readonly outputs: Readonly<Record<string, { readonly dtype: DType; readonly axes: readonly Axis[] }>>;
}

/**
 * Writes a graph down.
 * @param weights  the numbers of every frozen parameter, by its path
 * @throws {GraphError} if one is missing or of the wrong size
 */
export function portable(graph: Graph, weights: ReadonlyMap<string, Weight> = new Map()): PortableGraph {
  return { onnx: writeOnnx(graph, weights), inputs: typesOf(graph.inputs), outputs: typesOf(graph.outputs) };
}

/**
 * A graph that was written to a file, from the file's bytes.
 * @throws {OnnxError} for bytes that are not those of a file of ours.
 */
export function fromOnnx(onnx: Uint8Array): PortableGraph {
  const { inputs, outputs } = readOnnx(onnx);
  return { onnx, inputs: typesOf(inputs), outputs: typesOf(outputs) };
}

function typesOf(
  values: ReadonlyMap<string, { readonly dtype: DType; readonly axes: readonly Axis[] }>,
): PortableGraph["inputs"] {
  return Object.fromEntries([...values].map(([name, { dtype, axes }]) => [name, { dtype, axes }]));
}

/** Numbers with their sizes, row-major. */
export interface Tensor {
  readonly data: ArrayOf;
  readonly shape: readonly number[];
}

/**
 * A compiled graph. It holds its own copy of the frozen weights until it is closed, which waits for runs that were begun.
 * Twice is once. One that was dropped without being closed is closed by the garbage collector, which does not know how
 * much memory it holds and may be in no hurry.
 */
export interface Program extends AsyncDisposable {
  /**
   * Computes every output.
   * @param feeds  one tensor for each of the graph's inputs, and nothing else; a bare array takes the input's own sizes when these are
   *   all fixed. Arrays are read during the call and not kept.
   * @param into  arrays to write outputs into instead of new ones.
   * @throws {RuntimeError} naming the input or the value at which it failed.
   * @throws {ReleasedError} once the program is closed.
   */
  run(
    feeds: Readonly<Record<string, Tensor | ArrayOf>>,
    into?: Readonly<Record<string, Tensor>>,
  ): Promise<Record<string, Tensor>>;
}

/** What computes. */
export type Device = "cpu" | "webgpu";

/** How a graph is compiled. */
export interface CompileOptions {
  /**
   * Threads inside one op on the CPU; default 2, or as many as the machine has if fewer. In a browser 1 unless told, for
   * there threads cost small models more than they bring, and 1 in any case where the page is not isolated from other origins.
   */
  readonly threads?: number;
  /** What computes: the CPU unless told. Ops that WebGPU has no kernel for run on the CPU all the same. */
  readonly device?: Device;
  /** Folder in which files named by weights lie; in browsers the address of one, with a slash at its end. */
  readonly weightsFolder?: string;
  /** Writes a profile of every node, for benchmarks: the start of the file's name. Not in browsers. */
  readonly profile?: string;
  /** Gives up, throwing its reason, before the graph is compiled or right after. */
  readonly signal?: AbortSignal | undefined;
}

/** An engine that compiles graphs. */
export interface Runtime {
  compile(graph: PortableGraph, options?: CompileOptions): Promise<Program>;
}
