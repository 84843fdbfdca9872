/** A tally as a table for people. */
import { placeInWords, type TallyJson } from "../../data/tally.js";
import { grouped, table } from "../table.js";

/** What became of the records, a line for each stage and each reason, with the place of the first of each. */
export function tallyInWords(tally: TallyJson): string {
  const rows = Object.entries(tally).flatMap(([stage, { passed, dropped, faults }]) => [
    [stage, grouped(passed), "passed", ""],
    ...[dropped, faults].flatMap((reasons, broken) =>
      Object.entries(reasons).map(([reason, { count, first }]) => [
        "",
        grouped(count),
        `${broken ? "broken" : "dropped"}: ${reason}`,
        first[0] === undefined ? "" : placeInWords(first[0]),
      ]),
    ),
  ]);
  return table(rows, [1]);
}
