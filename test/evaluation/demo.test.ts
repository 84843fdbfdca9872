import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type DemoAnswer, runDemo, showings } from "../../src/cli/demo.js";
import { conceptOf, heldOut, heldOutWord } from "../../src/data/world/index.js";
import { type Document, framesOf, isMedium } from "../../src/prompt/document.js";
import { parsePrompt } from "../../src/prompt/prompt-json.js";
import { answerer } from "./support.js";

const right = showings().map(({ episode }) => episode.query.answer);

async function told(options: { json?: boolean; save?: string; isTTY?: boolean }, say = (n: number) => right[n]!) {
  const prompts: Document[] = [];
  let text = "";
  const model = answerer("fake", (prompt, n) => {
    prompts.push(prompt);
    return say(n);
  });
  const out = { write: (more: string) => (text += more), isTTY: options.isTTY };
  await runDemo(model, { ...options, out });
  return { text, prompts };
}

describe("the demo", () => {
  it("asks for three captions, three kinds of answer, and four pictures of things just named", () => {
    const kinds = showings().map(({ kind }) => kind);
    expect(kinds).toEqual([...Array(3).fill("caption"), ...Array(3).fill("question"), ...Array(4).fill("binding")]);
    expect(right.slice(6).sort()).toEqual(["blicket", "dax", "toma", "wug"]);
  });

  it("names what training never showed, with words that it never used, and asks the rest about what it did show", () => {
    for (const { kind, episode } of showings()) {
      for (const { scene, answer } of [...episode.supports, episode.query]) {
        for (const { id } of scene.things) expect(heldOut(conceptOf(id)!), id).toBe(kind === "binding");
        if (kind === "binding") expect(heldOutWord(answer)).toBe(true);
      }
    }
  });

  it("is the same each time, whatever the model says", async () => {
    const [first, second] = [await told({}), await told({}, () => "no idea")];
    expect(second.prompts).toEqual(first.prompts);
    expect(first.text).toContain("10 of 10 right");
    expect(second.text).toContain("0 of 10 right");
    expect(second.text).toContain("✗ right would be: dax");
  });

  it("writes one JSON object and nothing else with json", async () => {
    const { text } = await told({ json: true }, (n) => (n === 0 ? "a bridge" : right[n]!));
    const { model, totalMs, answers } = JSON.parse(text) as { model: string; totalMs: number; answers: DemoAnswer[] };
    expect(model).toBe("fake");
    expect(totalMs).toBeGreaterThan(0);
    expect(answers.map(({ correct }) => correct)).toEqual([false, ...Array(9).fill(true)]);
    expect(Object.keys(answers[0]!).sort()).toEqual(
      ["correct", "expected", "kind", "ms", "probability", "prompt", "text"].sort(),
    );
    expect(answers[0]!.probability).toBeCloseTo(0.5);
    expect(answers[6]!.prompt).toMatch(/^(<image> Output: (dax|blicket)<EOC>){6}<image> Output:$/);
  });

  it("draws its pictures where they can be seen, and no escape codes elsewhere", async () => {
    expect((await told({ isTTY: true })).text).toContain("\x1b[48;2;");
    expect((await told({})).text).not.toContain("\x1b");
  });

  it("saves what it showed: pictures to the pixel, and prompts that can be read again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "demo-"));
    try {
      const { prompts } = await told({ save: folder });
      const files = await readdir(folder);
      expect(files.filter((name) => name.endsWith(".png")).length).toBe(3 + 3 + 4 * 7);
      const prompt = parsePrompt(await readFile(join(folder, "07-binding.json"), "utf8"));
      const pictures = prompts[6]!.filter(isMedium).map((medium) => framesOf(medium)[0]!);
      const paths = prompt.flatMap((segment) =>
        "image" in segment && segment.image.kind === "path" ? [segment.image.path] : [],
      );
      expect(paths.length).toBe(7);
      for (const [n, path] of paths.entries())
        expect((await sharp(path).raw().toBuffer()).equals(pictures[n]!.data)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
