import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordMedium } from "../../src/data/record.js";
import { MediaPlaceError, segmentsOf, textAndMedia } from "../../src/data/segments.js";

const medium = { kind: "image" as const, files: [] };

describe("a record's segments", () => {
  it("are the record again, whatever the characters", () => {
    const segment = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }).map((text) => ({ text })),
      fc.constant({ medium }),
    );
    fc.assert(
      fc.property(fc.array(segment), (segments) => {
        const record = { id: "a", ...textAndMedia(segments) };
        const again = segmentsOf(record).map((one) => ("text" in one ? one : { medium }));
        expect(textAndMedia(again)).toEqual({ text: record.text, media: record.media });
        expect(again.filter((one) => "medium" in one).length).toBe(segments.filter((one) => "medium" in one).length);
      }),
    );
  });

  it("count characters, not halves of them", () => {
    const record = { id: "a", text: "🐕a", media: [{ ...medium, at: 1 }] };
    expect(segmentsOf(record)).toEqual([{ text: "🐕" }, { medium: record.media[0] }, { text: "a" }]);
  });

  it.each([
    [[2, 1], "after 1 characters"],
    [[4], "after 4 characters"],
    [[0.5], "after 0.5 characters"],
  ])("refuse media at %j", (places, words) => {
    const media: RecordMedium[] = places.map((at) => ({ ...medium, at }));
    expect(() => segmentsOf({ id: "a", text: "abc", media })).toThrow(MediaPlaceError);
    expect(() => segmentsOf({ id: "a", text: "abc", media })).toThrow(words);
  });
});
