/** What the documents promise: their fenced blocks, and their links. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/**
 * A fenced block, and the instruction in a comment above it: `<!-- run: with --steps 2 -->`, `<!-- output -->`,
 * `<!-- from: src/graph/value.ts -->`.
 */
export interface Block {
  /** From the root of the repository. */
  readonly page: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  readonly comment: string | undefined;
}

/** Every page of markdown that is ours, from the root of the repository. */
export const PAGES: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...["docs", "bench", "examples", "models", "src"].flatMap((folder) =>
    existsSync(join(ROOT, folder))
      ? readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
          .filter((path) => path.endsWith(".md") && !path.includes("node_modules"))
          .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
      : [],
  ),
].sort();

export const textOf = (page: string): string => readFileSync(join(ROOT, page), "utf8");

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  const fences = /^(?:<!-- ?([^>]*?) ?-->\n+)?(```|~~~)(\w*)[^\n]*\n([\s\S]*?)^\2$/gm;
  return [...text.matchAll(fences)].map((match) => {
    const [, comment, , language, code] = match;
    const before = text.slice(0, match.index! + match[0].indexOf(code!, match[0].indexOf("\n")));
    return { page, line: before.split("\n").length, language: language!, code: code!, comment };
  });
}

/** The commands of a shell block: a line each, lines that end in a backslash joined, comments left out. */
export function commandsOf(code: string): string[] {
  return code
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Links of a page that lead into the repository: `docs/errors.md#codes`. */
export function linksOf(page: string): string[] {
  const prose = textOf(page).replaceAll(/^(```|~~~)[\s\S]*?^\1$/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!).filter((link) => !/^[a-z]+:/.test(link));
}

/** Names of a page's headings as links write them. */
export function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
}
