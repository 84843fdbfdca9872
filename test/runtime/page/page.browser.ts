/** A page that runs cases of the contract, as the library runs graphs in browsers: in a worker. */
import { startThread } from "../../../src/runtime/thread.browser.js";
import type { Thread } from "../../../src/runtime/thread.js";
import type { ContractPage, Found, Plain } from "../contract-cases.js";
import type { Cases } from "./cases.worker.browser.js";

let thread: Thread<Cases>;

Object.assign(window, {
  async begin(device) {
    const worker = new Worker(new URL("./cases.worker.browser.ts", import.meta.url), { type: "module" });
    thread = await startThread<Cases>(worker, { device, weights: new URL("weights/", location.href).href });
  },
  found: async (is) => plain(await thread.remote.run(is)),
} satisfies ContractPage);

function plain(found: Found): Plain {
  return Object.fromEntries(
    Object.entries(found).map(([name, one]) => [
      name,
      typeof one === "string" ? one : { shape: one.shape, data: [...one.data] },
    ]),
  );
}
