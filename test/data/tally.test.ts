import { describe, expect, it } from "vitest";
import { tallyInWords } from "../../src/cli/data/tally-words.js";
import { placeInWords, Tally, TooManyFaultsError } from "../../src/data/tally.js";

const place = (record: number) => ({ file: "a.tar", record });

describe("a tally", () => {
  it("counts by stage and reason, and keeps the places of the first few", () => {
    const tally = new Tally({ keep: 2 });
    tally.pass("parse", 7);
    tally.drop("language", "not English", place(1));
    for (let i = 0; i < 4; i++) tally.fault("parse", "cut off", place(i));
    expect(JSON.parse(JSON.stringify(tally))).toEqual({
      parse: { passed: 7, dropped: {}, faults: { "cut off": { count: 4, first: [place(0), place(1)] } } },
      language: { passed: 0, dropped: { "not English": { count: 1, first: [place(1)] } }, faults: {} },
    });
    expect(tally.faults).toBe(4);
  });

  it("puts up with as many faults as were allowed, and names the one that is too many", () => {
    const tally = new Tally({ limit: 2 });
    for (let i = 0; i < 9; i++) tally.drop("quality", "short", place(i));
    tally.fault("read", "cut off", place(0));
    tally.fault("read", "cut off", place(1));
    expect(() => tally.fault("read", "no text", { ...place(2), byte: 512 })).toThrow(TooManyFaultsError);
    expect(() => tally.fault("read", "no text", { ...place(3), byte: 512 })).toThrow(
      "read: no text: a.tar, record 3, byte 512",
    );
  });

  it("is the same whether its halves were counted apart or together", () => {
    const [whole, left, right] = [new Tally(), new Tally(), new Tally()];
    for (let i = 0; i < 20; i++)
      for (const tally of [whole, i < 9 ? left : right]) {
        tally.pass("a");
        tally.fault("b", i % 3 ? "x" : "y", place(i));
        tally.drop("a", "z", place(i));
      }
    const merged = new Tally();
    merged.merge(left.toJSON());
    merged.merge(right.toJSON());
    expect(JSON.stringify(merged)).toBe(JSON.stringify(whole));
    expect(merged.faults).toBe(20);
    expect(() => new Tally({ limit: 19 }).merge(whole.toJSON())).toThrow(TooManyFaultsError);
  });

  it("is told as a table, with the first place of each reason", () => {
    const tally = new Tally();
    tally.pass("parse", 1234);
    tally.fault("parse", "cut off", { ...place(3), byte: 10, found: "2 of 9 bytes" });
    expect(tallyInWords(tally.toJSON())).toBe(
      "parse  1,234  passed\n           1  broken: cut off  a.tar, record 3, byte 10: 2 of 9 bytes\n",
    );
    expect(placeInWords({ file: "x" })).toBe("x");
  });
});
