/** The thread of a frozen vision tower: pictures in, the features that the resampler reads out. */
import type { PortableGraph } from "../runtime/contract.js";
import { nodeRuntime } from "../runtime/onnx.node.js";
import { serve } from "../runtime/thread.node.js";

export type EyeThread = {
  /** `pixels` [pictures, height, width, 3] to features [pictures, patches, visionWidth]. */
  look(pixels: Float32Array, shape: readonly number[]): Promise<Float32Array>;
};

serve<EyeThread>(async ({ graph }: { graph: PortableGraph }) => {
  const program = await nodeRuntime.compile(graph, { threads: 1 });
  return {
    async look(pixels, shape) {
      const { features } = await program.run({ pixels: { data: pixels, shape } });
      return features!.data as Float32Array;
    },
  };
});
