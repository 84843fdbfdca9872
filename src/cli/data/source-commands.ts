/** Commands that make shards, or files, out of what is not yet in shards. */
import { type Command, eachOf, keyAndValue, numberFrom, type Option, oneOf, wholeNumber } from "../command.js";
import { JSON_OUTPUT, MAX_FAULTS, SHARD, SHARD_SIZE } from "./options.js";

const OUT: Option = { flags: "--out <folder>", help: "folder for the shards" };
const COLUMNS: Option = {
  flags: "--column <what=name>",
  help: "the column of the text or of the medium: text=words, medium=photo; may be repeated",
  parse: keyAndValue,
};
const FETCH: Option = { flags: "--fetch", help: "ask the web for what only an address is known of" };
const HOSTS: readonly Option[] = [
  {
    flags: "--per-host-ms <n>",
    help: "least time between requests to a host; 1000 unless told",
    parse: wholeNumber(0),
  },
  { flags: "--allow-host <host:port>", help: "a host that may be private; may be repeated", parse: eachOf },
];
const BUILD: readonly Option[] = [OUT, SHARD, MAX_FAULTS, ...SHARD_SIZE, JSON_OUTPUT];

export const SOURCE_COMMANDS: readonly Command[] = [
  {
    usage: "pairs <inputs...>",
    summary: "captioned pictures into shards: folders, COCO's .json, .csv, .jsonl, .parquet, WebDataset's .tar",
    options: [
      { flags: "--images <folder>", help: "where rows name pictures; each file's own folder unless told" },
      COLUMNS,
      FETCH,
      ...HOSTS,
      ...BUILD,
    ],
    examples: [
      "flamingo data pairs photos --out shards/pairs",
      "flamingo data pairs captions_train2014.json --images train2014 --out shards/coco",
      "flamingo data pairs 'laion-00000.parquet' --fetch --column text=TEXT --column medium=URL --out shards/laion",
    ],
    load: async () => (await import("./pairs.js")).pairs,
  },
  {
    usage: "video <inputs...>",
    summary: "captioned videos into shards, sampled by ffmpeg: folders, .csv, .jsonl, .parquet",
    options: [
      { flags: "--videos <folder>", help: "where rows name videos; each file's own folder unless told" },
      COLUMNS,
      { flags: "--fps <n>", help: "frames a second; 1 unless told", parse: numberFrom(0.01) },
      { flags: "--frames <n>", help: "frames of a clip at most; 8 unless told", parse: wholeNumber(1) },
      {
        flags: "--clip <which>",
        help: "part of a longer video: random, middle or start; random unless told",
        parse: oneOf(["random", "middle", "start"]),
      },
      { flags: "--edge <pixels>", help: "longer edge of the frames at most; 512 unless told", parse: wholeNumber(1) },
      {
        flags: "--keep <format>",
        help: "format of the frames: jpg, or png without loss",
        parse: oneOf(["jpg", "png"]),
      },
      { flags: "--seed <seed>", help: "seed of drawing clips; 0 unless told" },
      ...BUILD,
    ],
    examples: [
      "flamingo data video clips --out shards/video",
      "flamingo data video films.csv --clip middle --out shards/video",
    ],
    load: async () => (await import("./video.js")).video,
  },
  {
    usage: "import <set> <inputs...>",
    summary: "published interleaved sets into shards: mmc4 (.jsonl) or obelics (.parquet, .jsonl)",
    options: [
      { flags: "--images <folder>", help: "where the pictures are; the first input's folder unless told" },
      FETCH,
      ...HOSTS,
      {
        flags: "--minimum-likeness <x>",
        help: "mmc4: leave out pictures less alike to their sentence; 0.24 unless told",
        parse: numberFrom(-1),
      },
      { flags: "--minimum-bytes <n>", help: "mmc4: leave out smaller picture files", parse: wholeNumber(0) },
      {
        flags: "--assignment <which>",
        help: "mmc4: the file's, or made again of the pictures there are: given or again",
        parse: oneOf(["given", "again"]),
      },
      ...BUILD,
    ],
    examples: [
      "flamingo data import mmc4 'docs_shard_0_v2.jsonl' --images mmc4-pictures --out shards/mmc4",
      "flamingo data import obelics train-00000.parquet --fetch --out shards/obelics",
    ],
    load: async () => (await import("./import.js")).importSet,
  },
  {
    usage: "world",
    summary: "pages of HTML, captioned pictures and clips of the world, with what is true of each",
    options: [
      { flags: "--pages <n>", help: "pages; none unless told", parse: wholeNumber(0) },
      { flags: "--pairs <n>", help: "captioned pictures; none unless told", parse: wholeNumber(0) },
      { flags: "--videos <n>", help: "captioned clips; none unless told", parse: wholeNumber(0) },
      { flags: "--seed <seed>", help: "seed of everything; 0 unless told" },
      { flags: "--size <pixels>", help: "side of pictures and frames; 64 unless told", parse: wholeNumber(8) },
      {
        flags: "--as <form>",
        help: "files, data-urls (pages that hold their pictures), or shards; files unless told",
        parse: oneOf(["files", "data-urls", "shards"]),
      },
      { flags: "--out <folder>", help: "folder for all of it" },
      SHARD,
      ...SHARD_SIZE,
      JSON_OUTPUT,
    ],
    examples: [
      "flamingo data world --pages 100 --pairs 100 --videos 20 --seed 1 --out world",
      "flamingo data world --pairs 10000 --as shards --out shards",
    ],
    load: async () => (await import("./world.js")).world,
  },
];
