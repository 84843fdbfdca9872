/** The published checkpoints that `tools/reference/published.py` made in small, and copies of them that a test may spoil. */
import { readFileSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Prompt } from "../../src/prompt/load.js";

const FOLDER = fileURLToPath(new URL("../fixtures/published/", import.meta.url));

/** Path of a published folder or file. */
export const published = (...parts: string[]): string => join(FOLDER, ...parts);

/** What the reference's own code answers. */
export interface ReferenceAnswer {
  readonly prompt: Prompt;
  /** The prompt's. */
  readonly tokens: readonly number[];
  /** After its last token. */
  readonly logits: readonly number[];
  /** Without the token that ended it. */
  readonly greedy: readonly number[];
}

/** The answer beside a checkpoint, with paths that can be opened from anywhere. */
export function referenceAnswer(name: string): ReferenceAnswer {
  const answer = JSON.parse(readFileSync(published(name, "answer.json"), "utf8"));
  const at = (piece: { image?: string }) => (piece.image === undefined ? piece : { image: published(piece.image) });
  return { ...answer, prompt: answer.prompt.map(at) };
}

/** Checkpoints by the folder they are in, and what has to be given with them. */
export const CHECKPOINTS = {
  "openflamingo-mpt": ["--language", published("mpt"), "--vision", published("clip")],
  "openflamingo-mpt-training": ["--language", published("mpt"), "--vision", published("clip")],
  "openflamingo-neox": ["--language", published("neox"), "--vision", published("clip")],
  idefics: [],
} as const satisfies Record<string, readonly string[]>;

/** A copy of a published folder, with other files in it. Objects are written as JSON; `null` takes a file away. */
export async function copied(name: string, to: string, files: Readonly<Record<string, unknown>> = {}): Promise<string> {
  await mkdir(dirname(to), { recursive: true });
  const absent = (path: string) => Object.entries(files).some(([file, what]) => what === null && path.endsWith(file));
  await cp(published(name), to, { recursive: true, filter: (path) => !absent(path) });
  for (const [file, content] of Object.entries(files)) {
    if (content === null) continue;
    const isRaw = typeof content === "string" || content instanceof Uint8Array;
    await writeFile(join(to, file), isRaw ? content : JSON.stringify(content));
  }
  return to;
}

/** The contents of a published folder's `config.json`, with other fields. */
export async function configOf(name: string, change: Readonly<Record<string, unknown>> = {}): Promise<object> {
  return { ...JSON.parse(await readFile(published(name, "config.json"), "utf8")), ...change };
}
