/** Records for tests: made of a seed, with pictures that can be decoded, and some whose bytes only begin like pictures. */
import sharp from "sharp";
import type { DataRecord, MediumFile } from "../../src/data/record.js";
import { Random } from "../../src/random.js";

const WORDS = ["ein", "zwei", "čtyři", "пять", "六", "🦩", "seven"];

/** Bytes that begin as a PNG does and say their number. */
export function fakePicture(number: number, length = 40): MediumFile {
  const bytes = Buffer.alloc(length, number % 251);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  bytes.writeUInt32LE(number, 8);
  return { type: "png", bytes };
}

/** A record of a seed and its number: texts of many scripts, no to three media, some of them clips. */
export function madeRecord(seed: string, number: number): DataRecord {
  const random = new Random(seed).fork(number);
  const text = Array.from({ length: 1 + random.integer(8) }, () => random.pick(WORDS)).join(" ");
  const length = [...text].length;
  const places = Array.from({ length: random.integer(4) }, () => random.integer(length + 1)).sort((a, b) => a - b);
  const media = places.map((at, i) => {
    const clip = random.chance(0.3);
    const files = Array.from({ length: clip ? 1 + random.integer(3) : 1 }, (_, frame) =>
      fakePicture(number * 100 + i * 10 + frame, 20 + random.integer(2000)),
    );
    return { at, kind: clip ? ("video" as const) : ("image" as const), files };
  });
  return { id: `${seed}-${String(number).padStart(6, "0")}`, text, media, about: { number } };
}

export async function* madeRecords(seed: string, count: number): AsyncGenerator<DataRecord> {
  for (let i = 0; i < count; i++) yield madeRecord(seed, i);
}

/** A picture of noise that every decoder reads. */
export async function realPicture(seed: string, width = 32, height = 24): Promise<MediumFile> {
  const random = new Random(seed);
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
  const bytes = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
  return { type: "jpg", bytes };
}
