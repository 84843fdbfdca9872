/** The measures in the pages are those that were measured. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nanoSuite, type Report } from "../../src/evaluation/index.js";
import { MEASURED_PAGES, measuresTable, measuresText, withMeasures } from "../../tools/measures.js";
import { ROOT } from "../support/markdown.js";

const report: Report = {
  model: "nano",
  measures: [
    { name: "caption-known", value: 0.5, low: 0.456, high: 0.544, episodes: 500 },
    { name: "bind5-hand-1", value: null, reason: "no handwriting" },
  ],
};

describe("the table of measures", () => {
  it("has a line for each measure, those that were not taken among them", () => {
    const lines = measuresTable(report, nanoSuite).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[2]).toContain("| 50.0 | 45.6 to 54.4 |");
    expect(lines[3]).toContain("not measured");
  });

  it("takes its place in a page and leaves the rest alone", () => {
    const page = "before\n<!-- measures -->\nold\n<!-- /measures -->\nafter\n";
    expect(withMeasures(page, "new $1\n")).toBe("before\n<!-- measures -->\nnew $1\n<!-- /measures -->\nafter\n");
  });

  it.each(MEASURED_PAGES)("is in %s as it was measured", async (path) => {
    const page = readFileSync(join(ROOT, path), "utf8");
    expect(page).toContain("<!-- measures -->");
    expect(withMeasures(page, await measuresText(ROOT)), "npm run measures").toBe(page);
  });
});
