/**
 * The Node runtime: onnxruntime-node in the calling thread. `run` blocks that thread, so long work calls it from a
 * worker (`thread.node.ts`).
 */
import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import type { ArrayOf } from "../graph/index.js";
import type { CompileOptions, PortableGraph, Program, Runtime, Tensor } from "./contract.js";
import { RuntimeError } from "./errors.js";

/** Compiles and runs graphs with ONNX Runtime on the CPU. */
export const nodeRuntime: Runtime = {
  async compile(graph: PortableGraph, { threads, weightsFolder, profile }: CompileOptions = {}): Promise<Program> {
    const session = await refusalsNamed("cannot compile the graph", () =>
      ort.InferenceSession.create(graph.onnx, {
        graphOptimizationLevel: "all",
        intraOpNumThreads: threads ?? Math.min(2, availableParallelism()),
        // Fatal only: what the engine refuses is thrown, with the name of the value; it need not print it as well.
        logSeverityLevel: 4,
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
        ...(weightsFolder === undefined
          ? {}
          : { extra: { session: { model_external_initializers_file_folder_path: weightsFolder } } }),
      }),
    );
    return new OnnxProgram(graph, session, profile !== undefined);
  },
};

class OnnxProgram implements Program {
  readonly #graph: PortableGraph;
  readonly #session: ort.InferenceSession;
  readonly #profiled: boolean;

  constructor(graph: PortableGraph, session: ort.InferenceSession, profiled: boolean) {
    this.#graph = graph;
    this.#session = session;
    this.#profiled = profiled;
  }

  async run(
    feeds: Readonly<Record<string, Tensor | ArrayOf>>,
    into: Readonly<Record<string, Tensor>> = {},
  ): Promise<Record<string, Tensor>> {
    const inputs: Record<string, ort.Tensor> = {};
    const sizes = new Map<string, { size: number; of: string }>();
    for (const [name, value] of Object.entries(this.#graph.inputs)) {
      inputs[name] = toOrt(name, value, feeds[name]);
      agree(sizes, name, value, inputs[name].dims);
    }
    for (const name of Object.keys(into))
      if (!Object.hasOwn(this.#graph.outputs, name))
        throw new RuntimeError(
          `${name} is to be fetched, but the graph has no such output`,
          `fetch one of ${Object.keys(this.#graph.outputs).join(", ")}`,
        );
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const [name, value] of Object.entries(this.#graph.outputs)) {
      const target = into[name];
      fetches[name] = target === undefined ? null : toOrt(name, value, target);
    }
    const results = await refusalsNamed("the run stopped", () => this.#session.run(inputs, fetches));
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, data, dims }]) => [
        name,
        { data: type === "float16" ? bitsOf(data as ArrayOf) : (data as ArrayOf), shape: dims },
      ]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#profiled) this.#session.endProfiling();
    await this.#session.release();
  }
}

function toOrt(name: string, value: PortableGraph["inputs"][string], fed: Tensor | ArrayOf | undefined): ort.Tensor {
  const wanted = value.axes.map(({ name: axis, size }) => size ?? axis);
  if (fed === undefined)
    throw new RuntimeError(`nothing was fed for ${name} [${wanted.join(", ")}]`, "feed every input of the graph");
  const bare = ArrayBuffer.isView(fed);
  const data = bare ? fed : fed.data;
  const shape = bare ? wanted : fed.shape;
  const fits =
    shape.length === wanted.length &&
    shape.every((size, i) => typeof size === "number" && (typeof wanted[i] === "string" || wanted[i] === size));
  if (!fits || shape.reduce<number>((product, size) => product * (size as number), 1) !== data.length)
    throw new RuntimeError(
      `${name} is [${wanted.join(", ")}] but was fed ${data.length} numbers as [${shape.join(", ")}]`,
      bare ? "give the sizes with the numbers: { data, shape }" : "make the sizes fit the input",
    );
  try {
    if (value.dtype === "float16" && data instanceof Uint16Array) return ofBits(data, shape as number[]);
    return new ort.Tensor(value.dtype, data as never, shape as number[]);
  } catch (cause) {
    throw new RuntimeError(
      `${name} is ${value.dtype} but was fed ${data.constructor.name}`,
      "give the array of that element type",
      { cause },
    );
  }
}

/**
 * A float16 tensor. Where there is a `Float16Array`, from Node 24 on, the engine's JavaScript side makes one of the bits, which
 * its native side cannot read; so the tensor is made of integers and then called what it is.
 */
function ofBits(bits: Uint16Array, shape: readonly number[]): ort.Tensor {
  return Object.assign(new ort.Tensor("uint16", bits, shape), { type: "float16" });
}

/** What came out as a `Float16Array` or as its bits: the bits, without a copy. */
function bitsOf({ buffer, byteOffset, length }: ArrayOf): Uint16Array {
  return new Uint16Array(buffer as ArrayBuffer, byteOffset, length);
}

/** Axes of one name have one size in a run; the engine would stretch a 1 in silence. */
function agree(
  sizes: Map<string, { size: number; of: string }>,
  input: string,
  { axes }: PortableGraph["inputs"][string],
  fed: readonly number[],
): void {
  axes.forEach((axis, i) => {
    if (axis.size !== undefined) return;
    const before = sizes.get(axis.name);
    if (before !== undefined && before.size !== fed[i])
      throw new RuntimeError(
        `axis ${axis.name} is ${before.size} in ${before.of} but ${fed[i]} in ${input}`,
        "feed all inputs that share an axis the same size of it",
      );
    sizes.set(axis.name, { size: fed[i]!, of: input });
  });
}

async function refusalsNamed<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const node = /[nN]ame ?:? ?'([^']+)'/.exec(message)?.[1];
    throw new RuntimeError(
      `${what}${node === undefined ? "" : ` at ${node}`}: ${message.split("\n")[0]}`,
      "check the sizes and element types fed, or report the graph",
      { cause: error },
    );
  }
}
