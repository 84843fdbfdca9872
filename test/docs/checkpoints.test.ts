import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocksOf, commandsOf, ROOT } from "../support/markdown.js";

const execute = promisify(execFile);
const MINUTES = 60_000;

/** What stands for each published checkpoint: its layout, in small. */
const STANDINS: Readonly<Record<string, string>> = {
  "hf:openflamingo/OpenFlamingo-3B-vitl-mpt1b": "openflamingo-mpt",
  "hf:anas-awadalla/mpt-1b-redpajama-200b": "mpt",
  "hf:openai/clip-vit-large-patch14": "clip",
  "hf:HuggingFaceM4/idefics-9b": "idefics",
  "hf:openai-community/gpt2": "neox",
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "checkpoints-page-"));
  await cp(join(ROOT, "examples/pictures/lemon.png"), join(folder, "a.png"));
  await cp(join(ROOT, "examples/pictures/guitar.png"), join(folder, "b.png"));
  await cp(join(ROOT, "models/nano"), join(folder, "models/nano"), { recursive: true });
  await symlink(join(ROOT, "bin/flamingo.js"), join(folder, "flamingo"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("docs/checkpoints.md and README.md, with small checkpoints in the place of the published ones", () => {
  const commands = ["docs/checkpoints.md", "README.md"]
    .flatMap((page) => blocksOf(page))
    .filter(({ language, comment }) => language === "sh" && comment?.endsWith("test/docs/checkpoints.test.ts"))
    .flatMap(({ code }) => commandsOf(code));

  it.each(commands)("%s", { timeout: 2 * MINUTES }, async (written) => {
    const command = written.replaceAll(/hf:[\w./-]+/g, (source) => {
      expect(Object.keys(STANDINS)).toContain(source);
      return join(ROOT, "test/fixtures/published", STANDINS[source]!);
    });
    const PATH = `${folder}:${process.env.PATH}`;
    const { stdout } = await execute("bash", ["-euo", "pipefail", "-c", command], {
      cwd: folder,
      env: { ...process.env, PATH, NO_COLOR: "1" },
    });
    if (written.startsWith("flamingo generate")) expect(stdout.trim()).not.toBe("");
    const out = /--out (\S+)/.exec(written)?.[1];
    if (out !== undefined) expect((await readdir(join(folder, out))).length).toBeGreaterThan(1);
  });
});
