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
  /** Whether all images of the answer were found, in its order. */
  readonly inOrder: boolean;
  /** Images found that are not in the answer. */
  readonly besides: number;
  readonly titleExact: boolean;
}

/** Words in lower case, punctuation left out. */
export function wordsOf(text: string): string[] {
  return (
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

/** Precision, recall and F1 of two texts as bags of words. Two empty texts agree. */
export function agreement(
  found: readonly string[],
  answer: readonly string[],
): { precision: number; recall: number; f1: number } {
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
  return {
    precision: share(found.length),
    recall: share(answer.length),
    f1: (2 * both) / (found.length + answer.length),
  };
}

/** Names of the pages that have both a source and an answer, and of those that lack one. */
export function pagesIn(folder: string): { readonly whole: string[]; readonly lacking: string[] } {
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
  const isWhole = (name: string) =>
    ["source.html", "expected.html"].every((file) => existsSync(join(folder, name, file)));
  return { whole: names.filter(isWhole).sort(), lacking: names.filter((name) => !isWhole(name)).sort() };
}

/** Reads one page and holds it against its answer. */
export function readPage(folder: string, name: string): PageResult {
  const file = (part: string) => readFileSync(join(folder, name, part));
  const page = extract(file("source.html"), { url: ADDRESS, contentType: "text/html; charset=utf-8" });
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
    ...imagesHeld(images, answer.images),
    titleExact: page.title === title,
  };
}

/** Holds addresses against an answer's images, each of which is named by any of several. */
export function imagesHeld(
  found: readonly string[],
  answer: readonly ReadonlySet<string>[],
): { inOrder: boolean; besides: number } {
  let met = 0;
  for (const image of found) if (answer[met]?.has(image) === true) met += 1;
  return { inOrder: met === answer.length, besides: found.length - met };
}

const IN_WORDS = new Set("a abbr b bdi bdo code em font i kbd mark q s small span strong sub sup tt u var".split(" "));

/** The words and images of an answer, by a walk that shares nothing with what is measured. */
function answerOf(html: string): { text: string; images: ReadonlySet<string>[] } {
  let text = "";
  const images: ReadonlySet<string>[] = [];
  const absolute = (source: string) => (source.startsWith("data:") ? source : new URL(source, ADDRESS).href);
  const walk = (node: DefaultTreeAdapterTypes.Node): void => {
    if ("value" in node) text += node.value;
    if (!("childNodes" in node)) return;
    const apart = "tagName" in node && !IN_WORDS.has(node.tagName);
    if (apart) text += " ";
    if ("tagName" in node && node.tagName === "img") {
      const value = (wanted: string) => node.attrs.find(({ name }) => name === wanted)?.value;
      const sources = [value("src") ?? ""].filter((source) => source !== "");
      const set = (value("srcset") ?? "").split(/,\s+/).map((candidate) => candidate.trim().split(/\s/)[0] ?? "");
      const named = [...sources, ...set.filter((source) => source !== "")];
      if (named.length > 0) images.push(new Set(named.map(absolute)));
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
  const mean = (of: (result: PageResult) => number) =>
    results.reduce((sum, result) => sum + of(result), 0) / results.length;
  const fixed = (share: number) => share.toFixed(3);
  const withImages = results.filter(({ images }) => images > 0);
  const count = (of: (result: PageResult) => boolean) => results.filter(of).length;
  const yes = (holds: boolean) => (holds ? "yes" : "**no**");
  const rows = results.map(({ name, words, precision, recall, f1, images, inOrder, besides, titleExact }) =>
    [name, words, fixed(precision), fixed(recall), fixed(f1), images, yes(inOrder), besides, yes(titleExact)].join(
      " | ",
    ),
  );
  const worst = Math.min(...results.map(({ f1 }) => f1));
  return `# How well pages are read

\`npm run extraction\` wrote this page. It reads ${whole.length} pages of the tests of Mozilla's Readability (Apache-2.0) from
\`../shared/data/html_readability\` with \`extract\` and holds what comes out against their expected output.${
    lacking.length === 0
      ? ""
      : ` Of ${lacking.join(", ")} there is an expected output and no source, so it cannot be read.`
  }

**F1** is of words as a bag: lower case, runs of letters, marks and digits after NFKC; twice the words in both, over the words
of both. **Images** are in order where all of the answer are found in its order, by their resolved addresses, and exact where
none is found besides. The title is kept apart from the text and counts in neither; it is right where it is Readability's.

Mean F1 **${fixed(mean(({ f1 }) => f1))}**, the worst page ${fixed(worst)}; precision ${fixed(mean(({ precision }) => precision))}, recall ${fixed(mean(({ recall }) => recall))}. Images in order on **${count(({ inOrder }) => inOrder)} of
${results.length}** pages (${withImages.length} of them have some), exact on **${count(({ inOrder, besides }) => inOrder && besides === 0)}**; titles right on ${count(({ titleExact }) => titleExact)}.

On \`lazy-image-1\` two pictures come besides: figures as wide as the page, each with a caption, between two parts of the article
and at their level. Readability loses them there and keeps their like on \`keep-images\`; we keep both.

| page | words | precision | recall | F1 | images | in order | besides | title |
|---|---|---|---|---|---|---|---|---|
${rows.map((row) => `| ${row} |`).join("\n")}
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(EXTRACTION_PAGE, extractionPage(process.argv[2] ?? "../shared/data/html_readability"));
}
