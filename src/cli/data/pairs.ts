/** `flamingo data pairs`: captioned pictures into shards. */

import type { SourceCursor } from "../../data/sources/captioned.js";
import { pairsOf } from "../../data/sources/pairs.js";
import type { Io } from "../io.js";
import { type BuildFlags, buildShards, columnsOf, Errands, type FetchFlags, folderOf, tellBuilt } from "./building.js";

export interface PairsFlags extends BuildFlags, FetchFlags {
  readonly images?: string;
  readonly column?: Readonly<Record<string, string>>;
}

/** Builds. @throws as `buildPart` and `pairsOf` */
export async function pairs(inputs: readonly string[], flags: PairsFlags, io: Io): Promise<undefined> {
  folderOf(flags);
  const { images } = flags;
  const columns = columnsOf(flags.column);
  await using errands = new Errands(flags);
  const manifest = await buildShards(
    {
      settings: { command: "pairs", inputs, images, columns, fetch: flags.fetch },
      open: (tally, part, from: SourceCursor | undefined) =>
        pairsOf({
          inputs,
          columns,
          tally,
          part,
          ...(images !== undefined && { images }),
          ...(from !== undefined && { from }),
          ...errands.option,
        }),
    },
    flags,
    io,
  );
  tellBuilt(manifest, flags, io);
}
