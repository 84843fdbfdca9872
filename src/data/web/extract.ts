/**
 * A web page's bytes to its salient text with the pictures found at the same level of the tree, in the order of the document:
 * the first steps of M3W (A.3.1).
 */
import { chooseContent } from "./content.js";
import { decode } from "./decode.js";
import { measure, type Strictness } from "./measure.js";
import type { ExtractedPage, ExtractOptions, NotAPage, PageSegment } from "./page.js";
import { Names } from "./parts.js";
import { readHead } from "./title.js";
import { parseTree } from "./tree.js";
import { write } from "./write.js";

const MAX_NODES = 1_000_000;

/**
 * Matter of this many characters is enough; with less, the page is read again with less held for its frame, what its markup
 * calls so only where there is nothing else.
 */
const ENOUGH = 500;

/** What a looser reading must give, in characters of the stricter one's, to be taken. */
const LOOSER_GIVES = 2;

const STRICTNESSES: readonly Strictness[] = ["names", "markup", "all"];

/** Reads a page. Never throws on bytes, whatever they are; time and memory are bounded by their number and by `maxNodes`. */
export function extract(html: Uint8Array, options: ExtractOptions = {}): ExtractedPage {
  const binary = isBinary(html);
  if (html.length === 0 || binary) return refuse(binary ? "binary" : "empty", "utf-8", 0);
  const decoded = decode(html, options.contentType);
  const { document, truncated } = parseTree(decoded.html, options.maxNodes ?? MAX_NODES);
  const { title, language, base, body } = readHead(document);
  const own = options.url;
  const from = base !== undefined && URL.canParse(base, own) ? new URL(base, own).href : own;

  let segments: PageSegment[] = [];
  let weight = 0;
  if (body !== undefined) {
    const names = new Names();
    for (const strictness of STRICTNESSES) {
      measure(body, names, strictness);
      const found = write(chooseContent(body), { names, strictness, title, base: from });
      const foundWeight = weigh(found);
      if (foundWeight > LOOSER_GIVES * weight) {
        segments = found;
        weight = foundWeight;
      }
      if (weight >= ENOUGH || (weight > 0 && strictness === "markup")) break;
    }
  }
  const about = {
    encoding: decoded.encoding,
    damaged: decoded.damaged,
    ...(language === undefined ? {} : { language }),
  };
  if (segments.length === 0) return { ...about, title, segments, truncated, refused: "no content" };
  return { ...about, title, segments, truncated };
}

function refuse(refused: NotAPage, encoding: string, damaged: number): ExtractedPage {
  return { title: "", segments: [], refused, encoding, damaged, truncated: false };
}

/** Characters of the texts; a picture is worth a short line. */
function weigh(segments: readonly PageSegment[]): number {
  return segments.reduce((sum, segment) => sum + ("text" in segment ? segment.text.length : 25), 0);
}

/** Bytes with which files of other kinds begin, whatever they were served as. */
const SIGNATURES = [
  "%PDF-",
  "\x89PNG",
  "GIF8",
  "\xff\xd8\xff",
  "PK\x03\x04",
  "\x1f\x8b\x08",
  "Rar!",
  "7z\xbc\xaf",
  "\x7fELF",
  "OggS",
  "ID3",
  "wOFF",
  "wOF2",
  "\0asm",
  "\xd0\xcf\x11\xe0",
  "BZh",
  "\xfd7zXZ",
  "{\\rtf",
];

/** "A resource is binary" as browsers sniff it: a known signature, or control bytes that no text has, but in UTF-16. */
function isBinary(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1445)).toString("latin1");
  if (SIGNATURES.some((signature) => start.startsWith(signature))) return true;
  if (/^(?:\xff\xfe|\xfe\xff|<\0[!?a-z]\0|\0<\0[!?a-z])/i.test(start)) return false;
  if (/<(?:!doctype|html|head|body|p|div)\b/i.test(start)) return false;
  for (let at = 0; at < start.length; at += 1) if (isControl(start.charCodeAt(at))) return true;
  return false;
}

/** No tab, no line's end, no form feed, no escape. */
function isControl(code: number): boolean {
  return code < 0x20 && code !== 9 && code !== 10 && code !== 12 && code !== 13 && code !== 27;
}
