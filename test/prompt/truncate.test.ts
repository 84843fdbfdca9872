import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawText } from "../../src/prompt/augment.js";
import { PromptLimitError } from "../../src/prompt/errors.js";
import { interleave } from "../../src/prompt/interleave.js";
import { paperPage, placeMedia, randomWindow, requireWithin, truncate } from "../../src/prompt/truncate.js";
import { Random } from "../../src/random.js";
import { picture, toyTokenizer } from "./toy.js";

const tokenizer = toyTokenizer();
const page = (count: number) =>
  Array.from({ length: count }, (_, n) => [{ image: picture(n) }, { text: `picture ${n}` }]).flat();

describe("a page that is too long", () => {
  it("keeps its first 5 pictures and 256 tokens (2.4)", () => {
    const cut = truncate(interleave(page(8), tokenizer), paperPage);
    expect(cut.media).toHaveLength(5);
    expect(tokenizer.show(cut.tokens)).toMatch(/picture 4<EOC>$/);
    expect(truncate(interleave([{ text: "a".repeat(999) }], tokenizer), paperPage).tokens).toHaveLength(256);
  });

  it("has a picture for every tag and a tag for every picture, wherever it is cut (F4.3)", () => {
    const anywhere = fc.record({
      from: fc.nat(120),
      maximumTokens: fc.integer({ min: 1, max: 120 }),
      maximumMedia: fc.nat(6),
      pieces: fc.boolean(),
      placement: fc.constantFrom("previous", "next"),
    });
    fc.assert(
      fc.property(anywhere, ({ from, pieces, placement, ...limits }) => {
        const toy = toyTokenizer({ pieces });
        const whole = interleave(page(8), toy, { placement });
        const cut = truncate(whole, limits, from);
        const shown = toy.show(cut.tokens);
        expect(cut.tokens.length).toBeLessThanOrEqual(limits.maximumTokens);
        expect(cut.media.length).toBeLessThanOrEqual(limits.maximumMedia);
        expect(shown.match(/<image>/g) ?? []).toHaveLength(cut.media.length);
        expect(shown.replaceAll("<image>", "")).not.toMatch(/mage>p|<i/);
        for (const [position, id] of cut.tokens.entries()) {
          const digit = /[0-9]/.exec(toy.show([id]))?.[0];
          const seen = cut.media[cut.lastMedia[position]! - 1];
          if (digit !== undefined && placement === "previous" && seen && "image" in seen)
            expect(seen.image.data[0]).toBe(Number(digit));
        }
      }),
    );
  });

  it("sees nothing before the first tag of its window", () => {
    const cut = truncate(interleave(page(3), tokenizer), { maximumMedia: 5, maximumTokens: 99 }, 4);
    expect(tokenizer.show(cut.tokens).startsWith("cture 0<EOC><image>")).toBe(true);
    expect(cut.lastMedia.slice(0, 9)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(cut.media).toEqual([{ image: picture(1) }, { image: picture(2) }]);
  });

  it("is given at a random window, the same for the same seed (2.4)", () => {
    const whole = interleave(page(8), tokenizer);
    const windows = Array.from({ length: 200 }, (_, n) =>
      randomWindow(whole, { maximumMedia: 5, maximumTokens: 30 }, new Random(n)),
    );
    expect(new Set(windows.map((w) => tokenizer.show(w.tokens))).size).toBeGreaterThan(30);
    expect(randomWindow(whole, paperPage, new Random(1))).toEqual(randomWindow(whole, paperPage, new Random(1)));
  });

  it("is refused when it is a question, with what was found and what is allowed", () => {
    const prompt = interleave(page(8), tokenizer);
    const limits = { maximumMedia: 5, maximumTokens: 1000 };
    expect(() => requireWithin(prompt, limits)).toThrow(PromptLimitError);
    expect(() => requireWithin(prompt, limits)).toThrow(/8 media, but at most 5/);
    expect(() => requireWithin(prompt, { maximumMedia: 8, maximumTokens: 10 })).toThrow(/tokens, but at most 10/);
    expect(requireWithin(prompt, { maximumMedia: 8, maximumTokens: 1000 })).toBe(prompt);
  });
});

describe("pictures kept apart from their sentences", () => {
  it("stand before their own sentence, in the sentences' order and not their own (F1.1, F4.12)", () => {
    const [first, second] = [{ image: picture(0) }, { image: picture(1) }];
    const document = placeMedia(
      ["zero", "one", "two"],
      [
        { medium: first, before: 2 },
        { medium: second, before: 1 },
      ],
    );
    expect(document).toEqual([{ text: "zero" }, second, { text: "one" }, first, { text: "two" }]);
    const cut = truncate(interleave(document, tokenizer), { maximumMedia: 1, maximumTokens: 99 });
    expect(cut.media).toEqual([second]);
  });

  it("are refused beyond the last sentence", () => {
    expect(() => placeMedia(["a"], [{ medium: { image: picture(0) }, before: 2 }])).toThrow(RangeError);
  });
});

describe("the drawn augmentations", () => {
  it("look at the next picture in half of the pages and add a space to half of the pairs (2.4, appendix B)", () => {
    const random = new Random("coin");
    const pages = Array.from({ length: 1000 }, () => drawText("page", random));
    const pairs = Array.from({ length: 1000 }, () => drawText("pair", random));
    expect(pages.filter(({ placement }) => placement === "next").length / 1000).toBeCloseTo(0.5, 1);
    expect(pairs.filter(({ leadingSpace }) => leadingSpace).length / 1000).toBeCloseTo(0.5, 1);
    expect(pages.some((options) => "leadingSpace" in options)).toBe(false);
  });
});
