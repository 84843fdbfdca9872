/** Looks at pictures with the vision tower of a model: what the stages of a data pipeline are handed. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { readFlamingo } from "../../checkpoints/flamingo-folder.node.js";
import type { Embedder } from "../../data/web/embedder.js";
import { UsageError } from "../../errors.js";
import { EMBEDDED } from "../../generation/flamingo.node.js";
import type { Picture } from "../../media/pixels.js";
import { visionGrid } from "../../model/vision/tower.js";
import { Eye } from "../../training/eye.node.js";
import { NORMALISATION } from "../../training/pictures.js";

/** Pictures looked at together. */
const TOGETHER = 32;

/**
 * Embeds pictures by a model's vision tower: the mean of its features over the picture, of length 1.
 * @param folder  of the model; the embedded one unless told
 * @throws {UsageError} if its tower wants pictures of other colours than those of this repository's training
 * @throws as `readFlamingo`
 */
export async function openEmbedder(folder: string = EMBEDDED): Promise<Embedder & AsyncDisposable> {
  const { params, config } = await readFlamingo(folder);
  if (JSON.stringify(config.normalisation) !== JSON.stringify(NORMALISATION))
    throw new UsageError(
      `The model ${folder} normalises its pictures by ${JSON.stringify(config.normalisation)}.`,
      `give a model that was trained here, whose pictures are normalised by ${JSON.stringify(NORMALISATION)}`,
    );
  const eye = await Eye.open(params.vision, config.vision);
  const { patches, width } = visionGrid(config.vision);
  return {
    name: `${basename(resolve(folder))}-${await hashOfWeights(folder)}`,
    async embed(pictures) {
      const embeddings: Float32Array[] = [];
      for (let at = 0; at < pictures.length; at += TOGETHER)
        embeddings.push(...(await look(pictures.slice(at, at + TOGETHER))));
      return embeddings;
    },
    [Symbol.asyncDispose]: () => eye[Symbol.asyncDispose](),
  };

  async function look(pictures: readonly Picture[]): Promise<Float32Array[]> {
    const features = await eye.features(pictures);
    return pictures.map((_, n) => {
      const sum = new Float32Array(width);
      for (let patch = 0; patch < patches; patch++)
        for (let i = 0; i < width; i++) sum[i]! += features[(n * patches + patch) * width + i]!;
      const length = Math.hypot(...sum) || 1;
      return sum.map((value) => value / length);
    });
  }
}

async function hashOfWeights(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".safetensors")).sort())
    for await (const piece of createReadStream(join(folder, name))) hash.update(piece as Buffer);
  return hash.digest("hex").slice(0, 12);
}
