import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../support/markdown.js";

const PAGE = "test/parity/README.md";

it("of what a faithful Flamingo does, the tests that the page of parity names have a title with its number", () => {
  const rows = [...readFileSync(join(ROOT, PAGE), "utf8").matchAll(/^\| (\d+) \|.*\|(.*)\|$/gm)];
  expect(rows.map(([, number]) => Number(number))).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
  const unnamed = rows.flatMap(([, number, tests]) => {
    const files = [...tests!.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file]) =>
      join(ROOT, file!.includes("/") ? file! : join(dirname(PAGE), file!)),
    );
    const named = files.some((file) => new RegExp(`F4\\.${number}\\b`).test(readFileSync(file, "utf8")));
    return named ? [] : [`F4.${number}`];
  });
  expect(unnamed).toEqual([]);
});
