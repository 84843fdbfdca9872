/**
 * Lesson 8: the browser. `npm run example -- 08-the-browser`, and open the address that it prints
 *
 * Nothing of the lessons before was Node's own, but for files and the engine. The page in examples/08-the-browser is
 * lesson 4 again: a network that learns, in your browser, on points that you click. Read page.browser.ts beside it;
 * what stands here only puts the page together and serves it, with Vite, as any page is.
 *
 * After it, examples/browser is a page that has the whole embedded model: it answers about a picture that you drop on
 * it.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { build, preview } from "vite";

const options = {
  root: "examples/08-the-browser",
  configFile: false,
  logLevel: "error",
  // "esnext": the page waits for the engine at its top level.
  build: { outDir: "../../build/examples/08-the-browser", emptyOutDir: true, target: "esnext" },
} as const;

await build(options);

// What a visitor fetches. The engine is most of it, and comes in two builds: for the CPU, and (asyncify) for the
// graphics card. A page fetches only the one that it uses.
const assets = "build/examples/08-the-browser/assets";
for (const name of (await readdir(assets)).sort())
  console.log(`${name.padEnd(60)}${((await stat(join(assets, name))).size / 1e6).toFixed(2).padStart(7)} MB`);

const server = await preview(options);
console.log(`\nOpen ${server.resolvedUrls!.local[0]} (end with Ctrl+C)`);
