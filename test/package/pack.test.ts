/** The package as a stranger gets it: packed, installed into an empty project as the README says, compiled against, run. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../support/markdown.js";

const execute = promisify(execFile);
const project = mkdtempSync(join(tmpdir(), "flamingo-package-"));
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What npm says when it cannot reach its registry. */
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED|network/;

const run = async (command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) =>
  (await execute(command, args, { cwd, env: { ...process.env, NO_COLOR: "1", npm_config_loglevel: "error", ...env } }))
    .stdout;

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

describe("the package", { timeout: 180_000 }, () => {
  let packed: Packed;
  let offline: string | undefined;

  beforeAll(async () => {
    // Scripts are left out: dist is built, and building it again would pull it from under the other tests.
    const json = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project], ROOT);
    const parsed = JSON.parse(json) as readonly Packed[] | Readonly<Record<string, Packed>>;
    packed = Object.values(parsed)[0]!;
    writeFileSync(join(project, "package.json"), '{ "name": "stranger", "private": true, "type": "module" }\n');
    const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${packed.filename}`];
    try {
      await run("npm", install, project, { ONNXRUNTIME_NODE_INSTALL: "skip" });
    } catch (error) {
      if (!OFFLINE.test(String((error as { stderr?: string }).stderr))) throw error;
      offline = "npm cannot reach its registry, and its cache does not have everything";
    }
  }, 180_000);

  it("holds what runs and what is owed to others, and nothing else", () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of [
      "README.md",
      "LICENSE",
      "NOTICE",
      "CHANGELOG.md",
      "bin/flamingo.js",
      "dist/index.js",
      "dist/index.d.ts",
      "dist/index.browser.js",
      "dist/index.browser.d.ts",
      "dist/generation/engine.worker.browser.js",
    ])
      expect(paths).toContain(path);
    const kinds = new Set(paths.map((path) => path.split("/")[0]));
    const expected = ["CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "bin", "dist", "models", "package.json"];
    expect([...kinds].filter((kind) => !expected.includes(kind!))).toEqual([]);
    expect(paths.filter((path) => path.endsWith(".map"))).toEqual([]);
  });

  it("is small enough for git: under 50 MB unpacked", () => {
    expect(packed.unpackedSize).toBeLessThan(50e6);
  });

  it("has the README's program, which a strict compiler takes, its dependencies' types left unread", async (context) => {
    if (offline !== undefined) context.skip(offline);
    const program = /```ts\n(import \{ image[\s\S]*?)```/.exec(readFileSync(join(ROOT, "README.md"), "utf8"))![1]!;
    writeFileSync(join(project, "program.ts"), program);
    const options = ["--strict", "--target", "es2023", "--module", "nodenext", "--types", "", "--skipLibCheck"];
    await run(join(ROOT, "node_modules/.bin/tsc"), ["program.ts", ...options], project);
    const wrong = program.replace("logProb }", "logProbability }");
    writeFileSync(join(project, "wrong.ts"), wrong);
    await expect(run(join(ROOT, "node_modules/.bin/tsc"), ["wrong.ts", ...options], project)).rejects.toMatchObject({
      stdout: expect.stringContaining("logProbability"),
    });
  });

  it("has a door for browsers, which a compiler takes that knows nothing of Node", async (context) => {
    if (offline !== undefined) context.skip(offline);
    const program = /```ts\n(import \{ image[\s\S]*?)```/.exec(
      readFileSync(join(ROOT, "docs/browser.md"), "utf8"),
    )![1]!;
    writeFileSync(join(project, "page.ts"), program);
    const options = [
      "--strict",
      "--target",
      "es2023",
      "--module",
      "nodenext",
      "--types",
      "",
      "--lib",
      "es2023,esnext.disposable,dom",
    ];
    await run(join(ROOT, "node_modules/.bin/tsc"), ["page.ts", ...options, "--skipLibCheck", "--noEmit"], project);
  });

  it("leaves the engine of browsers to those who bundle a page", (context) => {
    if (offline !== undefined) context.skip(offline);
    expect(existsSync(join(project, "node_modules/onnxruntime-node"))).toBe(true);
    expect(existsSync(join(project, "node_modules/onnxruntime-web"))).toBe(false);
  });

  it("brings the command", async (context) => {
    if (offline !== undefined) context.skip(offline);
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    expect((await run("node_modules/.bin/flamingo", ["--version"], project)).trim()).toBe(version);
  });

  it("trains, with its own threads", async (context) => {
    if (offline !== undefined) context.skip(offline);
    await run("node_modules/.bin/flamingo", ["train", "tiny", "--steps", "1", "--out", "runs/tiny"], project);
    expect(existsSync(join(project, "runs/tiny/model/model.safetensors"))).toBe(true);
  });

  it("answers with the embedded model", async (context) => {
    if (offline !== undefined) context.skip(offline);
    mkdirSync(join(project, "examples"), { recursive: true });
    cpSync(join(ROOT, "examples/pictures"), join(project, "examples/pictures"), { recursive: true });
    expect(await run(process.execPath, ["program.js"], project)).toMatch(/^\S.* [01]\.\d+/);
  });
});
