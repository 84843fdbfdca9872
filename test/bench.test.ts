/**
 * The benchmarks run, as `npm run programs` compiled them: everything small and once, on the smallest model. What they
 * measure here means nothing.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { noChromium } from "./support/chromium.js";
import { ROOT } from "./support/markdown.js";

const execute = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "flamingo-bench-"));
const run = async (...args: string[]) => (await execute(process.execPath, args, { cwd: ROOT })).stdout;

describe("a benchmark", { timeout: 120_000 }, () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("of a training step prints a row for each run, with the raw rate beside its own", async () => {
    const page = await run("build/bench/index.js", "training-step", "--once", "--runs", "tiny");
    expect(page).toMatch(/^\| tiny \|( [\d,.]+ \|){8}$/m);
  });

  it("of an answer prints its parts", async () => {
    await run("bin/flamingo.js", "train", "tiny", "--steps", "2", "--out", folder);
    const page = await run(
      "build/bench/index.js",
      "answer",
      "--once",
      "--shots",
      "1",
      "--model",
      join(folder, "model"),
    );
    for (const part of ["look at 3 pictures", "read", "write the answer", "one token more"])
      expect(page).toContain(`| ${part}`);
  });

  it("of stalls prints a row for whatever is asked", async () => {
    await run("bin/flamingo.js", "train", "tiny", "--steps", "2", "--out", join(folder, "stall"));
    const page = await run("build/bench/index.js", "stall", "--once", "--model", join(folder, "stall", "model"));
    for (const asked of ["opening the model", "a JPEG of", "4 choices", "8 prompts at once"])
      expect(page).toMatch(new RegExp(`^\\| ${asked}.*\\|( [\\d,.]+ \\|){3}$`, "m"));
  });

  it("of data prints a row for reading shards and one for preparing pictures, with or without a Python beside it", async () => {
    const page = await run("build/bench/index.js", "data", "--once", "--python", "no-python");
    for (const row of ["shards read", "decode 640 x 480"])
      expect(page).toMatch(new RegExp(`^\\| ${row}.*\\| [\\d,.]+ \\|`, "m"));
    expect(page).toContain("Python took no part: spawn no-python ENOENT");
  });

  it("of a model held in fewer bits prints a row for each way, and what float32 agrees with is itself", async () => {
    const page = await run("build/bench/index.js", "quantised", "--once");
    expect(page).toMatch(/^\| f32 \| 0% \| [\d.]+ \| 0.0e\+0 \| 0.0000 \| 100.0% \| [\d.]+ \|$/m);
    for (const held of ["int8", "int4"]) expect(page).toMatch(new RegExp(`^\\| ${held} \\| \\d+% \\|`, "m"));
  });

  it("of a model beside itself takes any folder and prints a row for each way", async () => {
    const page = await run("build/bench/index.js", "agreement", "--once", "--model", "models/nano");
    expect(page).toMatch(/^\d+ tokens that the model wrote after \d+ prompts/m);
    for (const held of ["int8", "int4"])
      expect(page).toMatch(new RegExp(`^\\| ${held} \\| [\\de.+-]+ \\| [\\d.]+% \\|$`, "m"));
  });

  it.skipIf(process.platform !== "linux")(
    `of a published model prints what importing it and asking it took${process.platform === "linux" ? "" : ": skipped, for memory of other processes is read from /proc"}`,
    async () => {
      const page = await run("build/bench/index.js", "real-size", "--once", "--kept", "f32,int4");
      for (const kept of ["f32", "int4"]) {
        expect(page).toMatch(new RegExp(`^\\| ${kept} \\|( [\\d,.]+ \\|){4}$`, "m"));
        expect(page).toMatch(new RegExp(`^\\| ${kept} \\|( [\\d,.]+ \\|){2} [\\d.]+ \\(60 tokens\\) \\|`, "m"));
      }
    },
  );

  it("of training gives its figures as JSON, each beside what it is held against, and says which engines took no part", async () => {
    const { machine, rows } = JSON.parse(
      await run("build/bench/index.js", "--once", "--json", "--python", "no-python"),
    );
    expect(machine).toMatch(/cores/);
    for (const name of ["step of width 64", "AdamW, width 64", "AdamW and accumulation, width 64"])
      expect(rows).toContainEqual({
        name,
        value: expect.any(Number),
        unit: expect.any(String),
        against: expect.any(String),
        ratio: expect.any(Number),
        target: expect.any(Number),
      });
    const page = await run("build/bench/index.js", "speed", "--once", "--python", "no-python");
    expect(page).toMatch(/^\| flamingo-ts \|( [\d,.]+ \|){3}$/m);
    expect(page).toContain("PyTorch, eager took no part: spawn no-python ENOENT");
  });

  it("of training data reads pages, and says that Python took no part", async () => {
    const page = await run("build/bench/index.js", "data", "--once", "--python", "no-python");
    expect(page).toMatch(
      /20 of the world: flamingo-ts reads [\d,]+ pages\/s\. Python took no part: Error: spawn no-python ENOENT\./,
    );
  });

  it.skipIf(noChromium !== undefined)(
    `of an answer in a browser prints a row for each number of threads${noChromium ? `: skipped, for ${noChromium}` : ""}`,
    async () => {
      const page = await run("build/bench/index.js", "browser", "--once");
      for (const place of ["Node, CPU, 1 thread", "browser, WebAssembly, 2 threads"])
        expect(page).toMatch(new RegExp(`^\\| ${place} \\|( [\\d,.]+ \\|){4}$`, "m"));
    },
  );

  it("names the pages that there are when it is asked for one that is not", async () => {
    await expect(run("build/bench/index.js", "nothing")).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("speed|training-step|answer|browser|quantised|real-size|agreement|data|stall"),
    });
  });
});
