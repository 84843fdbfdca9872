/** `flamingo data stats`: what a set of shards holds, in numbers. */
import type { Summary } from "../../data/shards/distribution.js";
import { type ShardStats, shardStats } from "../../data/shards/stats.js";
import type { Io } from "../io.js";
import { progressOn } from "../progress.js";
import { grouped, table } from "../table.js";
import { tallyInWords } from "./tally-words.js";

export interface StatsFlags {
  readonly text?: readonly string[];
  readonly json?: boolean;
}

/** @throws as `readShards` */
export async function stats(paths: readonly string[], { text, json }: StatsFlags, io: Io): Promise<undefined> {
  const counted = await countedWithProgress(paths, text, io);
  io.out(json ? `${JSON.stringify(counted)}\n` : inWords(counted));
}

/** Counts, and tells how far it has come. */
export async function countedWithProgress(
  paths: readonly string[],
  text: readonly string[] | undefined,
  io: Io,
): Promise<ShardStats> {
  const progress = progressOn(io);
  try {
    return await shardStats(paths, {
      ...(text && { text }),
      progress: (records) => {
        if (records % 1000 === 0) progress.tell(`${grouped(records)} records`, records % 100_000 === 0);
      },
    });
  } finally {
    progress.end();
  }
}

function inWords(stats: ShardStats): string {
  const { kinds, types } = stats;
  const counts = table(
    [
      ["tars", grouped(stats.tars)],
      ["bytes", grouped(stats.bytes)],
      ["records", grouped(stats.records)],
      ...Object.entries(kinds).map(([kind, count]) => [`  ${kind}`, grouped(count)]),
      ["images", grouped(stats.images)],
      ["videos", grouped(stats.videos)],
      ["  frames", grouped(stats.frames)],
      ...Object.entries(types).map(([type, { files }]) => [`  .${type}`, grouped(files)]),
      ...Object.entries(stats.about).map(([name, count]) => [`about ${name}`, grouped(count)]),
    ],
    [1],
  );
  const spreads: readonly (readonly [string, Summary | null])[] = [
    ["characters", stats.characters],
    ["words", stats.words],
    ["media", stats.mediaPerRecord],
    ["shorter side", stats.shorterSide],
    ["longer side", stats.longerSide],
  ];
  const rows = spreads.flatMap(([name, spread]) =>
    spread === null
      ? []
      : [
          [
            name,
            spread.mean.toFixed(1),
            ...[spread.least, spread.tenth, spread.median, spread.ninetieth, spread.most].map(grouped),
          ],
        ],
  );
  const head = ["", "mean", "least", "10%", "median", "90%", "most"];
  return `${counts}\n${table([head, ...rows], [1, 2, 3, 4, 5, 6])}\n${tallyInWords(stats.tally)}`;
}
