import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Imported } from "../../src/conversion/import.node.js";
import { openFlamingo } from "../../src/generation/flamingo.node.js";
import { command } from "../support/command.js";
import { CHECKPOINTS, copied, published, referenceAnswer } from "../support/published.js";
import { relativeError } from "../support/reference.js";

let place: string;
const at = (...names: string[]) => join(place, ...names);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-import-"));
});
afterAll(() => rm(place, { recursive: true }));

/** Imports, and gives what `--json` prints. */
async function imported(source: string, out: string, ...more: string[]): Promise<Imported> {
  const { code, out: written, err } = await command(["import", source, "--out", out, "--json", ...more]);
  expect(code, err).toBe(0);
  return JSON.parse(written);
}

/** A prompt as pieces of the command line. */
const pieces = (prompt: readonly object[]) => prompt.map((piece) => Object.values(piece as Record<string, string>)[0]!);

async function configIn(folder: string) {
  return JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
}

describe.each(Object.entries(CHECKPOINTS))("%s, imported", (name, given) => {
  const answer = referenceAnswer(name);
  const folder = () => at(name);
  let account: Imported;
  beforeAll(async () => {
    account = await imported(published(name), folder(), ...given);
  });

  it("is a folder of our layout", async () => {
    expect((await readdir(folder())).sort()).toEqual([
      "config.json",
      "import.json",
      "model.safetensors",
      "preprocessor_config.json",
      "tokenizer.json",
    ]);
    expect(account).toMatchObject({ name, kind: name.startsWith("idefics") ? "idefics" : "openflamingo" });
    expect(JSON.parse(await readFile(join(folder(), "import.json"), "utf8"))).toEqual(account.report);
    expect(await configIn(folder())).toMatchObject({ kind: "flamingo", name });
    const prepared = JSON.parse(await readFile(join(folder(), "preprocessor_config.json"), "utf8"));
    expect(prepared.image_size ?? prepared.crop_size.height).toBe(12);
  });

  it("reads a prompt as its own code does: the same tokens, and logits within 1e-4", async () => {
    await using flamingo = await openFlamingo(folder());
    using read = await flamingo.read(answer.prompt);
    expect(read.tokens).toEqual(answer.tokens);
    const wanted = { shape: [answer.logits.length], data: Float32Array.from(answer.logits) };
    const found = read.state.logits;
    expect(relativeError({ shape: [found.length], data: found }, wanted)).toBeLessThan(1e-4);
  });

  it("answers with its tokens through generate", async () => {
    const { code, out, err } = await command([
      ...["generate", ...pieces(answer.prompt as readonly object[])],
      ...["--model", folder(), "--max-tokens", "8", "--json"],
    ]);
    expect(code, err).toBe(0);
    expect(JSON.parse(out).tokens).toEqual(answer.greedy);
  });

  it("is told by inspect, part by part", async () => {
    const { code, out, err } = await command(["inspect", folder(), "--json"]);
    expect(code, err).toBe(0);
    const { total, parts, gates } = JSON.parse(out);
    const size = (shape: readonly number[]) => shape.reduce((product, axis) => product * axis, 1);
    expect(total).toBe(account.report.used.reduce((sum, { shape }) => sum + size(shape), 0));
    expect(parts.every(({ parameters }: { parameters: number }) => parameters > 0)).toBe(true);
    expect(gates.every(({ attention }: { attention: { tanh: number } }) => attention.tanh > 0.2)).toBe(true);
  });

  it("is followed by walk, to the same logits", async () => {
    const { code, out, err } = await command([
      ...["walk", ...pieces(answer.prompt as readonly object[])],
      ...["--model", folder(), "--json"],
    ]);
    expect(code, err).toBe(0);
    const stops = JSON.parse(out) as { function: string; now: string[] }[];
    expect(stops.find((stop) => stop.function === "greedy")!.now[0]).toMatch(/^\d+ tokens until/);
    expect(stops.find((stop) => stop.function === "interleave")!.now[0]).toContain(`[text ${answer.tokens.length}]`);
  });
});

describe("an IDEFICS with a flat configuration", () => {
  it("becomes the very folder that the nested one does", async () => {
    const flat = await readFile(published("idefics", "config.flat.json"), "utf8");
    const source = await copied("idefics", at("source-flat", "idefics"), { "config.json": flat });
    await imported(source, at("flat"));
    await imported(published("idefics"), at("nested"));
    for (const file of ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"])
      expect(Buffer.compare(await readFile(at("flat", file)), await readFile(at("nested", file))), file).toBe(0);
  });
});

describe("weights", () => {
  const formats = async (folder: string) =>
    JSON.parse((await command(["inspect", folder, "--json"])).out).formats as Record<string, number>;

  it("are kept in the format that each had", async () => {
    await imported(published("openflamingo-mpt"), at("as-they-are"), ...CHECKPOINTS["openflamingo-mpt"]);
    expect(await formats(at("as-they-are"))).toEqual({ F32: 14136, BF16: 6224, F16: 3100 });
  });

  it("are halved where that is asked for, and the answer stays", async () => {
    const { report } = await imported(published("idefics"), at("half"), "--quantize", "f16");
    expect(Object.keys(await formats(at("half")))).toEqual(["F16"]);
    expect(new Set(report.used.map(({ dtype }) => dtype))).toEqual(new Set(["BF16"]));
    const { prompt, greedy } = referenceAnswer("idefics");
    await using flamingo = await openFlamingo(at("half"));
    expect((await flamingo.generate(prompt, { maximumTokens: 8 })).tokens).toEqual(greedy);
  });

  it.each(["int8", "int4"] as const)(
    "are held as %s where a matrix has rows enough, and answer through the engine",
    async (held) => {
      const name = "openflamingo-neox";
      await imported(published(name), at(held), ...CHECKPOINTS[name], "--quantize", held);
      const found = await formats(at(held));
      expect(found[held]).toBeGreaterThan(0);
      expect(found.F32).toBeGreaterThan(0);
      const { prompt, logits } = referenceAnswer(name);
      await using flamingo = await openFlamingo(at(held));
      using read = await flamingo.read(prompt);
      const own = read.state.logits;
      const worst = relativeError(
        { shape: [own.length], data: own },
        { shape: [own.length], data: Float32Array.from(logits) },
      );
      expect(worst).toBeGreaterThan(0);
      expect(worst).toBeLessThan(held === "int8" ? 0.05 : 0.5);
      const { code, err } = await command(["walk", published("first.png"), "Output:", "--model", at(held)]);
      expect(code, err).toBe(0);
    },
  );
});

describe("flamingo import", () => {
  it("says in words what became of the tensors, and where every one is told", async () => {
    const { code, out } = await command([
      ...["import", published("openflamingo-mpt-training"), "--out", at("words"), "--name", "small"],
      ...CHECKPOINTS["openflamingo-mpt"],
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^small: an OpenFlamingo in .*words, model\.safetensors of \d+\.\d KiB\n/);
    expect(out).toMatch(/\nresampler +15 +3,780 +trained +BF16\n/);
    expect(out).toMatch(/\nvision +37 +3,100 +frozen +F16\n/);
    expect(out).toMatch(/\nleft aside, 26: CLIP's text side/);
    expect(out).toMatch(/\nleft aside, 3: of the training, not of the model\n/);
    expect(out).toContain(`Every tensor: ${at("words", "import.json")}`);
    expect((await configIn(at("words"))).name).toBe("small");
  });

  it("replaces an older model whole, and keeps what else was there", async () => {
    const { writeFile } = await import("node:fs/promises");
    await imported(published("openflamingo-neox"), at("twice"), ...CHECKPOINTS["openflamingo-neox"]);
    await writeFile(at("twice", "NOTES.md"), "mine");
    await imported(published("clip"), at("twice"));
    expect((await readdir(at("twice"))).sort()).toEqual([
      "NOTES.md",
      "config.json",
      "import.json",
      "model.safetensors",
      "preprocessor_config.json",
    ]);
    expect((await configIn(at("twice"))).kind).toBe("vision");
  });

  it("names what was left out of the command", async () => {
    const refused = async (...args: string[]) => {
      const { code, err, out } = await command(["import", ...args]);
      expect(out).toBe("");
      return `${code} ${err}`;
    };
    expect(await refused("--out", at("none"))).toMatch(/^2 .*missing required argument 'source'/s);
    expect(await refused(published("clip"))).toMatch(/^2 There is no place for the model\..*--out/s);
    expect(await refused(published("clip"), "--out", at("none"), "--quantize", "int3")).toMatch(
      /^2 error: option .--quantize <format>. argument .int3. is invalid\. Give one of int8, int4, f16/,
    );
    expect(await refused(published("clip"), "--out", at("none"), "--language", published("mpt"))).toMatch(
      /^2 .*clip is no OpenFlamingo .*leave out --language/s,
    );
    expect(await readdir(place)).not.toContain("none");
  });
});
