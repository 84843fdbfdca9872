import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeFrames, decodeMedium, decodePicture } from "../../src/media/decode.node.js";
import {
  type DecodeOptions,
  NotAnImageError,
  OversizedImageError,
  UndecodableImageError,
} from "../../src/media/image-file.js";
import { MediaSourceError } from "../../src/media/source.js";

const PHOTOS = "../shared/data/photos";
const TINY = "../shared/data/tiny_files";

async function failure(source: Uint8Array | string, options?: DecodeOptions): Promise<Error> {
  return decodePicture(source, options).then(
    () => expect.fail("decoding should have failed"),
    (error) => error,
  );
}

/** A picture of 4 x 2 pixels, left half red and right half blue. */
const flag = () =>
  sharp(
    Uint8Array.from({ length: 24 }, (_, i) => (i % 12 < 6 ? [255, 0, 0] : [0, 0, 255])[i % 3]!),
    {
      raw: { width: 4, height: 2, channels: 3 },
    },
  );

describe.skipIf(!existsSync(PHOTOS))("decoding photos (needs ../shared/data/photos)", () => {
  const images: Record<string, { rgb_sha256: string; size_wh: [number, number] }> = existsSync(PHOTOS)
    ? JSON.parse(readFileSync(`${PHOTOS}/pillow_reference.json`, "utf8")).images
    : {};

  it.each(Object.keys(images))("gives Pillow's value at every pixel of %s", async (name) => {
    const { width, height, data } = await decodePicture(`${PHOTOS}/${name}`);
    expect([width, height]).toEqual(images[name]!.size_wh);
    expect(createHash("sha256").update(data).digest("hex")).toBe(images[name]!.rgb_sha256);
  });

  it("cuts 16 bits a channel to 8", async () => {
    const { data } = await decodePicture(`${PHOTOS}/chessboard_RGB.png`);
    const npy = readFileSync(`${PHOTOS}/chessboard_RGB_U8.npy`);
    expect(Buffer.compare(Buffer.from(data), npy.subarray(npy.length - data.length))).toBe(0);
  });

  it("opens palettes", async () => {
    expect(await decodePicture(`${PHOTOS}/palette_color.png`)).toMatchObject({ width: 10, height: 10 });
    expect((await decodePicture(`${PHOTOS}/foo3x5x4indexed.png`)).data).toHaveLength(5 * 3 * 3);
  });

  it("gives every frame of an animated GIF with the time it is shown", async () => {
    const { frames, durationsMs } = await decodeFrames(`${PHOTOS}/no_time_for_that_tiny.gif`);
    expect(frames).toHaveLength(24);
    expect(frames[23]).toMatchObject({ width: 14, height: 25 });
    expect(frames[23]!.data).toHaveLength(14 * 25 * 3);
    expect(durationsMs).toEqual(new Array(24).fill(70));
    expect(await decodePicture(`${PHOTOS}/no_time_for_that_tiny.gif`)).toEqual(frames[0]);
    expect(await decodeMedium(`${PHOTOS}/no_time_for_that_tiny.gif`)).toEqual({ video: frames });
  });

  it.each(["astronaut.png", "rocket.jpg", "no_time_for_that_tiny.gif"])(
    "refuses the first half of %s",
    async (name) => {
      const whole = readFileSync(`${PHOTOS}/${name}`);
      await expect(decodeFrames(whole.subarray(0, whole.length / 2), { name })).rejects.toThrow(UndecodableImageError);
    },
  );

  it("refuses a truncated JPEG and says how to mend it", async () => {
    const error = await failure(`${PHOTOS}/truncated.jpg`);
    expect(error).toBeInstanceOf(UndecodableImageError);
    expect(error.message).toMatch(/truncated.jpg begins as a JPEG image of 400 bytes and cannot be decoded/);
    expect(error.message).toMatch(/To mend it: download or export the picture again/);
  });
});

describe.skipIf(!existsSync(TINY))("decoding tiny files (needs ../shared/data/tiny_files)", () => {
  it.each(["jpeg.jpg", "png-transparent.png", "gif-transparent.gif"])("opens %s", async (name) => {
    expect(await decodePicture(`${TINY}/${name}`)).toMatchObject({ width: 1, height: 1 });
  });

  it("puts transparent pixels on white", async () => {
    expect([...(await decodePicture(`${TINY}/png-transparent.png`)).data]).toEqual([255, 255, 255]);
  });

  it.each(["png-truncated.png", "gif.gif", "webp.webp"])("refuses %s, which ends too soon", async (name) => {
    expect(await failure(`${TINY}/${name}`)).toBeInstanceOf(UndecodableImageError);
  });

  it.each([
    ["Mpeg4.mp4", "an MP4 video"],
    ["webm.webm", "a WebM or Matroska video"],
    ["wav.wav", "a WAV sound"],
    ["zip.zip", "a ZIP archive"],
    ["gzip.gz", "gzip-compressed data"],
    ["tar.tar", "a tar archive"],
    ["bmp.bmp", "a BMP image"],
    ["ico.ico", "a Windows icon"],
    ["ppm.ppm", "a Netpbm image"],
  ])("says that %s holds %s", async (name, words) => {
    const error = await failure(`${TINY}/${name}`);
    expect(error).toBeInstanceOf(NotAnImageError);
    expect(error.message).toContain(`${name} holds ${words}`);
  });
});

describe("decoding", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "flamingo-"));
  });

  it("turns a picture upright as its EXIF orientation says", async () => {
    const sideways = await flag().withMetadata({ orientation: 6 }).png().toBuffer();
    const { width, height, data } = await decodePicture(sideways);
    expect([width, height]).toEqual([2, 4]);
    expect([...data.subarray(0, 3), ...data.subarray(-3)]).toEqual([255, 0, 0, 0, 0, 255]);
  });

  it.each(["png", "webp", "jpeg", "gif"] as const)(
    "gives three channels for %s, also when the picture is grey",
    async (format) => {
      const bytes = await flag().greyscale().toFormat(format).toBuffer();
      const { data } = await decodePicture(bytes);
      expect(data).toHaveLength(24);
    },
  );

  it("gives one still image as a medium of one image", async () => {
    expect(await decodeMedium(await flag().png().toBuffer())).toMatchObject({ image: { width: 4, height: 2 } });
  });

  it("decodes by the bytes, not by the name: a JPEG called .png opens", async () => {
    const path = join(folder, "photo.png");
    writeFileSync(path, await flag().jpeg().toBuffer());
    expect(await decodePicture(path)).toMatchObject({ width: 4, height: 2 });
  });

  it("refuses a web page called .jpg, and says what it is", async () => {
    const path = join(folder, "photo.jpg");
    writeFileSync(path, "<!DOCTYPE html><html><body>404</body></html>");
    const error = await failure(path);
    expect(error).toBeInstanceOf(NotAnImageError);
    expect(error.message).toMatch(/photo\.jpg holds an HTML page, though it is called \.jpg/);
    expect(error.message).toMatch(/find the picture's own address/);
  });

  it.each([
    ["plain text", "A cat sits here."],
    ["JSON text", '{"error": "not found"}'],
    ["an SVG drawing", '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ["an empty file", ""],
  ])("says when a file holds %s", async (words, content) => {
    const error = await failure(new TextEncoder().encode(content), { name: "cat.png" });
    expect(error.message).toContain(`cat.png holds ${words}`);
  });

  it("refuses a picture of more pixels than allowed, naming both numbers, before decoding it", async () => {
    const error = await failure(await flag().png().toBuffer(), { maxPixels: 7, name: "big.png" });
    expect(error).toBeInstanceOf(OversizedImageError);
    expect(error.message).toMatch(/big\.png is 4 x 2 = 8 pixels, more than the 7 allowed/);
    expect(error.message).toMatch(/To mend it: make it smaller, or raise maxPixels/);
  });

  it("refuses a picture whose header claims a size no memory holds", async () => {
    const bytes = await flag().png().toBuffer();
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    const error = await failure(bytes);
    expect(error).toBeInstanceOf(OversizedImageError);
    expect(error.message).toMatch(/60000 x 60000 = 3600000000 pixels, more than the 64000000 allowed/);
  });

  it("says when there is no such file", async () => {
    const error = await failure(join(folder, "nothing.png"));
    expect(error).toBeInstanceOf(MediaSourceError);
    expect(error.message).toMatch(/There is no file .*nothing\.png[\s\S]*To mend it: check the spelling/);
  });
});
