/** A compiled graph on any build of ONNX Runtime: what is fed is checked here, before the engine sees it. */
import { ReleasedError } from "../errors.js";
import type { ArrayOf, DType } from "../graph/index.js";
import type { PortableGraph, Program, Tensor } from "./contract.js";
import { RuntimeError } from "./errors.js";

/** A tensor of the engine. */
interface OrtTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** Makes a tensor of the engine, as its package for Node or for browsers has them. */
export type MakeTensor<T extends OrtTensor> = (dtype: DType, data: never, dims: number[]) => T;

/** What is used of its sessions. */
export interface OrtSession<T extends OrtTensor> {
  run(feeds: Record<string, T>, fetches: Record<string, T | null>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

type Typed = PortableGraph["inputs"][string];

/** A session as a program. */
export class OnnxProgram<T extends OrtTensor> implements Program {
  readonly #graph: PortableGraph;
  readonly #makeTensor: MakeTensor<T>;
  readonly #session: OrtSession<T>;
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(graph: PortableGraph, makeTensor: MakeTensor<T>, session: OrtSession<T>) {
    this.#graph = graph;
    this.#makeTensor = makeTensor;
    this.#session = session;
  }

  async run(
    feeds: Readonly<Record<string, Tensor | ArrayOf>>,
    into: Readonly<Record<string, Tensor>> = {},
  ): Promise<Record<string, Tensor>> {
    if (this.#closed !== undefined)
      throw new ReleasedError("A program is run after it was closed.", "close it later, or compile its graph again");
    const { inputs: wanted, outputs } = this.#graph;
    only(feeds, wanted, (name) => `${name} was fed, but the graph has no such input`, "feed");
    only(into, outputs, (name) => `${name} is to be fetched, but the graph has no such output`, "fetch");
    const inputs: Record<string, T> = {};
    const sizes = new Map<string, { size: number; of: string }>();
    for (const [name, value] of Object.entries(wanted)) {
      inputs[name] = this.#tensor(name, value, feeds[name]);
      agree(sizes, name, value, inputs[name].dims);
    }
    const fetches: Record<string, T | null> = {};
    for (const name of Object.keys(outputs)) {
      const target = into[name];
      fetches[name] = target === undefined ? null : this.#tensor(name, outputs[name]!, target);
    }
    const results = await this.#alone(refusalsNamed("the run stopped", () => this.#session.run(inputs, fetches)));
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { dtype }]) => [name, fetched(results[name]!, dtype, into[name])]),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    // A session that is released under a run that has not begun yet would take the process with it.
    this.#closed ??= Promise.allSettled(this.#running).then(() => this.#session.release());
    return this.#closed;
  }

  /** Keeps the session until a run has ended. */
  async #alone<Out>(run: Promise<Out>): Promise<Out> {
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  #tensor(name: string, value: Typed, fed: Tensor | ArrayOf | undefined): T {
    const { data, shape } = fitting(name, value, fed);
    try {
      return this.#makeTensor(value.dtype, data as never, [...shape]);
    } catch (cause) {
      throw new RuntimeError(
        `${name} is ${value.dtype} but was fed ${data.constructor.name}`,
        "give the array of that element type",
        { cause },
      );
    }
  }
}

/** Every name given is one of those there are. */
function only(given: object, there: object, told: (name: string) => string, verb: string): void {
  for (const name of Object.keys(given))
    if (!Object.hasOwn(there, name))
      throw new RuntimeError(told(name), `${verb} nothing but ${Object.keys(there).join(", ")}`);
}

function fitting(name: string, value: Typed, fed: Tensor | ArrayOf | undefined): Tensor {
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
  return { data, shape: shape as readonly number[] };
}

/** Axes of one name have one size in a run; the engine would stretch a 1 in silence. */
function agree(
  sizes: Map<string, { size: number; of: string }>,
  input: string,
  { axes }: Typed,
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

/** An output as callers have it: in the array they gave for it, and float16 as its bits wherever an engine gives numbers. */
function fetched({ data, dims }: OrtTensor, dtype: DType, into: Tensor | undefined): Tensor {
  const found = data as ArrayOf;
  const own =
    dtype === "float16" && !(found instanceof Uint16Array)
      ? new Uint16Array((found as ArrayOf).buffer, (found as ArrayOf).byteOffset, (found as ArrayOf).length)
      : found;
  if (into === undefined || own.buffer === into.data.buffer) return { data: own, shape: dims };
  (into.data as Float32Array).set(own as Float32Array);
  return { data: into.data, shape: dims };
}

/** Does what the engine may refuse, and names the value it refused. */
export async function refusalsNamed<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const node = /[nN]ame ?:? ?'([^']+)'/.exec(message)?.[1];
    throw new RuntimeError(
      `${what}${node === undefined ? "" : ` at ${node}`}: ${message.split("\n")[0]}`,
      "check the sizes and element types fed, or report the graph",
      { cause: error },
    );
  }
}

/** Gives a fresh session back if nobody wants it any more. @throws the signal's reason then */
export async function releasedIfAborted(
  session: { release(): Promise<void> },
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal?.aborted !== true) return;
  await session.release();
  throw signal.reason;
}

/** Where there is no GPU that WebGPU can use. */
export function noAdapter(why: string, options?: ErrorOptions): RuntimeError {
  return new RuntimeError(
    `this machine offers no WebGPU adapter: ${why}`,
    'leave out `device: "webgpu"`, or see docs/browser.md for what it needs',
    options,
  );
}
