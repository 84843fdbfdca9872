import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodePicture } from "../../src/media/decode.node.js";
import { type PixelsOptions, toPixels } from "../../src/media/normalise.js";
import {
  ideficsPixels,
  openFlamingoPixels,
  PreprocessorError,
  preprocessorJson,
  readPreprocessor,
} from "../../src/media/preprocessor.js";

interface Prepared {
  readonly mode: string;
  readonly width: number;
  readonly height: number;
  readonly png: string;
  readonly open_clip: string;
  readonly clip: string;
  readonly idefics: string;
  readonly paper: string;
  readonly "converted last": string;
}

const reference: {
  readonly about: string;
  readonly size: number;
  readonly files: { readonly clip: object; readonly idefics: object };
  readonly pictures: Readonly<Record<string, Prepared>>;
} = JSON.parse(readFileSync("test/fixtures/preprocess.json", "utf8"));

/** Of each family, how it prepares pictures, and the reference that says so. */
const FAMILIES = {
  "OpenFlamingo's, as open_clip": ["open_clip", { ...openFlamingoPixels, size: reference.size }],
  "CLIP's, as transformers": ["clip", { ...openFlamingoPixels, size: reference.size, centre: "down" }],
  "IDEFICS's, as transformers": ["idefics", { ...ideficsPixels, size: reference.size }],
  "the paper's, as Pillow resizes": ["paper", { ...ideficsPixels, size: reference.size, fit: "pad" }],
} as const satisfies Record<string, readonly [keyof Prepared, PixelsOptions]>;

/** The 8-bit values that a model's pixels were made of. */
async function bytesOf(name: string, options: PixelsOptions): Promise<Uint8Array> {
  const picture = await decodePicture(Buffer.from(reference.pictures[name]!.png, "base64"));
  const { data } = toPixels([picture], { ...options, mean: [0, 0, 0], deviation: [1 / 255, 1 / 255, 1 / 255] });
  return Uint8Array.from(data, Math.round);
}

const expected = (name: string, by: keyof Prepared) => Buffer.from(String(reference.pictures[name]![by]), "base64");

describe.each(Object.entries(FAMILIES))(
  `pixels before they are normalised: %s (${reference.about})`,
  (_, [by, options]) => {
    it.each(Object.keys(reference.pictures))("are the same at every value: %s", async (name) => {
      expect(Buffer.compare(await bytesOf(name, options), expected(name, by))).toBe(0);
    });
  },
);

describe("the order of OpenFlamingo's transform, which makes colours of a picture only after resizing it", () => {
  it("is kept for plain colours and greys, where it makes no difference", () => {
    const plain = Object.entries(reference.pictures).filter(([, { mode }]) => mode === "RGB" || mode === "L");
    expect(plain.length).toBeGreaterThan(10);
    for (const [, made] of plain) expect(made["converted last"]).toBe(made.open_clip);
  });

  it.each([
    ["palette", "would be resized by nearest neighbour, as indices cannot be averaged"],
    ["RGBA", "would show the colours that lie hidden under its transparent parts"],
    ["grey and alpha", "would show the greys that lie hidden under its transparent parts"],
  ])(
    "is not kept for the %s picture, which %s: it becomes colours on white first, whatever the family",
    async (name) => {
      const { open_clip, "converted last": last } = reference.pictures[name]!;
      expect(last).not.toBe(open_clip);
      const [, options] = FAMILIES["OpenFlamingo's, as open_clip"];
      expect(Buffer.compare(await bytesOf(name, options), expected(name, "open_clip"))).toBe(0);
    },
  );
});

describe("a crop of which an odd number of pixels falls away", () => {
  it("lies a pixel apart in torchvision and in transformers when 3 fall away", async () => {
    const { open_clip, clip } = reference.pictures["19 x 16"]!;
    expect(open_clip).not.toBe(clip);
  });
});

describe("preprocessor_config.json", () => {
  it("of CLIP and of IDEFICS, as transformers writes them, says what their own code does", () => {
    expect(readPreprocessor(reference.files.clip, "clip")).toEqual({ ...openFlamingoPixels, centre: "down" });
    expect(readPreprocessor(reference.files.idefics, "idefics")).toEqual(ideficsPixels);
  });

  it("of earlier versions, with bare numbers and no type or the former one, says the same", () => {
    const clip = { feature_extractor_type: "CLIPFeatureExtractor", crop_size: 224, size: 224, resample: 3 };
    expect(readPreprocessor(clip, "clip")).toEqual({ ...openFlamingoPixels, centre: "down" });
    expect(readPreprocessor({ image_size: 224, image_num_channels: 3 }, "idefics")).toEqual(ideficsPixels);
  });

  it("is read again as it was written, in the fields of its family", () => {
    const nano = { size: 64, mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25], fit: "pad" } as const;
    const odd = { ...openFlamingoPixels, shortEdge: 256, filter: "bilinear", centre: "down" } as const;
    for (const options of [openFlamingoPixels, ideficsPixels, nano, odd])
      expect(readPreprocessor(JSON.parse(JSON.stringify(preprocessorJson(options))), "x")).toEqual(options);
    const { center_crop_rounding, ...written } = preprocessorJson(openFlamingoPixels);
    expect(written).toEqual(reference.files.clip);
    expect(center_crop_rounding).toBe("half_even");
    expect(preprocessorJson(ideficsPixels)).toMatchObject(reference.files.idefics);
  });

  it.each([
    [{ image_processor_type: "ViTImageProcessor" }, /x says image_processor_type: "ViTImageProcessor"/],
    [{ ...reference.files.clip, do_center_crop: false }, /do_center_crop: false, and only true is known/],
    [{ ...reference.files.clip, rescale_factor: 1 }, /rescale_factor: 1, and only 1\/255/],
    [{ ...reference.files.clip, crop_size: { height: 224, width: 336 } }, /one number of pixels for height and width/],
    [{ ...reference.files.clip, size: { shortest_edge: 200 } }, /a shortest edge of at least the 224 pixels/],
    [{ ...reference.files.clip, resample: 0 }, /resample: 0, and 2 \(bilinear\) or 3/],
    [{ ...reference.files.idefics, image_mean: 0.5 }, /image_mean: 0.5, and a list of 3 numbers/],
    [{ ...reference.files.idefics, image_size: "224" }, /image_size: "224", and a number of pixels is known/],
  ])("that asks for something else is refused by the field: %j", (file, message) => {
    expect(() => readPreprocessor(file, "x")).toThrow(PreprocessorError);
    expect(() => readPreprocessor(file, "x")).toThrow(message);
  });
});
