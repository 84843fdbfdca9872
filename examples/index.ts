/** Runs an example by its name: `npm run example -- captions`. */
const EXAMPLES: Readonly<Record<string, () => Promise<unknown>>> = {
  captions: () => import("./captions.js"),
  "new-word": () => import("./new-word.js"),
  ranking: () => import("./ranking.js"),
};

const run = EXAMPLES[process.argv[2] ?? ""];
if (run === undefined) {
  process.stderr.write(`usage: npm run example -- ${Object.keys(EXAMPLES).join("|")}\n`);
  process.exitCode = 2;
} else await run();
