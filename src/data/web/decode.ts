/** Bytes of a page to characters, as the HTML standard finds their encoding ("13.2.3 The input byte stream"). */

export interface DecodedPage {
  readonly html: string;
  /** By its name in the Encoding Standard, in lower case. */
  readonly encoding: string;
  /** Where the encoding was found; "guess" where nothing declares it. */
  readonly by: "mark" | "header" | "meta" | "guess";
  /** Places at which the bytes were no characters (U+FFFD). */
  readonly damaged: number;
}

/** The standard looks no further for a declaration. */
const PRESCAN_BYTES = 1024;

/**
 * The characters of a page. In this order: a byte order mark; the `charset` of `contentType`; a `meta` in the first 1024
 * bytes; UTF-8 where the bytes are valid UTF-8; else windows-1252, what western pages without a declaration mean.
 */
export function decode(bytes: Uint8Array, contentType?: string): DecodedPage {
  const marked = markOf(bytes);
  if (marked !== undefined) return decodeAs(bytes.subarray(marked.length), marked.encoding, "mark");
  const served = /;\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;"']+))/i.exec(contentType ?? "");
  const header = nameOf(served?.[1] ?? served?.[2] ?? served?.[3]);
  if (header !== undefined) return decodeAs(bytes, header, "header");
  const meta = prescan(bytes.subarray(0, PRESCAN_BYTES));
  if (meta !== undefined) return decodeAs(bytes, meta, "meta");
  try {
    const html = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { html, encoding: "utf-8", by: "guess", damaged: 0 };
  } catch {
    return decodeAs(bytes, "windows-1252", "guess");
  }
}

function markOf(bytes: Uint8Array): { readonly encoding: string; readonly length: number } | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { encoding: "utf-8", length: 3 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { encoding: "utf-16be", length: 2 };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: "utf-16le", length: 2 };
  return undefined;
}

/** An encoding by any of its labels; undefined of one that is unknown, or that browsers refuse to read. */
function nameOf(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label.trim()).encoding;
  } catch {
    return undefined;
  }
}

function decodeAs(bytes: Uint8Array, encoding: string, by: DecodedPage["by"]): DecodedPage {
  const html = encoding === "windows-1252" ? western(bytes) : new TextDecoder(encoding).decode(bytes);
  let damaged = 0;
  for (let at = html.indexOf("\ufffd"); at >= 0; at = html.indexOf("\ufffd", at + 1)) damaged += 1;
  return { html, encoding, by, damaged };
}

/** The characters of the bytes 0x80 to 0x9f in windows-1252; the others mean what they mean in Latin-1. */
const WESTERN =
  "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
  "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

/** Windows-1252 by hand: some versions of Node read it as Latin-1. */
function western(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return text.replace(/[\x80-\x9f]/g, (character) => WESTERN.charAt(character.charCodeAt(0) - 0x80));
}

/** "Prescan a byte stream to determine its encoding": the first declaration that names an encoding. */
function prescan(bytes: Uint8Array): string | undefined {
  // Every byte that matters is ASCII, so a string of one character a byte serves.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  if (text.startsWith("<\0?\0x\0")) return "utf-16le";
  if (text.startsWith("\0<\0?\0x")) return "utf-16be";
  if (text.startsWith("<?xml")) {
    const declared = /^<\?xml[^>]*?encoding[\s]*=[\s]*(?:"([^"]*)"|'([^']*)')[^>]*>/.exec(text);
    const encoding = declaredName(declared?.[1] ?? declared?.[2]);
    if (encoding !== undefined) return encoding;
  }
  let at = 0;
  while (at < text.length) {
    if (text.startsWith("<!--", at)) {
      const end = text.indexOf("-->", at + 2);
      if (end < 0) return undefined;
      at = end + 3;
    } else if (/^<meta[\t\n\f\r /]/i.test(text.slice(at, at + 6))) {
      const { attributes, end } = attributesAt(text, at + 5);
      const encoding = metaEncoding(attributes);
      if (encoding !== undefined) return encoding;
      at = end + 1;
    } else if (/^<\/?[a-z]/i.test(text.slice(at, at + 3))) {
      const name = /[\t\n\f\r >]/.exec(text.slice(at));
      if (name === null) return undefined;
      at = attributesAt(text, at + name.index).end + 1;
    } else if (/^<[!/?]/.test(text.slice(at, at + 2))) {
      const end = text.indexOf(">", at);
      if (end < 0) return undefined;
      at = end + 1;
    } else {
      const next = text.indexOf("<", at + 1);
      if (next < 0) return undefined;
      at = next;
    }
  }
  return undefined;
}

function metaEncoding(attributes: ReadonlyMap<string, string>): string | undefined {
  const charset = attributes.get("charset");
  if (charset !== undefined) return declaredName(charset);
  if (attributes.get("http-equiv")?.toLowerCase() !== "content-type") return undefined;
  const content = /charset[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)'|([^\t\n\f\r ;"']+))/i.exec(
    attributes.get("content") ?? "",
  );
  return declaredName(content?.[1] ?? content?.[2] ?? content?.[3]);
}

/** Who could read the declaration was not reading UTF-16, whatever it says. */
function declaredName(label: string | undefined): string | undefined {
  if (label?.trim().toLowerCase() === "x-user-defined") return "windows-1252";
  const name = nameOf(label);
  return name === "utf-16le" || name === "utf-16be" ? "utf-8" : name;
}

/** The attributes of a tag from behind its name to its ">", and where that is. The first of a name counts. */
function attributesAt(text: string, from: number): { attributes: Map<string, string>; end: number } {
  const attributes = new Map<string, string>();
  const one =
    /[\t\n\f\r /]*(?:(>)|([^\t\n\f\r />=][^\t\n\f\r />=]*|=[^\t\n\f\r />=]*)(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)'|([^\t\n\f\r >"'][^\t\n\f\r >]*)))?)/y;
  one.lastIndex = from;
  for (;;) {
    const at = one.lastIndex;
    const found = one.exec(text);
    if (found === null) {
      const close = text.indexOf(">", at);
      return { attributes, end: close < 0 ? text.length : close };
    }
    if (found[1] !== undefined) return { attributes, end: one.lastIndex - 1 };
    const name = found[2]?.toLowerCase() ?? "";
    if (!attributes.has(name)) attributes.set(name, found[3] ?? found[4] ?? found[5] ?? "");
  }
}
