/** The commands of `flamingo data`, as its help shows them. */
import { type Command, listOf, type Option, wholeNumber } from "../command.js";
import { JSON_OUTPUT, MAX_FAULTS, SHARD, SHARD_SIZE } from "./options.js";
import { SOURCE_COMMANDS } from "./source-commands.js";
import { WEB_COMMANDS } from "./web-commands.js";

const TEXT: Option = {
  flags: "--text <endings>",
  help: "files that hold the text in shards of others, the first there is: txt,text,caption,json unless told",
  parse: listOf(","),
};

/** Commands on shards that exist. */
const SHARD_COMMANDS: readonly Command[] = [
  {
    usage: "look <shards...>",
    summary: "show records in the terminal, or on a page with their pictures",
    options: [
      { flags: "--count <n>", help: "records; 5 unless told", parse: wholeNumber(1) },
      { flags: "--skip <n>", help: "pass over so many before", parse: wholeNumber(0) },
      { flags: "--id <id>", help: "the record of this id" },
      { flags: "--shuffle", help: "draw them, in place of the first ones" },
      { flags: "--seed <seed>", help: "seed of drawing; 0 unless told" },
      { flags: "--html <file>", help: "write a page with the pictures in it" },
      TEXT,
      { flags: "--json", help: "print a JSON document for each record, in a line" },
    ],
    examples: ["flamingo data look shards", "flamingo data look shards --shuffle --count 50 --html look.html"],
    load: async () => (await import("./look.js")).look,
  },
  {
    usage: "stats <shards...>",
    summary: "count what there is: records, media, texts, sizes of pictures",
    options: [TEXT, JSON_OUTPUT],
    examples: ["flamingo data stats shards"],
    load: async () => (await import("./stats.js")).stats,
  },
  {
    usage: "sheet <shards...>",
    summary: "write a datasheet, with what the shards tell of themselves",
    options: [
      { flags: "--name <name>", help: "what the set is called; the folder's name unless told" },
      { flags: "--answers <file>", help: 'answers to what only its makers know, as JSON: {"purpose": "…"}' },
      { flags: "--out <file>", help: "write it here; on the standard output unless told" },
      TEXT,
    ],
    examples: ["flamingo data sheet shards --answers answers.json --out DATASHEET.md"],
    load: async () => (await import("./sheet.js")).sheet,
  },
  {
    usage: "verify <shards...>",
    summary: "hold shards against their indices and manifests, and name every fault",
    options: [{ flags: "--decode", help: "decode every picture too" }, TEXT, JSON_OUTPUT],
    examples: ["flamingo data verify shards --decode"],
    load: async () => (await import("./verify.js")).verify,
  },
  {
    usage: "pack <inputs...>",
    summary: "put records of tars or of JSON lines into new shards",
    options: [
      { flags: "--out <folder>", help: "folder for the shards" },
      SHARD,
      MAX_FAULTS,
      ...SHARD_SIZE,
      TEXT,
      JSON_OUTPUT,
    ],
    examples: ["flamingo data pack records.jsonl --out shards", "flamingo data pack old --out new --shard 3/8"],
    load: async () => (await import("./pack.js")).pack,
  },
  {
    usage: "map <what>",
    summary: "lines in, lines out, for Spark's pipe: read (paths to records), check, outline (records to records)",
    options: [MAX_FAULTS, TEXT],
    examples: ["ls shards/*.tar | flamingo data map read | flamingo data map outline"],
    load: async () => (await import("./map.js")).map,
  },
];

export const DATA_COMMANDS: readonly Command[] = [...WEB_COMMANDS, ...SOURCE_COMMANDS, ...SHARD_COMMANDS];
