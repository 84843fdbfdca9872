import { describe, expect, it } from "vitest";
import { loadDocument, type PictureSource, PromptJsonError, parsePrompt } from "../../src/prompt/prompt-json.js";
import { picture } from "./toy.js";

describe("a prompt in JSON", () => {
  it("is a list of texts, pictures and videos, with paths, addresses and data", () => {
    const prompt = `[{"image": "a.png"}, {"text": "Output:"}, {"endOfChunk": true},
      {"video": ["https://example.org/1.png", "data:image/png;base64,AQID"]}]`;
    expect(parsePrompt(prompt)).toEqual([
      { image: { kind: "path", path: "a.png" } },
      { text: "Output:" },
      { endOfChunk: true },
      {
        video: [
          { kind: "url", url: "https://example.org/1.png" },
          { kind: "data", mime: "image/png", bytes: Uint8Array.of(1, 2, 3) },
        ],
      },
    ]);
  });

  it.each([
    ["{", /not JSON/],
    ["{}", /is an object, not a list/],
    ["[]", /empty list/],
    ['[{"text": "a"}, "b"]', /Segment 1 of the prompt is a string, not an object/],
    ['[{"txt": "a"}]', /Segment 0 .* has the fields \[txt\], not exactly one of text, image/],
    ['[{"text": "a", "image": "b"}]', /has the fields \[text, image\]/],
    ['[{"text": 3}]', /has a text that is a number/],
    ['[{"image": ""}]', /has an image that is an empty string/],
    ['[{"image": "data:image/png,abc"}]', /not base64/],
    ['[{"image": "data:image/png;base64,@@"}]', /base64 is broken/],
    ['[{"video": "a.mp4"}]', /a video that is a string, not a list of frames/],
    ['[{"video": []}]', /video without frames/],
    ['[{"video": ["a.png", null]}]', /a video whose frame 1 is null/],
    ['[{"endOfChunk": 1}]', /endOfChunk that is not true/],
  ])("is refused with the place and the fault: %s", (json, message) => {
    expect(() => parsePrompt(json)).toThrow(PromptJsonError);
    expect(() => parsePrompt(json)).toThrow(message);
  });

  it("is refused with all its faults at once", () => {
    try {
      parsePrompt([{ text: 1 }, { text: "fine" }, { image: 2 }]);
      expect.unreachable();
    } catch (error) {
      expect((error as PromptJsonError).faults.map(({ segment }) => segment)).toEqual([0, 2]);
    }
  });

  it("opens no files and no addresses of a server that accepts data only", () => {
    expect(() => parsePrompt([{ image: "/etc/passwd" }], { accept: ["data"] })).toThrow(/is a path, but only data/);
    expect(() => parsePrompt([{ image: "http://169.254.0.1/" }], { accept: ["data"] })).toThrow(/is a url/);
  });

  it("becomes a document through the loader, whose failure names the segment", async () => {
    const segments = parsePrompt([{ text: "a" }, { image: "1" }, { video: ["2", "3"] }]);
    const load = async (source: PictureSource) => {
      if (source.kind !== "path" || source.path === "9") throw new Error("no such file");
      return picture(Number(source.path));
    };
    expect(await loadDocument(segments, load)).toEqual([
      { text: "a" },
      { image: picture(1) },
      { video: [picture(2), picture(3)] },
    ]);
    await expect(loadDocument(parsePrompt([{ text: "a" }, { image: "9" }]), load)).rejects.toThrow(
      /Segment 1 of the prompt has a picture that could not be loaded, 9: no such file/,
    );
  });
});
