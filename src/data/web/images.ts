/** Which file an image element means: pages hide it from the browser until the reader comes near. */
import { attribute, following, type TreeNode } from "./tree.js";

/** Attributes in which scripts that load late keep the address, most trusted first. */
const LATE = [
  "data-src",
  "data-lazy-src",
  "data-original",
  "data-lazy",
  "data-hi-res-src",
  "data-full-src",
  "data-image",
  "data-url",
];
const LATE_SETS = ["data-srcset", "data-lazy-srcset"];

/** A picture's width that is enough: of a `srcset` the narrowest file that has it is taken. */
const WIDE_ENOUGH = 640;

/** No address of a file is longer; longer values are data. Keeps expressions that look back from looking far. */
const LONGEST_ADDRESS = 4096;

/** Data URLs shorter than this are one grey pixel or its like. */
const SMALLEST_DATA = 200;

/** Blanks, spinners and their like by a word in the name of the file, which ends as pictures do. */
const STAND_IN =
  /(?:^|[_.-])(?:blank|spacer|placeholder|transparent|pixel|1x1|loading|loader|spinner|lazy|grey|gray)(?=[_.-])/i;
const PICTURE_FILE = /\.(?:gif|png|jpe?g|svg|webp)$/i;

/** In an address of a picture: its ending. */
const PICTURE = /\.(?:jpe?g|png|webp|gif|avif)(?:[?#]|$)/i;

/** Whether an element is a picture: `img`, which is also what the standard makes of `image`, and AMP's. */
export function isImage(node: TreeNode): boolean {
  return node.name === "img" || node.name === "amp-img";
}

/** The address an image element means, or that of its stand-in where it shows no other; whoever sees the picture will know. */
export function addressOf(image: TreeNode): string | undefined {
  const source = sourceOf(image);
  if (source !== undefined) return source;
  const src = attribute(image, "src")?.trim() ?? "";
  return src === "" ? undefined : src;
}

/**
 * The address an image element means, not yet resolved; undefined where it has none but a stand-in's. In this order: addresses kept for late
 * loading, `src` if it is no stand-in, `srcset`, the `source`s of the `picture` around it, any other `data-` attribute with
 * a picture's address.
 */
export function sourceOf(image: TreeNode): string | undefined {
  for (const name of LATE) {
    const value = attribute(image, name)?.trim();
    if (value !== undefined && isAddress(value)) return value;
  }
  const src = attribute(image, "src")?.trim() ?? "";
  if (src !== "" && !isStandIn(src)) return src;
  for (const name of [...LATE_SETS, "srcset"]) {
    const chosen = fromSet(attribute(image, name));
    if (chosen !== undefined) return chosen;
  }
  if (image.parent?.name === "picture") {
    for (let source = image.parent.first; source !== undefined; source = source.next) {
      if (source.name !== "source") continue;
      for (const name of [...LATE_SETS, "srcset"]) {
        const chosen = fromSet(attribute(source, name));
        if (chosen !== undefined) return chosen;
      }
    }
  }
  for (const { name, value } of image.attributes) {
    if (!name.startsWith("data-") || value.length > LONGEST_ADDRESS) continue;
    if (isPicture(value.trim())) return value.trim();
    const chosen = name.endsWith("set") ? fromSet(value) : undefined;
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

/** A value of a late attribute may also be a colour, a number or JSON. */
function isAddress(value: string): boolean {
  if (value === "" || isStandIn(value)) return false;
  if (/^data:image\//i.test(value)) return true;
  return !/[\s{}<>"]/.test(value) && (value.includes("/") || isPicture(value));
}

function isPicture(address: string): boolean {
  return !/\s/.test(address) && PICTURE.test(address);
}

function isStandIn(address: string): boolean {
  if (/^data:/i.test(address)) return address.length < SMALLEST_DATA || /^data:image\/svg/i.test(address);
  if (address.length > LONGEST_ADDRESS || /^(?:about|javascript|blob):/i.test(address)) return true;
  const path = address.split(/[?#]/, 1)[0]!;
  const file = path.slice(path.lastIndexOf("/") + 1);
  return PICTURE_FILE.test(file) && STAND_IN.test(file);
}

/** Of the files of a `srcset` the narrowest that is wide enough, or the widest, or the densest; the first of equals. */
function fromSet(set: string | undefined): string | undefined {
  let best: string | undefined;
  let bestWidth = 0;
  for (const { url, width } of candidates(set ?? "")) {
    if (isStandIn(url)) continue;
    const better = bestWidth >= WIDE_ENOUGH ? width >= WIDE_ENOUGH && width < bestWidth : width > bestWidth;
    if (best === undefined || better) {
      best = url;
      bestWidth = width;
    }
  }
  return best;
}

/** "Parse a srcset attribute": an address ends at white space, or at the commas it ends with; a data URL holds others. */
function* candidates(set: string): Generator<{ url: string; width: number }> {
  const item = /[\s,]*(\S+)/y;
  for (let found = item.exec(set); found !== null; found = item.exec(set)) {
    const whole = found[1] ?? "";
    let end = whole.length;
    while (end > 0 && whole[end - 1] === ",") end -= 1;
    let descriptor = "";
    if (end === whole.length) {
      const comma = set.indexOf(",", item.lastIndex);
      descriptor = set.slice(item.lastIndex, comma < 0 ? set.length : comma);
      item.lastIndex += descriptor.length;
    }
    const [, size, unit] = /(\d+(?:\.\d+)?)([wx])/.exec(descriptor.slice(0, 100)) ?? [];
    // A density says no width: the file for a plain screen is taken for half of what is enough.
    const width = size === undefined ? WIDE_ENOUGH / 2 : unit === "x" ? (Number(size) * WIDE_ENOUGH) / 2 : Number(size);
    if (end > 0) yield { url: whole.slice(0, end), width };
  }
}

/** Whether the page itself says that the picture is a few dots: counters of readers. */
export function isDot(image: TreeNode): boolean {
  return isFew(attribute(image, "width")) && isFew(attribute(image, "height"));
}

function isFew(size: string | undefined): boolean {
  return size !== undefined && /^\s*[0-3](?:px)?\s*$/.test(size);
}

/** Elements around an image that is alone in them, at most: nobody looks through the same ones again for each around them. */
const MOST_AROUND = 50;

/** The one image in an element that holds nothing else to see; undefined where there is none, or more. */
export function onlyImage(root: TreeNode): TreeNode | undefined {
  let only: TreeNode | undefined;
  let looked = 0;
  if (isImage(root)) return root;
  for (let node = following(root, root, true); node !== undefined; node = following(node, root, true)) {
    if (++looked > MOST_AROUND) return undefined;
    if (node.kind === "text" && /\S/.test(node.data)) return undefined;
    if (node.kind !== "element" || !isImage(node)) continue;
    if (only !== undefined) return undefined;
    only = node;
  }
  return only;
}

/**
 * An address made absolute; undefined where it is none that holds a picture.
 * @param base the page's own address, or its `base`
 */
export function resolve(address: string, base: string | undefined): string | undefined {
  if (/^data:image\//i.test(address)) return address;
  if (address.length > LONGEST_ADDRESS || !URL.canParse(address, base)) return undefined;
  const url = new URL(address, base);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
}
