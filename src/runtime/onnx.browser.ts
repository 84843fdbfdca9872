/**
 * The browser's runtime: onnxruntime-web, as WebAssembly on the CPU or through WebGPU. `run` computes in the calling
 * thread, so long work calls it from a worker (`thread.browser.ts`).
 */
import type { Tensor } from "onnxruntime-web";
import { readOnnx } from "../graph/index.js";
import type { CompileOptions, PortableGraph, Program, Runtime } from "./contract.js";
import { RuntimeError } from "./errors.js";
import { noAdapter, OnnxProgram, refusalsNamed, releasedIfAborted } from "./onnx.js";

/**
 * Compiles and runs graphs with ONNX Runtime, as WebAssembly on the CPU or through WebGPU: one call after another, for its build for
 * WebGPU waits for ever when it is called while it waits for the GPU. The first graph of a thread decides for all of them how
 * many threads compute.
 */
export const browserRuntime: Runtime = oneByOne();

function oneByOne(): Runtime {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  return {
    compile: (graph, options = {}) => inTurn(() => compile(graph, options, inTurn)),
  };
}

async function compile(
  graph: PortableGraph,
  { threads, weightsFolder, device = "cpu", signal }: CompileOptions,
  inTurn: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<Program> {
  signal?.throwIfAborted();
  if (device === "webgpu") await requireAdapter();
  const ort = await (device === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm"));
  ort.env.logLevel = "fatal";
  ort.env.wasm.numThreads = crossOriginIsolated ? (threads ?? 1) : 1;
  const externalData = weightsFolder === undefined ? [] : await filesOf(graph, weightsFolder);
  const session = await refusalsNamed("cannot compile the graph", () =>
    ort.InferenceSession.create(graph.onnx, {
      executionProviders: [device === "webgpu" ? "webgpu" : "wasm"],
      graphOptimizationLevel: "all",
      // Fatal only: what the engine refuses is thrown, with the name of the value; it need not print it as well.
      logSeverityLevel: 4,
      externalData,
    }),
  );
  await releasedIfAborted(session, signal);
  return new OnnxProgram(graph, (dtype, data, dims) => new ort.Tensor(dtype, data, dims), {
    // Arrays that are given for outputs are not written by this build; `OnnxProgram` copies into them.
    run: (feeds: Record<string, Tensor>, fetches) =>
      inTurn(() => session.run(feeds, Object.keys(fetches), { logSeverityLevel: 4 })),
    release: () => inTurn(() => session.release()),
  });
}

async function requireAdapter(): Promise<void> {
  if (navigator.gpu === undefined) throw noAdapter("the browser has no navigator.gpu, or the page is not secure");
  if ((await navigator.gpu.requestAdapter()) === null) throw noAdapter("navigator.gpu.requestAdapter() gives null");
}

/** The files in which a graph's weights lie, brought from their folder. */
async function filesOf({ onnx }: PortableGraph, folder: string): Promise<{ path: string; data: Uint8Array }[]> {
  const paths = [...readOnnx(onnx).initialisers.values()].flatMap(({ data }) =>
    data instanceof Uint8Array ? [] : [data.location],
  );
  return Promise.all(
    [...new Set(paths)].map(async (path) => {
      const address = new URL(path, folder);
      const response = await fetch(address);
      if (!response.ok)
        throw new RuntimeError(`the weights ${address} answered with status ${response.status}`, "check the address");
      return { path, data: new Uint8Array(await response.arrayBuffer()) };
    }),
  );
}
