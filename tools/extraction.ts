/**
 * How well pages are read: `npm run extraction`. Reads the pages of `../shared/data/html_readability`, whose answers are those
 * of Mozilla's Readability, and writes `docs/extraction.md`. No figure in it is typed by hand.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { extract } from "#dist/data/web/extract.js";

export const EXTRACTION_PAGE = "docs/extraction.md";

/** Where the pages' own program served them from. */
const ADDRESS = "http://fakehost/test/page.html";

/** How one page was read. */
export interface PageResult {
  readonly name: string;
  /** Words of the answer. */
  readonly words: number;
  readonly precision: number;
  readonly recall: number;
  /** Of words as a bag: twice those in both, over those of both. */
  readonly f1: number;
  readonly images: number;
  /** Whether the addresses of the images are the answer's, in its order. */
  readonly imagesExact: boolean;
  readonly titleExact: boolean;
}

/** Words in lower case, punctuation left out. */
export function wordsOf(text: string): string[] {
  return text.normalize("NFKC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

/** Precision, recall and F1 of two texts as bags of words. Two empty texts agree. */
export function agreement(found: readonly string[], answer: readonly string[]): { precision: number; recall: number; f1: number } {
  const left = new Map<string, number>();
  for (const word of answer) left.set(word, (left.get(word) ?? 0) + 1);
  let both = 0;
  for (const word of found) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    both += 1;
    left.set(word, count - 1);
  }
  if (found.length + answer.length === 0) return { precision: 1, recall: 1, f1: 1 };
  const share = (of: number) => (of === 0 ? 0 : both / of);
  return { precision: share(found.length), recall: share(answer.length), f1: (2 * both) / (found.length + answer.length) };
}

/** Names of the pages that have both a source and an answer, and of those that lack one. */
export function pagesIn(folder: string): { readonly whole: string[]; readonly lacking: string[] } {
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  const isWhole = (name: string) => ["source.html", "expected.html"].every((file) => existsSync(join(folder, name, file)));
  return { whole: names.filter(isWhole).sort(), lacking: names.filter((name) => !isWhole(name)).sort() };
}

/** Reads one page and holds it against its answer. */
export function readPage(folder: string, name: string): PageResult {
  const file = (part: string) => readFileSync(join(folder, name, part));
  const page = extract(file("source.html"), { url: ADDRESS });
  const answer = answerOf(file("expected.html").toString());
  const { title } = JSON.parse(file("expected-metadata.json").toString()) as { title: string };
  const found = page.segments.flatMap((segment) => ("text" in segment ? wordsOf(segment.text) : []));
  const images = page.segments.flatMap((segment) => ("image" in segment ? [segment.image] : []));
  const wanted = wordsOf(answer.text);
  return {
    name,
    words: wanted.length,
    ...agreement(found, wanted),
    images: answer.images.length,
    imagesExact: images.join("\n") === answer.images.join("\n"),
    titleExact: page.title === title,
  };
}

const IN_WORDS = new Set("a abbr b bdi bdo code em font i kbd mark q s small span strong sub sup tt u var".split(" "));

/** The words and images of an answer, by a walk that shares nothing with what is measured. */
function answerOf(html: string): { text: string; images: string[] } {
  let text = "";
  const images: string[] = [];
  const walk = (node: DefaultTreeAdapterTypes.Node): void => {
    if ("value" in node) text += node.value;
    if (!("childNodes" in node)) return;
    const apart = "tagName" in node && !IN_WORDS.has(node.tagName);
    if (apart) text += " ";
    if ("tagName" in node && node.tagName === "img") {
      const source = node.attrs.find(({ name }) => name === "src")?.value;
      if (source !== undefined) images.push(source.startsWith("data:") ? source : new URL(source, ADDRESS).href);
    }
    node.childNodes.forEach(walk);
    if (apart) text += " ";
  };
  walk(parse(html));
  return { text, images };
}

/** The page of figures. */
export function extractionPage(folder: string): string {
  const { whole, lacking } = pagesIn(folder);
  const results = whole.map((name) => readPage(folder, name));
  const mean = (of: (result: PageResult) => number) => results.reduce((sum, result) => sum + of(result), 0) / results.length;
  const fixed = (share: number) => share.toFixed(3);
  const withImages = results.filter(({ images }) => images > 0);
  const count = (of: (result: PageResult) => boolean) => results.filter(of).length;
  const rows = results.map(({ name, words, precision, recall, f1, images, imagesExact, titleExact }) =>
    [name, words, fixed(precision), fixed(recall), fixed(f1), images, imagesExact ? "exact" : "**not**", titleExact ? "exact" : "not"].join(" | "),
  );
  const worst = Math.min(...results.map(({ f1 }) => f1));
  return `# How well pages are read

\`npm run extraction\` wrote this page. It reads ${whole.length} pages of the tests of Mozilla's Readability (Apache-2.0) from
\`../shared/data/html_readability\` with \`extract\` and holds what comes out against their expected output.${
    lacking.length === 0 ? "" : ` Of ${lacking.join(", ")} there is an expected output and no source, so it cannot be read.`
  }

**F1** is of words as a bag: lower case, runs of letters, marks and digits after NFKC; twice the words in both, over the words
of both. **Images** are exact where the list of resolved addresses, in order, is the answer's; of ${withImages.length} pages it is not empty. The
title is kept apart from the text, so it counts in neither; it is exact where it is the one Readability gives.

Mean F1 **${fixed(mean(({ f1 }) => f1))}**, the worst page ${fixed(worst)}; precision ${fixed(mean(({ precision }) => precision))}, recall ${fixed(mean(({ recall }) => recall))}. Images exact on **${count(({ imagesExact }) => imagesExact)} of ${results.length}** pages,
titles on ${count(({ titleExact }) => titleExact)}.

| page | words | precision | recall | F1 | images | in order | title |
|---|---|---|---|---|---|---|---|
${rows.map((row) => `| ${row} |`).join("\n")}
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(EXTRACTION_PAGE, extractionPage(process.argv[2] ?? "../shared/data/html_readability"));
}
