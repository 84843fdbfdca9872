import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toPng } from "../../src/cli/pictures.js";
import { documentOf, type FlamingoModel, image, openFlamingo, UsageError } from "../../src/index.js";
import { noise, saveTinyModel } from "../support/tiny-model.js";

let place: string;
let flamingo: FlamingoModel;
const at = (name: string) => join(place, name);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-library-"));
  await saveTinyModel(at("model"));
  await writeFile(at("a.png"), await toPng(noise("a")));
  await writeFile(at("b.png"), await toPng(noise("b")));
  flamingo = await openFlamingo(at("model"), { threads: 1 });
});
afterAll(async () => {
  await flamingo.close();
  await rm(place, { recursive: true });
});

describe("the library", () => {
  it("answers pictures and text in six lines", async () => {
    await using flamingo = await openFlamingo(at("model"));
    const answer = await flamingo.generate([image(at("a.png")), "Output: a dog", image(at("b.png")), "Output:"]);
    expect(answer.text).toBeTypeOf("string");
    expect(answer.logProb).toBeLessThan(0);
  });

  it("takes a picture as a path, an address, bytes, or decoded, and answers all alike", async () => {
    const png = await toPng(noise("a"));
    const sources = [
      at("a.png"),
      pathToFileURL(at("a.png")),
      `data:image/png;base64,${png.toString("base64")}`,
      new Uint8Array(png),
      noise("a"),
    ];
    const documents = await Promise.all(sources.map((source) => documentOf([image(source), "Output:"])));
    for (const document of documents) expect(document).toEqual([{ image: noise("a") }, { text: "Output:" }]);
    const answers = await Promise.all(sources.map((source) => flamingo.generate([image(source), "Output:"])));
    for (const { tokens, logProb } of answers) expect({ tokens, logProb }).toMatchObject(only(answers[0]!));
    function only({ tokens, logProb }: { tokens: readonly number[]; logProb: number }) {
      return { tokens, logProb };
    }
  });

  it("takes documents, and prompts in JSON, as they are", async () => {
    const document = await documentOf([image(at("a.png")), "Output:"]);
    expect(await documentOf(document)).toEqual(document);
    const json: [{ image: string }, { text: string }, { endOfChunk: true }] = [
      { image: at("a.png") },
      { text: "Output:" },
      { endOfChunk: true },
    ];
    expect(await documentOf(json)).toEqual([...document, { endOfChunk: true }]);
  });

  it("ranks given answers", async () => {
    const { choices } = await flamingo.rank([image(at("a.png")), "Output:"], ["yes", "no"]);
    expect(choices).toHaveLength(2);
    expect(choices[0]!.probability + choices[1]!.probability).toBeCloseTo(1, 10);
  });

  it.each([
    [["Output:", 3], /Piece 1 of the prompt is 3, neither text nor a picture/],
    [[{ picture: "a.png" }], /Piece 0 of the prompt is \{ picture \}/],
    [[{ image: undefined }], /Piece 0 of the prompt is undefined/],
    ["Output:", /The prompt is not a list/],
  ])("refuses %j, naming the piece", async (prompt, wanted) => {
    await expect(documentOf(prompt as never)).rejects.toThrow(wanted);
    await expect(documentOf(prompt as never)).rejects.toThrow(UsageError);
  });

  it("refuses to answer about a video, rather than about its first frame", async () => {
    await expect(flamingo.generate([{ video: [noise("a"), noise("b")] }, "Output:"])).rejects.toThrow(/video of 2/);
  });

  it("fails what is asked after it was closed", async () => {
    const closed = await openFlamingo(at("model"), { threads: 1 });
    await closed.close();
    await closed.close();
    await expect(closed.generate(["Output:"])).rejects.toThrow(/The model tiny was closed/);
  });
});
