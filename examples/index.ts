/** Runs an example by its name: `npm run example -- captions`. */
const EXAMPLES: Readonly<Record<string, () => Promise<unknown>>> = {
  "01-a-graph": () => import("./01-a-graph.js"),
  "02-gradients": () => import("./02-gradients.js"),
  "03-fitting-a-line": () => import("./03-fitting-a-line.js"),
  "04-a-small-network": () => import("./04-a-small-network.js"),
  "05-a-language-model": () => import("./05-a-language-model.js"),
  "06-an-onnx-file": () => import("./06-an-onnx-file.js"),
  "07-an-open-gate": () => import("./07-an-open-gate.js"),
  "08-the-browser": () => import("./08-the-browser.js"),
  captions: () => import("./captions.js"),
  "new-word": () => import("./new-word.js"),
  ranking: () => import("./ranking.js"),
};

const run = EXAMPLES[process.argv[2] ?? ""];
if (run === undefined) {
  process.stderr.write(`usage: npm run example -- ${Object.keys(EXAMPLES).join("|")}\n`);
  process.exitCode = 2;
} else await run();
