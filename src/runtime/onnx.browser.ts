/**
 * The browser's runtime: onnxruntime-web, as WebAssembly on the CPU or through WebGPU. `run` computes in the calling
 * thread, so long work calls it from a worker (`thread.browser.ts`).
 */
import { readOnnx } from "../graph/index.js";
import type { CompileOptions, PortableGraph, Program, Runtime } from "./contract.js";
import { RuntimeError } from "./errors.js";
import { noAdapter, OnnxProgram, refusalsNamed, releasedIfAborted } from "./onnx.js";

/**
 * Compiles and runs graphs. The first graph of a thread decides for all of them whether they run on WebGPU, whose build of the
 * engine is another file, and how many threads there are.
 */
export const browserRuntime: Runtime = {
  async compile(graph: PortableGraph, options: CompileOptions = {}): Promise<Program> {
    const { threads, weightsFolder, device = "cpu" } = options;
    options.signal?.throwIfAborted();
    if (device === "webgpu") await requireAdapter();
    const ort = await (device === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm"));
    ort.env.logLevel = "fatal";
    ort.env.wasm.numThreads = crossOriginIsolated ? (threads ?? Math.min(2, navigator.hardwareConcurrency)) : 1;
    const externalData = weightsFolder === undefined ? [] : await filesOf(graph, weightsFolder);
    const session = await refusalsNamed("cannot compile the graph", () =>
      ort.InferenceSession.create(graph.onnx, {
        executionProviders: [device === "webgpu" ? "webgpu" : "wasm"],
        graphOptimizationLevel: "all",
        logSeverityLevel: 4,
        ...(weightsFolder === undefined ? {} : { externalData }),
      }),
    );
    await releasedIfAborted(session, options.signal);
    return new OnnxProgram(graph, (dtype, data, dims) => new ort.Tensor(dtype, data, dims), session);
  },
};

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
