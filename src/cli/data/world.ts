/** `flamingo data world`: the world as files, or as shards. */
import { join } from "node:path";
import { type Part, WHOLE } from "../../data/shards/part.js";
import { WORLD_KINDS, type WorldKind, WorldSource } from "../../data/sources/world.js";
import { writeWorld } from "../../data/sources/world-files.js";
import { openArtwork } from "../../data/world/artwork.js";
import { artworkCache } from "../../data/world/everything.node.js";
import { UsageError } from "../../errors.js";
import type { Io } from "../io.js";
import { progressOn } from "../progress.js";
import { amount, grouped } from "../table.js";
import { type BuildFlags, buildShards, folderOf, tellBuilt } from "./building.js";

export interface WorldFlags extends BuildFlags {
  readonly pages?: number;
  readonly pairs?: number;
  readonly videos?: number;
  readonly seed?: string;
  readonly size?: number;
  readonly as?: "files" | "data-urls" | "shards";
}

/** Draws the world. @throws {UsageError} if nothing is asked for, or no place is named */
export async function world(_: readonly string[], flags: WorldFlags, io: Io): Promise<undefined> {
  const folder = folderOf(flags);
  const { pages = 0, pairs = 0, videos = 0, seed = "0", size = 64, as = "files", shard = WHOLE } = flags;
  const counts: Readonly<Record<WorldKind, number>> = { pages, pairs, videos };
  if (pages + pairs + videos === 0)
    throw new UsageError("Nothing of the world was asked for.", "say how many: --pages 100 --pairs 100 --videos 20");
  const artwork = await openArtwork({ cacheDir: artworkCache() });
  const draw = { seed, size };
  if (as === "shards") {
    for (const kind of WORLD_KINDS) {
      if (counts[kind] === 0) continue;
      const settings = { command: "world", kind, count: counts[kind], seed, size };
      const open = async (_: unknown, part: Part, from: number | undefined) =>
        new WorldSource(kind, counts[kind], artwork, draw, part, from);
      tellBuilt(await buildShards({ settings, open, folder: join(folder, kind) }, flags, io), flags, io);
    }
    return undefined;
  }
  const progress = progressOn(io);
  try {
    await writeWorld(folder, artwork, {
      ...draw,
      counts,
      part: shard,
      pictures: as,
      onItem(done, of) {
        if (done % 10 === 0) progress.tell(`${grouped(done)} of ${grouped(of)} items`, done % 1000 === 0);
      },
    });
  } finally {
    progress.end();
  }
  if (flags.json) io.out(`${JSON.stringify({ folder, ...counts, seed, size })}\n`);
  else
    io.out(
      `${amount(pages, "page")}, ${amount(pairs, "pair")} and ${amount(videos, "clip")} of the world in ${folder}; what is true of them in ${join(folder, "truth.jsonl")}\n`,
    );
  return undefined;
}
