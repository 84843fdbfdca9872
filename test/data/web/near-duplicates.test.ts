import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEmbedder } from "../../../src/cli/data/embedder.js";
import type { Embedder } from "../../../src/data/web/embedder.js";
import { DUPLICATE_RULES, type Look, NearDuplicates, quantised } from "../../../src/data/web/near-duplicates.js";
import { hammingDistance, perceptualHash } from "../../../src/data/web/phash.js";
import { decodePicture } from "../../../src/media/decode.node.js";
import { Random } from "../../../src/random.js";
import { COPIES, worldPictures } from "../../support/world-pictures.js";

const PHOTOS = new URL("../../../../shared/data/photos/", import.meta.url).pathname;
/** Too regular, too small, or not pictures of anything. */
const ODD = /chessboard|palette|3x5|truncated/;

let embedder: Embedder & AsyncDisposable;
let originals: readonly Buffer[];
beforeAll(async () => {
  embedder = await openEmbedder();
  const photos = existsSync(PHOTOS)
    ? readdirSync(PHOTOS).filter((name) => /\.(png|jpg)$/.test(name) && !ODD.test(name))
    : [];
  originals = [...(await worldPictures("near duplicates", 60)), ...photos.map((name) => readFileSync(PHOTOS + name))];
});
afterAll(() => embedder[Symbol.asyncDispose]());

async function looks(files: readonly Buffer[]): Promise<Look[]> {
  const pictures = await Promise.all(files.map((file) => decodePicture(file)));
  const embeddings = await embedder.embed(pictures);
  return pictures.map((picture, i) => ({ hash: perceptualHash(picture), embedding: quantised(embeddings[i]!) }));
}

describe("near duplicates", () => {
  it("are the copies that the web makes, nearly all; and of unlike pictures none", async () => {
    const known = new NearDuplicates();
    const first = await looks(originals);
    for (const [n, look] of first.entries()) {
      expect(known.find(look), `picture ${n} is none of those before it`).toBeUndefined();
      known.add(look, String(n));
    }
    for (const [way, copy] of Object.entries(COPIES)) {
      const copies = await looks(await Promise.all(originals.map((file) => copy(file))));
      const as = copies.map((look) => known.find(look));
      // None may be taken for another picture.
      expect(as.filter((hit, n) => hit !== undefined && hit.as !== String(n))).toEqual([]);
      const share = (by: "hash" | "embedding") => as.filter((hit) => hit?.by === by).length / as.length;
      const least = /mirrored|10 %/.test(way) ? 0 : /brighter|3 %/.test(way) ? 0.9 : 0.98;
      expect(share("hash") + share("embedding"), way).toBeGreaterThanOrEqual(least);
    }
  });

  it("are found by hash exactly as by comparing with all", () => {
    const random = new Random("hashes");
    const known = new NearDuplicates();
    const hex = (value: bigint) => value.toString(16).padStart(16, "0");
    const any = () => (BigInt(random.bits()) << 32n) | BigInt(random.bits());
    const hashes = Array.from({ length: 500 }, any);
    for (const [n, hash] of hashes.entries()) known.add({ hash: hex(hash), embedding: undefined }, String(n));
    for (let tries = 0; tries < 2000; tries++) {
      let hash = random.pick(hashes);
      for (const bit of random.sample(
        Array.from({ length: 64 }, (_, i) => i),
        random.integer(12),
      ))
        hash ^= 1n << BigInt(bit);
      const all = hashes.findIndex((other) => hammingDistance(hex(other), hex(hash)) <= DUPLICATE_RULES.bits);
      expect(known.find({ hash: hex(hash), embedding: undefined })?.as).toBe(all < 0 ? undefined : String(all));
    }
  });

  it("are found by embedding nearly as by comparing with all, without a single false one", () => {
    const random = new Random("embeddings");
    const width = 192;
    const unit = (vector: Float32Array) => {
      const length = Math.hypot(...vector);
      return vector.map((value) => value / length);
    };
    const fresh = () => {
      const vector = new Float32Array(width);
      random.normals(vector, 1);
      return unit(vector);
    };
    const vectors = Array.from({ length: 300 }, fresh);
    const known = new NearDuplicates();
    const hashOf = (n: number) => ((BigInt(random.bits()) << 32n) | BigInt(n)).toString(16).padStart(16, "0");
    for (const [n, vector] of vectors.entries())
      known.add({ hash: hashOf(n), embedding: quantised(vector) }, String(n));
    const hits = [0.9, 0.972, 0.99].map((cosine) => {
      let right = 0;
      for (const [n, vector] of vectors.entries()) {
        const away = fresh();
        const along = away.reduce((sum, value, i) => sum + value * vector[i]!, 0);
        const across = unit(away.map((value, i) => value - along * vector[i]!));
        const near = vector.map((value, i) => cosine * value + Math.sqrt(1 - cosine ** 2) * across[i]!);
        const found = known.find({ hash: hashOf(n + 1000), embedding: quantised(near) });
        if (found !== undefined) expect(found.as).toBe(String(n));
        right += found === undefined ? 0 : 1;
      }
      return right / vectors.length;
    });
    expect(hits[0]).toBe(0);
    expect(hits[1]).toBeGreaterThan(0.95);
    expect(hits[2]).toBeGreaterThan(0.99);
  });
});
