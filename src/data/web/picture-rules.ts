/** Which pictures of web pages are kept. */
import sharp from "sharp";
import { FlamingoError } from "../../errors.js";
import { decodePicture } from "../../media/decode.node.js";
import type { Picture } from "../../media/pixels.js";
import { kindInWords, sniff } from "../../media/sniff.js";
import type { MediumFile } from "../record.js";
import { mediumFile } from "../shards/record-files.js";

/**
 * Which pictures are kept.
 * @source arXiv:2204.14198, M3W: at least 64 pixels, 3 to 1 at most, not of a single colour
 */
export interface PictureRules {
  /** Least width and height in pixels. */
  readonly minSide: number;
  /** Most times that one side is as long as the other. */
  readonly maxAspect: number;
  /** Most pixels; more are never decoded. */
  readonly maxPixels: number;
  readonly maxBytes: number;
  /** A picture is flat whose brightness deviates by less, of 255. */
  readonly minDeviation: number;
  /** A picture is flat of which a single colour is more than this share. */
  readonly maxOneColour: number;
}

export const PICTURE_RULES: PictureRules = {
  minSide: 64,
  maxAspect: 3,
  maxPixels: 64_000_000,
  maxBytes: 20 * 2 ** 20,
  minDeviation: 4,
  maxOneColour: 0.99,
};

/** A picture that is kept: as a file, and decoded for those who look at it. */
export interface KeptPicture {
  readonly file: MediumFile;
  readonly picture: Picture;
}

/** Why a picture is not kept. */
export interface Refused {
  readonly reason:
    | "not a picture"
    | "kind not read"
    | "too many bytes"
    | "too small"
    | "too long"
    | "too many pixels"
    | "flat"
    | "not decodable";
  readonly found: string;
}

/** Pictures that training does not decode. */
const NOT_READ: readonly string[] = ["avif", "bmp", "tiff", "ico", "svg", "netpbm"];

/** Most pixels of a picture that are looked at to see whether it is flat. */
const SAMPLE = 1 << 16;

/**
 * Decodes a picture if the rules let it pass. What its header says is asked first: nothing that would expand to more than
 * `maxPixels` is decoded, however few its bytes are.
 */
export async function judgePicture(bytes: Uint8Array, rules: PictureRules): Promise<KeptPicture | Refused> {
  const kind = sniff(bytes);
  const file = mediumFile(bytes);
  if (file === undefined)
    return { reason: NOT_READ.includes(kind) ? "kind not read" : "not a picture", found: kindInWords(kind) };
  if (bytes.length > rules.maxBytes) return { reason: "too many bytes", found: `${bytes.length} bytes` };
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    const refused = refusedSize(width, height, rules);
    if (refused !== undefined) return refused;
    const picture = await decodePicture(bytes, { maxPixels: rules.maxPixels });
    // A header may lie: what was decoded is what counts.
    return refusedSize(picture.width, picture.height, rules) ?? flatness(picture, rules) ?? { file, picture };
  } catch (error) {
    const told = error instanceof FlamingoError ? error.problem : (error as Error).message;
    return { reason: "not decodable", found: told.split("\n")[0]! };
  }
}

function refusedSize(width: number, height: number, rules: PictureRules): Refused | undefined {
  const found = `${width} x ${height}`;
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (short < rules.minSide) return { reason: "too small", found };
  if (long > rules.maxAspect * short) return { reason: "too long", found };
  return width * height > rules.maxPixels ? { reason: "too many pixels", found } : undefined;
}

function flatness({ width, height, data }: Picture, rules: PictureRules): Refused | undefined {
  const pixels = width * height;
  const step = Math.ceil(pixels / SAMPLE);
  const colours = new Map<number, number>();
  let [sum, squares, count, most] = [0, 0, 0, 0];
  for (let i = 0; i < pixels; i += step) {
    const [red, green, blue] = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!];
    const grey = 0.299 * red + 0.587 * green + 0.114 * blue;
    sum += grey;
    squares += grey * grey;
    count++;
    const colour = (red << 16) | (green << 8) | blue;
    const times = (colours.get(colour) ?? 0) + 1;
    colours.set(colour, times);
    most = Math.max(most, times);
  }
  const deviation = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  if (most > rules.maxOneColour * count)
    return { reason: "flat", found: `${((100 * most) / count).toFixed(1)} % is one colour` };
  return deviation < rules.minDeviation
    ? { reason: "flat", found: `brightness deviates by ${deviation.toFixed(1)} of 255` }
    : undefined;
}
