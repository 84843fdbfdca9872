/** The pictures of evaluation sets: what is measured must not be learnt. */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../../atomic.node.js";
import { UsageError } from "../../errors.js";
import { decodePicture } from "../../media/decode.node.js";
import { readTarFile } from "../shards/tar-file.js";
import type { Tally } from "../tally.js";
import type { Embedder } from "./embedder.js";
import { type Look, quantised } from "./near-duplicates.js";
import { perceptualHash } from "./phash.js";

/** A picture of an evaluation set. */
export interface Evaluated extends Look {
  readonly name: string;
}

export const EVALUATION = "evaluation sets: pictures";

const PICTURE = /\.(png|jpe?g|webp|gif)$/i;

/** Paths and sizes of all pictures and tars of folders: what decides what `lookAtEvaluation` gives. */
export async function listEvaluation(
  paths: readonly string[],
): Promise<readonly (readonly [path: string, bytes: number])[]> {
  const all: [string, number][] = [];
  for (const path of paths) {
    const found = await stat(path).catch((cause: Error) => {
      throw new UsageError(`${path} cannot be read: ${cause.message}.`, "give a folder of pictures or of shards", {
        cause,
      });
    });
    const files = found.isDirectory()
      ? (await readdir(path, { recursive: true, withFileTypes: true }))
          .filter((entry) => !entry.isDirectory())
          .map(({ parentPath, name }) => join(parentPath, name))
      : [path];
    const wanted = files.filter((file) => PICTURE.test(file) || file.endsWith(".tar")).sort();
    if (wanted.length === 0) throw new UsageError(`${path} holds no pictures and no tars.`, "give a folder with some");
    for (const file of wanted) all.push([file, (await stat(file)).size]);
  }
  return all;
}

/** How the pictures look, those in tars too. What cannot be decoded is a fault. */
async function* evaluatedPictures(
  files: readonly (readonly [path: string, bytes: number])[],
  embedder: Embedder | undefined,
  tally: Tally,
): AsyncGenerator<Evaluated> {
  for await (const { name, bytes } of filesOf(
    files.map(([path]) => path),
    tally,
  )) {
    try {
      const picture = await decodePicture(bytes);
      const [embedding] = (await embedder?.embed([picture])) ?? [];
      tally.pass(EVALUATION);
      yield { name, hash: perceptualHash(picture), embedding: embedding && quantised(embedding) };
    } catch (error) {
      tally.fault(EVALUATION, "not decodable", { file: name, found: (error as Error).message.split("\n")[0]! });
    }
  }
}

async function* filesOf(paths: readonly string[], tally: Tally): AsyncGenerator<{ name: string; bytes: Uint8Array }> {
  for (const path of paths) {
    if (!path.endsWith(".tar")) {
      yield { name: path, bytes: await readFile(path) };
      continue;
    }
    for await (const items of readTarFile(path))
      for (const item of items)
        if ("reason" in item) tally.fault(EVALUATION, item.reason, { file: path, byte: item.at, found: item.found });
        else if (PICTURE.test(item.name)) yield { name: `${path}: ${item.name}`, bytes: item.bytes };
  }
}

/** A short name for a list of files: other files, another name. */
export function evaluationName(files: readonly (readonly [path: string, bytes: number])[]): string {
  return createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
}

/**
 * How the pictures of evaluation sets look.
 * @param work  keeps what was seen, for later calls and other processes
 */
export async function lookAtEvaluation(
  files: readonly (readonly [path: string, bytes: number])[],
  embedder: Embedder | undefined,
  work: string,
  tally: Tally,
): Promise<readonly Evaluated[]> {
  const path = join(work, `evaluation-${evaluationName([...files, [embedder?.name ?? "", 0]])}.json`);
  const kept = await readFile(path, "utf8").catch(() => undefined);
  if (kept !== undefined) {
    const { pictures, counts } = JSON.parse(kept);
    tally.merge(counts);
    return pictures.map(({ name, hash, embedding }: { name: string; hash: string; embedding?: number[] }) => ({
      name,
      hash,
      embedding: embedding === undefined ? undefined : Int8Array.from(embedding),
    }));
  }
  const pictures: Evaluated[] = [];
  for await (const picture of evaluatedPictures(files, embedder, tally)) pictures.push(picture);
  const json = pictures.map(({ name, hash, embedding }) => ({ name, hash, embedding: embedding && [...embedding] }));
  if (files.length > 0) await writeAtomically(path, JSON.stringify({ pictures: json, counts: tally.toJSON() }));
  return pictures;
}
