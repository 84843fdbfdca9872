import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DataRecord } from "../../../src/data/record.js";
import type { TallyJson } from "../../../src/data/tally.js";
import { buildM3w } from "../../../src/data/web/m3w.js";
import { Random } from "../../../src/random.js";
import { command, start } from "../../support/command.js";
import { writeCrawl } from "../../support/crawl.js";
import { builtM3w, recordsIn } from "../../support/m3w.js";
import { COPIES, worldPictures } from "../../support/world-pictures.js";

let folder: string;
let pictures: readonly Buffer[];
let archives: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "m3w-"));
  pictures = await worldPictures("crawl", 30);
  await writeCrawl(join(folder, "crawl"), pictures);
  archives = `${folder}/crawl/*.warc*`;
});
afterAll(() => rm(folder, { recursive: true }));

let outs = 0;
const fresh = () => join(folder, `out-${outs++}`);
const built = (args: readonly string[], out = fresh()) => builtM3w(args, out);

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Every file that is not only for the building, by its path. */
async function filesIn(out: string): Promise<Record<string, string>> {
  const names = (await readdir(out)).filter((name) => name !== "work").sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, sha256(await readFile(join(out, name)))])),
  );
}

const url = ({ about }: DataRecord) => String(about.url).replace("http://site.test/", "");
const total = (reasons: Record<string, { count: number }>) =>
  Object.values(reasons).reduce((sum, { count }) => sum + count, 0);

describe("flamingo data m3w", () => {
  it("builds interleaved documents of web archives: the text with its pictures at their places", async () => {
    const { records } = await built(["--in", archives, "--no-model"]);
    expect(records.map(url)).toEqual(["0", "1", "4", "6", "9", "10", "11", "12", "13", "14"]);
    const [first] = records;
    expect(first!.text).toMatch(/^The mill\n\nThe morning walk led us past the old mill/);
    expect(first!.text).not.toMatch(/Home|rights reserved/);
    const before = first!.media.map(({ at }) => [...first!.text].slice(0, at).join("").trimEnd().slice(-24));
    expect(before).toEqual(
      ["had seen in weeks.", "friend on the next day."].map((end) => expect.stringContaining(end.slice(-18))),
    );
    expect(first!.media.map(({ files }) => Buffer.from(files[0]!.bytes).equals(pictures[0]!))).toEqual([true, false]);
    expect(first!.about).toMatchObject({
      title: "The mill",
      images: [{ url: "http://site.test/p/0.png", alt: "mill" }, {}],
    });
    // In another archive than the page, and the page was compressed.
    expect(records.find((record) => url(record) === "4")!.media).toHaveLength(2);
  });

  it("accounts for every page and picture in a report, by stage and reason, with places", async () => {
    const { told, report, out } = await built(["--in", archives]);
    expect(told).toMatchInlineSnapshot(`
      "stage                                 in  out
      pages: read                           46   18
                                                 -1  a record of type revisit
                                                 -1  a record of type warcinfo
                                                -24  not HTML
                                                 -1  status
                                                 -1  broken: damaged
      pages: main content                   18   18
      pages: language                       18   17
                                                 -1  not English
      pages: quality                        17   16
                                                 -1  minWords
      pages: repetition                     16   15
                                                 -1  top 3-gram
      pictures: found                       26   25
                                                 -1  not in the archives
      pictures: filtered                    25   22
                                                 -1  flat
                                                 -1  not decodable
                                                 -1  too small
      pages: with pictures                  15   13
                                                 -2  no picture
      pages: once                           13   11
                                                 -1  address met before
                                                 -1  text met before
      pictures: once, in no evaluation set  20   18
                                                 -2  met before
      pages: pictures left                  11   10
                                                 -1  no picture

      10 documents with 18 pictures
      "
    `);
    const { stages } = report;
    const cut = stages["pages: read"].faults["cut short"] ?? stages["pages: read"].faults.damaged;
    expect(cut.first).toEqual([
      { file: expect.stringContaining("a.warc.gz"), record: 4, byte: expect.any(Number), found: expect.any(String) },
    ]);
    // What goes out of a stage of pages comes into the next.
    let last: number | undefined;
    for (const [stage, { passed, dropped, faults }] of Object.entries(stages as TallyJson)) {
      if (!stage.startsWith("pages")) continue;
      if (last !== undefined) expect(passed + total(dropped) + total(faults), stage).toBe(last);
      last = passed;
    }
    expect(last).toBe(report.records);
    expect(await readFile(join(out, "report.txt"), "utf8")).toContain("picture 0 as picture 0 of page 0-1, by hash");
  });

  it("takes pictures of evaluation sets out, though they are copies", async () => {
    const set = join(folder, "evaluation");
    await mkdir(join(set, "folder.jpg"), { recursive: true });
    await writeFile(join(set, "test.jpg"), await COPIES["half the size, JPEG of quality 30"](pictures[7]!));
    await writeFile(join(set, "broken.jpg"), "no picture");
    const { records, report } = await built(["--in", archives, "--evaluation", set]);
    const { dropped } = report.stages["pictures: once, in no evaluation set"];
    expect(dropped["in an evaluation set"]).toMatchObject({
      count: 1,
      first: [{ found: `picture 0 as ${set}/test.jpg, by hash` }],
    });
    expect(report.stages["evaluation sets: pictures"].faults["not decodable"].count).toBe(1);
    expect(records.find((record) => url(record) === "9")!.media).toHaveLength(1);
  });

  it("gives the same set in parts: what is a copy does not depend on who builds", async () => {
    const whole = await built(["--in", archives, "--no-model"]);
    const out = fresh();
    const part = (n: number) =>
      command(["data", "m3w", "--in", archives, "--no-model", "--out", out, "--shard", `${n}/2`]);
    const first = await part(0);
    expect(first.out).toContain("those of 1 chunks of other parts are not");
    expect(await recordsIn(out)).toEqual([]);
    await part(1);
    await part(0);
    const parts = await recordsIn(out);
    expect(parts).toEqual(whole.records);
    expect(parts).toHaveLength(10);
    const report = JSON.parse(await readFile(join(out, "report.json"), "utf8"));
    expect(report.parts).toEqual({ finished: 2, of: 2 });
    expect(report.stages).toEqual(whole.report.stages);
    // The folder for the building may go; what is finished is not built again.
    await rm(join(out, "work"), { recursive: true });
    const files = await filesIn(out);
    expect((await part(0)).code).toBe(0);
    expect(await filesIn(out)).toEqual(files);
  });

  it("is not disturbed when all parts begin at the same moment, on one folder", async () => {
    const crawl = join(folder, "many");
    await mkdir(crawl);
    for (let n = 0; n < 4; n++)
      await cp(
        join(folder, "crawl", n === 0 ? "a.warc.gz" : "b.warc"),
        join(crawl, `${n}.warc${n === 0 ? ".gz" : ""}`),
      );
    const args = ["data", "m3w", "--in", `${crawl}/*`, "--no-model", "--out"];
    const whole = await built(["--in", `${crawl}/*`, "--no-model"]);
    const out = fresh();
    for (let round = 0; round < 2; round++) {
      const runs = [0, 1, 2, 3].map((n) => start([...args, out, "--shard", `${n}/4`]));
      for (const { ended } of runs) expect(await ended).toMatchObject({ code: 0 });
    }
    expect(await recordsIn(out)).toEqual(whole.records);
    const report = JSON.parse(await readFile(join(out, "report.json"), "utf8"));
    expect(report).toMatchObject({ parts: { finished: 4, of: 4 }, records: 10 });
    // Places of examples are in the order of parts.
    expect(report.stages["pictures: once, in no evaluation set"].passed).toBe(
      whole.report.stages["pictures: once, in no evaluation set"].passed,
    );
    expect((await readdir(join(out, "work"))).filter((name) => name.endsWith(".partial"))).toEqual([]);
  }, 60_000);

  it.each([
    [20, "by their hashes", ["--no-model"]],
    [4, "by the model", []],
  ])(
    "comes to the same bytes when it is killed %i times, at any moment, and finds copies %s",
    async (times, _, flags) => {
      const large = join(folder, `large-${times}`);
      await mkdir(large);
      for (const name of ["a.warc.gz", "b.warc"]) await cp(join(folder, "crawl", name), join(large, name));
      for (let n = 0; n < 2; n++) await cp(join(folder, "crawl", "b.warc"), join(large, `c${n}.warc`));
      const args = ["data", "m3w", "--in", `${large}/*.warc*`, ...flags, "--out"];
      const straight = fresh();
      const began = performance.now();
      expect((await start([...args, straight]).ended).code).toBe(0);
      const needed = performance.now() - began;
      const expected = await filesIn(straight);
      const random = new Random("kills");
      let [kills, finished] = [0, 0];
      for (let out = fresh(); kills < times || finished === 0; ) {
        const run = start([...args, out]);
        const timer = setTimeout(
          () => run.process.kill("SIGKILL"),
          kills < times ? random.uniform(0.3, 1.05) * needed : 1e6,
        );
        const { code, err } = await run.ended;
        clearTimeout(timer);
        if (code === null) {
          kills++;
          continue;
        }
        expect(code, err).toBe(0);
        expect(Object.keys(await filesIn(out))).toEqual(Object.keys(expected));
        expect(await filesIn(out)).toEqual(expected);
        expect((await readdir(join(out, "work"))).filter((name) => name.endsWith(".partial"))).toEqual([]);
        finished++;
        out = fresh();
      }
      expect(kills).toBe(times);
    },
    300_000,
  );

  it("counts nothing twice when it is killed with every tar written, and a manifest not", async () => {
    // Of the last archive nothing is kept: it is the second one again.
    const args = ["--in", archives, "--in", `${folder}/crawl/b.warc`, "--no-model"];
    const { out } = await built(args);
    const files = await filesIn(out);
    const manifests = (await readdir(join(out, "work"))).filter((name) => /^part-\d+-of-\d+\.json$/.test(name));
    expect(manifests).toHaveLength(3);
    await rm(join(out, "part-00000-of-00001.json"));
    await built(args, out);
    expect(await filesIn(out)).toEqual(files);
    for (const name of manifests) await rm(join(out, "work", name));
    for (const name of Object.keys(files)) await rm(join(out, name));
    await built(args, out);
    expect(await filesIn(out)).toEqual(files);
  });

  it("lets a program of the user's judge every document, and keeps nothing that it did not", async () => {
    const program = join(folder, "judge.mjs");
    await writeFile(
      program,
      `import { createInterface } from "node:readline";
      for await (const line of createInterface({ input: process.stdin })) {
        const { about, media, text } = JSON.parse(line);
        if (process.argv[2] === "die" && about.url.endsWith("/4")) process.exit(3);
        if (process.argv[2] === "babble") console.log("fine");
        else if (Buffer.from(media[0].base64, "base64").length < 100 || text === "") console.log("{}");
        else if (about.url.endsWith("/1")) console.log(JSON.stringify({ keep: false, reason: "violence" }));
        else console.log(JSON.stringify({ keep: true, without: about.url.endsWith("/0") ? [1] : about.url.endsWith("/4") ? [0, 1] : [] }));
      }`,
    );
    const safety = (mode = "") => [
      "--in",
      archives,
      "--no-model",
      "--safety",
      `${process.execPath} ${program} ${mode}`,
    ];
    const { records, report } = await built(safety());
    expect(report.stages["pages: safe"].dropped).toMatchObject({ violence: { count: 1 } });
    expect(records.map((record) => [url(record), record.media.length]).slice(0, 2)).toEqual([
      ["0", 1],
      ["6", 1],
    ]);
    for (const mode of ["die", "babble"]) {
      const out = fresh();
      const { code, err } = await command(["data", "m3w", ...safety(mode), "--out", out]);
      expect(code).toBe(1);
      expect(err).toMatch(mode === "die" ? /ended with code 3 at record/ : /answered "fine"/);
      expect(await recordsIn(out)).toEqual([]);
    }
  });

  it("lets a function judge every document", async () => {
    const out = fresh();
    await buildM3w({
      inputs: [archives],
      out,
      safety: async ({ text }) => ({ keep: /mill/.test(text) }),
      safetyName: "mills",
    });
    expect((await recordsIn(out)).map(url)).toEqual(["0"]);
  });

  it("takes rules from a file, and refuses those it does not know", async () => {
    const rules = join(folder, "rules.json");
    await writeFile(rules, JSON.stringify({ pictures: { minSide: 100_000 } }));
    const { records, report } = await built(["--in", archives, "--no-model", "--rules", rules]);
    expect(records).toEqual([]);
    expect(report.stages["pictures: filtered"].dropped["too small"].count).toBe(25);
    await writeFile(rules, JSON.stringify({ pictures: { minimum: 3 } }));
    const refused = await command(["data", "m3w", "--in", archives, "--out", fresh(), "--rules", rules]);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("There is no rule pictures.minimum") });
    await writeFile(rules, JSON.stringify({ duplicates: { bits: 8 } }));
    const impossible = await command(["data", "m3w", "--in", archives, "--out", fresh(), "--rules", rules]);
    expect(impossible).toMatchObject({ code: 2, err: expect.stringContaining("found up to 7") });
  });

  it("ends with an error when more is broken than was allowed, or there is nothing to build of", async () => {
    const few = await command(["data", "m3w", "--in", archives, "--out", fresh(), "--no-model", "--max-faults", "0"]);
    expect(few).toMatchObject({ code: 1, err: expect.stringContaining("0 were allowed") });
    const none = await command(["data", "m3w", "--in", `${folder}/nothing/*.warc`, "--out", fresh()]);
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining("Nothing is there like") });
  });
});
