/** A crawl that tests write: pages about pictures of the world, and everything that goes wrong on the web. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { answer, response, warcRecord } from "./warc.js";

const TEXT = (topic: string) =>
  `The morning walk led us past the old ${topic} at the edge of the village, where people have met for as long as anyone can remember. It was built by hand and it has been mended many times since then, which is why no two of its sides are quite alike. We stayed for an hour, and the light that fell on the ${topic} was the best that we had seen in weeks.`;

const END = (topic: string) =>
  `If you ever come here yourself, take the small path on the left and be sure to bring something to drink, since there is nothing to buy for miles. Nobody knows who first gave the ${topic} its name. My grandmother used to say that it was a sailor, and hers that it was his wife.`;

const GERMAN =
  "Am nächsten Morgen gingen wir noch einmal an den Fluss, denn einer von uns hatte dort seinen Hut vergessen. Die Brücke war leer, und nur eine Katze saß im Schatten und sah auf die Straße. Wir blieben eine Stunde und erzählten uns, was wir an diesem Ort schon alles erlebt hatten, bis es zu regnen begann und wir nach Hause mussten.";

const MORE = (topic: string) =>
  `Later in the day we came back to the ${topic}, because one of us had forgotten a hat there. By that time the crowd was gone and only a cat sat in the shade, watching the road. The picture above shows what it looked like then, and the one below was taken by a friend on the next day.`;

/**
 * A page whose article has these pictures after its first and its second paragraph.
 * @param text  its only paragraph, in place of three of English prose
 */
export function articlePage(topic: string, pictures: readonly string[], text?: string): string {
  const images = pictures.map((source) => `<p><img src="${source}" alt="${topic}"></p>`);
  const [first, ...others] = text === undefined ? [TEXT(topic), MORE(topic), END(topic)] : [text];
  const rest = others.map((paragraph, n) => `<p>${paragraph}</p>${n === 0 ? images.slice(1).join("") : ""}`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The ${topic}</title></head><body>
<nav><a href="/">Home</a> <a href="/about">About</a></nav><article><h1>The ${topic}</h1>
<p>${first}</p>${images[0] ?? ""}${rest.join("")}
</article><footer>All rights reserved.</footer></body></html>`;
}

const TOPICS =
  "mill bridge tower garden harbour school market fountain library station chapel castle barn quarry orchard".split(
    " ",
  );

const page = (address: string, html: string | Uint8Array, fields = "") =>
  response(address, answer(200, "text/html; charset=utf-8", html, fields));
const picture = (address: string, bytes: Uint8Array, type = "image/png") => response(address, answer(200, type, bytes));

/**
 * Writes two archives.
 * @param pictures  unlike ones, 20 at least
 */
export async function writeCrawl(folder: string, pictures: readonly Buffer[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const site = "http://site.test";
  const copy = await sharp(pictures[0]).resize(80).jpeg({ quality: 60 }).toBuffer();
  const flat = await sharp({ create: { width: 90, height: 90, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  const gone = page(`${site}/gone`, articlePage("pier", ["/p/0.png"]));
  const first: Buffer[] = [
    warcRecord("warcinfo", {}, "software: test"),
    page(`${site}/0`, articlePage(TOPICS[0]!, ["/p/0.png", "/p/1.png"])),
    warcRecord("revisit", { "WARC-Target-URI": `${site}/0` }, "HTTP/1.1 200 OK\r\n\r\n"),
    page(`${site}/1`, articlePage(TOPICS[1]!, ["/p/2.png", "/p/small.png"])),
    gone,
    page(`${site}/de`, articlePage("Brücke", ["/p/0.png"], GERMAN)),
    page(`${site}/short`, articlePage("hut", ["/p/0.png"], "This is the hut that we have seen. ")),
    page(
      `${site}/again`,
      articlePage("echo", ["/p/0.png"], "It was the echo of the hill that we heard with them. ".repeat(20)),
    ),
    page(`${site}/2`, articlePage(TOPICS[2]!, [])),
    page(`${site}/3`, articlePage(TOPICS[3]!, ["/p/flat.png", "/p/broken.png", "/p/absent.png"])),
    page(`${site}/4`, gzipSync(articlePage(TOPICS[4]!, ["/p/3.png", "/elsewhere.png"])), "Content-Encoding: gzip\r\n"),
    response(`${site}/5`, answer(404, "text/html", "not found")),
    picture(`${site}/p/small.png`, await sharp(pictures[1]).resize(40).png().toBuffer()),
    picture(`${site}/p/flat.png`, flat),
    picture(`${site}/p/broken.png`, pictures[2]!.subarray(0, 900)),
    ...[0, 1, 2, 3].map((n) => picture(`${site}/p/${n}.png`, pictures[n]!)),
  ];
  const second: Buffer[] = [
    page(`${site}/6`, articlePage(TOPICS[6]!, ["/p/copy.jpg", "/p/4.png"])),
    page(`${site}/7`, articlePage(TOPICS[7]!, ["/p/0.png"])),
    page(`${site}/0`, articlePage(TOPICS[8]!, ["/p/5.png"])),
    page(`${site}/mirror`, articlePage(TOPICS[0]!, ["/p/6.png"])),
    ...Array.from({ length: 6 }, (_, n) =>
      page(`${site}/${9 + n}`, articlePage(TOPICS[9 + n]!, [`/p/${7 + n}.png`, `/p/${13 + n}.png`])),
    ),
    picture(`${site}/p/copy.jpg`, copy, "image/jpeg"),
    picture(`${site}/elsewhere.png`, pictures[19]!),
    ...Array.from({ length: 15 }, (_, n) => picture(`${site}/p/${4 + n}.png`, pictures[4 + n]!)),
  ];
  await writeFile(join(folder, "a.warc.gz"), Buffer.concat(first.map((record) => packed(record, record === gone))));
  await writeFile(join(folder, "b.warc"), Buffer.concat(second));
}

/** A gzip member, or the first half of one. */
function packed(record: Buffer, half: boolean): Buffer {
  const member = gzipSync(record);
  return half ? member.subarray(0, member.length >> 1) : member;
}
