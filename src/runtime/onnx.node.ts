/**
 * The Node runtime: onnxruntime-node in the calling thread. `run` blocks that thread, so long work calls it from a
 * worker (`thread.node.ts`).
 */
import "./no-telemetry.node.js";
import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import type { ArrayOf, DType } from "../graph/index.js";
import type { CompileOptions, PortableGraph, Program, Runtime } from "./contract.js";
import { noAdapter, OnnxProgram, refusalsNamed, releasedIfAborted } from "./onnx.js";

/** Compiles and runs graphs with ONNX Runtime: on the CPU, or through WebGPU, of which its package brings its own. */
export const nodeRuntime: Runtime = {
  async compile(graph: PortableGraph, options: CompileOptions = {}): Promise<Program> {
    const { threads, weightsFolder, profile, device = "cpu" } = options;
    options.signal?.throwIfAborted();
    const session = await refusalsNamed("cannot compile the graph", () =>
      ort.InferenceSession.create(graph.onnx, {
        executionProviders: [device],
        graphOptimizationLevel: "all",
        intraOpNumThreads: threads ?? Math.min(2, availableParallelism()),
        // Fatal only: what the engine refuses is thrown, with the name of the value; it need not print it as well.
        logSeverityLevel: 4,
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
        extra: {
          session: {
            // Threads that wait for work spin; those of a session that has run would take the core from the one that runs.
            force_spinning_stop: "1",
            ...(weightsFolder === undefined ? {} : { model_external_initializers_file_folder_path: weightsFolder }),
          },
        },
      }).catch((error: Error) => {
        const adapter = /Failed to get a WebGPU adapter: (.*)/.exec(error.message)?.[1];
        throw adapter === undefined ? error : noAdapter(adapter, { cause: error });
      }),
    );
    await releasedIfAborted(session, options.signal);
    if (profile === undefined) return new OnnxProgram(graph, makeTensor, session);
    return new OnnxProgram(graph, makeTensor, {
      run: (feeds: Record<string, ort.Tensor>, fetches: Record<string, ort.Tensor | null>) =>
        session.run(feeds, fetches),
      release: () => {
        session.endProfiling();
        return session.release();
      },
    });
  },
};

/**
 * A tensor of the engine. Where JavaScript has a `Float16Array`, from Node 24 on, the engine's own constructor makes one of
 * the bits of float16, which its native side cannot read; so that tensor is made of integers and then called what it is.
 */
function makeTensor(dtype: DType, data: never, dims: number[]): ort.Tensor {
  if (dtype !== "float16" || !((data as ArrayOf) instanceof Uint16Array)) return new ort.Tensor(dtype, data, dims);
  return Object.assign(new ort.Tensor("uint16", data, dims), { type: dtype });
}
