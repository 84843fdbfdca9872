/** The reference is the docstrings', and the docstrings say what a caller must know. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Entry, type Item, parseDoc, readEntries } from "../../tools/api/exports.js";
import { referencePages } from "../../tools/api/pages.js";
import { ROOT } from "../support/markdown.js";

const entries = readEntries(ROOT);
const FOLDER = join(ROOT, "docs/reference");

/** Every export with where it is imported from. */
const exported = entries.flatMap((entry) =>
  entry.groups.flatMap(({ items }) => items.map((item): [Entry, Item] => [entry, item])),
);
const namesOf = (wrong: (item: Item) => boolean) =>
  exported.filter(([, item]) => wrong(item)).map(([entry, { name }]) => `${entry.name}: ${name}`);

describe("the reference", () => {
  it("is what the docstrings say; if not, run `npm run reference`", () => {
    const written = readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), "utf8")] as const);
    const made = referencePages(entries);
    expect(written.map(([name]) => name).sort()).toEqual([...made.keys()].sort());
    for (const [name, text] of written) expect(text, `docs/reference/${name}`).toBe(made.get(name));
  });

  it("has a page for every entry point of the package, and a link to every name", () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { exports: object };
    expect(entries).toHaveLength(Object.keys(exports).length);
    const first = referencePages(entries).get("README.md")!;
    for (const [, { name }] of exported) expect(first).toContain(`[${name}](`);
  });

  it("gives every heading of a page an anchor of its own", () => {
    for (const [page, text] of referencePages(entries)) {
      const headings = [...text.matchAll(/^### (.*)$/gm)].map((match) => match[1]!.toLowerCase());
      expect(headings.length, page).toBe(new Set(headings).size);
    }
  });

  it("reads docstrings in their parts", () => {
    const doc = parseDoc(
      "What it is.\n@param x  [rows], with\n  more\n@returns  [rows]\n@throws {E} if not\n@source a paper",
    );
    expect(doc).toEqual({
      text: "What it is.",
      params: [["x", "[rows], with more"]],
      returns: "[rows]",
      throws: ["{E} if not"],
      source: ["a paper"],
    });
    expect(parseDoc("In a line. @source here")).toMatchObject({ text: "In a line.", source: ["here"] });
  });
});

describe("every public name", () => {
  it("has a docstring", () => {
    expect(namesOf(({ doc }) => doc === undefined || doc.text === "")).toEqual([]);
  });

  it("gives shapes by axis name, or says that axes stay or broadcast, where tensors go in or out", () => {
    const says =
      /\[[^\]]*\]|\bbroadcast|\bsame axes\b|\bscalar\b|\baxes of\b|\bits axes\b|\baxes as with\b|\bthe axes\b|\bany axes\b|\bentry by entry\b/i;
    const shapes = ({ doc }: Item) => [doc!.text, doc!.returns, ...doc!.params.map(([, text]) => text)].join(" ");
    expect(namesOf((item) => item.hasValues && item.doc !== undefined && !says.test(shapes(item)))).toEqual([]);
  });

  it("names in its signature only types that are public too, or TypeScript's own", () => {
    const own = new Set(exported.map(([, { name }]) => name));
    const others = ({ types }: Item) =>
      types.filter((type) => !own.has(type) && !(type in globalThis) && !TYPESCRIPT.has(type));
    expect(exported.flatMap(([, item]) => others(item).map((type) => `${item.name}: ${type}`))).toEqual([]);
  });

  it("refers for what it throws to names that are public too", () => {
    const own = new Set(exported.map(([, { name }]) => name));
    const referred = ({ doc }: Item) => doc?.throws.flatMap((what) => /\bas `(\w+)`/.exec(what)?.[1] ?? []) ?? [];
    expect(namesOf((item) => referred(item).some((name) => !own.has(name)))).toEqual([]);
  });

  it("describes parameters that there are", () => {
    const wrong = (item: Item) =>
      item.doc?.params.some(([name]) => item.kind === "function" && !item.parameters.includes(name)) ?? false;
    expect(namesOf(wrong)).toEqual([]);
  });
});

/** Types that the language, or Node, has but no value of that name. */
const TYPESCRIPT = new Set([
  "Record",
  "Readonly",
  "ReadonlyMap",
  "Partial",
  "Pick",
  "Omit",
  "AsyncDisposable",
  "AsyncGenerator",
  "AsyncIterable",
  "Disposable",
  "ArrayLike",
  "ErrorOptions",
  "Generator",
  "Iterable",
  "LookupAddress",
  "infer",
]);
