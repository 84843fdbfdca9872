import { describe, expect, it } from "vitest";
import { ReleasedError } from "../src/errors.js";
import { Scope } from "../src/scope.js";

/** Something that writes down its end. */
const thing = (log: string[], name: string, fails = false): Disposable => ({
  [Symbol.dispose]() {
    log.push(name);
    if (fails) throw new Error(`${name} does not end`);
  },
});
const slow = (log: string[], name: string): AsyncDisposable => ({
  async [Symbol.asyncDispose]() {
    await new Promise((resolve) => setTimeout(resolve, 5));
    log.push(name);
  },
});

describe("a scope", () => {
  it("ends all that it owns, the last first, each after the one before has ended", async () => {
    const log: string[] = [];
    {
      await using scope = new Scope();
      scope.own(thing(log, "first"));
      scope.own(slow(log, "second"));
      const inner = scope.open();
      inner.own(thing(log, "inner"));
      scope.own(thing(log, "last"));
    }
    expect(log).toEqual(["last", "inner", "second", "first"]);
  });

  it("ends what it owns once, also what ended before", async () => {
    const log: string[] = [];
    const scope = new Scope();
    const inner = scope.open();
    inner.own(thing(log, "inner"));
    await inner[Symbol.asyncDispose]();
    await Promise.all([scope[Symbol.asyncDispose](), scope[Symbol.asyncDispose]()]);
    await scope[Symbol.asyncDispose]();
    expect(log).toEqual(["inner"]);
  });

  it("tries every end, and tells what failed", async () => {
    const log: string[] = [];
    const scope = new Scope();
    scope.own(thing(log, "a"));
    scope.own(thing(log, "b", true));
    scope.own(thing(log, "c"));
    await expect(scope[Symbol.asyncDispose]()).rejects.toThrow("b does not end");
    expect(log).toEqual(["c", "b", "a"]);
    const worse = new Scope();
    for (const name of ["a", "b"]) worse.own(thing(log, name, true));
    await expect(worse[Symbol.asyncDispose]()).rejects.toMatchObject({ errors: [{}, {}] });
  });

  it("fires its signal when it ends: what is under way in it is given up", async () => {
    const scope = new Scope();
    expect(scope.signal.aborted).toBe(false);
    await scope[Symbol.asyncDispose]();
    expect(scope.signal.reason).toBeInstanceOf(ReleasedError);
  });

  it("that has ended owns nothing more, and ends what comes too late", async () => {
    const log: string[] = [];
    const scope = new Scope();
    await scope[Symbol.asyncDispose]();
    expect(() => scope.own(thing(log, "late"))).toThrow(/scope that has ended/);
    expect(() => scope.open()).toThrow(ReleasedError);
    expect(log).toEqual(["late"]);
  });
});
