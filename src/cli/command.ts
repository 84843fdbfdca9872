/** What a command is: data, and where its code is to be found. */
import { InvalidArgumentError } from "commander";
import type { Io } from "./io.js";

/** One option: how it is spelt, what it does, and how its text becomes a value. */
export interface Option {
  /** As commander spells it: `--max-tokens <n>`. */
  readonly flags: string;
  readonly help: string;
  readonly parse?: (text: string, previous: unknown) => unknown;
}

/**
 * Does what a command says.
 * @param flags  options by their names in camel case; absent ones are left out
 * @returns  the exit code; 0 unless told
 */
export type Action = (args: readonly string[], flags: never, io: Io) => Promise<number | undefined>;

/** A command. Its code is loaded only when it is called, so that help comes at once. */
export interface Command {
  /** Name and arguments as commander spells them: `inspect [folder]`. */
  readonly usage: string;
  readonly summary: string;
  readonly options: readonly Option[];
  readonly examples: readonly string[];
  readonly load: () => Promise<Action>;
}

/** Commands that share their first word: `flamingo data look`. */
export interface Group {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

/** Reads a whole number. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const number = Number(text);
    if (text.trim() === "" || !Number.isInteger(number) || number < least)
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`);
    return number;
  };

/** Reads a number. */
export const numberFrom =
  (least: number) =>
  (text: string): number => {
    const number = Number(text);
    if (text.trim() === "" || !Number.isFinite(number) || number < least)
      throw new InvalidArgumentError(`Give a number, ${least} or more.`);
    return number;
  };

/** Reads a list of texts with one of the given signs between them. */
export const listOf =
  (between: string) =>
  (text: string): string[] => {
    const items = text.split(between).map((item) => item.trim());
    if (items.some((item) => item === ""))
      throw new InvalidArgumentError(`Give texts with ${between} between them, none of them empty.`);
    return items;
  };

/** Takes one of a few words. */
export const oneOf =
  (words: readonly string[]) =>
  (text: string): string => {
    if (!words.includes(text)) throw new InvalidArgumentError(`Give one of ${words.join(", ")}.`);
    return text;
  };

/** Keeps a text beside those given before. */
export function eachOf(text: string, previous: unknown): string[] {
  return [...((previous as string[] | undefined) ?? []), text];
}

/** Reads `key=value`, and keeps those read before. */
export function keyAndValue(text: string, previous: unknown): Record<string, string> {
  const [, key, value] = /^([\w-]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError("Give a key and a value: key=value.");
  return { ...(previous as Record<string, string> | undefined), [key]: value };
}
