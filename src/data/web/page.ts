/** What is made of the bytes of a web page: its salient text with its pictures between, in the order a reader meets them. */

/** A stretch of text. Paragraphs are parted by an empty line, lines of lists, tables and verse by a line's end. */
export interface PageText {
  readonly text: string;
}

/** A picture where it stands between the texts; nothing has fetched it. */
export interface PageImage {
  /** Absolute: `http:`, `https:` or `data:`. */
  readonly image: string;
  /** Its alternative text, "" where the page gives none. */
  readonly alt: string;
}

export type PageSegment = PageText | PageImage;

export interface ExtractOptions {
  /** The page's address, against which the addresses in it are resolved. */
  readonly url?: string;
  /** The `Content-Type` it was served with. */
  readonly contentType?: string;
  /** Elements and texts after which reading stops: what keeps a hostile page from taking all memory. 1,000,000. */
  readonly maxNodes?: number;
}

/** Why bytes are no page: they are those of another kind of file, there are none, or no salient text or picture is in them. */
export type NotAPage = "binary" | "empty" | "no content";

export interface ExtractedPage {
  /** Of the head, without the site's name; "" where there is none. */
  readonly title: string;
  /** No two texts follow one another, and none is blank. Empty where the page is refused. */
  readonly segments: readonly PageSegment[];
  readonly refused?: NotAPage;
  /** As the page declares it (`lang`), not as it reads: `language.ts` reads. */
  readonly language?: string;
  /** By its name in the Encoding Standard, in lower case. */
  readonly encoding: string;
  /** Places at which the bytes were no characters in that encoding (U+FFFD in the texts). */
  readonly damaged: number;
  /** Whether `maxNodes` was reached and the rest left unread. */
  readonly truncated: boolean;
}
