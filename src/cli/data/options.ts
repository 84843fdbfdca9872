/** Options that several commands of `flamingo data` have. */
import { readPart } from "../../data/shards/part.js";
import { type Option, wholeNumber } from "../command.js";

export const SHARD: Option = {
  flags: "--shard <i/N>",
  help: "do the i-th of N parts of the work, counted from 0; the others are other processes'",
  parse: readPart,
};
export const MAX_FAULTS: Option = {
  flags: "--max-faults <n>",
  help: "end when more records than this are broken; unless told they are only counted",
  parse: wholeNumber(0),
};
export const SHARD_SIZE: readonly Option[] = [
  { flags: "--shard-records <n>", help: "records of a tar at most; 10,000 unless told", parse: wholeNumber(1) },
  {
    flags: "--shard-bytes <n>",
    help: "bytes at which a tar is closed; 268,435,456 unless told",
    parse: wholeNumber(1),
  },
];
export const JSON_OUTPUT: Option = { flags: "--json", help: "print one JSON document and nothing else" };
