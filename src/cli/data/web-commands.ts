/** The command that makes shards of web pages, as its help shows it. */
import { type Command, eachOf, wholeNumber } from "../command.js";
import { JSON_OUTPUT, MAX_FAULTS, SHARD, SHARD_SIZE } from "./options.js";

/** Commands that make shards of web pages. */
export const WEB_COMMANDS: readonly Command[] = [
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
