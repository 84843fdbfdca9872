/** The world as this process has it. */
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { LONGEST_LINE } from "../data/shards/record-line.js";
import { linesIn } from "../data/sources/lines.js";
import type { Io } from "./io.js";

/** Standard output, error and input. A reader that goes away, such as `head`, ends the process without a complaint. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit();
    });
  return {
    out: (written) => void process.stdout.write(written),
    err: (written) => void process.stderr.write(written),
    terminal: { out: process.stdout.isTTY === true, err: process.stderr.isTTY === true },
    input: () => text(process.stdin),
    lines: async function* () {
      for await (const { bytes } of linesIn(process.stdin, LONGEST_LINE)) yield bytes.toString("utf8");
    },
    taken: async () => {
      if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
    },
  };
}
