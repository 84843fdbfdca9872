/** One answer about one picture, wherever the library runs: in Node and in a browser, on the CPU and through WebGPU. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page as BrowserPage } from "playwright-core";
import { build } from "vite";
import { openFlamingo } from "#dist/generation/flamingo.node.js";
import { image } from "#dist/prompt/load.js";
import type { Device } from "#dist/runtime/contract.js";
import { launchChromium, noChromium, serveFolder } from "../test/support/chromium.js";
import { type Effort, median, type Page, table, written } from "./measure.js";

/** Where it is asked: `?…` of the example page, or how the model is opened in Node. */
const PLACES: readonly (readonly [
  name: string,
  where: string | { threads?: number; device?: Device },
  gpu: boolean,
])[] = [
  ["Node, CPU, 1 thread", { threads: 1 }, false],
  ["Node, CPU, 2 threads", { threads: 2 }, false],
  ["browser, WebAssembly, 1 thread", "?threads=1", false],
  ["browser, WebAssembly, 2 threads", "?threads=2", false],
  ["Node, WebGPU", { device: "webgpu" }, true],
  ["browser, WebGPU", "?device=webgpu", true],
];

const PICTURES = "examples/pictures";

/** @param gpu  whether WebGPU is measured too: on a GPU of software it takes minutes, and tells nothing */
export async function browser({ small }: Effort, { gpu }: { readonly gpu: boolean }): Promise<Page> {
  if (noChromium !== undefined) throw new Error(noChromium);
  const files = (await readdir(PICTURES)).filter((name) => name.endsWith(".png")).map((name) => join(PICTURES, name));
  const asked = small ? files.slice(0, 2) : files;
  const folder = await mkdtemp(join(tmpdir(), "flamingo-bench-"));
  await build({
    configFile: "examples/browser/vite.config.ts",
    logLevel: "warn",
    build: { outDir: folder, emptyOutDir: true },
  });
  await using served = await serveFolder(folder);
  const chromium = await launchChromium();
  const rows: { name: string; opening: number; first: number; value: number }[] = [];
  for (const [name, where] of PLACES.filter(([, , needsGpu]) => gpu || !needsGpu)) {
    const began = performance.now();
    const times: number[] = [];
    let opening: number;
    if (typeof where === "string") {
      const page = await chromium.newPage();
      await page.goto(`${served.address}${where}`);
      await page.getByText(/is ready/).waitFor({ timeout: 300_000 });
      opening = performance.now() - began;
      for (const file of asked) times.push(await answered(page, file));
      await page.close();
    } else {
      await using flamingo = await openFlamingo(undefined, where);
      opening = performance.now() - began;
      for (const file of asked) {
        const { timings } = await flamingo.generate([image(file), "Output:"]);
        times.push(timings.lookMs + timings.readMs + timings.writeMs);
      }
    }
    rows.push({ name, opening, first: times[0]!, value: median(times.slice(1)) });
  }
  await chromium.close();
  await rm(folder, { recursive: true });
  const least = rows[0]!.value;
  return {
    text: [
      `nano answers "Output:" about a picture that it has not seen before: it looks, reads and writes. Median of ${asked.length - 1}`,
      "pictures after the first. Opening is from the call until the model is ready; in the browser with the page and the",
      "engine, from a server on the same machine.",
      "",
      table([
        ["where", "opening, ms", "first answer, ms", "an answer, ms", "times that of one thread in Node"],
        ...rows.map(({ name, opening, first, value }) => [
          name,
          written(opening),
          written(first, 1),
          written(value, 1),
          written(value / least, 1),
        ]),
      ]),
    ].join("\n"),
    rows: rows.map(({ name, value }) => ({
      name,
      value,
      unit: "ms",
      against: rows[0]!.name,
      ratio: value / least,
      target: null,
    })),
  };
}

/** Milliseconds of the answer about a picture that is chosen, as the page tells them. */
async function answered(page: BrowserPage, file: string): Promise<number> {
  const answer = page.locator("#answer");
  await answer.evaluate((element) => {
    element.textContent = "";
  });
  await page.setInputFiles("#file", file);
  await page.getByText(/ ms\)$/).waitFor({ timeout: 300_000 });
  return Number(/([\d.]+) ms\)$/.exec((await answer.textContent())!)![1]);
}
