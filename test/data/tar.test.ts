import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TAR_END, tarFile, tarHeader } from "../../src/data/shards/tar.js";
import { readTarFile } from "../../src/data/shards/tar-file.js";
import { type TarEntry, type TarFault, TarParser } from "../../src/data/shards/tar-parser.js";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-tar-"));
});
afterAll(() => rm(place, { recursive: true }));

const LONG = `${"folder-of-a-long-name/".repeat(8)}picture.0.jpg`;
const FILES: readonly (readonly [string, Buffer])[] = [
  ["a.json", Buffer.from("{}")],
  ["a.0.jpg", Buffer.alloc(5000, 7)],
  [LONG, Buffer.from("long")],
  ["čtyři-🦩.txt", Buffer.from("four")],
  ["empty.txt", Buffer.alloc(0)],
  ["block.bin", Buffer.alloc(512, 1)],
];

const tarOf = (files: readonly (readonly [string, Buffer])[]) =>
  Buffer.concat([...files.flatMap(([name, bytes]) => tarFile(name, bytes)), TAR_END]);

function parse(tar: Buffer, pieces: readonly number[] = [tar.length]): (TarEntry | TarFault)[] {
  const parser = new TarParser();
  const items: (TarEntry | TarFault)[] = [];
  let at = 0;
  for (let i = 0; at < tar.length; i++) {
    const length = Math.max(1, pieces[i % pieces.length]!);
    items.push(...parser.push(Buffer.from(tar.subarray(at, at + length))));
    at += length;
  }
  return [...items, ...parser.end()];
}

const names = (items: readonly (TarEntry | TarFault)[]) =>
  items.map((item) => ("name" in item ? item.name : `${item.reason} at ${item.at}`));

describe("a tar", () => {
  it("comes back as it was written, whatever the pieces it is read in", () => {
    const tar = tarOf(FILES);
    const whole = parse(tar);
    expect(whole.map((item) => "name" in item && [item.name, item.bytes])).toEqual(FILES);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }), (pieces) => {
        expect(parse(tar, pieces)).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it("can be read on from any of its headers", () => {
    const tar = tarOf(FILES);
    for (const [i, { at }] of parse(tar).entries()) {
      const parser = new TarParser(at);
      const rest = [...parser.push(tar.subarray(at)), ...parser.end()];
      expect(rest).toEqual(parse(tar).slice(i));
    }
  });

  it("is one to the system's tar, and the system's tar, in each of its formats, is one here", async () => {
    await writeFile(join(place, "ours.tar"), tarOf(FILES));
    const listed = execFileSync("tar", ["--list", "--quoting-style=literal", "-f", join(place, "ours.tar")], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    });
    expect(listed.trim().split("\n")).toEqual(FILES.map(([name]) => name));
    execFileSync("tar", ["-xf", join(place, "ours.tar")], { cwd: place });
    expect(await readFile(join(place, LONG), "utf8")).toBe("long");
    for (const format of ["ustar", "gnu", "pax", "v7"]) {
      const some = format === "v7" ? ["a.json", "a.0.jpg"] : ["a.json", "a.0.jpg", LONG, "čtyři-🦩.txt"];
      execFileSync("tar", ["--format", format, "-cf", join(place, `${format}.tar`), ...some], { cwd: place });
      expect(names(parse(await readFile(join(place, `${format}.tar`)))), format).toEqual(some);
    }
    expect(await readdir(place)).toContain("čtyři-🦩.txt");
  });

  it("has the same bytes for the same files, and says no time, owner or mode of this machine", () => {
    expect(Buffer.from(tarHeader("a.json", 2)).toString("latin1", 100, 148).split("\0")).toEqual([
      "0000644",
      "0000000",
      "0000000",
      "00000000002",
      "00000000000",
      "",
    ]);
  });

  it("is read whole from a gzip, and on from a place in one", async () => {
    const path = join(place, "some.tar.gz");
    await writeFile(path, gzipSync(tarOf(FILES)));
    const all = [];
    for await (const items of readTarFile(path)) all.push(...items);
    expect(all.map((item) => "name" in item && [item.name, item.bytes])).toEqual(FILES);
    const rest = [];
    for await (const items of readTarFile(path, all[3]!.at)) rest.push(...items);
    expect(names(rest)).toEqual(FILES.slice(3).map(([name]) => name));
  });
});

describe("a damaged tar", () => {
  it("gives every file that is whole, and says where it is cut off", () => {
    const tar = tarOf(FILES);
    const starts = parse(tar).map(({ at }) => at);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: tar.length - 1 }), (length) => {
        const items = parse(tar.subarray(0, length));
        const [last] = items.slice(-1) as TarFault[];
        // One empty block and some of the next are end mark enough.
        if (length >= tar.length - 512) return;
        const whole = FILES.filter((_, i) => (starts[i + 1] ?? tar.length - 1024) <= length).map(([name]) => name);
        expect(names(items.slice(0, -1))).toEqual(whole);
        expect(last!.reason).toBe("cut off");
      }),
    );
  });

  it("goes on at the next header after one that is damaged", () => {
    const tar = tarOf(FILES);
    const [, second, third] = parse(tar);
    tar[second!.at + 3]! ^= 1;
    expect(names(parse(tar))).toEqual([
      "a.json",
      `damaged header at ${second!.at}`,
      ...FILES.slice(2).map(([name]) => name),
    ]);
    expect(parse(tar)[1]).toMatchObject({ found: `${third!.at - second!.at} bytes until the next one` });
  });

  it("passes over a file that says it is larger than any sample", () => {
    const huge = Buffer.from(tarHeader("huge.bin", 3_000_000_000));
    const parser = new TarParser();
    const items = [...parser.push(Buffer.concat([huge, Buffer.alloc(100)])), ...parser.end()];
    expect(names(items)).toEqual(["too large at 0", "cut off at 612"]);
  });

  it("is never an endless loop or an exception, whatever its bytes", () => {
    const tar = tarOf(FILES);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(tar.length - 1), fc.nat(255)), { maxLength: 20 }), (changes) => {
        const damaged = Buffer.from(tar);
        for (const [at, value] of changes) damaged[at] = value;
        expect(parse(damaged, [700]).length).toBeLessThan(30);
      }),
    );
  });

  it("tells a gzip that is cut off or damaged", async () => {
    const path = join(place, "cut.tar.gz");
    const gzip = gzipSync(tarOf(FILES));
    await writeFile(path, gzip.subarray(0, gzip.length - 40));
    const items = [];
    for await (const some of readTarFile(path)) items.push(...some);
    expect(names(items.slice(0, 2))).toEqual(FILES.slice(0, 2).map(([name]) => name));
    expect(items.at(-1)).toMatchObject({ reason: "cut off" });
    gzip[gzip.length >> 1]! ^= 0xff;
    await writeFile(path, gzip);
    const damaged = [];
    for await (const some of readTarFile(path)) damaged.push(...some);
    expect(damaged.at(-1)).toMatchObject({ reason: "damaged compression" });
    await expect(readTarFile(join(place, "none.tar")).next()).rejects.toThrow(/none.tar cannot be read/);
  });
});
