/**
 * Web pages as sites write them, of which is known what a reader should find: the same content in one of several markups,
 * with menus, adverts and footers around it, and pictures that are named in all the ways of the web.
 */
import type { Random } from "../../random.js";

/** What stands between the menus: texts, whose paragraphs an empty line parts, and pictures. */
export type HtmlSegment = { readonly text: string } | { readonly image: string; readonly alt: string };

/** How a picture's address is written. */
export const IMAGE_FORMS = ["plain", "lazy", "srcset", "picture"] as const;

/** One of `IMAGE_FORMS`. */
export type ImageForm = (typeof IMAGE_FORMS)[number];

/** What is drawn at random of a page. */
export interface HtmlOptions {
  readonly title: string;
  readonly segments: readonly HtmlSegment[];
  /** The pictures' sides in pixels. */
  readonly size: number;
}

/** A transparent pixel, which stands where a picture is to be loaded later. */
const BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

/** The page as a document of HTML in UTF-8. */
export function htmlOf({ title, segments, size }: HtmlOptions, random: Random): string {
  const write = random.pick(CONTAINERS);
  const inParagraphs = random.chance(0.5);
  const body = segments.map((segment) =>
    "text" in segment ? paragraphs(segment.text) : picture(segment, size, inParagraphs, random),
  );
  return [
    "<!DOCTYPE html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<title>${escaped(title)}</title>`,
    "<style>body { font: 16px serif }</style>",
    ...(random.chance(0.5) ? ['<script>var page = "<p>not a paragraph</p>";</script>'] : []),
    "</head>",
    "<body>",
    ...(random.chance(0.8) ? [MENU] : []),
    ...write(escaped(title), body),
    ...(random.chance(0.5) ? [ASIDE] : []),
    ...(random.chance(0.8) ? [FOOTER] : []),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

const MENU = `<header><nav><ul>
<li><a href="/">Home</a></li><li><a href="/new">New</a></li><li><a href="/about">About us</a></li><li><a href="/login">Log in</a></li>
</ul></nav></header>`;
const ASIDE = `<aside><h2>Read more</h2><ul><li><a href="/1">Ten more pictures</a></li><li><a href="/2">What others read</a></li></ul></aside>`;
const FOOTER = `<footer><p><a href="/privacy">Privacy</a> | <a href="/terms">Terms</a></p></footer>`;

type Container = (title: string, body: readonly string[]) => string[];

const CONTAINERS: readonly Container[] = [
  (_, body) => ["<main>", ...body, "</main>"],
  (_, body) => ["<main><article>", ...body, "</article></main>"],
  (_, body) => ['<div id="page"><article>', ...body, "</article></div>"],
];

function paragraphs(text: string): string {
  return text
    .split("\n\n")
    .map((paragraph) => `<p>${escaped(paragraph)}</p>`)
    .join("\n");
}

function picture({ image, alt }: { image: string; alt: string }, size: number, inParagraphs: boolean, random: Random) {
  const tag = IMAGES[random.pick(IMAGE_FORMS)](escaped(image), escaped(alt), size);
  return inParagraphs ? `<p>${tag}</p>` : random.chance(0.5) ? `<figure>${tag}</figure>` : `<div>${tag}</div>`;
}

const IMAGES: Readonly<Record<ImageForm, (source: string, alt: string, size: number) => string>> = {
  plain: (source, alt, size) => `<img src="${source}" alt="${alt}" width="${size}" height="${size}">`,
  lazy: (source, alt) => `<img src="${BLANK}" data-src="${source}" alt="${alt}" loading="lazy">`,
  // In a srcset a comma ends an address, and that of a data URL is one.
  srcset: (source, alt, size) =>
    source.startsWith("data:")
      ? `<img src="${source}" alt="${alt}">`
      : `<img srcset="${source} ${size}w" src="${source}" alt="${alt}">`,
  picture: (source, alt) => `<picture><img src="${source}" alt="${alt}"></picture>`,
};

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
