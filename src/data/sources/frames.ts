/** Frames of videos: one a second, as the paper samples them. Films are read by ffmpeg, animated pictures by ourselves. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { FlamingoError } from "../../errors.js";
import { decodeFrames } from "../../media/decode.node.js";
import type { Random } from "../../random.js";
import type { MediumFile } from "../record.js";

/** Which part of a longer video is taken. */
export type ClipChoice = "random" | "middle" | "start";

/** How a video is sampled. */
export interface FramesOptions {
  /** Frames a second; 1 unless told. */
  readonly fps?: number;
  /** Frames at most; 8 unless told. */
  readonly frames?: number;
  /** `random` unless told. */
  readonly clip?: ClipChoice;
  /** The frames' longer edge in pixels; those of smaller videos stay as they are. 512 unless told. */
  readonly edge?: number;
  /** The format in which frames are kept: `png` without loss. `jpg` unless told. */
  readonly keep?: "jpg" | "png";
  /** Programs, by their names in PATH unless told. */
  readonly ffmpeg?: string;
  readonly ffprobe?: string;
  /** Longest that one video may take; 60 seconds unless told. */
  readonly timeoutMs?: number;
}

/** There is no ffmpeg, or no ffprobe. */
export class FfmpegMissingError extends FlamingoError {
  readonly code = "DATA_FFMPEG";
  constructor(name: string, cause: unknown) {
    super(
      `Videos are read by ${name}, and there is none in PATH.`,
      "install ffmpeg (apt-get install ffmpeg, brew install ffmpeg), or give videos as animated WebP or GIF",
      { cause },
    );
  }
}

/** A video that cannot be read; its reason is one word for counting. */
export class VideoError extends FlamingoError {
  readonly code = "DATA_VIDEO";
  readonly reason: "not a video" | "no frames" | "damaged" | "too slow";

  constructor(path: string, reason: VideoError["reason"], detail: string, cause?: unknown) {
    super(`${path}: ${reason} (${detail}).`, "play the file to see whether it is whole, and convert it anew", {
      cause,
    });
    this.reason = reason;
  }
}

/** Where a clip begins in a video, in seconds, on whole frames: wherever it fits, in the middle, or at the beginning. */
export function clipStart(
  seconds: number,
  clip: ClipChoice,
  random: Random,
  { fps = 1, frames = 8 }: FramesOptions = {},
): number {
  const spare = Math.max(0, Math.floor(seconds * fps + 1e-6) - frames);
  if (clip === "start") return 0;
  return (clip === "middle" ? Math.floor(spare / 2) : random.integer(spare + 1)) / fps;
}

/**
 * The frames of one clip of a video file, in order, as picture files.
 * @throws {FfmpegMissingError} if the programs are not there: then no video can be read
 * @throws {VideoError} if this one cannot be
 */
export async function framesOfVideo(path: string, random: Random, options: FramesOptions = {}): Promise<MediumFile[]> {
  if (/\.(gif|webp)$/i.test(path)) return framesOfAnimation(path, random, options);
  const { fps = 1, frames = 8, clip = "random", edge = 512, keep = "jpg", timeoutMs = 60_000 } = options;
  const run = (name: string, args: readonly string[]) => output(name, args, path, timeoutMs);
  const probed = await run(options.ffprobe ?? "ffprobe", [
    ...["-v", "error", "-select_streams", "V:0", "-of", "json"],
    ...["-show_entries", "format=duration:stream=duration", `file:${path}`],
  ]);
  const seconds = secondsOf(probed);
  if (seconds === undefined) throw new VideoError(path, "not a video", "no video stream in it");
  const start = clipStart(seconds, clip, random, { fps, frames });
  const folder = await mkdtemp(join(tmpdir(), "flamingo-frames-"));
  try {
    await run(options.ffmpeg ?? "ffmpeg", [
      // From the key frame before the clip: what its first second shows may have come long before.
      ...["-nostdin", "-v", "error", "-max_error_rate", "0", "-noaccurate_seek", "-ss", String(start)],
      // A capital V leaves out covers.
      ...["-i", `file:${path}`, "-map", "0:V:0", "-vf", filters(fps, edge)],
      ...["-frames:v", String(frames), "-threads", "1", "-fflags", "+bitexact", "-flags", "+bitexact"],
      ...(keep === "jpg" ? ["-q:v", "2", "-pix_fmt", "yuvj420p"] : []),
      join(folder, `%06d.${keep}`),
    ]);
    const names = (await readdir(folder)).sort();
    if (names.length === 0) throw new VideoError(path, "no frames", `nothing after second ${start}`);
    return await Promise.all(
      names.map(async (name) => ({ type: keep, bytes: new Uint8Array(await readFile(join(folder, name))) })),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The frame that is shown at each second, its pixels made square, none larger than `edge`. */
function filters(fps: number, edge: number): string {
  const within = `scale=w='min(iw,${edge})':h='min(ih,${edge})':force_original_aspect_ratio=decrease`;
  return `fps=${fps}:round=up:start_time=0,scale=w=iw*sar:h=ih,setsar=1,${within}`;
}

function secondsOf(json: string): number | undefined {
  const { streams = [], format = {} } = JSON.parse(json) as {
    streams?: { duration?: string }[];
    format?: { duration?: string };
  };
  if (streams.length === 0) return undefined;
  const seconds = Number(streams[0]!.duration ?? format.duration ?? 0);
  return Number.isFinite(seconds) ? seconds : 0;
}

/** What ffmpeg ends with if more frames than `-max_error_rate` could not be decoded. */
const TOO_MANY_ERRORS = 69;

function output(name: string, args: readonly string[], path: string, timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(name, args, { timeout, killSignal: "SIGKILL", maxBuffer: 1 << 24 }, (error, out, err) => {
      if (error === null) return resolve(out);
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return reject(new FfmpegMissingError(name, error));
      // Without addresses in memory: what is counted must be the same in every run.
      const said = err
        .trim()
        .split("\n")[0]!
        .replaceAll(/ @ 0x[\da-f]+/g, "")
        .slice(0, 160);
      if (error.code === TOO_MANY_ERRORS) return reject(new VideoError(path, "damaged", said, error));
      if (error.killed) return reject(new VideoError(path, "too slow", `more than ${timeout} ms`, error));
      reject(new VideoError(path, "not a video", said, error));
    });
  });
}

/** Frame n is what is shown at second n / fps of the clip. */
async function framesOfAnimation(path: string, random: Random, options: FramesOptions): Promise<MediumFile[]> {
  const { fps = 1, frames = 8, clip = "random", edge = 512, keep = "jpg" } = options;
  const { frames: pictures, durationsMs } = await decodeFrames(path);
  const ends: number[] = [];
  // Viewers show frames of no told length for a tenth of a second.
  for (const duration of durationsMs) ends.push((ends.at(-1) ?? 0) + (duration || 100) / 1000);
  const seconds = ends.at(-1)!;
  const start = clipStart(seconds, clip, random, { fps, frames });
  const count = Math.max(1, Math.min(frames, Math.ceil((seconds - start) * fps - 1e-6)));
  const shown = Array.from({ length: count }, (_, n) => ends.findIndex((end) => start + n / fps < end - 1e-6));
  return Promise.all(
    shown.map(async (at): Promise<MediumFile> => {
      const { width, height, data } = pictures[at < 0 ? pictures.length - 1 : at]!;
      const picture = sharp(data, { raw: { width, height, channels: 3 } });
      const fit = { width: edge, height: edge, fit: "inside", withoutEnlargement: true } as const;
      const sized = Math.max(width, height) > edge ? picture.resize(fit) : picture;
      const file = keep === "png" ? sized.png() : sized.jpeg({ quality: 95 });
      return { type: keep, bytes: new Uint8Array(await file.toBuffer()) };
    }),
  );
}
