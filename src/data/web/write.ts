/** Elements to segments: texts with white space as a reader sees it, pictures where they stand. */
import { isBoilerplate } from "./content.js";
import { addressOf, isDot, isImage, resolve } from "./images.js";
import type { Strictness } from "./measure.js";
import type { PageSegment } from "./page.js";
import { isInline, type Names } from "./parts.js";
import { attribute, type TreeNode, textOf } from "./tree.js";

export interface WriteOptions {
  readonly names: Names;
  readonly strictness: Strictness;
  /** A heading that only says this is left out. */
  readonly title: string;
  readonly base: string | undefined;
}

/** Breaks between words, from none to a new paragraph. */
type Break = "" | " " | "\t" | "\n" | "\n\n";
const ORDER: readonly Break[] = ["", " ", "\t", "\n", "\n\n"];

/** Elements that begin a line, not a paragraph. */
const LINES = new Set(["li", "tr", "dt", "dd", "br", "option", "summary", "figcaption", "caption"]);

/** The segments of elements that are brothers, of which nothing in the frame is written. */
export function write(roots: readonly TreeNode[], options: WriteOptions): PageSegment[] {
  const writer = new Writer();
  for (const root of roots) writeOne(root, writer, options);
  return writer.end();
}

function writeOne(root: TreeNode, writer: Writer, options: WriteOptions): void {
  let pre = 0;
  let node = root;
  for (;;) {
    let enter = false;
    if (node.kind === "text") {
      if (pre > 0) writer.verbatim(node.data);
      else writer.text(node.data);
    } else if (node.measures !== undefined) {
      if (isImage(node)) writeImage(node, writer, options);
      else if (
        node === root ||
        !(isBoilerplate(node, options.names, options.strictness) || isTitle(node, options.title))
      ) {
        writer.break(breakOf(node));
        if (node.name === "pre") pre += 1;
        enter = node.first !== undefined;
        if (!enter && node.name === "pre") pre -= 1;
      }
    }
    if (enter && node.first !== undefined) {
      node = node.first;
      continue;
    }
    while (node === root || node.next === undefined) {
      if (node === root || node.parent === undefined) {
        writer.break(breakOf(root));
        return;
      }
      node = node.parent;
      writer.break(breakOf(node));
      if (node.name === "pre") pre -= 1;
    }
    node = node.next;
  }
}

function breakOf({ kind, name }: TreeNode): Break {
  if (kind === "text") return "";
  if (name === "td" || name === "th") return "\t";
  if (LINES.has(name)) return "\n";
  return isInline(name) ? "" : "\n\n";
}

function writeImage(image: TreeNode, writer: Writer, { base }: WriteOptions): void {
  if (isDot(image)) return;
  const source = addressOf(image);
  const address = source === undefined ? undefined : resolve(source, base);
  if (address !== undefined) writer.image(address, (attribute(image, "alt") ?? "").trim());
}

function isTitle(node: TreeNode, title: string): boolean {
  if ((node.name !== "h1" && node.name !== "h2") || title === "") return false;
  if ((node.measures?.chars ?? 0) > 2 * title.length) return false;
  return bare(textOf(node)) === bare(title);
}

/** Letters and digits alone, to compare. */
function bare(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

class Writer {
  readonly #segments: PageSegment[] = [];
  #text = "";
  #break: Break = "";
  #lastImage: string | undefined;

  /** At least this much between what was written and what follows. A second line's end makes a paragraph. */
  break(wanted: Break): void {
    if (ORDER.indexOf(wanted) > ORDER.indexOf(this.#break)) this.#break = wanted;
  }

  #put(words: string): void {
    if (this.#text !== "") this.#text += this.#break;
    this.#text += words;
    this.#break = "";
    this.#lastImage = undefined;
  }

  text(data: string): void {
    const collapsed = data.replace(/[ \t\n\f\r\u00a0]+/g, " ");
    if (collapsed === "" || collapsed === " ") {
      if (collapsed !== "") this.break(" ");
      return;
    }
    const from = collapsed.startsWith(" ") ? 1 : 0;
    const to = collapsed.endsWith(" ") ? collapsed.length - 1 : collapsed.length;
    if (from === 1) this.break(" ");
    this.#put(collapsed.slice(from, to));
    if (to < collapsed.length) this.break(" ");
  }

  verbatim(data: string): void {
    const lines = data.replace(/\r\n?/g, "\n");
    const trimmed = this.#break === "\n\n" || this.#text === "" ? lines.replace(/^\n+/, "") : lines;
    if (trimmed !== "" && (this.#text !== "" || /\S/.test(trimmed))) this.#put(trimmed);
  }

  image(image: string, alt: string): void {
    // The same picture again in the same line is the page's second way of showing it.
    if (this.#lastImage === image && ORDER.indexOf(this.#break) < ORDER.indexOf("\n")) return;
    this.#flush();
    this.#segments.push({ image, alt });
    this.#lastImage = image;
  }

  #flush(): void {
    const text = this.#text.trim();
    if (text !== "") this.#segments.push({ text });
    this.#text = "";
    this.#break = "";
  }

  end(): PageSegment[] {
    this.#flush();
    return this.#segments;
  }
}
