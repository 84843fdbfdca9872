/** Sources of tests, bundled for where they run: a page, or a process of Node. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";
import { ROOT } from "./markdown.js";

/** A new folder under `build`, from where packages are found as from the repository. */
async function newFolder(): Promise<string> {
  await mkdir(join(ROOT, "build"), { recursive: true });
  return mkdtemp(join(ROOT, "build", "bundle-"));
}

/**
 * Bundles the page of a folder.
 * @param configFile  its own settings; what a page of this library needs unless given
 * @returns the folder to serve, which is the caller's to remove
 */
export async function bundlePage(folder: string, configFile?: string): Promise<string> {
  const outDir = await newFolder();
  await build({
    root: join(ROOT, folder),
    configFile: configFile ?? false,
    logLevel: "warn",
    worker: { format: "es" },
    build: { outDir, target: "es2023" },
  });
  return outDir;
}

/** Bundles a module for Node. @returns the folder it is in, as `index.js`, which is the caller's to remove */
export async function bundleModule(path: string): Promise<string> {
  const outDir = await newFolder();
  await build({
    root: ROOT,
    configFile: false,
    logLevel: "warn",
    build: {
      ssr: join(ROOT, path),
      outDir,
      target: "node20",
      rolldownOptions: { output: { entryFileNames: "index.js" } },
    },
  });
  return outDir;
}
