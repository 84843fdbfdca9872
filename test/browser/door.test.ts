/** The library's door in a browser: the same answers as in Node, on the CPU and through WebGPU. */
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { showings } from "../../src/cli/demo.js";
import { toPng } from "../../src/cli/pictures.js";
import { openEverything } from "../../src/data/world/everything.node.js";
import { promptOf } from "../../src/evaluation/index.js";
import { openFlamingo } from "../../src/generation/flamingo.node.js";
import type { FlamingoModel } from "../../src/generation/flamingo-model.js";
import { decodePicture } from "../../src/media/decode.node.js";
import { type Document, framesOf, isMedium } from "../../src/prompt/document.js";
import { bundlePage } from "../support/bundle.js";
import { launchChromium, noChromium, type Served, serveFolder } from "../support/chromium.js";
import { ROOT } from "../support/markdown.js";
import type { DoorPage, WrittenPrompt } from "./page-contract.js";

declare const window: DoorPage;

/** In milliseconds: see the contract's test. */
const PATIENCE = 600_000;

/** The prompts of the demo by their number, and one of each kind: a GPU of software takes seconds for a picture. */
const EVERY: readonly number[] = [...showings().keys()];
const SOME: readonly number[] = ["caption", "question", "binding"].map((kind) =>
  showings().findIndex((one) => one.kind === kind),
);

if (noChromium !== undefined) {
  describe("a browser", () => {
    it.skip(`answers as Node does: skipped, for ${noChromium}`, () => undefined);
  });
} else {
  let browser: Browser;
  let folder: string;
  let isolated: Served;
  let open: Served;
  let inNode: FlamingoModel;
  let prompts: { kind: string; document: Document; written: WrittenPrompt }[];

  beforeAll(async () => {
    [browser, folder, inNode, prompts] = await Promise.all([
      launchChromium(),
      bundlePage("test/browser/page"),
      openFlamingo(),
      demoPrompts(),
    ]);
    await cp(join(ROOT, "models/nano"), join(folder, "nano"), { recursive: true });
    await mkdir(join(folder, "lost"));
    await cp(join(folder, "index.html"), join(folder, "lost", "config.json"));
    isolated = await serveFolder(folder);
    open = await serveFolder(folder, false);
  }, PATIENCE);
  afterAll(async () => {
    await Promise.all([
      browser?.close(),
      inNode?.close(),
      isolated?.[Symbol.asyncDispose](),
      open?.[Symbol.asyncDispose](),
    ]);
    await rm(folder, { recursive: true });
  });

  const pageOf = async ({ address }: Served): Promise<Page> => {
    const page = await browser.newPage();
    await page.goto(address);
    return page;
  };

  describe("nano in a browser", () => {
    it.each([
      ["on the CPU", { device: "cpu", threads: 1 }, EVERY],
      ["on the CPU, with two threads", { device: "cpu", threads: 2 }, EVERY],
      ["through WebGPU", { device: "webgpu" }, process.env.FLAMINGO_ALL_PROMPTS === undefined ? SOME : EVERY],
    ] as const)(
      "answers the demo's prompts %s with the tokens that Node gives",
      { timeout: PATIENCE },
      async (_, how, asked) => {
        const page = await pageOf(isolated);
        expect(await page.evaluate((how) => window.open("nano", how), how)).toBeUndefined();
        for (const { document, written } of prompts.filter((_, i) => asked.includes(i))) {
          const wanted = await inNode.generate(document);
          const found = await page.evaluate((written) => window.ask(written), written);
          if ("code" in found) throw new Error(found.message);
          expect(found.tokens).toEqual(wanted.tokens);
          // Sums of float32 in another order.
          expect(found.logProb).toBeCloseTo(wanted.logProb, 3);
        }
        await page.close();
      },
    );

    it("ranks choices as Node does, in a page that is not isolated, where there is one thread", {
      timeout: PATIENCE,
    }, async () => {
      const page = await pageOf(open);
      expect(await page.evaluate(() => window.open("nano/", { threads: 2 }))).toBeUndefined();
      const { document, written } = prompts.find(({ kind }) => kind === "binding")!;
      const choices = ["dax", "blicket", "wug", "toma"];
      const wanted = (await inNode.rank(document, choices)).choices.map(({ text }) => text);
      const ranking = await page.evaluate(([written, choices]) => window.rank(written, choices), [
        written,
        choices,
      ] as const);
      expect(ranking).toEqual(wanted);
      await page.close();
    });
  });

  describe("the example page", () => {
    it("answers about the picture that is chosen", { timeout: PATIENCE }, async () => {
      const built = await bundlePage("examples/browser", join(ROOT, "examples/browser/vite.config.ts"));
      await using served = await serveFolder(built);
      const page = await pageOf(served);
      await page.setInputFiles("#file", join(ROOT, "examples/pictures/lemon.png"));
      await page.getByText(/probability/).waitFor({ timeout: PATIENCE });
      const answer = await page.textContent("#answer");
      await page.close();
      await rm(built, { recursive: true });
      const lemon = await decodePicture(join(ROOT, "examples/pictures/lemon.png"));
      const { text, logProb } = await inNode.generate([{ image: lemon }, "Output:"]);
      expect(answer).toContain(`${text} (probability ${Math.exp(logProb).toFixed(2)}`);
    });
  });

  describe("the browser's door", () => {
    let page: Page;
    beforeAll(async () => {
      page = await pageOf(isolated);
    });
    afterAll(() => page?.close());

    it("says which file of a model is not there", async () => {
      const failed = await page.evaluate(() => window.open("nowhere", {}));
      expect(failed?.code).toBe("CHECKPOINT_FOLDER");
      expect(failed?.message).toMatch(/nowhere\/config\.json answered with status 404/);
    });

    it("calls a page that a server gives in place of a file no JSON", async () => {
      const failed = await page.evaluate(() => window.open("lost", {}));
      expect(failed?.code).toBe("CHECKPOINT_FOLDER");
      expect(failed?.message).toMatch(/lost\/config\.json is not JSON/);
    });

    it("decodes pictures to the very pixels that Node decodes", async () => {
      for (const [name, file] of Object.entries(await pictures())) {
        const wanted = await decodePicture(new Uint8Array(file));
        const found = await page.evaluate((file) => window.decode(file), file.toString("base64"));
        if ("code" in found) throw new Error(`${name}: ${found.message}`);
        expect([found.width, found.height], name).toEqual([wanted.width, wanted.height]);
        expect(worstGap(Buffer.from(found.data, "base64"), wanted.data), `levels between the two of ${name}`).toBe(0);
      }
    });

    it("blends transparent parts with white to within 2 of 255 levels of what Node makes of them", async () => {
      const file = await sharp(rainbow(4), { raw: { width: 16, height: 16, channels: 4 } })
        .png()
        .toBuffer();
      const found = await page.evaluate((file) => window.decode(file), file.toString("base64"));
      if ("code" in found) throw new Error(found.message);
      const wanted = await decodePicture(new Uint8Array(file));
      expect(worstGap(Buffer.from(found.data, "base64"), wanted.data)).toBeLessThanOrEqual(2);
    });

    it("refuses what is no picture, or half of one, as Node does", async () => {
      const whole = await readFile(join(ROOT, "examples/pictures/lemon.png"));
      const cases = {
        MEDIA_NOT_AN_IMAGE: Buffer.from("<!doctype html><p>hello"),
        MEDIA_UNDECODABLE: whole.subarray(0, whole.length / 2),
      };
      for (const [code, file] of Object.entries(cases))
        expect(await page.evaluate((file) => window.decode(file), file.toString("base64"))).toMatchObject({ code });
    });
  });
}

async function demoPrompts() {
  const world = await openEverything();
  return Promise.all(
    showings().map(async ({ kind, task, episode, random }) => {
      const document = await promptOf(task, episode, world, random);
      const written = await Promise.all(
        document.map(async (segment) =>
          isMedium(segment) ? { image: (await toPng(framesOf(segment)[0]!)).toString("base64") } : segment,
        ),
      );
      return { kind, document, written };
    }),
  );
}

/** 16 x 16 colours, and with 4 channels every transparency. */
function rainbow(channels: 3 | 4): Uint8Array {
  return Uint8Array.from({ length: 256 * channels }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    return channel === 3 ? pixel : (pixel * [1, 7, 31][channel]! + 40 * channel) % 256;
  });
}

async function pictures(): Promise<Record<string, Buffer>> {
  const raw = () => sharp(rainbow(3), { raw: { width: 16, height: 16, channels: 3 } });
  const photo = () => sharp(join(ROOT, "examples/pictures/lemon.png"));
  return {
    PNG: await readFile(join(ROOT, "examples/pictures/guitar.png")),
    "PNG of every level": await raw().png().toBuffer(),
    "PNG with a palette": await photo().png({ palette: true }).toBuffer(),
    "grey PNG": await photo().greyscale().png().toBuffer(),
    JPEG: await photo().jpeg({ quality: 90 }).toBuffer(),
    "JPEG of full colour": await photo().jpeg({ quality: 90, chromaSubsampling: "4:4:4" }).toBuffer(),
    "JPEG that lies on its side": await photo().jpeg().withMetadata({ orientation: 6 }).toBuffer(),
    "lossless WebP": await photo().webp({ lossless: true }).toBuffer(),
    WebP: await photo().webp({ quality: 80 }).toBuffer(),
    GIF: await photo().gif().toBuffer(),
  };
}

function worstGap(found: Uint8Array, wanted: Uint8Array): number {
  return wanted.reduce((most, level, i) => Math.max(most, Math.abs(level - found[i]!)), 0);
}
