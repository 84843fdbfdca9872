/**
 * What bytes look like, whatever the name they came under.
 */

/** Each kind with a way to recognise it, and the words an error uses for it. */
const KINDS = {
  png: { words: "a PNG image", is: (b) => starts(b, [0x89, 0x50, 0x4e, 0x47]) },
  jpeg: { words: "a JPEG image", is: (b) => starts(b, [0xff, 0xd8, 0xff]) },
  gif: { words: "a GIF image", is: (b) => ascii(b, 0, "GIF8") },
  webp: { words: "a WebP image", is: (b) => ascii(b, 0, "RIFF") && ascii(b, 8, "WEBP") },
  avif: { words: "an AVIF or HEIF image", is: (b) => ascii(b, 4, "ftyp") && /^(avi|hei|mif)/.test(text(b, 8, 12)) },
  bmp: { words: "a BMP image", is: (b) => ascii(b, 0, "BM") && b[6] === 0 && b[7] === 0 },
  tiff: { words: "a TIFF image", is: (b) => starts(b, [0x49, 0x49, 42, 0]) || starts(b, [0x4d, 0x4d, 0, 42]) },
  ico: { words: "a Windows icon", is: (b) => starts(b, [0, 0, 1, 0]) },
  netpbm: { words: "a Netpbm image", is: (b) => /^P[1-7]\s/.test(text(b, 0, 3)) },
  mp4: { words: "an MP4 video", is: (b) => ascii(b, 4, "ftyp") },
  webm: { words: "a WebM or Matroska video", is: (b) => starts(b, [0x1a, 0x45, 0xdf, 0xa3]) },
  wav: { words: "a WAV sound", is: (b) => ascii(b, 0, "RIFF") && ascii(b, 8, "WAVE") },
  pdf: { words: "a PDF document", is: (b) => ascii(b, 0, "%PDF") },
  zip: { words: "a ZIP archive", is: (b) => ascii(b, 0, "PK") },
  gzip: { words: "gzip-compressed data", is: (b) => starts(b, [0x1f, 0x8b]) },
  tar: { words: "a tar archive", is: (b) => ascii(b, 257, "ustar") },
  svg: { words: "an SVG drawing", is: (b) => /^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<svg/is.test(text(b, 0, 512)) },
  html: {
    words: "an HTML page",
    is: (b) => /^\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body)/is.test(text(b, 0, 512)),
  },
  json: { words: "JSON text", is: (b) => isText(b) && /^\s*(\{\s*["}]|\[\s*["{[\d\]])/.test(text(b, 0, 64)) },
  text: { words: "plain text", is: (b) => b.length > 0 && isText(b) },
  empty: { words: "an empty file", is: (b) => b.length === 0 },
  unknown: { words: "bytes of no kind we know", is: () => true },
} as const satisfies Record<string, { readonly words: string; is(bytes: Uint8Array): boolean }>;

export type Kind = keyof typeof KINDS;

/** The kind of some bytes, by their first few hundred; `unknown` when nothing fits. */
export function sniff(bytes: Uint8Array): Kind {
  return (Object.keys(KINDS) as Kind[]).find((kind) => KINDS[kind].is(bytes)) ?? "unknown";
}

/** A kind in words, with its article: "an HTML page". */
export function kindInWords(kind: Kind): string {
  return KINDS[kind].words;
}

function starts(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

function ascii(bytes: Uint8Array, at: number, word: string): boolean {
  return text(bytes, at, at + word.length) === word;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** No control characters but tab, line feed, form feed, carriage return and escape in the first 512 bytes. */
function isText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 512).every((byte) => byte >= 32 || [9, 10, 12, 13, 27].includes(byte));
}
