import { describe, expect, it } from "vitest";
import { tellFetching } from "../../src/cli/fetching.js";

const MIB = 2 ** 20;

/** What is written, and a clock that a test turns. */
function start(terminal: boolean) {
  const written: string[] = [];
  const clock = { now: 0 };
  const io = {
    out: () => {},
    err: (text: string) => void written.push(text),
    terminal: { out: false, err: terminal },
    input: async () => "",
    lines: async function* () {},
    taken: async () => {},
  };
  return { written, clock, fetching: tellFetching(io, () => clock.now) };
}

const come = (doneOfAll: number) =>
  ({ kind: "progress", path: "b", done: doneOfAll, size: 100 * MIB, doneOfAll, sizeOfAll: 100 * MIB }) as const;

describe("the progress of a download", () => {
  it("is, where lines cannot be written over, a line for every tenth and every file", () => {
    const { written, clock, fetching } = start(false);
    for (let percent = 0; percent <= 100; percent++) {
      clock.now = 100 * percent;
      fetching.tell(come(percent * MIB));
    }
    fetching.tell({ kind: "fetched", path: "b", size: 100 * MIB });
    expect(written).toHaveLength(11);
    expect(written[4]).toBe("b  50.0 MiB / 100.0 MiB  10.0 MiB/s  5 s left\n");
    expect(written.at(-1)).toBe("b  100.0 MiB, verified\n");
  });

  it("is at a terminal one line, written over ten times a second at most", () => {
    const { written, clock, fetching } = start(true);
    for (let i = 0; i < 1000; i++) {
      clock.now = i;
      fetching.tell(come(i));
    }
    fetching.end();
    expect(written).toHaveLength(11);
    expect(written.slice(0, 10).every((line) => line.startsWith("\r") && !line.includes("\n"))).toBe(true);
    expect(written.at(-1)).toBe("\n");
  });

  it("measures the speed over the last five seconds, and not what an earlier call had fetched", () => {
    const { written, clock, fetching } = start(false);
    fetching.tell(come(90 * MIB));
    clock.now = 20_000;
    fetching.tell(come(91 * MIB));
    clock.now = 21_000;
    fetching.tell(come(100 * MIB));
    expect(written.at(-1)).toBe("b  100.0 MiB / 100.0 MiB  9.0 MiB/s  0 s left\n");
  });

  it("says what the cache had, and whether the network was asked", () => {
    const { written, fetching } = start(false);
    const listed = { kind: "listed", source: "hf:a/b", commit: "0123456789abcdef", files: 4 } as const;
    fetching.tell({ ...listed, present: 4, asked: false });
    fetching.tell({ ...listed, present: 4, asked: true });
    fetching.tell({ ...listed, present: 1, asked: true });
    expect(written).toEqual([
      "hf:a/b at 0123456789ab: 4 files, all in the cache; the network was not asked\n",
      "hf:a/b at 0123456789ab: 4 files, all in the cache\n",
      "hf:a/b at 0123456789ab: 4 files, 1 of them in the cache\n",
    ]);
  });

  it("says when something is tried again, and why", () => {
    const { written, fetching } = start(false);
    fetching.tell({ kind: "retry", problem: "b: store answered with status 503.", waitMs: 4000 });
    expect(written).toEqual(["b: store answered with status 503. Again in 4 s.\n"]);
  });
});
