/** A process that runs cases of the contract in Node: a GPU's driver may end its process, and reads its settings when it starts. */

import type { Device } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { CONTRACT } from "./contract-cases.js";

process.on("message", async ({ is, device, weights }: { is: string; device: Device; weights: string }) => {
  const found = CONTRACT.find((one) => one.is === is)!.run({ runtime: nodeRuntime, device, weights });
  process.send!({
    is,
    ...(await found.then(
      (found) => ({ found }),
      (error: Error) => ({ error: error.message }),
    )),
  });
});
