/** Captioned videos: a folder with a caption beside each, or rows that name them. */
import { dirname } from "node:path";
import { FlamingoError, UsageError } from "../../errors.js";
import { Random } from "../../random.js";
import type { Part } from "../shards/part.js";
import type { Tally } from "../tally.js";
import { pathWithin, sizeOf } from "./bytes.js";
import {
  Captioned,
  type Columns,
  type MediumOf,
  type RowsInput,
  type SourceCursor,
  VIDEO_COLUMNS,
} from "./captioned.js";
import { FfmpegMissingError, type FramesOptions, framesOfVideo, VideoError } from "./frames.js";
import { folderRows, isFolder } from "./pairs.js";
import { isFileOfRows, rowsOf } from "./rows.js";

/** Where videos come from, and how they are sampled. */
export interface VideosOptions extends FramesOptions {
  readonly inputs: readonly string[];
  /** The folder that rows name videos in; the one of each file unless told. */
  readonly videos?: string;
  readonly columns?: Partial<Columns>;
  readonly seed?: string | number;
  readonly part?: Part;
  readonly tally: Tally;
  readonly from?: SourceCursor;
}

const VIDEOS = /\.(mp4|webm|mkv|mov|avi|m4v|mpe?g|gif|webp)$/i;

/**
 * Videos of all inputs in their order, one clip of each.
 * @throws {UsageError} for an input that is of no kind we read
 * @throws {FfmpegMissingError} while reading, if there is a film and no ffmpeg
 */
export async function videosOf(options: VideosOptions): Promise<Captioned> {
  const { inputs, videos, columns, seed = 0, part, tally, from } = options;
  const found: RowsInput[] = [];
  for (const path of inputs) {
    const folder = (await isFolder(path)) ? path : (videos ?? dirname(path));
    const medium = videoMedium(folder, seed, options);
    if (folder === path) found.push({ path, rows: () => folderRows(path, VIDEOS), medium });
    else if (isFileOfRows(path)) found.push({ path, rows: () => rowsOf(path), medium });
    else throw new UsageError(`${path} names no videos by its name.`, "give a folder, .jsonl, .csv, .tsv or .parquet");
  }
  const columnsOf = { ...VIDEO_COLUMNS, ...columns };
  return new Captioned(found, {
    columns: columnsOf,
    stage: "videos",
    tally,
    from,
    ...(part === undefined ? {} : { part }),
  });
}

/** A clip's beginning depends on the seed and the video's path alone. */
function videoMedium(folder: string, seed: string | number, options: FramesOptions): MediumOf {
  return async (value) => {
    if (typeof value !== "string") return { fault: "no path", found: typeof value };
    const path = pathWithin(value, { folder });
    if (typeof path !== "string") return path;
    const size = await sizeOf(path);
    if (typeof size !== "number") return size;
    try {
      return { kind: "video", files: await framesOfVideo(path, new Random(seed).fork("clip").fork(value), options) };
    } catch (error) {
      if (error instanceof FfmpegMissingError || !(error instanceof FlamingoError)) throw error;
      return { fault: error instanceof VideoError ? error.reason : error.code, found: error.problem };
    }
  };
}
