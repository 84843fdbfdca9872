/** The house keeps its own rules: who may import whom, what may stand where, how long a file may be. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { BROWSER_ONLY, NODE_ONLY, PACKAGES, ROOMS, type Room } from "../src/rooms.js";

const SRC = resolve(import.meta.dirname, "../src");

/** Where the library is entered: in Node and in browsers. */
const DOORS: readonly string[] = ["index.ts", "index.browser.ts"];

interface Source {
  /** From `src`, with forward slashes. */
  readonly path: string;
  /** Its folder directly under `src`; undefined on the street. */
  readonly room: string | undefined;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => path.replaceAll("\\", "/"))
  .sort()
  .map((path) => {
    const text = readFileSync(join(SRC, path), "utf8");
    return { path, room: path.includes("/") ? path.split("/")[0] : undefined, text, imports: importsOf(text) };
  });

/** Every module that a file names: statically, dynamically, as a thread, or by `require`. */
function importsOf(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
  const forms = [
    /^\s*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm,
    /^\s*import\s*["']([^"']+)["']/gm,
    /\bimport\(\s*["']([^"']+)["']/g,
    /\brequire(?:\.resolve)?\(\s*["']([^"']+)["']/g,
    /\bnew URL\(\s*["'](\.[^"']*\.js)["']/g,
  ];
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[1]!));
}

/** The file that a relative import means, from `src`. */
const target = (source: Source, specifier: string): string =>
  relative(SRC, resolve(SRC, dirname(source.path), specifier))
    .replaceAll("\\", "/")
    .replace(/\.js$/, ".ts");

const roomOf = (path: string): string | undefined => (path.includes("/") ? path.split("/")[0] : undefined);
const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
const isRelative = (specifier: string): boolean => specifier.startsWith(".");
const isNode = (specifier: string): boolean => specifier.startsWith("node:");
const isGenerated = (path: string): boolean => path.endsWith(".generated.ts");

/** All faults at once, each as `file: what`. */
const faults = (find: (source: Source) => readonly string[]): string[] =>
  sources.flatMap((source) => find(source).map((fault) => `${source.path}: ${fault}`));

describe("the law of imports", () => {
  it("knows every folder of src as a room, and no room without a folder", () => {
    const folders = new Set(sources.map(({ room }) => room).filter((room) => room !== undefined));
    expect([...folders].sort()).toEqual(Object.keys(ROOMS).sort());
  });

  it("has no circle: each room imports only rooms that stand before it in the table", () => {
    const order = Object.keys(ROOMS);
    for (const [room, imported] of Object.entries(ROOMS))
      for (const below of imported)
        expect(order.indexOf(below), `${room} imports ${below}`).toBeLessThan(order.indexOf(room));
  });

  it("is kept: a room imports only the rooms it is given", () => {
    const broken = faults((source) => {
      if (source.room === undefined) return [];
      const allowed: readonly string[] = [source.room, ...ROOMS[source.room as Room]];
      return source.imports
        .filter(isRelative)
        .map((specifier) => roomOf(target(source, specifier)))
        .filter((room) => room !== undefined && !allowed.includes(room))
        .map((room) => `imports ${room}`);
    });
    expect(broken).toEqual([]);
  });

  it("lets the street import nothing but the street; only the two doors, of Node and of browsers, open the rooms", () => {
    const broken = faults((source) =>
      source.room !== undefined || DOORS.includes(source.path)
        ? []
        : source.imports
            .filter(isRelative)
            .map((specifier) => target(source, specifier))
            .filter((path) => roomOf(path) !== undefined),
    );
    expect(broken).toEqual([]);
  });

  it("imports the doors nowhere inside", () => {
    expect(
      faults((source) => source.imports.filter((i) => isRelative(i) && DOORS.includes(target(source, i)))),
    ).toEqual([]);
  });

  it("lets a package be known only in the rooms named beside it, so the engine is met in `runtime` alone", () => {
    const broken = faults((source) =>
      source.imports
        .filter((specifier) => !isRelative(specifier) && !isNode(specifier))
        .map(packageOf)
        .filter((name) => !(PACKAGES as Record<string, readonly string[]>)[name]?.includes(source.room ?? "")),
    );
    expect(broken).toEqual([]);
  });

  it("names exactly the packages that package.json depends on", () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(resolve(SRC, "../package.json"), "utf8"));
    expect(Object.keys(PACKAGES).sort()).toEqual(Object.keys({ ...dependencies, ...peerDependencies }).sort());
  });
});

describe("what a browser does not have", () => {
  const isIn = (rooms: readonly string[], path: string) => rooms.includes(roomOf(path) ?? "");
  const isNamed = (path: string) => NODE_ONLY.files.some((end) => `src/${path}`.endsWith(end));
  const mayImport = (path: string) => isNamed(path) || isIn(NODE_ONLY.rooms, path);
  const isBehind = (path: string) => isNamed(path) || isIn(NODE_ONLY.behind, path);

  it("is imported only by files named so, and in rooms that are named so whole", () => {
    const broken = faults((source) =>
      mayImport(source.path)
        ? []
        : source.imports.filter((specifier) => NODE_ONLY.modules.some((module) => specifier.startsWith(module))),
    );
    expect(broken).toEqual([]);
  });

  it("is not brought in by a detour: a file without the name imports none that has it, but for its types", () => {
    const broken = faults((source) => {
      if (isBehind(source.path)) return [];
      const values = importsOf(source.text.replaceAll(/^import type\b[^;]*;/gm, ""));
      return values
        .filter(isRelative)
        .map((specifier) => target(source, specifier))
        .filter(mayImport);
    });
    expect(broken).toEqual([]);
  });
});

describe("what only browsers have", () => {
  const isNamed = (path: string) => BROWSER_ONLY.files.some((end) => path.endsWith(end));

  it("is imported only by files named so", () => {
    const broken = faults(({ path, imports }) =>
      isNamed(path) ? [] : imports.filter((specifier) => BROWSER_ONLY.modules.some((own) => specifier.startsWith(own))),
    );
    expect(broken).toEqual([]);
  });

  it("is not brought in by a detour: a file without the name imports none that has it", () => {
    const broken = faults((source) =>
      isNamed(source.path)
        ? []
        : source.imports
            .filter(isRelative)
            .map((specifier) => target(source, specifier))
            .filter(isNamed),
    );
    expect(broken).toEqual([]);
  });

  it("is reached from the browser's door, as is nothing that a browser lacks", () => {
    const byPath = new Map(sources.map((source) => [source.path, source]));
    const reached = new Set<string>();
    const follow = (path: string): void => {
      const source = byPath.get(path);
      if (source === undefined || reached.has(path)) return;
      reached.add(path);
      for (const specifier of source.imports) if (isRelative(specifier)) follow(target(source, specifier));
    };
    follow("index.browser.ts");
    const named = sources.map(({ path }) => path).filter(isNamed);
    expect(named.filter((path) => !reached.has(path))).toEqual([]);
    const node = [...reached].filter((path) => NODE_ONLY.files.some((end) => `src/${path}`.endsWith(end)));
    expect(node).toEqual([]);
  });
});

describe("every source file", () => {
  it("is at most 450 lines long", () => {
    const long = sources.filter(({ path, text }) => !isGenerated(path) && text.split("\n").length > 451);
    expect(long.map(({ path, text }) => `${path}: ${text.split("\n").length - 1}`)).toEqual([]);
  });

  it("says what it is for: no utils, no helpers, no common", () => {
    expect(
      sources.map(({ path }) => path).filter((path) => /^(utils?|helpers?|common|misc)\b/.test(basename(path))),
    ).toEqual([]);
  });

  it("is finished: nothing is left to be done in a comment", () => {
    const left = faults(({ text }) => [...text.matchAll(/\b(TODO|FIXME|XXX|HACK)\b.*/g)].map((match) => match[0]));
    expect(left).toEqual([]);
  });

  it("begins by saying what it is, if it is long enough to need it", () => {
    const silent = sources.filter(
      ({ path, text }) => !isGenerated(path) && text.split("\n").length > 40 && !/^\/\*\*/.test(text),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});
