/** Every command of `flamingo`, as its help shows it. */
import {
  type Command,
  eachOf,
  type Group,
  keyAndValue,
  listOf,
  numberFrom,
  type Option,
  oneOf,
  wholeNumber,
} from "./command.js";
import { DATA_COMMANDS } from "./data/commands.js";

const JSON_OUTPUT: Option = { flags: "--json", help: "print one JSON document and nothing else" };
const MODEL: Option = { flags: "--model <folder>", help: "folder of the model; the embedded one unless told" };
const OMNIGLOT: Option = { flags: "--omniglot <folder>", help: "folder with Omniglot's zip files" };
const THREADS: Option = { flags: "--threads <n>", help: "threads of the engine", parse: wholeNumber(1) };
const PROMPT: Option = {
  flags: "--prompt <file>",
  help: 'read the prompt from a JSON file, "-" for standard input: [{"image": "cat.png"}, {"text": "Output:"}]',
};
/** What a model is exported as. */
export const EXPORT_FORMATS = ["openflamingo", "idefics", "onnx"] as const;

export const COMMANDS: readonly Command[] = [
  {
    usage: "generate [pieces...]",
    summary: "continue a prompt of images and text",
    options: [
      PROMPT,
      MODEL,
      { flags: "--choices <a|b|c>", help: "rank these answers by their likelihood instead", parse: listOf("|") },
      { flags: "--temperature <t>", help: "sample; below 1 the likely becomes likelier", parse: numberFrom(0) },
      { flags: "--top-p <p>", help: "sample among the likeliest tokens of this probability", parse: numberFrom(0) },
      { flags: "--seed <seed>", help: "seed of sampling; 0 unless told" },
      { flags: "--beam <width>", help: "beam search; the paper's width is 3", parse: wholeNumber(1) },
      {
        flags: "--dtype <format>",
        help: "hold weights as f32, f16, int8 or int4; as the folder has them unless told",
        parse: oneOf(["f32", "f16", "int8", "int4"]),
      },
      { flags: "--max-tokens <n>", help: "tokens of the answer at most; 24 unless told", parse: wholeNumber(1) },
      THREADS,
      JSON_OUTPUT,
    ],
    examples: [
      'flamingo generate a.png "Output: a red apple" b.png "Output: a dog" c.png "Output:"',
      'flamingo generate cat.png "Question: is it a cat? Answer:" --choices "yes|no"',
      "flamingo generate --prompt prompt.json --json",
    ],
    load: async () => (await import("./generate.js")).generate,
  },
  {
    usage: "walk [pieces...]",
    summary: "follow a picture through the model, with the shapes and numbers of every stop",
    options: [PROMPT, MODEL, JSON_OUTPUT],
    examples: ['flamingo walk a.png "Output:"'],
    load: async () => (await import("./walk.js")).walk,
  },
  {
    usage: "inspect [folder]",
    summary: "tell the parts of a model, what they cost, and how far its gates are open",
    options: [
      { flags: "--preset <name>", help: "a published model by its name, without weights: flamingo-3b, idefics-9b" },
      JSON_OUTPUT,
    ],
    examples: ["flamingo inspect", "flamingo inspect runs/nano/model --json", "flamingo inspect --preset flamingo-80b"],
    load: async () => (await import("./inspect.js")).inspect,
  },
  {
    usage: "import <source>",
    summary:
      "turn a published checkpoint (OpenFlamingo, IDEFICS, a language model, a vision tower) into a model folder",
    options: [
      { flags: "--out <folder>", help: "folder for the model" },
      { flags: "--language <source>", help: "the language model that an OpenFlamingo was trained on" },
      { flags: "--vision <source>", help: "the CLIP that an OpenFlamingo was trained on" },
      {
        flags: "--allow-missing <path>",
        help: "a tensor that may be missing, by its name here; may be repeated",
        parse: eachOf,
      },
      {
        flags: "--quantize <format>",
        help: "keep matrices as int8 or int4, or everything as f16",
        parse: oneOf(["int8", "int4", "f16"]),
      },
      { flags: "--name <name>", help: "what the model is called; the last part of the source unless told" },
      JSON_OUTPUT,
    ],
    examples: [
      "flamingo import hf:HuggingFaceM4/idefics-9b --out models/idefics-9b --quantize int4",
      "flamingo import hf:openflamingo/OpenFlamingo-3B-vitl-mpt1b --language hf:anas-awadalla/mpt-1b-redpajama-200b --vision hf:openai/clip-vit-large-patch14 --out models/openflamingo-3b",
    ],
    load: async () => (await import("./import.js")).importCommand,
  },
  {
    usage: "export",
    summary: "turn a model folder into what other programs read: OpenFlamingo's files, IDEFICS's, or ONNX graphs",
    options: [
      MODEL,
      { flags: "--format <format>", help: "openflamingo, idefics or onnx", parse: oneOf(EXPORT_FORMATS) },
      { flags: "--out <folder>", help: "folder for the export" },
      JSON_OUTPUT,
    ],
    examples: [
      "flamingo export --format onnx --out nano-onnx",
      "flamingo export --model models/openflamingo-3b --format openflamingo --out openflamingo-3b",
    ],
    load: async () => (await import("./export.js")).exportCommand,
  },
  {
    usage: "new",
    summary: "make a Flamingo of a finished language model and a finished vision tower, all gates closed",
    options: [
      { flags: "--language <folder>", help: "model folder of the language model, imported or trained here" },
      { flags: "--vision <folder>", help: "model folder of the vision tower, likewise" },
      {
        flags: "--every <n>",
        help: "a gated block before every so many language blocks; 4 unless told",
        parse: wholeNumber(1),
      },
      { flags: "--latents <n>", help: "visual tokens of an image; 64 unless told", parse: wholeNumber(1) },
      { flags: "--seed <seed>", help: "seed of what is drawn; 0 unless told" },
      { flags: "--name <name>", help: "what the model is called; the last part of its folder unless told" },
      { flags: "--out <folder>", help: "folder for the model" },
      JSON_OUTPUT,
    ],
    examples: ["flamingo new --language models/pythia-160m --vision models/clip-b-32 --every 4 --out models/own"],
    load: async () => (await import("./new.js")).newCommand,
  },
  {
    usage: "train [name]",
    summary: "train a run page, or go on with one",
    options: [
      { flags: "--list", help: "list the run pages and what they accept" },
      { flags: "--out <folder>", help: "folder for the log, the checkpoint and the finished model" },
      {
        flags: "--steps <n>",
        help: "stop after this many steps; the schedule stays the page's",
        parse: wholeNumber(1),
      },
      { flags: "--resume", help: "go on from the checkpoint in --out" },
      {
        flags: "--checkpoint-every <seconds>",
        help: "seconds between checkpoints; 60 unless told",
        parse: numberFrom(0),
      },
      THREADS,
      OMNIGLOT,
      { flags: "--language <folder>", help: "model folder to take the language model from" },
      { flags: "--vision <folder>", help: "model folder to take the vision tower from" },
      { flags: "--set <key=value>", help: "an option of the page by its name; may be repeated", parse: keyAndValue },
    ],
    examples: [
      "flamingo train tiny --out runs/tiny",
      "flamingo train nano --out runs/nano --omniglot omniglot --resume",
    ],
    load: async () => (await import("./train.js")).train,
  },
  {
    usage: "evaluate <suite>",
    summary: "measure a model",
    options: [
      MODEL,
      OMNIGLOT,
      { flags: "--episodes <n>", help: "episodes of each task; the suite's unless told", parse: wholeNumber(1) },
      { flags: "--only <a,b>", help: "measure these tasks only", parse: listOf(",") },
      THREADS,
      JSON_OUTPUT,
    ],
    examples: ["flamingo evaluate nano-suite --episodes 100"],
    load: async () => (await import("./evaluate.js")).evaluate,
  },
  {
    usage: "demo",
    summary: "captions, questions and new words, on pictures that a seed draws",
    options: [
      MODEL,
      { flags: "--save <folder>", help: "keep every picture as PNG, and every prompt as JSON for generate" },
      THREADS,
      JSON_OUTPUT,
    ],
    examples: ["flamingo demo", "flamingo demo --save demo && flamingo generate --prompt demo/01-caption.json"],
    load: async () => (await import("./show.js")).show,
  },
];

export const GROUPS: readonly Group[] = [
  { name: "data", summary: "make training data, and look at what there is", commands: DATA_COMMANDS },
];
