import { describe, expect, it } from "vitest";
import type { Command } from "../../src/cli/command.js";
import { COMMANDS, GROUPS } from "../../src/cli/commands.js";
import { tellError } from "../../src/cli/errors.js";
import { InvariantError, UsageError } from "../../src/errors.js";
import { ThreadError } from "../../src/runtime/thread-errors.js";
import { command, start } from "../support/command.js";

const told = (error: unknown) => {
  const lines: string[] = [];
  const io = {
    out: () => {},
    err: (text: string) => void lines.push(text),
    terminal: { out: false, err: false },
    input: async () => "",
    lines: async function* () {},
    taken: async () => {},
  };
  return { code: tellError(error, io), err: lines.join("") };
};

describe("the command line", () => {
  it("names every command in its help, and an example in the help of each", async () => {
    const { code, out } = await command(["--help"]);
    expect(code).toBe(0);
    await expectHelp(out, [], COMMANDS);
    for (const { name, summary, commands } of GROUPS) {
      expect(out).toContain(summary.split(" ").slice(0, 3).join(" "));
      await expectHelp((await command([name, "--help"])).out, [name], commands);
    }
  });

  async function expectHelp(above: string, before: readonly string[], commands: readonly Command[]): Promise<void> {
    for (const { usage, summary, examples } of commands) {
      const name = [...before, usage.split(" ")[0]!];
      expect(above).toContain(summary.split(" ").slice(0, 3).join(" "));
      const help = await command([...name, "--help"]);
      expect(help.code).toBe(0);
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) {
        expect(help.out).toContain(example);
        expect(example).toContain(`flamingo ${name.join(" ")}`);
      }
    }
  }

  it("has code behind every command", async () => {
    for (const { load } of [...COMMANDS, ...GROUPS.flatMap(({ commands }) => commands)])
      expect(await load()).toBeTypeOf("function");
  });

  it("loads no engine to print its help or its version", async () => {
    const { ended } = start(["--version"]);
    expect(await ended).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: "" });
  });

  it.each([
    [["fly"], /unknown command 'fly'/],
    [["generte"], /Did you mean generate\?/],
    [["evaluate"], /missing required argument 'suite'/],
    [["evaluate", "no-suite"], /There is no suite no-suite\.\nTo mend it: name one of nano-suite/],
  ])("refuses %j as asked wrongly", async (args, wanted) => {
    const { code, out, err } = await command(args);
    expect(err).toMatch(wanted);
    expect(err).toMatch(/To mend it: /);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});

describe("a failure", () => {
  it("is told with its mend and without its stack; 2 when it was asked wrongly", () => {
    expect(told(new UsageError("No such fish.", "name another"))).toEqual({
      code: 2,
      err: "No such fish.\nTo mend it: name another\n",
    });
  });

  it("of the system is one that its user can mend", () => {
    const error = Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
    expect(told(error)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no space left.*\nTo mend it: .*the disk/),
    });
  });

  it("of ours is told with the place where it happened, and asks to be reported", () => {
    const inThread = {
      name: "TypeError",
      code: undefined,
      problem: "x is not",
      mend: undefined,
      stack: "TypeError: x is not\n    at there.js:1",
      cause: undefined,
    };
    for (const error of [
      new TypeError("x is not"),
      new InvariantError("x is not"),
      new ThreadError(inThread),
      "x is not",
    ]) {
      const { code, err } = told(error);
      expect(code).toBe(1);
      expect(err).toMatch(/x is not/);
      expect(err).toMatch(/please report it/);
      if (error instanceof Error) expect(err).toMatch(/\n *at /);
    }
  });
});
