/** Small files of data sets. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { decodePicture } from "../../../src/media/decode.node.js";
import type { Picture } from "../../../src/media/pixels.js";

/** A PNG of one grey, by which it is known again. */
export async function grey(level: number): Promise<Buffer> {
  return sharp(Buffer.alloc(8 * 8 * 3, level), { raw: { width: 8, height: 8, channels: 3 } })
    .png()
    .toBuffer();
}

/** The grey of a picture file. */
export async function levelOf(bytes: Uint8Array): Promise<number> {
  return (await decodePicture(bytes)).data[0]!;
}

/** Writes files into a folder, making what folders they need. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** Pictures as texts, to be compared: lists of ten thousand numbers are compared slowly. */
export function told(pictures: readonly Picture[]): string[] {
  return pictures.map(({ width, height, data }) => `${width} x ${height} ${Buffer.from(data).toString("base64")}`);
}
