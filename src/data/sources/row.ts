/** A row of a file that describes a data set, whatever the file's kind. */
import type { Place } from "../tally.js";
import type { Line } from "./lines.js";

/** A row by its columns. */
export interface Row {
  readonly place: Place;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What stands where a row should. */
export interface RowFault {
  readonly place: Place;
  readonly fault: string;
}

export type Rows = AsyncGenerator<Row | RowFault>;

/** Where a line stands. */
export function placeOfLine(file: string, { number, byte }: Line, found?: string): Place {
  return { file, record: number, byte, ...(found === undefined ? {} : { found: `line ${number + 1}: ${found}` }) };
}
