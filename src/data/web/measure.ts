/** One walk over a page that measures every element read: what the choice of its main content rests on. */
import { isDot, isImage, onlyImage, sourceOf } from "./images.js";
import { isFrame, isInline, isUnseen, type Names } from "./parts.js";
import { attribute, type Measures, parsePart, TreeNode } from "./tree.js";

/** How much of a page is held for its frame: also by names, by markup alone, or nothing. */
export type Strictness = "names" | "markup" | "all";

/** Shorter blocks are labels, not paragraphs. */
const PARAGRAPH = 25;

/** Links into the same page are contents lists and notes, less of a sign of a frame. */
const OWN_PAGE_LINK = 0.3;

/** Shares of a paragraph's worth that its ancestors get, from the nearest. */
const SHARES = [1, 1 / 2, 1 / 6, 1 / 9, 1 / 12];

/** What the kind of an element says before anything in it is read. */
const PRIOR: Readonly<Record<string, number>> = {
  article: 10,
  main: 10,
  div: 5,
  pre: 3,
  td: 3,
  blockquote: 3,
  address: -3,
  ol: -3,
  ul: -3,
  dl: -3,
  dd: -3,
  dt: -3,
  li: -3,
  form: -3,
  th: -5,
  h1: -5,
  h2: -5,
  h3: -5,
  h4: -5,
  h5: -5,
  h6: -5,
};
const OF_NAMES = 25;

/**
 * Gives each element under `body` that a reader meets its `measures`; those of all others are undefined. Pictures in
 * `noscript` take the place of the stand-ins before them.
 */
export function measure(body: TreeNode, names: Names, strictness: Strictness): void {
  let link: { readonly node: TreeNode; readonly weight: number } | undefined;
  let matter = 0;
  let node: TreeNode = body;
  for (;;) {
    let enter = false;
    if (node.kind === "element") {
      if (node.name === "noscript") revealNoscript(node);
      else if (node === body || isRead(node, names, strictness, matter > 0)) {
        node.measures = empty();
        if (isMatter(node)) matter += 1;
        if (link === undefined && node.name === "a") link = linkOf(node);
        if (isImage(node)) countImage(node, link !== undefined);
        else if (node.first === undefined) leave(node, names, strictness);
        else enter = true;
        if (!enter) {
          if (isMatter(node)) matter -= 1;
          if (link?.node === node) link = undefined;
        }
      } else node.measures = undefined;
    } else if (node.kind === "text") countText(node, link?.weight ?? 0);
    if (enter && node.first !== undefined) {
      node = node.first;
      continue;
    }
    while (node.next === undefined || node === body) {
      if (node === body) return;
      node = node.parent ?? body;
      leave(node, names, strictness);
      if (isMatter(node)) matter -= 1;
      if (link?.node === node) link = undefined;
      if (node === body) return;
    }
    node = node.next;
  }
}

function isMatter(node: TreeNode): boolean {
  return node.name === "article" || node.name === "main" || node.name === "section";
}

function isRead(node: TreeNode, names: Names, strictness: Strictness, inMatter: boolean): boolean {
  if (isUnseen(node)) return false;
  if (strictness === "all") return true;
  if (isFrame(node, inMatter)) return false;
  if (strictness === "markup" || node.name === "a" || isImage(node)) return true;
  return !names.of(node).frame;
}

function linkOf(node: TreeNode): { readonly node: TreeNode; readonly weight: number } | undefined {
  const address = attribute(node, "href");
  if (address === undefined) return undefined;
  return { node, weight: address.startsWith("#") ? OWN_PAGE_LINK : 1 };
}

/**
 * What a page gives browsers without scripts is mostly the picture that a script would put there later. It takes the place of
 * the stand-in just before it: an image without an address, an image alone in its element, or both, one over the other.
 */
function revealNoscript(noscript: TreeNode): void {
  const { first, parent } = noscript;
  if (first?.kind !== "text" || parent === undefined || !/<img[\s/]/i.test(first.data)) return;
  const image = onlyImage(parsePart(first.data));
  noscript.first = undefined;
  noscript.last = undefined;
  if (image === undefined || isDot(image)) return;
  let before = elementBefore(noscript);
  let place: TreeNode | undefined;
  if (before !== undefined && isImage(before) && sourceOf(before) === undefined) {
    place = before;
    before = elementBefore(before);
  }
  const covered = before === undefined ? undefined : onlyImage(before);
  if (covered?.measures !== undefined && (place === undefined || fileOf(covered) === fileOf(image))) {
    takePlace(covered, image);
  } else if (place?.measures !== undefined) takePlace(place, image);
  else {
    const shown = new TreeNode("element", "img", noscript.namespace, image.attributes, "");
    shown.parent = parent;
    shown.previous = noscript;
    shown.next = noscript.next;
    if (noscript.next === undefined) parent.last = shown;
    else noscript.next.previous = shown;
    noscript.next = shown;
  }
}

function elementBefore(node: TreeNode): TreeNode | undefined {
  let before = node.previous;
  while (before?.kind === "text" && !/\S/.test(before.data)) before = before.previous;
  return before?.kind === "element" ? before : undefined;
}

function takePlace(standIn: TreeNode, image: TreeNode): void {
  const alt = standIn.attributes.filter(({ name }) => name === "alt" && attribute(image, "alt") === undefined);
  standIn.attributes = [...image.attributes, ...alt];
}

/** The name of a picture's file, which is the same in several sizes. */
function fileOf(image: TreeNode): string | undefined {
  return /([^/?#]+)(?:[?#].*)?$/s.exec((sourceOf(image) ?? "").slice(0, 4096))?.[1];
}

function empty(): Measures {
  return {
    chars: 0,
    linkChars: 0,
    commas: 0,
    images: 0,
    linkedImages: 0,
    paragraphs: 0,
    items: 0,
    inputs: 0,
    ownChars: 0,
    ownLinkChars: 0,
    ownCommas: 0,
    blocks: 0,
    score: 0,
    worth: 0,
  };
}

function countImage(image: TreeNode, linked: boolean): void {
  const { measures } = image;
  if (measures === undefined) return;
  measures.images = 1;
  measures.linkedImages = linked ? 1 : 0;
  addTo(image.parent?.measures, measures, true);
}

function countText(text: TreeNode, link: number): void {
  const measures = text.parent?.measures;
  if (measures === undefined) return;
  const { data } = text;
  let chars = 0;
  let commas = 0;
  let space = true;
  for (let at = 0; at < data.length; at += 1) {
    const code = data.charCodeAt(at);
    if (code === 32 || (code >= 9 && code <= 13)) {
      if (!space) chars += 1;
      space = true;
      continue;
    }
    space = false;
    chars += 1;
    // Commas of Latin, Arabic and East Asian writing.
    if (code === 0x2c || code === 0x60c || code === 0x3001 || code === 0xff0c) commas += 1;
  }
  if (space && chars > 0) chars -= 1;
  measures.chars += chars;
  measures.commas += commas;
  measures.linkChars += chars * link;
  measures.ownChars += chars;
  measures.ownCommas += commas;
  measures.ownLinkChars += chars * link;
}

function addTo(into: Measures | undefined, from: Measures, inline: boolean): void {
  if (into === undefined) return;
  into.chars += from.chars;
  into.linkChars += from.linkChars;
  into.commas += from.commas;
  into.images += from.images;
  into.linkedImages += from.linkedImages;
  into.paragraphs += from.paragraphs;
  into.items += from.items;
  into.inputs += from.inputs;
  into.blocks += from.blocks;
  into.worth += from.worth;
  if (!inline) return;
  into.ownChars += from.ownChars;
  into.ownCommas += from.ownCommas;
  into.ownLinkChars += from.ownLinkChars;
}

/** When all in an element has been met: its worth as a paragraph goes to its ancestors, its sums to its parent. */
function leave(node: TreeNode, names: Names, strictness: Strictness): void {
  const { measures } = node;
  if (measures === undefined) return;
  if (node.name === "li") measures.items += 1;
  const inline = isInline(node.name);
  if (!inline) {
    if (measures.ownChars >= PARAGRAPH) {
      const own = 1 + measures.ownCommas + Math.min(3, Math.floor(measures.ownChars / 100));
      const worth = own * (1 - measures.ownLinkChars / measures.ownChars);
      measures.paragraphs += 1;
      measures.worth += worth;
      // Words loose between blocks are paragraphs of the element itself.
      let at = measures.blocks > 0 || node.parent?.measures === undefined ? node : node.parent;
      for (const share of SHARES) {
        if (at.measures === undefined) break;
        at.measures.score += worth * share;
        if (at.parent === undefined) break;
        at = at.parent;
      }
    }
    measures.blocks += 1;
    if (measures.score > 0) measures.score += prior(node, names, strictness);
  }
  addTo(node.parent?.measures, measures, inline);
}

function prior(node: TreeNode, names: Names, strictness: Strictness): number {
  let score = PRIOR[node.name] ?? 0;
  if (strictness === "names") {
    const { frame, matter } = names.of(node);
    if (frame) score -= OF_NAMES;
    if (matter) score += OF_NAMES;
  }
  return score;
}
