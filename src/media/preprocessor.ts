/**
 * How a model wants its pictures, as `preprocessor_config.json` says it: the file of HuggingFace's image processors, read
 * and written with the fields of those of CLIP and IDEFICS.
 */
import { FlamingoError } from "../errors.js";
import type { Colour, PixelsOptions } from "./normalise.js";
import type { Filter } from "./resize.js";

/** What CLIP takes out of pictures, and with it OpenFlamingo and IDEFICS. @source github:openai/CLIP, clip/clip.py */
export const CLIP_COLOURS = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  deviation: [0.26862954, 0.26130258, 0.27577711],
} as const satisfies Pick<PixelsOptions, "mean" | "deviation">;

/**
 * OpenFlamingo's pictures: the shorter edge fills a square of 224 pixels, cut out of the middle as torchvision does.
 * @source github:mlfoundations/open_clip, src/open_clip/transform.py (resize_mode "shortest")
 */
export const openFlamingoPixels: PixelsOptions = { size: 224, ...CLIP_COLOURS, fit: "crop", centre: "half-even" };

/** IDEFICS's pictures: squashed to a square of 224 pixels. @source huggingface/transformers, models/idefics */
export const ideficsPixels: PixelsOptions = { size: 224, ...CLIP_COLOURS, fit: "squash" };

/** A `preprocessor_config.json` that cannot be followed. */
export class PreprocessorError extends FlamingoError {
  readonly code = "MEDIA_PREPROCESSOR";

  constructor(place: string, field: string, found: unknown, expected: string) {
    super(
      `${place} says ${field}: ${JSON.stringify(found) ?? "nothing"}, and ${expected} is known.`,
      "give the preprocessor_config.json of a CLIP or IDEFICS model, or one that was written here",
    );
  }
}

/** The numbers of Pillow's filters. */
const FILTERS: Readonly<Record<number, Filter>> = { 2: "bilinear", 3: "bicubic" };

type Json = Readonly<Record<string, unknown>>;

/**
 * What a `preprocessor_config.json` asks for. Of processors that name no type, those with an `image_size` are IDEFICS's.
 * @param place  what errors call the file
 * @throws {PreprocessorError} naming the field, if it asks for what is not done here: a picture that is prepared another
 *   way than in training is described worse, and nothing says why.
 */
export function readPreprocessor(json: unknown, place: string): PixelsOptions {
  const file = record(json);
  const refuse = (field: string, expected: string) => new PreprocessorError(place, field, file[field], expected);
  const type = file.image_processor_type ?? file.feature_extractor_type;
  const name = String(type ?? ("image_size" in file ? "IdeficsImageProcessor" : "CLIPImageProcessor"));
  const kind = /^(CLIP|Idefics|Flamingo)(ImageProcessor(Fast)?|FeatureExtractor)$/.exec(name)?.[1];
  if (kind === undefined) throw refuse("image_processor_type", "CLIPImageProcessor or IdeficsImageProcessor");
  for (const field of ["do_resize", "do_normalize", "do_rescale"])
    if ((file[field] ?? true) !== true) throw refuse(field, "only true");
  if (Math.abs(Number(file.rescale_factor ?? 1 / 255) * 255 - 1) > 1e-6) throw refuse("rescale_factor", "only 1/255");
  if ((file.image_num_channels ?? 3) !== 3) throw refuse("image_num_channels", "only 3");
  const colour = (field: string, usual: Colour): Colour => {
    const value = file[field] ?? usual;
    if (Array.isArray(value) && value.length === 3 && value.every((part) => Number.isFinite(part)))
      return value as unknown as Colour;
    throw refuse(field, "a list of 3 numbers");
  };
  const edge = (field: string, ...names: readonly string[]) => {
    const value = file[field] ?? 224;
    const sides = typeof value === "number" ? [value] : names.map((side) => record(value)[side]);
    const [first] = sides;
    if (Number.isInteger(first) && (first as number) > 0 && sides.every((side) => side === first))
      return first as number;
    throw refuse(field, names.length === 0 ? "a number of pixels" : `one number of pixels for ${names.join(" and ")}`);
  };
  const filter = FILTERS[Number(file.resample ?? 3)];
  if (filter === undefined) throw refuse("resample", "2 (bilinear) or 3 (bicubic)");
  const shared = {
    mean: colour("image_mean", CLIP_COLOURS.mean),
    deviation: colour("image_std", CLIP_COLOURS.deviation),
    ...(filter === "bicubic" ? {} : { filter }),
  };
  if (kind === "Idefics") return { size: edge("image_size"), ...shared, fit: "squash" };
  if (kind === "Flamingo") return { size: edge("size", "longest_edge"), ...shared, fit: "pad" };
  if ((file.do_center_crop ?? true) !== true) throw refuse("do_center_crop", "only true");
  const size = edge("crop_size", "height", "width");
  const shortEdge = edge("size", "shortest_edge");
  if (shortEdge < size) throw refuse("size", `a shortest edge of at least the ${size} pixels of crop_size`);
  const centre = file.center_crop_rounding === "half_even" ? "half-even" : "down";
  return { size, ...shared, fit: "crop", centre, ...(shortEdge === size ? {} : { shortEdge }) };
}

/**
 * The contents of a `preprocessor_config.json` that asks for these pictures. Other programs read those of CLIP and
 * IDEFICS; `center_crop_rounding`, which they leave aside, is ours, and so is the processor of padded pictures.
 */
export function preprocessorJson(options: PixelsOptions): Record<string, unknown> {
  const { size, mean, deviation, fit, filter = "bicubic", shortEdge = size, centre = "half-even" } = options;
  const shared = {
    do_normalize: true,
    do_rescale: true,
    do_resize: true,
    image_mean: [...mean],
    image_std: [...deviation],
    resample: filter === "bicubic" ? 3 : 2,
    rescale_factor: 1 / 255,
  };
  if (fit === "squash")
    return { image_processor_type: "IdeficsImageProcessor", ...shared, image_num_channels: 3, image_size: size };
  if (fit === "pad")
    return { image_processor_type: "FlamingoImageProcessor", ...shared, do_pad: true, size: { longest_edge: size } };
  return {
    image_processor_type: "CLIPImageProcessor",
    ...shared,
    ...(centre === "half-even" ? { center_crop_rounding: "half_even" } : {}),
    crop_size: { height: size, width: size },
    do_center_crop: true,
    do_convert_rgb: true,
    size: { shortest_edge: shortEdge },
  };
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}
