/** `flamingo data pack`: records that exist into new shards. */
import { packPart } from "../../data/shards/pack.js";
import { type Part, WHOLE } from "../../data/shards/part.js";
import type { Io } from "../io.js";
import { progressOn } from "../progress.js";
import { amount, grouped } from "../table.js";
import { folderOf } from "./building.js";
import { tallyInWords } from "./tally-words.js";

export interface PackFlags {
  readonly out?: string;
  readonly shard?: Part;
  readonly maxFaults?: number;
  readonly shardRecords?: number;
  readonly shardBytes?: number;
  readonly text?: readonly string[];
  readonly json?: boolean;
}

/**
 * Builds a part; finished, it is left as it is.
 * @throws {UsageError} if no folder is given
 * @throws as `packPart`
 */
export async function pack(inputs: readonly string[], flags: PackFlags, io: Io): Promise<undefined> {
  const { shard = WHOLE, maxFaults, shardRecords, shardBytes, text } = flags;
  const progress = progressOn(io);
  try {
    const manifest = await packPart({
      inputs,
      folder: folderOf(flags),
      part: shard,
      ...(maxFaults !== undefined && { limit: maxFaults }),
      ...(shardRecords !== undefined && { shardRecords }),
      ...(shardBytes !== undefined && { shardBytes }),
      ...(text && { text }),
      progress: ({ records }) => {
        if (records % 100 === 0) progress.tell(`${grouped(records)} records`, records % 100_000 === 0);
      },
    });
    progress.end();
    if (flags.json) io.out(`${JSON.stringify(manifest)}\n`);
    else
      io.out(
        `${tallyInWords(manifest.tally)}${amount(manifest.records, "record")} in ${amount(manifest.shards.length, "tar")}\n`,
      );
  } finally {
    progress.end();
  }
}
