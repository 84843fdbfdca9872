/** Records out of lines of JSON, from files or pipes, counted as they are read. */
import type { DataRecord } from "../record.js";
import { linesOf, readLine } from "../sources/lines.js";
import type { Place, Tally } from "../tally.js";
import { READ } from "./reader.js";
import { LONGEST_LINE, recordOfLine } from "./record-line.js";

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
    const read = counted(line, { file: name, record: number++ }, tally);
    if (read !== undefined) yield read;
  }
}

/**
 * The records of a file of lines, each with the number of its line, from 0.
 * @param after  number of the last line that is done with; -1 for none
 * @throws the system's error if the file cannot be read
 */
export async function* recordsOfFile(
  path: string,
  tally: Tally,
  after: number,
): AsyncGenerator<{ readonly record: DataRecord; readonly number: number }> {
  for await (const line of linesOf(path, LONGEST_LINE)) {
    const { number, byte } = line;
    if (number <= after) continue;
    const place = { file: path, record: number, byte };
    const read = readLine(line);
    if ("fault" in read) tally.fault(READ, read.fault, { ...place, found: read.found });
    else {
      const record = counted(read.text, place, tally);
      if (record !== undefined) yield { record, number };
    }
  }
}

function counted(line: string, place: Place, tally: Tally): DataRecord | undefined {
  if (line.trim() === "") return undefined;
  const read = recordOfLine(line);
  if ("reason" in read) {
    tally.fault(READ, read.reason, { ...place, found: read.found });
    return undefined;
  }
  tally.pass(READ);
  return read;
}
