/** `flamingo data sheet`: a datasheet of a set of shards. */
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { writeAtomically } from "../../atomic.node.js";
import { datasheet, manifestsOf } from "../../data/shards/sheet.js";
import { UsageError } from "../../errors.js";
import type { Io } from "../io.js";
import { countedWithProgress } from "./stats.js";

export interface SheetFlags {
  readonly name?: string;
  readonly answers?: string;
  readonly out?: string;
  readonly text?: readonly string[];
}

/**
 * Writes the sheet, on the standard output unless a file is given.
 * @throws {UsageError} if the answers are not a JSON object of texts, or answer what is not asked
 * @throws as `readShards`
 */
export async function sheet(
  paths: readonly string[],
  { name, answers, out, text }: SheetFlags,
  io: Io,
): Promise<undefined> {
  const given = answers === undefined ? {} : await readAnswers(answers);
  const stats = await countedWithProgress(paths, text, io);
  const facts = { name: name ?? basename(resolve(paths[0]!)), stats, manifests: await manifestsOf(paths) };
  const page = datasheet(facts, given);
  if (out === undefined) io.out(page);
  else await writeAtomically(out, page);
}

async function readAnswers(path: string): Promise<Record<string, string>> {
  const file = await readFile(path, "utf8");
  let json: unknown;
  try {
    json = JSON.parse(file);
  } catch {
    json = undefined;
  }
  if (typeof json !== "object" || json === null || Object.values(json).some((answer) => typeof answer !== "string"))
    throw new UsageError(`${path} holds no answers.`, 'give a JSON object of texts: {"purpose": "…"}');
  return json as Record<string, string>;
}
