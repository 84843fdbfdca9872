/** One contract, four runtimes: the same cases on the CPU and through WebGPU, in Node and in a browser. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { bundleModule, bundlePage } from "../support/bundle.js";
import { launchChromium, noChromium, type Served, serveFolder } from "../support/chromium.js";
import type { Numbers } from "../support/numbers.js";
import {
  CONTRACT,
  type ContractCase,
  type ContractPage,
  type Found,
  PLACES,
  type PlaceName,
  WEIGHT_FILE,
} from "./contract-cases.js";

/** The GPU of software that Chromium brings, for Node too; a machine with drivers of its own names them itself. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const icd = process.env.VK_ICD_FILENAMES ?? (existsSync(SWIFTSHADER) ? SWIFTSHADER : undefined);

/** In milliseconds: a GPU of software compiles the kernels of a whole model, on two cores that others use as well. */
const PATIENCE = 600_000;

/** Runs cases in some place. */
interface Host extends AsyncDisposable {
  found(given: ContractCase): Promise<Found>;
}

const HOSTS: Record<PlaceName, { readonly missing: string | undefined; open(): Promise<Host> }> = {
  "node-cpu": { missing: undefined, open: openHere },
  "node-webgpu": {
    missing: icd === undefined ? "there is no Vulkan driver: install Debian's `chromium` and `libvulkan1`" : undefined,
    open: () => openChild(),
  },
  "browser-wasm": { missing: noChromium, open: () => openPage("cpu") },
  "browser-webgpu": { missing: noChromium, open: () => openPage("webgpu") },
};

async function openHere(): Promise<Host> {
  const weights = await mkdtemp(join(tmpdir(), "flamingo-contract-"));
  await writeFile(join(weights, WEIGHT_FILE.name), WEIGHT_FILE.bytes);
  return {
    found: ({ run }) => run({ runtime: nodeRuntime, device: "cpu", weights }),
    [Symbol.asyncDispose]: () => rm(weights, { recursive: true }),
  };
}

async function openChild(driver = icd): Promise<Host> {
  const folder = await bundleModule("test/runtime/contract.child.ts");
  await writeFile(join(folder, WEIGHT_FILE.name), WEIGHT_FILE.bytes);
  let child: ChildProcess | undefined;
  const begin = () =>
    fork(join(folder, "index.js"), { env: { ...process.env, VK_ICD_FILENAMES: driver! }, serialization: "advanced" });
  return {
    async found({ is }) {
      if (child?.exitCode !== null || child.signalCode !== null) child = begin();
      child.send({ is, device: "webgpu", weights: folder });
      const ended = once(child, "exit").then(([code, signal]) => {
        throw new Error(`the process ended with ${signal ?? code}`);
      });
      const [reply] = await Promise.race([once(child, "message"), ended]);
      if (reply.is !== is || "error" in reply) throw new Error(reply.error ?? `an answer to another case: ${reply.is}`);
      return reply.found;
    },
    async [Symbol.asyncDispose]() {
      child?.kill();
      await rm(folder, { recursive: true });
    },
  };
}

declare const window: ContractPage;

async function openPage(device: Device, among = browser()): Promise<Host> {
  const page = await (await among).newPage();
  await page.goto((await served()).address);
  await page.evaluate((device) => window.begin(device), device);
  return {
    async found({ is }) {
      const plain = await page.evaluate((is) => window.found(is), is);
      return Object.fromEntries(
        Object.entries(plain).map(([name, one]) => [
          name,
          typeof one === "string" ? one : { shape: one.shape, data: Float64Array.from(one.data) },
        ]),
      );
    },
    [Symbol.asyncDispose]: () => page.close(),
  };
}

let browsing: Promise<Browser> | undefined;
let serving: Promise<Served & { folder: string }> | undefined;
const browser = () => (browsing ??= launchChromium());
const served = () => (serving ??= servePage());

async function servePage() {
  const folder = await bundlePage("test/runtime/page");
  await mkdir(join(folder, "weights"));
  await writeFile(join(folder, "weights", WEIGHT_FILE.name), WEIGHT_FILE.bytes);
  return { folder, ...(await serveFolder(folder)) };
}

afterAll(async () => {
  await (await browsing)?.close();
  const page = await serving;
  await page?.[Symbol.asyncDispose]();
  if (page !== undefined) await rm(page.folder, { recursive: true });
});

let reference: Host;
beforeAll(async () => {
  reference = await openHere();
});
afterAll(() => reference[Symbol.asyncDispose]());

const largest = (data: Float64Array) => data.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-3);

function expectSame(found: Found, wanted: Found, within: number): void {
  expect(Object.keys(found).filter((name) => name in wanted)).toEqual(Object.keys(found));
  for (const [name, one] of Object.entries(found)) {
    const other = wanted[name]!;
    if (typeof one === "string" || typeof other === "string") {
      expect(one, name).toBe(other);
      continue;
    }
    const same = other as Numbers;
    expect([...one.shape], `sizes of ${name}`).toEqual([...same.shape]);
    const worst = one.data.reduce((most, x, i) => {
      const gap = Object.is(x, same.data[i]) ? 0 : Math.abs(x - same.data[i]!);
      return gap <= most ? most : gap;
    }, 0);
    expect(worst, `largest difference of ${name}`).toBeLessThanOrEqual(within * largest(same.data));
  }
}

describe.each(PLACES)("a program on %s", (place) => {
  const { missing, open } = HOSTS[place];
  if (missing !== undefined) {
    it.skip(`keeps the contract: skipped, for ${missing}`, () => undefined);
    return;
  }
  let host: Host;
  beforeAll(async () => {
    host = await open();
  }, PATIENCE);
  afterAll(() => host?.[Symbol.asyncDispose]());

  for (const given of CONTRACT) {
    const why = given.skip?.[place];
    if (why !== undefined) it.skip(`${given.is}: skipped, for ${why}`, () => undefined);
    else if (given.wanted !== undefined || place !== "node-cpu")
      it(given.is, { timeout: PATIENCE }, async () => {
        const wanted = given.wanted ?? (await reference.found(given));
        expectSame(await host.found(given), wanted, given.within ?? 0);
      });
  }
});

describe("where there is no GPU, WebGPU is refused", () => {
  const given = CONTRACT.find(({ is }) => is === "takes and gives float32")!;
  const refused = /this machine offers no WebGPU adapter: .*\n.*To mend it: leave out `device: "webgpu"`/;

  it("in Node", async () => {
    await using host = await openChild(join(tmpdir(), "no-such-driver.json"));
    await expect(host.found(given)).rejects.toThrow(refused);
  });

  it.skipIf(noChromium !== undefined)(`in a browser${noChromium ? `: skipped, for ${noChromium}` : ""}`, async () => {
    await using without = await launchChromium([]);
    await using host = await openPage("webgpu", Promise.resolve(without));
    await expect(host.found(given)).rejects.toThrow(refused);
  });
});
