/** The commands of `flamingo data`, as its help shows them. */
import { readPart } from "../../data/shards/part.js";
import { type Command, eachOf, listOf, type Option, wholeNumber } from "../command.js";

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
const TEXT: Option = {
  flags: "--text <endings>",
  help: "files that hold the text in shards of others, the first there is: txt,caption,json unless told",
  parse: listOf(","),
};
const JSON_OUTPUT: Option = { flags: "--json", help: "print one JSON document and nothing else" };

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

/** Commands that make shards of web pages. */
const WEB_COMMANDS: readonly Command[] = [
  {
    usage: "m3w",
    summary: "turn web archives, folders of pages or a list of addresses into interleaved shards",
    options: [
      {
        flags: "--in <path>",
        help: "WARC files (a pattern may be quoted), a folder of .html files, or a .txt list of addresses; may be repeated",
        parse: eachOf,
      },
      { flags: "--out <folder>", help: "folder for the shards and the report" },
      SHARD,
      { flags: "--rules <file>", help: "JSON with the thresholds that differ from the paper's" },
      { flags: "--fetch", help: "ask the web for pictures that are not in the archives or the folder" },
      {
        flags: "--per-host-ms <n>",
        help: "least time between requests to a host; 1000 unless told",
        parse: wholeNumber(0),
      },
      { flags: "--allow-host <host:port>", help: "a host that may be private; may be repeated", parse: eachOf },
      { flags: "--base <address>", help: "where a folder of .html files stood on the web" },
      { flags: "--model <folder>", help: "model whose vision tower finds copies; the embedded one unless told" },
      { flags: "--no-model", help: "find copies by their hashes alone" },
      {
        flags: "--evaluation <folder>",
        help: "pictures, or shards, that must not be in the set; may be repeated",
        parse: eachOf,
      },
      { flags: "--safety <command>", help: "program that judges every document, a line of JSON each way" },
      MAX_FAULTS,
      ...SHARD_SIZE,
      JSON_OUTPUT,
    ],
    examples: [
      "flamingo data m3w --in 'crawl/*.warc.gz' --out shards",
      "flamingo data m3w --in addresses.txt --out shards --per-host-ms 2000",
      "flamingo data m3w --in 'crawl/*.warc.gz' --out shards --shard 3/8 --evaluation coco/val2017",
    ],
    load: async () => (await import("./m3w.js")).m3w,
  },
];

export const DATA_COMMANDS: readonly Command[] = [...WEB_COMMANDS, ...SHARD_COMMANDS];
