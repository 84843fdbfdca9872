/** Which elements of a measured page hold its matter, and which elements in those are its frame after all. */

import type { Strictness } from "./measure.js";
import { isInline, type Names } from "./parts.js";
import { attribute, following, type Measures, type TreeNode } from "./tree.js";

/** An ancestor is taken instead where its paragraphs are worth this many times as much. */
const WORTH_CLIMBING = 1.5;

/** Brothers of the matter are matter where they are worth this share of it. */
const BROTHER = 0.1;

/** The share of an element's text that is links. */
export function linkDensity({ chars, linkChars }: Measures): number {
  return chars === 0 ? 0 : linkChars / chars;
}

/** The elements that hold the matter: brothers, in order. `body` itself where nothing in it stands out. */
export function chooseContent(body: TreeNode): readonly TreeNode[] {
  let best: TreeNode | undefined;
  let bestScore = 0;
  for (
    let node: TreeNode | undefined = body;
    node !== undefined;
    node = following(node, body, node.measures !== undefined)
  ) {
    if (node.measures === undefined || isInline(node.name)) continue;
    const score = node.measures.score * (1 - linkDensity(node.measures));
    if (score > bestScore) {
      best = node;
      bestScore = score;
    }
  }
  if (best?.measures === undefined) return [body];
  let matter: TreeNode = best;
  let worth = best.measures.worth;
  for (let at = best.parent; at?.measures !== undefined; at = at === body ? undefined : at.parent) {
    if (at.measures.worth >= WORTH_CLIMBING * worth && linkDensity(at.measures) < 0.5) {
      matter = at;
      worth = at.measures.worth;
    }
  }
  return matter === body || matter.parent === undefined ? [matter] : withBrothers(matter, worth);
}

function withBrothers(matter: TreeNode, worth: number): readonly TreeNode[] {
  const brothers: TreeNode[] = [];
  for (let node = matter.parent?.first; node !== undefined; node = node.next) {
    if (node.kind === "text" || node.measures !== undefined) brothers.push(node);
  }
  const isMatter = brothers.map((node) => node === matter || joins(node, matter, worth));
  let from = isMatter.indexOf(true);
  let to = isMatter.lastIndexOf(true);
  // A picture over the matter or under it stands at its level.
  while (from > 0 && isPicture(brothers[from - 1])) from -= 1;
  while (to + 1 < brothers.length && isPicture(brothers[to + 1])) to += 1;
  return brothers.filter((node, at) => at >= from && at <= to && (isMatter[at] === true || fills(node)));
}

/** Whether a brother of the matter is matter by its own text. */
function joins(node: TreeNode, matter: TreeNode, worth: number): boolean {
  const { measures } = node;
  if (measures === undefined) return false;
  const density = linkDensity(measures);
  if (measures.worth >= BROTHER * worth && density < 0.3) return true;
  if (measures.worth > 0 && density < 0.25 && isAlike(node, matter)) return true;
  return node.name === "p" && measures.chars > 80 && density < 0.25;
}

/** Whether two elements have the same name and the same classes, if any: parts of one text made by one template. */
function isAlike(one: TreeNode, other: TreeNode): boolean {
  const classes = attribute(one, "class") ?? "";
  return one.name === other.name && classes !== "" && classes === attribute(other, "class");
}

/** Whether what stands between two parts of the matter goes with them: headings, pictures, words without links. */
function fills(node: TreeNode): boolean {
  const { measures } = node;
  return measures === undefined || isPicture(node) || linkDensity(measures) < 0.25;
}

function isPicture(node: TreeNode | undefined): boolean {
  if (node?.kind === "text") return !/\S/.test(node.data);
  const { measures } = node ?? {};
  return measures !== undefined && measures.images > measures.linkedImages && measures.chars < 200;
}

const CONTAINERS = new Set(
  "div section ul ol dl table form fieldset header footer aside details center figure".split(" "),
);

/** Whether an element inside the matter is frame: lists of links, forms, buttons to share. Sums decide, so each costs the same. */
export function isBoilerplate(node: TreeNode, names: Names, strictness: Strictness): boolean {
  const { measures } = node;
  if (measures === undefined) return true;
  if (strictness === "all") return false;
  const sense = names.of(node);
  if (strictness === "names" && sense.share && measures.chars < 500 && node.name !== "a") return true;
  if (!CONTAINERS.has(node.name)) return false;
  const { chars, images, linkedImages, items, paragraphs } = measures;
  if (chars === 0) return images > 1 && linkedImages === images && strictness === "names";
  if (measures.commas >= 10) return false;
  const density = linkDensity(measures);
  const listed = node.name === "ul" || node.name === "ol" || items > paragraphs;
  // One picture that is a link is shown larger there; several are a choice of other pages.
  const pictured = images > linkedImages || images === 1;
  if (density > (listed || sense.matter ? 0.5 : 0.33) && !pictured) return true;
  return strictness === "names" && !sense.matter && images === 0 && chars < 25 && density > 0;
}
