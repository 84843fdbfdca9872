/** The file an image element means. */
import { describe, expect, it } from "vitest";
import { extract } from "../../../src/data/web/extract.js";

const BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const PICTURE = `data:image/png;base64,${"A".repeat(400)}`;
const images = (html: string) =>
  extract(new TextEncoder().encode(`<p>text ${html}`), { url: "http://x.org/" }).segments.flatMap((segment) =>
    "image" in segment ? [segment.image.replace("http://x.org/", "")] : [],
  );

describe("an image is", () => {
  it.each([
    ["its src", '<img src="a.jpg" srcset="b.jpg 2x">', "a.jpg"],
    ["what it will load late", '<img src="small.jpg" data-src="a.jpg">', "a.jpg"],
    [
      "what it will load late, by any name",
      `<img src="${BLANK}" data-anything="http://x.org/a.webp?w=1">`,
      "a.webp?w=1",
    ],
    ["not a spinner", '<img src="/img/loading.gif" data-srcset="a.jpg 300w, b.jpg 700w">', "b.jpg"],
    ["the narrowest that is wide enough", '<img srcset="a.jpg 320w, b.jpg 1280w, c.jpg 640w">', "c.jpg"],
    ["the widest where none is", '<img srcset="a.jpg 320w, b.jpg 500w">', "b.jpg"],
    ["the densest but for those too large", '<img srcset="a.jpg, b.jpg 2x, c.jpg 4x">', "b.jpg"],
    ["by addresses with commas", '<img srcset="w_1,h_2/a.jpg 100w, w_3,h_4/b.jpg 200w">', "w_3,h_4/b.jpg"],
    [
      "of the sources of its picture",
      '<picture><source srcset="a.webp 1x"><source srcset="b.jpg"><img></picture>',
      "a.webp",
    ],
    [
      "the one for browsers without scripts",
      '<div><img src="t.jpg?q=20"></div><img><noscript><img src="full/t.jpg"></noscript>',
      "full/t.jpg",
    ],
    ["in noscript alone", '<noscript><img src="a.jpg"></noscript>', "a.jpg"],
    ["what the standard makes of image", '<image src="a.jpg">', "a.jpg"],
    ["a data URL", `<img src="${PICTURE}">`, PICTURE],
    ["its stand-in where it has nothing else", `<img src="${BLANK}">`, BLANK],
  ])("%s", (_, html, image) => expect(images(html)).toEqual([image]));

  it.each([
    ["without an address", '<img alt="x"><img src="">'],
    ["of one dot", '<img src="count.gif" width=1 height="1px">'],
    ["of one dot for browsers without scripts", '<noscript><img src="count.gif" width=1 height=1></noscript>'],
  ])("not one %s", (_, html) => expect(images(html)).toEqual([]));

  it("not taken for the stand-in of another", () => {
    expect(images('<p><img src="a.jpg"></p><p>words</p><img><noscript><img src="b.jpg"></noscript>')).toEqual([
      "a.jpg",
      "b.jpg",
    ]);
  });
});
