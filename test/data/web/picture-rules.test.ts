import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { judgePicture, PICTURE_RULES } from "../../../src/data/web/picture-rules.js";
import { Random } from "../../../src/random.js";

const noise = (width: number, height: number) => {
  const random = new Random("noise");
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
  return sharp(data, { raw: { width, height, channels: 3 } });
};
const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 200, g: 30, b: 90 } } });

async function verdict(bytes: Uint8Array) {
  const found = await judgePicture(bytes, PICTURE_RULES);
  return "reason" in found ? found.reason : found.file.type;
}

/** A PNG of one colour as it says it is, whose compressed bytes are as many as it says, or not. */
function png(width: number, height: number, pixels: Buffer): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(data.length);
    head.write(type, 4, "latin1");
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc(Buffer.concat([head.subarray(4), data])));
    return Buffer.concat([head, data, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const parts = [chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...parts]);
}

function crc(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

describe("pictures of web pages", () => {
  it("are kept from 64 pixels and up to 3 to 1, in the kinds that training decodes", async () => {
    expect(await verdict(await noise(64, 64).png().toBuffer())).toBe("png");
    expect(await verdict(await noise(64, 192).jpeg().toBuffer())).toBe("jpg");
    expect(await verdict(await noise(80, 80).webp().toBuffer())).toBe("webp");
    expect(await verdict(await noise(80, 80).gif().toBuffer())).toBe("gif");
    expect(await verdict(await noise(63, 200).png().toBuffer())).toBe("too small");
    expect(await verdict(await noise(64, 193).png().toBuffer())).toBe("too long");
    expect(await verdict(await noise(80, 80).avif().toBuffer())).toBe("kind not read");
    expect(await verdict(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"))).toBe("kind not read");
    expect(await verdict(Buffer.from("<!doctype html><p>not found"))).toBe("not a picture");
    expect(await verdict(Buffer.alloc(0))).toBe("not a picture");
  });

  it("are dropped when they are of one colour, or nearly so", async () => {
    expect(await verdict(await plain(100, 100).png().toBuffer())).toBe("flat");
    expect(await verdict(await plain(100, 100).jpeg({ quality: 20 }).toBuffer())).toBe("flat");
    const dot = await noise(5, 5).png().toBuffer();
    expect(
      await verdict(
        await plain(100, 100)
          .composite([{ input: dot }])
          .png()
          .toBuffer(),
      ),
    ).toBe("flat");
    const half = await noise(50, 100).png().toBuffer();
    expect(
      await verdict(
        await plain(100, 100)
          .composite([{ input: half, left: 0, top: 0 }])
          .png()
          .toBuffer(),
      ),
    ).toBe("png");
  });

  it("are dropped when they are cut off or damaged anywhere", async () => {
    for (const format of ["png", "jpeg", "webp", "gif"] as const) {
      const whole = await noise(90, 90).toFormat(format).toBuffer();
      for (const share of [0.02, 0.5, 0.95])
        expect(await verdict(whole.subarray(0, Math.floor(share * whole.length))), `${format} ${share}`).not.toBe(
          format,
        );
    }
  });

  it("cannot lie about their size: fewer pixels than they say are damage, and no more are decoded than they say", async () => {
    expect(await verdict(png(200, 200, deflateSync(Buffer.alloc(201 * 20, 7))))).toBe("not decodable");
    // A gigapixel in 1 MB, of one byte; and 4 gigapixels that are not even there.
    const before = process.memoryUsage().rss;
    const began = performance.now();
    expect(await verdict(png(32_000, 32_000, deflateSync(Buffer.alloc(32_001 * 1000))))).toBe("too many pixels");
    const jpeg = await noise(80, 80).jpeg().toBuffer();
    const size = jpeg.indexOf(Buffer.from([0xff, 0xc0])) + 5;
    jpeg.writeUInt16BE(65_500, size);
    jpeg.writeUInt16BE(65_500, size + 2);
    expect(await verdict(jpeg)).toBe("too many pixels");
    // A GIF's screen says 100 pixels, its frame 60,000.
    const gif = await noise(100, 100).gif().toBuffer();
    const frame = gif.indexOf(0x2c, 800);
    gif.writeUInt16LE(60_000, frame + 5);
    gif.writeUInt16LE(60_000, frame + 7);
    expect(["too many pixels", "not decodable", "flat"]).toContain(await verdict(gif));
    // Much that comes after the pixels is not read.
    expect(await verdict(png(100, 100, deflateSync(Buffer.alloc(300_000_000))))).toBe("flat");
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(800 * 2 ** 20);
  });

  it("are judged, and never thrown at, whatever happened to their bytes", async () => {
    const random = new Random("damage");
    for (const format of ["png", "jpeg", "webp", "gif"] as const) {
      const whole = await noise(70, 70).toFormat(format).toBuffer();
      for (let tries = 0; tries < 40; tries++) {
        const bytes = Buffer.from(whole);
        for (let n = random.integer(6); n >= 0; n--)
          bytes[random.integer(tries % 2 ? 200 : bytes.length)] = random.integer(256);
        expect(await verdict(bytes)).toMatch(/^[a-z ]+$/);
      }
    }
  });
});
