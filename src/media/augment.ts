/** What training changes at random in a picture: which way round it is, and its colours. */
import type { Random } from "../random.js";
import type { Picture } from "./pixels.js";

/** How often and how much pictures are changed. */
export interface PictureAugmentation {
  /** The chance that a picture is mirrored left to right. Where texts say left and right it must be 0. */
  readonly flip: number;
  /** Brightness becomes 1 - x to 1 + x of itself. */
  readonly brightness: number;
  /** Distances from the picture's mean grey become 1 - x to 1 + x of themselves. */
  readonly contrast: number;
  /** Distances of a pixel from its own grey become 1 - x to 1 + x of themselves. */
  readonly saturation: number;
  /** Hues turn by up to x of a full turn, either way. */
  readonly hue: number;
}

/**
 * A flip for every second picture, and light changes of colour: the paper names both and the strength of neither.
 * @source arXiv:2204.14198, appendix B (data augmentation)
 */
export const paperPictures: PictureAugmentation = {
  flip: 0.5,
  brightness: 0.1,
  contrast: 0.1,
  saturation: 0.1,
  hue: 0.02,
};

/** Pictures as they are. */
export const plainPictures: PictureAugmentation = { flip: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0 };

/** What was drawn for one picture, or for all frames of a video. */
export interface PictureDraw {
  readonly flip: boolean;
  /** Factors, 1 for no change. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** In turns. */
  readonly hue: number;
}

/** Draws for one picture. As many numbers are drawn whatever the strengths. */
export function drawPicture(random: Random, chances: PictureAugmentation = paperPictures): PictureDraw {
  const around = (by: number) => random.uniform(1 - by, 1 + by);
  return {
    flip: random.chance(chances.flip),
    brightness: around(chances.brightness),
    contrast: around(chances.contrast),
    saturation: around(chances.saturation),
    hue: random.uniform(-chances.hue, chances.hue),
  };
}

/** ITU-R BT.601, as greys are made everywhere in picture files. */
const GREY = [0.299, 0.587, 0.114] as const;

/**
 * The picture changed as was drawn, a copy; brightness first, then contrast, saturation and hue. All four are one affine
 * map of a pixel's colour, rounded and cut to 0 to 255 once, at the end.
 */
export function augmentPicture(picture: Picture, draw: PictureDraw): Picture {
  const { width, height, data } = picture;
  const coloured = draw.brightness === 1 && draw.contrast === 1 && draw.saturation === 1 && draw.hue === 0;
  const out = coloured ? data.slice() : recoloured(data, draw);
  if (draw.flip) mirror(out, width, height);
  return { width, height, data: out };
}

function recoloured(data: Uint8Array, draw: PictureDraw): Uint8Array {
  const [matrix, lift] = mapOf(draw, draw.contrast === 1 ? 0 : meanGrey(data));
  const [a, b, c, d, e, f, g, h, i] = matrix as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const out = new Uint8ClampedArray(data.length);
  for (let at = 0; at < data.length; at += 3) {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
    out[at] = a * red + b * green + c * blue + lift;
    out[at + 1] = d * red + e * green + f * blue + lift;
    out[at + 2] = g * red + h * green + i * blue + lift;
  }
  return new Uint8Array(out.buffer);
}

function meanGrey(data: Uint8Array): number {
  let [red, green, blue] = [0, 0, 0];
  for (let at = 0; at < data.length; at += 3) {
    red += data[at]!;
    green += data[at + 1]!;
    blue += data[at + 2]!;
  }
  return ((GREY[0] * red + GREY[1] * green + GREY[2] * blue) * 3) / data.length;
}

/** A colour's map, row by row, and what is added to each channel. @param mean  the picture's grey before the map */
function mapOf({ brightness, contrast, saturation, hue }: PictureDraw, mean: number): [number[], number] {
  const saturated = [0, 1, 2].flatMap((row) =>
    GREY.map((share, column) => (1 - saturation) * share + (row === column ? saturation : 0)),
  );
  const turned = turnOfHue(hue);
  const matrix = [0, 1, 2].flatMap((row) =>
    [0, 1, 2].map(
      (column) =>
        brightness *
        contrast *
        [0, 1, 2].reduce((sum, k) => sum + turned[row * 3 + k]! * saturated[k * 3 + column]!, 0),
    ),
  );
  // Greys are what saturation and hue leave alone, so what contrast adds goes through them unchanged.
  return [matrix, (1 - contrast) * brightness * mean];
}

/** A turn of colours about the axis of greys that leaves every grey as it is (Rodrigues' formula). */
function turnOfHue(turns: number): number[] {
  const [cos, sin] = [Math.cos(2 * Math.PI * turns), Math.sin(2 * Math.PI * turns)];
  const [even, odd] = [(1 - cos) / 3, sin / Math.sqrt(3)];
  const [same, after, before] = [cos + even, even - odd, even + odd];
  return [same, after, before, before, same, after, after, before, same];
}

function mirror(data: Uint8Array, width: number, height: number): void {
  for (let y = 0; y < height; y++) {
    for (let left = y * width * 3, right = left + (width - 1) * 3; left < right; left += 3, right -= 3) {
      for (let c = 0; c < 3; c++) {
        const kept = data[left + c]!;
        data[left + c] = data[right + c]!;
        data[right + c] = kept;
      }
    }
  }
}
