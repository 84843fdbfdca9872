/** The examples: their pictures are the drawn ones, the README runs every program (`test/docs`), and what lessons print is true. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { decodePicture } from "../src/media/decode.node.js";
import { launchChromium, noChromium } from "./support/chromium.js";
import { ROOT } from "./support/markdown.js";

const folder = mkdtempSync(join(tmpdir(), "flamingo-examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const namesIn = (path: string, end: string) =>
  readdirSync(path)
    .filter((name) => name.endsWith(end))
    .sort();

/** Programs by their names, lessons first. */
const programs = namesIn(join(ROOT, "examples"), ".ts")
  .map((name) => name.replace(".ts", ""))
  .filter((name) => name !== "index");
const LESSONS = programs.filter((name) => /^\d\d-/.test(name));

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

  it("are all run by the README, but for the lessons, which are run here", () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    for (const name of programs.filter((name) => !LESSONS.includes(name)))
      expect(readme).toContain(`npm run example -- ${name}`);
  });

  it("are all in the list of examples/README.md, in order, and have a name in examples/index.ts", () => {
    const page = readFileSync(join(ROOT, "examples/README.md"), "utf8");
    const listed = [...page.matchAll(/^\| \[([\w-]+)\]\(([\w-]+)\.ts\)/gm)];
    for (const [, name, file] of listed) expect(name).toBe(file);
    expect(listed.map(([, name]) => name)).toEqual([...LESSONS, ...programs.filter((name) => !LESSONS.includes(name))]);
    const index = readFileSync(join(ROOT, "examples/index.ts"), "utf8");
    for (const name of programs) expect(index).toContain(`import("./${name}.js")`);
  });
});

/** What a lesson prints. It ends well, and says nothing on the error output. */
async function printed(lesson: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [`build/examples/${lesson}.js`], {
    cwd: ROOT,
  });
  expect(stderr).toBe("");
  return stdout;
}

/** The numbers of a line that begins with a text. */
function numbersAfter(text: string, start: string): number[] {
  const line = text.split("\n").find((line) => line.trimStart().startsWith(start));
  expect(line, `a line that begins with ${start}`).toBeDefined();
  return line!
    .slice(line!.indexOf(start) + start.length)
    .match(/-?\d+(\.\d+)?(e[+-]\d+)?/g)!
    .map(Number);
}

describe("lessons", { timeout: 300_000 }, () => {
  it("01-a-graph: shares sum to 1, and the same program takes other sizes", async () => {
    const text = await printed("01-a-graph");
    const sour = numbersAfter(text, "something sour");
    const drink = numbersAfter(text, "a drink");
    expect([sour.length, drink.length]).toEqual([4, 2]);
    for (const shares of [sour, drink]) expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 2);
    expect(Math.max(...sour)).toBe(sour[0]);
    expect(text).toMatch(/not allowed to say:\n {2}Add.*fruits.*wishes/);
  });

  it("02-gradients: what is walked is what is tried, and following it makes the orange likelier", async () => {
    const text = await printed("02-gradients");
    for (const quality of ["sweet", "sour", "juicy"]) {
      const [walked, tried] = numbersAfter(text, quality);
      // Four digits are printed; the curvature over a step of 0.01 is some 1e-5.
      expect(Math.abs(walked! - tried!)).toBeLessThan(5e-4);
      expect(Math.abs(walked!)).toBeGreaterThan(0.1);
    }
    const shares = [0, 5, 10, 15, 20].map((step) => numbersAfter(text, `${step}  `).at(-1)!);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)! - shares[0]!).toBeGreaterThan(0.3);
    expect(text).toContain("Refused: Sign float32 [] has no gradient");
  });

  it("03-fitting-a-line: the walk arrives at the formula's line", async () => {
    const text = await printed("03-fitting-a-line");
    const [fitted, formula] = [numbersAfter(text, "fitted"), numbersAfter(text, "formula")];
    expect(Math.hypot(fitted[0]! - formula[0]!, fitted[1]! - formula[1]!)).toBeLessThan(2e-3);
    expect(formula[0]).toBeCloseTo(0.8, 1);
  });

  it("04-a-small-network: the spirals are told apart on points it never saw, and were not at first", async () => {
    const text = await printed("04-a-small-network");
    expect(numbersAfter(text, "right about")[0]).toBeGreaterThan(97);
    const plane = [...text.matchAll(/^ {2}([.#]{44}) {3}([.#]{44})$/gm)];
    expect(plane).toHaveLength(20);
    const turns = (row: string) => row.match(/\.#|#\./g)?.length ?? 0;
    const [early, late] = [1, 2].map((side) => plane.reduce((sum, match) => sum + turns(match[side]!), 0));
    expect(late).toBeGreaterThan(2 * early!);
  });

  it("05-a-language-model: its loss comes near what the grammar leaves open, and most of its sentences keep the rules", async () => {
    const text = await printed("05-a-language-model");
    const [floor] = numbersAfter(text, "A reader who knows the grammar is surprised by");
    const [loss] = numbersAfter(text, "step 300   loss");
    // A batch is some 25 sentences, so its loss may lie a little below the floor.
    expect(loss).toBeGreaterThan(floor! - 0.05);
    expect(loss).toBeLessThan(floor! + 0.1);
    const [kept, written] = /(\d+) of the (\d+) sentences/.exec(text)!.slice(1).map(Number);
    expect(written).toBeGreaterThan(30);
    expect(kept! / written!).toBeGreaterThan(0.7);
  });

  it("06-an-onnx-file: one file, two files and changed files answer alike, and other weights otherwise", async () => {
    const text = await printed("06-an-onnx-file");
    const one = numbersAfter(text, "A wish for something sour: shares");
    expect(numbersAfter(text, "From two files: shares")).toEqual(one);
    expect(numbersAfter(text, "Tapped: shares").slice(0, 3)).toEqual(one);
    const [lemon, banana] = numbersAfter(text, "With other weights: shares");
    expect(lemon).toBe(banana);
    expect(lemon).not.toBe(one[0]);
    expect(text).toContain("The first 200 bytes alone: ");
  });

  it("07-an-open-gate: closed it changes nothing, open only words that look; the gate has the first slope", async () => {
    const text = await printed("07-an-open-gate");
    expect(numbersAfter(text, "tanh(0  ) = 0.00 changes")).toEqual([0, 0, 0, 0, 0, 0, 0]);
    const [before, ...after] = numbersAfter(text, "tanh(2  ) = 0.96 changes");
    expect(before).toBe(0);
    expect(Math.min(...after)).toBeGreaterThan(0.5);
    const other = numbersAfter(text, "another picture 2").map((change) => change > 0);
    expect(other).toEqual([false, false, false, false, true, true, true]);
    const [gate, ...behind] = numbersAfter(text, "step 0").slice(0, 4);
    expect(gate).toBeGreaterThan(0);
    expect(behind).toEqual([0, 0, 0]);
    const [first, last] = ["step 0", "step 100"].map((step) => numbersAfter(text, step).at(-2)!);
    expect(last).toBeLessThan(first! / 10);
  });

  it("08-the-browser: its page learns a curve in Chromium, and a point that is clicked", async (context) => {
    if (noChromium !== undefined) context.skip(noChromium);
    const lesson = spawn(process.execPath, ["build/examples/08-the-browser.js"], { cwd: ROOT });
    let told = "";
    const address = await new Promise<string>((found, failed) => {
      const read = (bytes: Buffer) => {
        told += bytes.toString();
        const [, open] = /Open (http:\S+)/.exec(told) ?? [];
        if (open !== undefined) found(open);
      };
      lesson.stdout.on("data", read);
      lesson.stderr.on("data", read);
      lesson.on("exit", () => failed(new Error(told)));
    });
    try {
      await using browser = await launchChromium();
      const page = await browser.newPage();
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      await page.goto(address);
      const lossOf = async (points: number) => {
        const below = `Number(/^${points} points.* loss (.*)$/.exec(document.querySelector("output").textContent)?.[1]) < 0.01`;
        await page.waitForFunction(below, undefined, { timeout: 120_000 });
      };
      await lossOf(16);
      // Far from the curve: for a moment the loss is some 0.04.
      await page.locator("canvas").click({ position: { x: 320, y: 40 } });
      await lossOf(17);
      expect(faults).toEqual([]);
    } finally {
      const ended = once(lesson, "exit");
      lesson.kill();
      await ended;
    }
  });
});
