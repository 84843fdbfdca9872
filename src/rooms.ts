/**
 * The law of imports. `src` is a house: every folder is a room, a room may import those it is given here, and nobody
 * imports upwards. What a room needs from above is handed to it by its caller. A test reads every import of every file.
 */

/** For each room, the rooms it may import besides itself. Files at the root of `src`, the street, are open to all. */
export const ROOMS = {
  graph: [],
  media: [],
  text: [],
  runtime: ["graph"],
  nn: ["graph"],
  prompt: ["media", "text"],
  model: ["graph", "nn"],
  checkpoints: ["graph", "nn", "model"],
  conversion: ["graph", "nn", "model", "checkpoints", "media", "text", "prompt"],
  data: ["media", "text", "prompt"],
  generation: ["graph", "runtime", "nn", "model", "checkpoints", "media", "text", "prompt"],
  training: ["graph", "runtime", "nn", "model", "checkpoints", "data", "media", "text", "prompt"],
  evaluation: ["generation", "runtime", "model", "data", "media", "text", "prompt"],
  cli: [
    "graph",
    "media",
    "text",
    "runtime",
    "nn",
    "prompt",
    "model",
    "checkpoints",
    "conversion",
    "data",
    "generation",
    "training",
    "evaluation",
  ],
} as const satisfies Record<string, readonly string[]>;

export type Room = keyof typeof ROOMS;

/** For each package from outside, the rooms that know it is there. */
export const PACKAGES = {
  "onnxruntime-node": ["runtime"],
  "onnxruntime-web": ["runtime"],
  "@bufbuild/protobuf": ["graph", "text"],
  "@huggingface/tokenizers": ["text"],
  sharp: ["media", "data", "cli"],
  zod: ["checkpoints"],
  parse5: ["data"],
  undici: ["checkpoints"],
  "@iconify-json/noto": ["data"],
  commander: ["cli"],
} as const satisfies Record<string, readonly Room[]>;

/** What no browser has. */
export const NODE_ONLY = {
  modules: ["node:", "onnxruntime-node", "sharp", "undici"],
  /** Files that may import it, by the end of their names or whole, and rooms in which every file may. */
  files: [".node.ts", ".worker.ts", "src/index.ts"],
  rooms: ["data", "cli"],
  /** Rooms that no browser enters, so that their other files may import those files. */
  behind: ["data", "cli", "training", "evaluation"],
} as const;

/** What only browsers have. These files are compiled without the types of Node, and with them all that they import. */
export const BROWSER_ONLY = {
  modules: ["onnxruntime-web"],
  files: [".browser.ts"],
} as const;
