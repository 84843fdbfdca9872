/** The command line: its commands made of their data, and every ending as an exit code. */
import { readFileSync } from "node:fs";
import { CommanderError, Command as Program } from "commander";
import type { Command } from "./command.js";
import { COMMANDS, GROUPS } from "./commands.js";
import { tellError } from "./errors.js";
import type { Io } from "./io.js";

/**
 * Runs one command.
 * @param args  what stands after `flamingo`
 * @returns  the exit code: 0 when it did what was asked, 1 when it could not, 2 when it was asked wrongly, 130 when it
 *   was interrupted. It never throws.
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const program = new Program("flamingo")
    .description("Images and text in, text out: new tasks from a handful of examples.")
    .version(version())
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError("To mend it: see the same command with --help.");
  const add = (to: Program, { usage, summary, options, examples, load }: Command) => {
    const command = to.command(usage).description(summary);
    for (const { flags, help, parse } of options)
      if (parse === undefined) command.option(flags, help);
      else command.option(flags, help, parse);
    command.addHelpText("after", `\nExamples:\n${examples.map((example) => `  ${example}\n`).join("")}`);
    command.action(async () => {
      const action = await load();
      code = (await action(command.args, command.opts() as never, io)) ?? 0;
    });
  };
  for (const command of COMMANDS) add(program, command);
  for (const { name, summary, commands } of GROUPS) {
    const group = program.command(name).description(summary);
    for (const command of commands) add(group, command);
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return tellError(error, io);
  }
}

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
