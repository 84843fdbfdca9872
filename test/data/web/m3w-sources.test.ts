/** Where pages come from: folders, the world, addresses of the web. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command } from "../../support/command.js";
import { articlePage } from "../../support/crawl.js";
import { builtM3w } from "../../support/m3w.js";
import { worldPictures } from "../../support/world-pictures.js";

let folder: string;
let pictures: readonly Buffer[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "m3w-sources-"));
  pictures = await worldPictures("crawl", 30);
});
afterAll(() => rm(folder, { recursive: true }));

let outs = 0;
const fresh = () => join(folder, `out-${outs++}`);
const built = (args: readonly string[]) => builtM3w(args, fresh());

describe("flamingo data m3w", () => {
  it("reads a folder of pages with the pictures beside them, and nothing outside it", async () => {
    const pages = join(folder, "pages");
    await mkdir(join(pages, "deep", "img"), { recursive: true });
    await writeFile(join(folder, "secret.png"), pictures[20]!);
    await writeFile(join(pages, "deep", "img", "a b.png"), pictures[21]!);
    await symlink(join(folder, "secret.png"), join(pages, "link.png"));
    const inline = `data:image/png;base64,${pictures[22]!.toString("base64")}`;
    const sources = [
      "img/a%20b.png",
      "../../secret.png",
      "../link.png",
      "../..%2fsecret.png",
      "/deep/img/a%20b.png",
      inline,
    ];
    await writeFile(join(pages, "deep", "page.html"), articlePage("pond", sources));
    await writeFile(join(pages, "bad.html"), pictures[0]!);
    await writeFile(join(pages, "empty.html"), "");
    const { records, report } = await built(["--in", pages, "--base", "https://village.test/", "--no-model"]);
    expect(records.map(({ about }) => about.url)).toEqual(["https://village.test/deep/page.html"]);
    expect(records[0]!.media.map(({ files }) => Buffer.from(files[0]!.bytes))).toEqual([pictures[21], pictures[22]]);
    expect(report.stages["pictures: found"].dropped["not in the folder"].count).toBe(3);
    expect(report.stages["pages: main content"].dropped).toMatchObject({ binary: { count: 1 }, empty: { count: 1 } });
  });

  it("takes what is no file in a folder for no page and no picture, and limits of pictures for none of pages", async () => {
    const pages = join(folder, "odd");
    await mkdir(join(pages, "folder.html"), { recursive: true });
    for (const name of ["pipe.html", "pipe.png"]) execFileSync("mkfifo", [join(pages, name)]);
    await symlink("/dev/zero", join(pages, "endless.html"));
    await symlink(join(pages, "folder.html"), join(pages, "link.html"));
    await writeFile(join(pages, "page.html"), articlePage("pond", ["pipe.png", "small.png", "large.png"]));
    const small = await sharp(pictures[21]).resize(64).png({ palette: true, colours: 4 }).toBuffer();
    await writeFile(join(pages, "small.png"), small);
    await writeFile(join(pages, "large.png"), pictures[22]!);
    const rules = join(folder, "bytes.json");
    await writeFile(rules, JSON.stringify({ pictures: { maxBytes: small.length } }));
    expect(small.length).toBeLessThan(pictures[22]!.length);
    const { records, report } = await built(["--in", pages, "--no-model", "--rules", rules]);
    expect(records.map(({ media }) => media.length)).toEqual([1]);
    expect(report.stages["pages: read"]).toMatchObject({
      passed: 1,
      dropped: { "not a file": { count: 3 } },
      faults: {},
    });
    expect(report.stages["pictures: found"].dropped).toMatchObject({
      "not in the folder": { count: 1 },
      "too large": { count: 1 },
    });
  });

  it("gives pages of the world as they were drawn, some of them by the paper's rules and all by those that the docs have for it", async () => {
    const world = join(folder, "world");
    expect((await command(["data", "world", "--pages", "20", "--out", world])).code).toBe(0);
    const truth = (await readFile(join(world, "truth.jsonl"), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { segments: ({ text: string } | { image: string; alt: string })[] });
    const strict = (await built(["--in", world, "--no-model"])).records.length;
    expect(strict).toBeGreaterThan(0);
    expect(strict).toBeLessThan(20);
    const [, rules] = /`rules.json` all .*?```json\n(.*?)```/s.exec(await readFile("docs/m3w.md", "utf8"))!;
    await writeFile(join(world, "rules.json"), rules!);
    const { records } = await built(["--in", world, "--no-model", "--rules", join(world, "rules.json")]);
    expect(records).toHaveLength(20);
    for (const [n, { text, media, about }] of records.entries()) {
      const segments = truth[n]!.segments;
      const images = segments.filter((segment) => "image" in segment);
      expect((about.images as { alt: string }[]).map(({ alt }) => alt)).toEqual(images.map(({ alt }) => alt));
      const files = await Promise.all(images.map(({ image }) => readFile(join(world, "pages", image))));
      expect(media.map(({ files: [file] }) => Buffer.from(file!.bytes))).toEqual(files);
      const texts = [about.title, ...segments.flatMap((segment) => ("text" in segment ? [segment.text] : []))];
      expect(text).toBe(texts.join("\n\n"));
    }
  });

  it("asks the web for pictures that are not in the folder, if told to, by whatever spelling of the folder's address", async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      if (request.url === "/robots.txt") return response.writeHead(404).end();
      return response.writeHead(200, { "content-type": "image/png" }).end(pictures[24]);
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo;
    const pages = join(folder, "fetching");
    await mkdir(pages);
    await writeFile(join(pages, "page.html"), articlePage("pond", ["here.png", "there.png"]));
    await writeFile(join(pages, "here.png"), pictures[23]!);
    const base = `http://LOCALHOST:${port}/a/../`;
    const web = ["--fetch", "--per-host-ms", "0", "--allow-host", `localhost:${port}`];
    const { records } = await built(["--in", pages, "--no-model", "--base", base, ...web]);
    expect(records[0]!.media.map(({ files }) => Buffer.from(files[0]!.bytes))).toEqual([pictures[23], pictures[24]]);
    expect(asked).toEqual(["/robots.txt", "/there.png"]);
    const nowhere = await built(["--in", pages, "--no-model", ...web]);
    expect(nowhere.report.stages["pictures: found"].dropped).toMatchObject({ "not in the folder": { count: 1 } });
    for (const wrong of ["http://exa mple.org/", "https://example.org/page", "ftp://example.org/"]) {
      const refused = await command(["data", "m3w", "--in", pages, "--out", fresh(), "--no-model", "--base", wrong]);
      expect(refused, wrong).toMatchObject({ code: 2, err: expect.stringContaining("no address of a folder") });
    }
    server.closeAllConnections();
    server.close();
  });

  it("asks the web for a list of addresses, as a guest", async () => {
    const server = createServer((request, response) => {
      const path = request.url!;
      if (path === "/robots.txt") return response.end("User-agent: *\nDisallow: /private");
      if (path.endsWith(".png"))
        return response.writeHead(200, { "content-type": "image/png" }).end(pictures[Number(path.slice(1, -4))]);
      const html = articlePage(path.slice(1), ["/23.png", "/24.png", "/private/25.png", "http://10.0.0.1/26.png"]);
      return response.writeHead(200, { "content-type": "text/html" }).end(html);
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const list = join(folder, "addresses.txt");
    await writeFile(list, `# two\nhttp://${host}/pond\n\nhttp://${host}/private/page\nhttp://10.0.0.1/\n`);
    const args = ["--in", list, "--per-host-ms", "0", "--no-model"];
    const refused = await built(args);
    expect(refused.records).toEqual([]);
    expect(refused.report.stages["pages: read"].dropped["private address"].count).toBe(3);
    const { records, report } = await built([...args, "--allow-host", host]);
    expect(records.map(({ about, media }) => [about.url, media.length])).toEqual([[`http://${host}/pond`, 2]]);
    expect(report.stages["pages: read"].dropped).toMatchObject({
      "forbidden by robots.txt": { count: 1 },
      "private address": { count: 1 },
    });
    expect(report.stages["pictures: found"].dropped).toMatchObject({
      "forbidden by robots.txt": { count: 1 },
      "private address": { count: 1 },
    });
    server.closeAllConnections();
    server.close();
  });
});
