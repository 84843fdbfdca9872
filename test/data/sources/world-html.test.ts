import { describe, expect, it } from "vitest";
import { worldItem } from "../../../src/data/sources/world.js";
import { worldPage } from "../../../src/data/sources/world-files.js";
import { extract } from "../../../src/data/web/extract.js";

/** Where the pages would be served. */
const url = "https://world.example/pages/";
const draw = { seed: "round trip", size: 64 };

describe("a page of the world as HTML", () => {
  it("is read back exactly: every text, every picture, in their order", () => {
    const lost: string[] = [];
    for (let number = 0; number < 1000; number++) {
      const item = worldItem("pages", number, draw);
      if (item.kind !== "pages") throw new Error(item.kind);
      const { html, segments } = worldPage(item, number, draw, (id, n) => `images/${id}-${n + 1}.png`);
      const expected = segments.map((segment) =>
        "text" in segment ? segment : { ...segment, image: new URL(segment.image, url).href },
      );
      const found = extract(Buffer.from(html), { url }).segments;
      if (JSON.stringify(found) !== JSON.stringify(expected))
        lost.push(`${item.id}\n${html}\n${JSON.stringify(found, null, 1)}\n${JSON.stringify(expected, null, 1)}`);
    }
    expect(lost.length, lost[0]).toBe(0);
  });
});
