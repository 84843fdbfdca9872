/** `flamingo data video`: captioned videos into shards. */

import type { SourceCursor } from "../../data/sources/captioned.js";
import type { ClipChoice, FramesOptions } from "../../data/sources/frames.js";
import { videosOf } from "../../data/sources/videos.js";
import type { Io } from "../io.js";
import { type BuildFlags, buildShards, columnsOf, folderOf, tellBuilt } from "./building.js";

export interface VideoFlags extends BuildFlags {
  readonly videos?: string;
  readonly column?: Readonly<Record<string, string>>;
  readonly fps?: number;
  readonly frames?: number;
  readonly clip?: ClipChoice;
  readonly edge?: number;
  readonly keep?: "jpg" | "png";
  readonly seed?: string;
}

/** Builds. @throws as `buildPart` and `videosOf` */
export async function video(inputs: readonly string[], flags: VideoFlags, io: Io): Promise<undefined> {
  folderOf(flags);
  const { videos, seed = "0", fps, frames, clip, edge, keep } = flags;
  const columns = columnsOf(flags.column);
  const sampling: FramesOptions = {
    ...(fps !== undefined && { fps }),
    ...(frames !== undefined && { frames }),
    ...(clip !== undefined && { clip }),
    ...(edge !== undefined && { edge }),
    ...(keep !== undefined && { keep }),
  };
  const manifest = await buildShards(
    {
      settings: { command: "video", inputs, videos, columns, seed, sampling },
      open: (tally, part, from: SourceCursor | undefined) =>
        videosOf({
          inputs,
          columns,
          tally,
          part,
          seed,
          ...sampling,
          ...(videos !== undefined && { videos }),
          ...(from !== undefined && { from }),
        }),
    },
    flags,
    io,
  );
  tellBuilt(manifest, flags, io);
}
