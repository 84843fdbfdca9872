/** `flamingo data verify`: every fault of a set of shards. */
import { verifyShards } from "../../data/shards/verify.js";
import { placeInWords } from "../../data/tally.js";
import type { Io } from "../io.js";
import { progressOn } from "../progress.js";
import { amount, grouped } from "../table.js";

export interface VerifyFlags {
  readonly decode?: boolean;
  readonly text?: readonly string[];
  readonly json?: boolean;
}

/**
 * Names every fault.
 * @returns  1 if there is any
 * @throws as `verifyShards`
 */
export async function verify(paths: readonly string[], { decode, text, json }: VerifyFlags, io: Io): Promise<number> {
  const progress = progressOn(io);
  const faults: object[] = [];
  const { tars, records } = await verifyShards(
    paths,
    ({ reason, ...place }) => {
      faults.push({ reason, ...place });
      if (!json) io.out(`${reason}: ${placeInWords(place)}\n`);
    },
    {
      decode: decode ?? false,
      ...(text && { text }),
      progress: (count) => {
        if (count % 1000 === 0) progress.tell(`${grouped(count)} records`, count % 100_000 === 0);
      },
    },
  );
  progress.end();
  if (json) io.out(`${JSON.stringify({ tars, records, faults })}\n`);
  else io.out(`${amount(records, "record")} in ${amount(tars, "tar")}, ${amount(faults.length, "fault")}\n`);
  return faults.length === 0 ? 0 : 1;
}
