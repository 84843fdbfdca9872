/** Records out of lines of JSON, from files or pipes, counted as they are read. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { DataRecord } from "../record.js";
import type { Tally } from "../tally.js";
import { READ } from "./reader.js";
import { recordOfLine } from "./record-line.js";

/**
 * The records of some lines; empty ones are passed over.
 * @param name  what faults are told to stand in
 */
export async function* recordsOfLines(
  lines: AsyncIterable<string>,
  name: string,
  tally: Tally,
): AsyncGenerator<DataRecord> {
  let number = 0;
  for await (const line of lines) {
    const record = number++;
    if (line.trim() === "") continue;
    const read = recordOfLine(line);
    if ("reason" in read) {
      tally.fault(READ, read.reason, { file: name, record, found: read.found });
      continue;
    }
    tally.pass(READ);
    yield read;
  }
}

/** The lines of a file, without their ends. */
export async function* linesOfFile(path: string): AsyncGenerator<string> {
  const bytes = createReadStream(path);
  const opened = new Promise<void>((resolve, reject) => bytes.once("open", () => resolve()).once("error", reject));
  await opened;
  yield* createInterface({ input: bytes, crlfDelay: Number.POSITIVE_INFINITY });
}
