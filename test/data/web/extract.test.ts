/** Pages to texts and images in the order of the document (M3W, A.3.1). */
import { describe, expect, it } from "vitest";
import { extract } from "../../../src/data/web/extract.js";
import type { ExtractedPage } from "../../../src/data/web/page.js";

const LOREM =
  "Lorem ipsum dolor sit amet, consectetur adipisicing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua. " +
  "Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat.";

const read = (html: string, url = "http://site.org/a/page.html") => extract(new TextEncoder().encode(html), { url });
/** Texts as they are, images as their addresses. */
const parts = ({ segments }: ExtractedPage) =>
  segments.map((segment) => ("text" in segment ? segment.text : `<${segment.image}>`));

describe("a page", () => {
  it("is its matter with pictures where they stand, without menus, adverts, comments and footers", () => {
    const page = read(`<html lang=en><title>A day out - My site</title><body>
      <nav><a href=/>Home</a> <a href=/b>Other</a></nav>
      <div class=sidebar><p>${LOREM}</div>
      <div class=content><h1>A day out</h1><p>${LOREM}</p><figure><img src=dog.jpg alt="a dog"><figcaption>The dog</figcaption></figure>
      <p>${LOREM}</p><ul class=share-buttons><li><a href=#>Tweet</a></ul><img src=/cat.png></div>
      <div id=comments><p>${LOREM} ${LOREM}</p></div><footer>All rights reserved</footer>`);
    expect(page).toMatchObject({ title: "A day out", language: "en", encoding: "utf-8", damaged: 0, truncated: false });
    expect(page.refused).toBeUndefined();
    expect(page.segments).toEqual([
      { text: LOREM },
      { image: "http://site.org/a/dog.jpg", alt: "a dog" },
      { text: `The dog\n\n${LOREM}` },
      { image: "http://site.org/cat.png", alt: "" },
    ]);
  });

  it("keeps pictures that stand at the level of its paragraphs, over and under them too", () => {
    const page =
      read(`<body><div class=x><img src=1.jpg></div><div class=y><p>${LOREM}<p>${LOREM}</div><figure><img src=2.jpg></figure>
      <div class=y><p>${LOREM}</div><p><img src=3.jpg>`);
    expect(parts(page).filter((part) => part.startsWith("<"))).toEqual([
      "<http://site.org/a/1.jpg>",
      "<http://site.org/a/2.jpg>",
      "<http://site.org/a/3.jpg>",
    ]);
  });

  it("has white space as a reader sees it", () => {
    const page = read(
      `<p>one\n  two <b>th</b>ree<br>four<br><br>five</p><pre>a\n  b</pre><ul><li>x<li>y</ul><table><tr><td>1<td>2<tr><td>3</table>`,
    );
    expect(parts(page)).toEqual(["one two three\nfour\nfive\n\na\n  b\n\nx\ny\n\n1\t2\n3"]);
  });

  it("leaves out what nobody sees", () => {
    const hidden = [
      "<p hidden>",
      '<p style="color:red;display : none">',
      '<p style="visibility:hidden">',
      '<span aria-hidden="true">',
      "<script>",
      "<style>",
      "<template>",
      "<textarea>",
    ];
    const page = read(
      `<body>${hidden.map((tag) => `${tag}no</${/\w+/.exec(tag)?.[0]}>`).join("")}<p>yes<!-- no --><noscript>no</noscript>`,
    );
    expect(parts(page)).toEqual(["yes"]);
  });

  it("resolves addresses against its base, and takes none that holds no picture", () => {
    const images =
      '<p>x<img src=a.png><img src="//cdn.org/b.png"><img src="javascript:1"><img src="http://[bad"><img src="ftp://x/y.png">';
    const base = (href: string) => parts(read(`<base href="${href}">${images}`)).slice(1);
    expect(base("/q/")).toEqual(["<http://site.org/q/a.png>", "<http://cdn.org/b.png>"]);
    expect(base("https://other.org/")).toEqual(["<https://other.org/a.png>", "<https://cdn.org/b.png>"]);
    expect(parts(extract(new TextEncoder().encode(`${images}<img src="https://x.org/c.png">`))).slice(1)).toEqual([
      "<https://x.org/c.png>",
    ]);
  });

  it("that is short is read with its frame kept out", () => {
    expect(
      parts(
        read(
          "<header><nav><a href=/>Home</a></nav></header><main><p>Here is a dog.<img src=d.png></main><footer>Privacy and terms and more</footer>",
        ),
      ),
    ).toEqual(["Here is a dog.", "<http://site.org/a/d.png>"]);
  });

  it("says that it is none: no bytes, another kind of file, nothing to read", () => {
    const refused = (bytes: string) => extract(new Uint8Array(Buffer.from(bytes, "latin1"))).refused;
    expect(refused("")).toBe("empty");
    for (const file of ["%PDF-1.7 ...", "\x89PNG\r\n", "\x1f\x8b\x08\0", "PK\x03\x04", "\0\x01\x02\x03 data"])
      expect(refused(file), file).toBe("binary");
    expect(refused("<script>1</script>")).toBe("no content");
    expect(refused('{"json": true}')).toBeUndefined();
    expect(refused("\xff\xfeh\0i\0")).toBeUndefined();
  });
});

describe("hostile pages are read in time and memory that grow with their bytes", { timeout: 60_000 }, () => {
  it.each([
    ["a line of 10 MB", `<p>${"lorem ipsum, ".repeat(800_000)}`],
    ["elements 300,000 deep", `${"<div>".repeat(300_000)}deep`],
    ["headers 200,000 deep", `${"<header>".repeat(200_000)}deep`],
    [
      "unclosed emphasis that every paragraph opens again",
      Array.from({ length: 3000 }, (_, n) => `<p><b id=${n}>a</p>`).join(""),
    ],
    ["200,000 attributes", `<p ${Array.from({ length: 200_000 }, (_, n) => `a${n}`).join(" ")}>x`],
    ["commas in a srcset", `<p>x<img srcset="${",".repeat(2_000_000)}">`],
    ["dots in an attribute", `<p>x<img data-x="${"a.jpg?".repeat(300_000)}">`],
    ["a title of dashes", `<title>${"a - ".repeat(300_000)}</title><p>x`],
    ["a title of blanks", `<title>a${"\u00a0".repeat(300_000)}b</title><p>x`],
    [
      "a title as long as the page, and headings",
      `<title>${"word ".repeat(50_000)}</title>${"<h2>x</h2>".repeat(50_000)}`,
    ],
    ["html again and again, each with an attribute", Array.from({ length: 50_000 }, (_, n) => `<html a${n}>`).join("")],
    [
      "noscript at every depth",
      `${"<div>".repeat(60_000)}${"</div><noscript><img src=x.jpg></noscript>".repeat(60_000)}`,
    ],
    ["addresses that nearly are those of stand-ins", `<img data-src="/${"-lazy".repeat(800)}">`.repeat(1000)],
    ["addresses that nearly are those of pictures", `<img data-x="${"a.jpg?".repeat(650)} x">`.repeat(1000)],
    ["null characters", `<p>${"\0x".repeat(500_000)}`],
  ])("%s", (_, html) => {
    const bytes = Buffer.from(html);
    const began = performance.now();
    expect(extract(bytes, { url: "http://x.org/", maxNodes: 400_000 }).segments.length).toBeGreaterThanOrEqual(0);
    // Measured: at most 4 s for 10 MB. What grows with the square takes minutes.
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it("says where it stopped reading, and keeps what it read", () => {
    const page = extract(Buffer.from(`<p>${LOREM}`.repeat(100)), { maxNodes: 50 });
    expect(page.truncated).toBe(true);
    expect(parts(page)[0]).toContain(LOREM);
  });
});
