/** `docs/errors.md` is harvested from the source: this test writes it (`npx vitest run test/docs/errors.test.ts -u`) and holds it. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

interface Harvested {
  readonly code: string;
  readonly name: string;
  readonly meaning: string;
  readonly path: string;
}

const texts = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .sort()
  .map((path) => ({ path: `src/${path.replaceAll("\\", "/")}`, text: readFileSync(join(ROOT, "src", path), "utf8") }));

/** Classes with a `code`, and what their comment says of them. */
const errors: readonly Harvested[] = texts.flatMap(({ path, text }) =>
  [...text.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?export class (\w+) extends \w+ \{([\s\S]*?)^\}/gm)].flatMap(
    ([, comment = "", name, body]) => {
      const code = /readonly code = "(\w+)"/.exec(body!)?.[1];
      return code === undefined ? [] : [{ code, name: name!, meaning: sentence(comment), path }];
    },
  ),
);

/** A comment as one paragraph, without its tags. */
function sentence(comment: string): string {
  return comment
    .replaceAll(/^\s*\*? ?/gm, "")
    .replace(/^@\w+[\s\S]*/m, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

const page = [
  "# Errors",
  "",
  "Every error that is meant for people is a `FlamingoError`: its message says what was found and what was expected, `mend` says",
  "what to do about it, `code` is for programs. This page is made from the source by `test/docs/errors.test.ts`.",
  "",
  "| code | class | meaning |",
  "|---|---|---|",
  ...[...errors]
    .sort((a, b) => (a.code < b.code ? -1 : 1))
    .map(
      ({ code, name, meaning, path }) =>
        `| \`${code}\` | [\`${name}\`](../${path}) | ${meaning.replaceAll("|", "\\|")} |`,
    ),
  "",
].join("\n");

describe("errors", () => {
  it("have codes of their own", () => {
    const codes = errors.map(({ code }) => code);
    expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
  });

  it("say in a comment when they are thrown", () => {
    expect(errors.filter(({ meaning }) => meaning === "").map(({ name }) => name)).toEqual([]);
  });

  it("are all harvested: no code is given outside a class", () => {
    const given = texts.flatMap(({ text }) => [...text.matchAll(/readonly code = "(\w+)"/g)].map((match) => match[1]!));
    expect(errors.map(({ code }) => code).sort()).toEqual(given.sort());
  });

  it("are listed in docs/errors.md", async () => {
    await expect(page).toMatchFileSnapshot(join(ROOT, "docs/errors.md"));
  });
});
