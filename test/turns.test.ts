import { describe, expect, it } from "vitest";
import { Signals, untilAborted } from "../src/abort.js";
import { nextTurn, type Pieces, Turns, withoutPause } from "../src/turns.js";

/** Work in so many pieces, which writes down its name at each. */
function* noting(log: string[], name: string, pieces: number): Pieces<string> {
  for (let i = 0; i < pieces; i++) {
    log.push(name);
    yield;
  }
  return name;
}

/** Writes down every turn of the event loop until `over`. */
async function notingTurns(log: string[], work: Promise<unknown>): Promise<void> {
  let over = false;
  const turning = (async () => {
    while (!over) {
      await nextTurn();
      log.push("|");
    }
  })();
  await work;
  over = true;
  await turning;
}

/** The works done in each turn. */
const byTurn = (log: readonly string[]) => log.join("").split("|");

describe("work in pieces", () => {
  it("without a pause is done at once", () => {
    const log: string[] = [];
    expect(withoutPause(noting(log, "a", 3))).toBe("a");
    expect(log).toEqual(["a", "a", "a"]);
  });

  it("spread over turns has one piece in each, and others have theirs between", async () => {
    const log: string[] = [];
    await notingTurns(log, new Turns().spread(noting(log, "a", 5)));
    const turns = byTurn(log);
    expect(turns.filter((turn) => turn === "a")).toHaveLength(5);
    expect(turns.filter((turn) => turn.length > 1)).toEqual([]);
  });

  it("of many at once still has one piece in a turn, of each in its order", async () => {
    const log: string[] = [];
    const turns = new Turns();
    const works = ["a", "b", "c"].map((name) => turns.spread(noting(log, name, 4)));
    await notingTurns(log, Promise.all(works));
    expect(byTurn(log).filter((turn) => turn.length > 1)).toEqual([]);
    expect(log.filter((name) => name !== "|").join("")).toBe("abcabcabcabc");
  });

  it("stops at the signal, with its reason, and lets others go on", async () => {
    const log: string[] = [];
    const turns = new Turns();
    const controller = new AbortController();
    const stopped = turns.spread(
      (function* (): Pieces<void> {
        for (let i = 0; ; i++) {
          log.push("a");
          if (i === 2) controller.abort(new Error("enough"));
          yield;
        }
      })(),
      controller.signal,
    );
    const other = turns.spread(noting(log, "b", 6));
    await expect(stopped).rejects.toThrow("enough");
    expect(await other).toBe("b");
    expect(log.filter((name) => name === "a")).toHaveLength(3);
    expect(log.filter((name) => name === "b")).toHaveLength(6);
  });

  it("that throws fails, and lets others go on", async () => {
    const turns = new Turns();
    const failing = turns.spread(
      // biome-ignore lint/correctness/useYield: it fails before its first pause
      (function* (): Pieces<void> {
        throw new Error("no such picture");
      })(),
    );
    const other = turns.spread(noting([], "b", 2));
    await expect(failing).rejects.toThrow("no such picture");
    expect(await other).toBe("b");
  });
});

describe("waiting until aborted", () => {
  it("gives what comes first: the result, the failure or the signal's reason", async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(Promise.resolve(1), undefined)).toBe(1);
    expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(untilAborted(Promise.reject(new Error("failed")), signal)).rejects.toThrow("failed");
    const never = new Promise(() => {});
    await expect(untilAborted(never, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
    const controller = new AbortController();
    const waiting = untilAborted(never, controller.signal);
    controller.abort(new Error("meanwhile"));
    await expect(waiting).rejects.toThrow("meanwhile");
  });
});

describe("a signal that many follow", () => {
  it("is listened to once, and not at all when nobody follows it any more", () => {
    const controller = new AbortController();
    const { signal } = controller;
    let listening = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listening++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listening--;
      remove(...args);
    };
    const signals = new Signals();
    const followers = Array.from({ length: 20 }, () => signals.follow(signal));
    expect(listening).toBe(1);
    for (const follower of followers) follower[Symbol.dispose]();
    expect(listening).toBe(0);
    using late = signals.follow(signal);
    using gone = signals.follow(signal);
    gone[Symbol.dispose]();
    controller.abort(new Error("the end"));
    expect(late.signal!.reason).toBe(signal.reason);
    expect(gone.signal!.aborted).toBe(false);
    expect(signals.follow(signal).signal!.aborted).toBe(true);
    expect(signals.follow(undefined).signal).toBeUndefined();
  });
});
