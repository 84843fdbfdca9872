import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../src/checkpoints/safetensors.js";
import { readSafetensorsFile } from "../../src/checkpoints/safetensors.node.js";
import { safetensorsPieces } from "../../src/checkpoints/safetensors-write.js";
import { toPng } from "../../src/cli/pictures.js";
import { trainBpe } from "../../src/text/bpe-trainer.js";
import { command, type Ended, start } from "../support/command.js";
import { noise, saveTinyModel, TINY_FILE } from "../support/tiny-model.js";

let place: string;
const at = (name: string) => join(place, name);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-bad-"));
  await saveTinyModel(at("model"));
  const png = await toPng(noise("whole", 64, 64));
  await writeFile(at("whole.png"), png);
  await writeFile(at("cut.png"), png.subarray(0, png.length / 2));
  await writeFile(at("text.png"), "this is a letter to a friend");
  await writeFile(at("empty.png"), "");
});
afterAll(() => rm(place, { recursive: true }));

/** Not done, said in words with a way out, and nothing on the output that a program could take for a result. */
function expectRefused({ code, out, err }: Ended, wanted: RegExp, exit = 1): void {
  expect(err).toMatch(wanted);
  expect(err).toMatch(/\nTo mend it: .{10,}/);
  expect(err).not.toMatch(/\n {4}at /);
  expect(out).toBe("");
  expect(code).toBe(exit);
}
const generate = (...args: string[]) => command(["generate", ...args, "--model", at("model")]);

describe("pictures that are none", () => {
  it.each([
    ["cut.png", /cut\.png begins as a PNG image of \d+ bytes and cannot be decoded: it is cut short/],
    ["text.png", /text\.png holds plain text, though it is called \.png/],
    ["empty.png", /empty\.png holds an empty file/],
    ["missing.png", /There is no file .*missing\.png/],
    [".", /is a folder|There is no file/],
  ])("%s is refused before any model is read", async (name, wanted) => {
    const path = join(place, name, name === "." ? "/" : "");
    expectRefused(await command(["generate", path, "Output:", "--model", at("none")]), wanted);
  });

  it("are refused the same way in a process of its own", async () => {
    expectRefused(await start(["generate", at("cut.png"), "Output:", "--model", at("model")]).ended, /cut short/);
  });
});

describe("prompts that cannot be answered", () => {
  it("more pictures than the model was made for", async () => {
    const many = Array(TINY_FILE.limits.maximumMedia + 1).fill(at("whole.png"));
    expectRefused(await generate(...many, "Output:"), /has 5 media, but at most 4 are allowed/);
  });

  it("more text than the model was made for", async () => {
    expectRefused(
      await generate(at("whole.png"), "Output: 1 2 3 4 5".repeat(20)),
      /tokens, but at most 64 are allowed/,
    );
  });

  it("a mark written by hand", async () => {
    expectRefused(await generate(at("whole.png"), "Output: a dog<EOC>"), /holds the mark <EOC>/);
    expectRefused(await generate("<image>Output:"), /holds the mark <image>/);
  });

  it("none, or two at once", async () => {
    expectRefused(await generate(), /There is no prompt/, 2);
    expectRefused(await generate("Output:", "--prompt", "-"), /given twice/, 2);
  });

  it("JSON that is none, or not a prompt, with every fault at its place", async () => {
    const piped = (input: string) => command(["generate", "--prompt", "-", "--model", at("model")], input);
    expectRefused(await piped('[{"text": '), /The prompt is not JSON/);
    expectRefused(await piped('[{"text": 3}, {"picture": "a.png"}]'), /Segment 0 .*\nSegment 1 /);
    expectRefused(await piped('[{"image": "nowhere.png"}]'), /There is no file nowhere\.png/);
    expectRefused(await piped('[{"image": "data:image/png;base64,AAAA"}]'), /piece 0 of the prompt holds/);
    expectRefused(await generate("--prompt", at("none.json")), /none\.json cannot be read/);
  });
});

describe("options that contradict themselves or are no numbers", () => {
  it.each([
    [["--beam", "0"], /--beam .*whole number, 1 or more/],
    [["--beam", "three"], /--beam/],
    [["--temperature", "hot"], /--temperature .*Give a number/],
    [["--choices", "yes||no"], /--choices .*none of them empty/],
    [["--choices", "yes|no", "--beam", "3"], /ranked, not written/],
    [["--temperature", "1", "--beam", "3"], /Both sampling and beam search/],
    [["--temperature", "0"], /A temperature of 0/],
    [["--top-p", "2"], /A nucleus of 2/],
    [["--bem", "3"], /unknown option '--bem'[\s\S]*Did you mean --beam/],
  ])("%j", async (options, wanted) => {
    expectRefused(await generate("Output:", ...options), wanted, 2);
  });
});

describe("models that are none", () => {
  it("a folder that is not there, is no model, or has a configuration with faults", async () => {
    const asked = (folder: string) => command(["generate", "Output:", "--model", folder]);
    expectRefused(await asked(at("nowhere")), /no model folder at .*nowhere/);
    expectRefused(await asked(place), /config\.json cannot be read/);
    const folder = await changed("config", (tensors) => tensors);
    const config = { ...TINY_FILE, gated: { before: [-1], heads: 3 }, name: 4 };
    await writeFile(join(folder, "config.json"), JSON.stringify(config));
    expectRefused(await asked(folder), /gated\.before\.0: .*gated\.hidden: |name: .*gated\.before/);
    const beyond = { ...TINY_FILE, gated: { ...TINY_FILE.gated, before: [2, 1, 4] } };
    await writeFile(join(folder, "config.json"), JSON.stringify(beyond));
    expectRefused(
      await asked(folder),
      /gated\.before\.1: 1 follows 2.*gated\.before\.2: a block before language block 4, but there are 4/,
    );
  });

  it("one with the tokenizer of another", async () => {
    const folder = await changed("tokenizer", (tensors) => tensors);
    const words = Array(9).fill(
      "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
    );
    await writeFile(join(folder, "tokenizer.json"), JSON.stringify(trainBpe(words, { vocabularySize: 310 })));
    expectRefused(
      await command(["generate", "Output:", "--model", folder]),
      /has 3\d\d ids, its language model rows for 300/,
    );
  });

  const latents = "resampler.latents";
  it.each([
    ["a missing tensor", /resampler\.latents is missing; expected \[4, 24\]/, without(latents)],
    ["a tensor too many", /resampler\.more \[4, 24\] is not a parameter/, also("resampler.more", latents)],
    ["a misshapen tensor", /resampler\.latents is \[24, 4\]; expected \[4, 24\]/, turned(latents)],
  ])("one with %s", async (name, wanted, change) => {
    const folder = await changed(name.replaceAll(" ", "-"), change);
    expectRefused(await command(["inspect", folder]), wanted);
    expectRefused(await command(["generate", "Output:", "--model", folder]), wanted);
  });

  it("one with a weight that is not a number", async () => {
    const folder = await changed("nan", (tensors) => tensors);
    const file = join(folder, "model.safetensors");
    const bytes = await readFile(file);
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    await writeFile(file, bytes);
    expectRefused(await command(["generate", "Output:", "--model", folder]), /holds NaN at element \d+/);
  });

  it("one whose weights are cut short", async () => {
    const folder = await changed("cut", (tensors) => tensors);
    const file = join(folder, "model.safetensors");
    await writeFile(file, (await readFile(file)).subarray(0, 5000));
    expectRefused(await command(["inspect", folder]), /model\.safetensors: /);
  });
});

type Change = (tensors: Map<string, Tensor>) => Map<string, Tensor>;

function without(name: string): Change {
  return (tensors) => new Map([...tensors].filter(([own]) => own !== name));
}

function also(name: string, like: string): Change {
  return (tensors) => new Map([...tensors, [name, tensors.get(like)!]]);
}

function turned(name: string): Change {
  return (tensors) => {
    const { data, shape } = tensors.get(name)!;
    return new Map(tensors).set(name, { data, shape: [...shape].reverse() });
  };
}

/** A copy of the model with other tensors, in 32 bits. */
async function changed(name: string, change: Change): Promise<string> {
  const folder = at(name);
  await saveTinyModel(folder);
  const file = join(folder, "model.safetensors");
  const { tensors } = await readSafetensorsFile(file);
  await writeFile(file, Buffer.concat([...safetensorsPieces(change(tensors), { dtype: "F32" })]));
  return folder;
}
