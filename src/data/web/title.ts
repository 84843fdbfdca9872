/** The title of a page: what its head says for others to show, or its `title` without the site's name. */
import { attribute, following, type TreeNode, textOf } from "./tree.js";

/** Keys of `meta`, most trusted first. */
const KEYS = ["dc:title", "dcterm:title", "dcterms:title", "og:title", "title", "twitter:title", "parsely-title"];

/** No title is longer: a tag that nobody closed makes one of the whole page. In characters. */
const LONGEST = 1000;

/** What sites put between a page's title and their own name. */
const BETWEEN = /\s+[|\-–—\\/>»·:]+\s+/g;

export interface Head {
  readonly title: string;
  /** As declared. */
  readonly language: string | undefined;
  /** The `href` of the first `base`. */
  readonly base: string | undefined;
  readonly body: TreeNode | undefined;
}

/** What stands over the matter of a page. */
export function readHead(document: TreeNode): Head {
  const named = new Map<string, string>();
  let title: string | undefined;
  let heading: string | undefined;
  let base: string | undefined;
  let body: TreeNode | undefined;
  let language: string | undefined;
  for (
    let node = following(document, document, true);
    node !== undefined;
    node = following(node, document, node.name !== "svg")
  ) {
    if (node.kind !== "element") continue;
    if (node.name === "html") language = attribute(node, "lang") ?? attribute(node, "xml:lang");
    else if (node.name === "title") title ??= titleOf(node);
    else if (node.name === "base") base ??= attribute(node, "href");
    else if (node.name === "meta") nameMeta(node, named);
    else if (node.name === "body") body ??= node;
    else if (node.name === "h1") heading ??= titleOf(node);
    if (node.name === "meta" && /^content-language$/i.test(attribute(node, "http-equiv") ?? "")) {
      language ??= attribute(node, "content");
    }
  }
  const told = KEYS.map((key) => named.get(key)).find((value) => value !== undefined);
  const declared = language?.trim();
  return {
    title: told ?? withoutSite(title ?? "", heading),
    language: declared === "" ? undefined : declared,
    base,
    body,
  };
}

function titleOf(node: TreeNode): string {
  const text = textOf(node);
  return text.length > LONGEST ? "" : text;
}

/** `property` says it with more care than `name`; of the same kind the last counts. */
function nameMeta(meta: TreeNode, named: Map<string, string>): void {
  const content = attribute(meta, "content")?.replace(/\s+/g, " ").trim();
  if (content === undefined || content === "" || content.length > LONGEST) return;
  const property = attribute(meta, "property");
  const keys = (property ?? attribute(meta, "name") ?? "").toLowerCase().replaceAll(".", ":");
  for (const key of keys.split(/\s+/)) {
    if (KEYS.includes(key) && (property !== undefined || !named.has(key))) named.set(key, content);
  }
}

function withoutSite(title: string, heading: string | undefined): string {
  if (heading !== undefined && heading !== "" && title.includes(heading) && wordsOf(heading) > 1) return heading;
  let last: RegExpMatchArray | undefined;
  for (const match of title.matchAll(BETWEEN)) last = match;
  if (last?.index === undefined) return title;
  const kept = title.slice(0, last.index);
  return wordsOf(kept) >= 3 && kept.length > title.length - last.index ? kept : title;
}

function wordsOf(text: string): number {
  return text.split(/\s+/).length;
}
