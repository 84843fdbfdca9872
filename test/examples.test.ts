/** The examples: their pictures are the drawn ones, and the README runs every program (`test/docs`). */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { decodePicture } from "../src/media/decode.node.js";
import { ROOT } from "./support/markdown.js";

const folder = mkdtempSync(join(tmpdir(), "flamingo-examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const namesIn = (path: string, end: string) =>
  readdirSync(path)
    .filter((name) => name.endsWith(end))
    .sort();

describe("examples", () => {
  it("have pictures that draw.ts draws", { timeout: 120_000 }, async () => {
    const run = (...args: string[]) => promisify(execFile)(process.execPath, args, { cwd: ROOT });
    await run("build/examples/pictures/draw.js", folder);
    const committed = join(ROOT, "examples/pictures");
    expect(namesIn(folder, ".png")).toEqual(namesIn(committed, ".png"));
    for (const name of namesIn(folder, ".png")) {
      const [drawn, kept] = await Promise.all([folder, committed].map((place) => decodePicture(join(place, name))));
      const far = drawn!.data.reduce((most, value, i) => Math.max(most, Math.abs(value - kept!.data[i]!)), 0);
      // A renderer of another version may round a few edges differently.
      expect(far, name).toBeLessThanOrEqual(8);
    }
  });

  it("are all run by the README", () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    const programs = namesIn(join(ROOT, "examples"), ".ts").filter((name) => name !== "index.ts");
    for (const name of programs) expect(readme).toContain(`npm run example -- ${name.replace(".ts", "")}`);
  });
});
