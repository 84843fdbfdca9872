/** The worker in which a page runs cases of the contract. */
import type { Device } from "../../../src/runtime/contract.js";
import { browserRuntime } from "../../../src/runtime/onnx.browser.js";
import { serve } from "../../../src/runtime/thread.browser.js";
import { CONTRACT, type Found } from "../contract-cases.js";

export type Cases = { run(is: string): Promise<Found> };

serve<Cases>((place: { device: Device; weights: string }) => ({
  run: (is) => CONTRACT.find((one) => one.is === is)!.run({ runtime: browserRuntime, ...place }),
}));
