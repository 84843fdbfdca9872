import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clipStart, FfmpegMissingError, framesOfVideo } from "../../../src/data/sources/frames.js";
import { videosOf } from "../../../src/data/sources/videos.js";
import { drawWorld, worldItem } from "../../../src/data/sources/world.js";
import { webpOf } from "../../../src/data/sources/world-files.js";
import { Tally } from "../../../src/data/tally.js";
import { openArtwork } from "../../../src/data/world/artwork.js";
import { decodePicture } from "../../../src/media/decode.node.js";
import type { Picture } from "../../../src/media/pixels.js";
import { Random } from "../../../src/random.js";
import { collect } from "../../support/collect.js";
import { levelOf, told, writeFiles } from "./support.js";

const NO_FFMPEG = spawnSync("ffmpeg", ["-version"]).error === undefined ? false : "there is no ffmpeg in PATH";
const BUNNY = "../shared/data/video/bigbuckbunny.mp4";
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-videos-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Frames of one grey each, the frame's number times `step`. */
const greys = (count: number, step: number): Picture[] =>
  Array.from({ length: count }, (_, n) => ({
    width: 32,
    height: 32,
    data: new Uint8Array(32 * 32 * 3).fill(n * step),
  }));

/** A film of those frames without loss, so many a second. */
function film(name: string, frames: readonly Picture[], fps: number): string {
  const path = join(folder, name);
  const { width, height } = frames[0]!;
  const args = ["-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`, "-r", `${fps}`];
  execFileSync("ffmpeg", [...args, "-i", "-", "-c:v", "ffv1", "-pix_fmt", "bgr0", path], {
    input: Buffer.concat(frames.map(({ data }) => data)),
  });
  return path;
}
const levels = async (path: string, options: Parameters<typeof framesOfVideo>[2] = {}) =>
  Promise.all(
    (await framesOfVideo(path, new Random(1), { keep: "png", ...options })).map(({ bytes }) => levelOf(bytes)),
  );

describe("the clip of a video", () => {
  it("begins wherever it fits, in the middle or at the beginning", () => {
    const random = new Random(1);
    expect(clipStart(5, "random", random)).toBe(0);
    expect(clipStart(20, "start", random)).toBe(0);
    expect(clipStart(20, "middle", random)).toBe(6);
    const starts = new Set(Array.from({ length: 300 }, () => clipStart(12.4, "random", random)));
    expect([...starts].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it("of the world, as an animated picture, has every frame that was drawn", async () => {
    const artwork = await openArtwork();
    const draw = { seed: "clips" };
    for (let number = 0; number < 8; number++) {
      const frames = await drawWorld(worldItem("videos", number, draw), number, artwork, draw);
      await writeFiles(folder, { "clip.webp": await webpOf(frames) });
      const files = await framesOfVideo(join(folder, "clip.webp"), new Random(1), { keep: "png" });
      expect(told(await Promise.all(files.map(({ bytes }) => decodePicture(bytes))))).toEqual(told(frames));
    }
  });
});

describe.skipIf(NO_FFMPEG)(`films, read by ffmpeg${NO_FFMPEG ? ` (${NO_FFMPEG})` : ""}`, () => {
  it("give one frame a second, the one shown at that second", async () => {
    // 4 frames a second: second n shows frame 4 n.
    expect(await levels(film("a.mkv", greys(26, 8), 4))).toEqual([0, 32, 64, 96, 128, 160, 192]);
    expect(await levels(film("b.mkv", greys(8, 20), 1))).toEqual([0, 20, 40, 60, 80, 100, 120, 140]);
  });

  it("give 8 frames of a longer one, from where its clip begins", async () => {
    const path = film("a.mkv", greys(20, 10), 1);
    expect(await levels(path, { clip: "start" })).toEqual([0, 10, 20, 30, 40, 50, 60, 70]);
    expect(await levels(path, { clip: "middle" })).toEqual([60, 70, 80, 90, 100, 110, 120, 130]);
    expect((await levels(path)).length).toBe(8);
    expect(await levels(path, { clip: "start", fps: 0.5, frames: 3 })).toEqual([0, 20, 40]);
  });

  it("give what is shown at each second where frames come seldom: screens that were filmed, slides", async () => {
    // A frame every 5 seconds: 0, 5, 10, 15 and so on to 30; one a second is made of them by their times.
    const slides = film("slides.mkv", greys(7, 30), 1 / 5);
    expect(await levels(slides, { clip: "start" })).toEqual([0, 0, 0, 0, 0, 30, 30, 30]);
    // 35 seconds: the middle clip begins at second 13.
    expect(await levels(slides, { clip: "middle" })).toEqual([60, 60, 90, 90, 90, 90, 90, 120]);
  });

  it("are shown as they were meant: their pixels square, without the cover of a song", async () => {
    const [plain, cover] = [film("a.mkv", greys(8, 20), 1), film("cover.mkv", greys(1, 0), 1)];
    const size = async (path: string) => {
      const [first] = await framesOfVideo(path, new Random(1), { clip: "start" });
      const { width, height } = await decodePicture(first!.bytes);
      return [width, height];
    };
    const ffmpeg = (...args: string[]) => execFileSync("ffmpeg", ["-y", "-v", "error", ...args]);
    const mpeg4 = ["-c:v", "mpeg4", "-vf", "scale=64:32"];
    ffmpeg("-i", plain, ...mpeg4, join(folder, "wide.mp4"));
    expect(await size(join(folder, "wide.mp4"))).toEqual([64, 32]);
    ffmpeg("-i", plain, "-c:v", "mpeg4", "-vf", "scale=64:32,setsar=2", join(folder, "sar.mp4"));
    expect(await size(join(folder, "sar.mp4"))).toEqual([128, 32]);
    const song = ["-f", "lavfi", "-i", "sine=d=9", "-i", cover, "-map", "0", "-map", "1", "-c:v", "mjpeg"];
    ffmpeg(...song, "-disposition:v", "attached_pic", join(folder, "song.m4v"));
    await expect(size(join(folder, "song.m4v"))).rejects.toMatchObject({ reason: "not a video" });
  });

  it("that are damaged in their clip are faults: decoders paint grey where they know nothing", async () => {
    const random = new Random("noise");
    const noisy = greys(24, 10).map((frame) => ({
      ...frame,
      data: frame.data.map((v, i) => (i < 3 ? v : random.integer(256))),
    }));
    const png = join(folder, "png.mkv");
    execFileSync("ffmpeg", ["-v", "error", "-i", film("a.mkv", noisy, 1), "-c:v", "png", "-pix_fmt", "rgb24", png]);
    const bytes = await readFile(png);
    const from = Math.floor(bytes.length * 0.48);
    for (let at = from; at < from + 300; at++) bytes[at] = random.integer(256);
    await writeFiles(folder, { "spoilt.mkv": bytes });
    expect(await levels(join(folder, "spoilt.mkv"), { clip: "start", frames: 4 })).toEqual([0, 10, 20, 30]);
    await expect(levels(join(folder, "spoilt.mkv"), { clip: "middle" })).rejects.toMatchObject({ reason: "damaged" });
  });

  it.skipIf(!existsSync(BUNNY))("of photographs are made smaller, aspect kept", async () => {
    const files = await framesOfVideo(BUNNY, new Random(1), { edge: 320 });
    const pictures = await Promise.all(files.map(({ bytes }) => decodePicture(bytes)));
    // 132 frames at 25 a second: seconds 0 to 5.
    expect(pictures.map(({ width, height }) => [width, height])).toEqual(Array(6).fill([320, 180]));
  });

  it("become records with their captions, and what is no film is counted", async () => {
    film("a.mkv", greys(8, 20), 1);
    await writeFiles(folder, { "a.txt": "it becomes light", "b.mp4": "no film", "b.txt": "nothing", "c.mp4": "" });
    const tally = new Tally();
    const records = await collect(await videosOf({ inputs: [folder], tally, keep: "png" }));
    expect(records.map(({ text, media }) => [text, media[0]!.kind, media[0]!.files.length])).toEqual([
      ["it becomes light", "video", 8],
    ]);
    expect(Object.keys(tally.toJSON().videos!.faults)).toEqual(["no caption beside it", "not a video"]);
    // ffmpeg names its parts by where they are in memory, which is another place each time.
    expect(JSON.stringify(tally)).not.toMatch(/0x[\da-f]{6}/);
    await writeFiles(folder, { "rows.csv": "video,caption\na.mkv,light\n../x.mkv,far\nb.mkv,x\n" });
    const rows = new Tally();
    expect((await collect(await videosOf({ inputs: [join(folder, "rows.csv")], tally: rows }))).length).toBe(1);
    expect(Object.keys(rows.toJSON().videos!.faults)).toEqual(["missing file", "outside the folder"]);
  });
});

describe("without ffmpeg", () => {
  it("a film ends the run with the mend, for every other film would fail as well", async () => {
    await writeFiles(folder, { "a.mp4": "film", "a.txt": "a film" });
    const source = await videosOf({ inputs: [folder], tally: new Tally(), ffprobe: join(folder, "none") });
    const failed = collect(source);
    await expect(failed).rejects.toThrow(FfmpegMissingError);
    await expect(failed).rejects.toThrow("install ffmpeg");
  });
});
