/** Pages with known answers: text F1 of at least 0.90, and all images of the answer in its order. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  agreement,
  EXTRACTION_PAGE,
  extractionPage,
  imagesHeld,
  pagesIn,
  readPage,
} from "../../../tools/extraction.js";
import { ROOT } from "../../support/markdown.js";

const FOLDER = join(ROOT, "../shared/data/html_readability");
const there = existsSync(FOLDER);

describe.skipIf(!there)("pages with known answers (skipped without ../shared/data/html_readability)", () => {
  const names = there ? pagesIn(FOLDER).whole : [];

  it.each(names)("%s", (name) => {
    const { f1, inOrder } = readPage(FOLDER, name);
    expect(f1).toBeGreaterThanOrEqual(0.9);
    expect(inOrder).toBe(true);
  });

  it("give the figures of the page in docs", () => {
    expect(readFileSync(join(ROOT, EXTRACTION_PAGE), "utf8"), "npm run extraction").toBe(extractionPage(FOLDER));
  });
});

describe("the measure of a page", () => {
  it("is twice the words in both over the words of both, each as often as it occurs", () => {
    expect(agreement(["a", "a", "b"], ["a", "c"])).toEqual({ precision: 1 / 3, recall: 1 / 2, f1: 2 / 5 });
    expect(agreement([], [])).toEqual({ precision: 1, recall: 1, f1: 1 });
    expect(agreement([], ["a"]).f1).toBe(0);
  });

  it("asks for every image of the answer in its order, by any address it has there", () => {
    const answer = [new Set(["a", "a2"]), new Set(["b"])];
    expect(imagesHeld(["a2", "x", "b"], answer)).toEqual({ inOrder: true, besides: 1 });
    expect(imagesHeld(["b", "a"], answer)).toEqual({ inOrder: false, besides: 1 });
  });
});
