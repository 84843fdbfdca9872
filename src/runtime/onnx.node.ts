/**
 * The Node runtime: onnxruntime-node in the calling thread. `run` blocks that thread, so long work calls it from a
 * worker (`thread.node.ts`).
 */
import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import type { CompileOptions, PortableGraph, Program, Runtime } from "./contract.js";
import { noAdapter, OnnxProgram, refusalsNamed } from "./onnx.js";

/** Compiles and runs graphs with ONNX Runtime: on the CPU, or through WebGPU, of which its package brings its own. */
export const nodeRuntime: Runtime = {
  async compile(graph: PortableGraph, options: CompileOptions = {}): Promise<Program> {
    const { threads, weightsFolder, profile, device = "cpu" } = options;
    const session = await refusalsNamed("cannot compile the graph", () =>
      ort.InferenceSession.create(graph.onnx, {
        executionProviders: [device],
        graphOptimizationLevel: "all",
        intraOpNumThreads: threads ?? Math.min(2, availableParallelism()),
        // Fatal only: what the engine refuses is thrown, with the name of the value; it need not print it as well.
        logSeverityLevel: 4,
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
        ...(weightsFolder === undefined
          ? {}
          : { extra: { session: { model_external_initializers_file_folder_path: weightsFolder } } }),
      }).catch((error: Error) => {
        const adapter = /Failed to get a WebGPU adapter: (.*)/.exec(error.message)?.[1];
        throw adapter === undefined ? error : noAdapter(adapter, { cause: error });
      }),
    );
    if (profile === undefined) return new OnnxProgram(graph, ort, session);
    return new OnnxProgram(graph, ort, {
      run: (feeds: Record<string, ort.Tensor>, fetches: Record<string, ort.Tensor | null>) =>
        session.run(feeds, fetches),
      release: () => {
        session.endProfiling();
        return session.release();
      },
    });
  },
};
